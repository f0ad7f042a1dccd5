# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""C(make demo): a real certificate, rotated across three environments of a stand-in manager on this machine."""

from __future__ import annotations

import datetime
import hashlib
import shutil
import tempfile
import time
from pathlib import Path

from manager import Fault, Manager
from manager.pki import DAY, Authority

from .screen import Screen, table

PLAYBOOKS = Path(__file__).parent / "playbooks"
PROJECT, NAME = "MyProject", "my-certificate"
ENVIRONMENTS = ("development", "staging", "production")


def main() -> None:
    """Show the whole story; it ends with the manager stopped and its folder removed."""
    started = time.monotonic()
    reports = Path(".cache/demo").resolve()
    with (
        tempfile.TemporaryDirectory(prefix="apinizer-demo-") as scratch,
        Manager(import_reports_deployment=True) as manager,
    ):
        folder = Path(scratch)
        _prepare(manager, folder)
        _tell(Screen(_environment(manager, folder), folder), manager, reports)
    print(f"\nThe stand-in manager is stopped. {time.monotonic() - started:.0f} seconds.")
    print(
        f"The reports of the bad day and of the good one: {reports}/bad-day/rotation.html, {reports}/good-day/rotation.html"
    )


def _prepare(manager: Manager, folder: Path) -> None:
    """Mint an authority, a certificate that is due and its successor; give the manager the first.

    The playbooks and the successor go into the folder, as they would lie in an operator's repository.
    """
    shutil.copytree(PLAYBOOKS, folder, dirs_exist_ok=True)
    authority = Authority()
    now = datetime.datetime.now(datetime.timezone.utc)
    names = ["api.example.com", "www.example.com"]
    due = authority.issue("api.example.com", dns_names=names, not_before=now - 356 * DAY, not_after=now + 9.5 * DAY)
    renewed = authority.issue("api.example.com", dns_names=names, not_before=now - DAY, not_after=now + 365.5 * DAY)
    other = authority.issue("partners.example.com", not_before=now - 345 * DAY, not_after=now + 20.5 * DAY)
    successor = authority.issue("partners.example.com", not_before=now - DAY, not_after=now + 365.5 * DAY)
    manager.add_project(PROJECT, environments=list(ENVIRONMENTS))
    manager.add_certificate(
        PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, due.pem), alias="my-cert-alias", description="Public API"
    )
    manager.add_certificate(PROJECT, "partners", {"production": other.pem}, description="API for partners")
    manager.add_jwk(PROJECT, "signing-key", NAME)
    (folder / "renewed.pem").write_text(renewed.chain_pem, encoding="ascii")
    (folder / "partners.pem").write_text(successor.pem, encoding="ascii")


def _environment(manager: Manager, folder: Path) -> dict[str, str]:
    return {
        "APINIZER_URL": manager.url,
        "APINIZER_TOKEN": manager.token,
        "APINIZER_RETRIES": "2",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
        "ANSIBLE_HOME": str(folder / "ansible"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOWS": "true",
    }


def _tell(screen: Screen, manager: Manager, reports: Path) -> None:
    update = ("ansible-playbook", "update.yml", "--check", "--diff")
    waves = ("ansible-playbook", "waves.yml", "-e")

    screen.step(
        "The certificate as it stands",
        f"A stand-in for an Apinizer manager listens on {manager.url}. Its project {PROJECT} has a certificate in three "
        "environments, and it expires in nine days.",
    )
    screen.run("ansible-playbook", "show.yml")
    screen.say(_gateways(manager))

    screen.step(
        "What replacing it everywhere at once would change",
        "One task, in check mode with a diff: nothing but reading requests reaches the manager.",
    )
    manager.journal.clear()
    screen.run(*update)
    screen.say(_requests(manager))

    screen.step(
        "A bad day: rotation in three waves, and staging cannot be deployed to",
        "The manager answers HTTP 200 all the same. The role tries again, stops before production, and gives development "
        "and staging their previous certificate back.",
    )
    # Three writes to staging (two retries), counted with the one to development before them.
    manager.faults.add(Fault("deployment_failure", environments=("staging",), times=4))
    screen.run(*waves, f"reports={reports}/bad-day", expect=2)
    screen.say(_gateways(manager))

    screen.step(
        "The rotation, with staging mended", "The same command. Each wave is verified before the next one starts."
    )
    manager.faults.clear()
    screen.run(*waves, f"reports={reports}/good-day")
    screen.say(_gateways(manager))

    screen.step("The same again", "Nothing differs any more, so nothing is changed. One request finds that out.")
    manager.journal.clear()
    screen.run(*waves, "reports=reports")
    screen.say(_requests(manager))

    screen.step("What expires within 30 days", "In every project that the token may see, one request for each.")
    screen.run("ansible-playbook", "expiring.yml")

    screen.step(
        "The same update as one command",
        "Ad hoc, for the certificate that expires next. The connection comes from the environment, as in all steps.",
    )
    options = f"project={PROJECT} name=partners path=partners.pem"
    screen.run("ansible", "localhost", "-m", "apinizer.apiops.apinizer_certificate", "-a", options)


def _gateways(manager: Manager) -> str:
    """What each gateway really serves, from the stand-in's own books."""
    rows = []
    for environment in ENVIRONMENTS:
        der = manager.served(environment, PROJECT, NAME)
        rows.append([environment, hashlib.sha256(der).hexdigest()[:16] + "..." if der else "nothing"])
    return "\nWhat the gateways serve now:\n" + table(["environment", "SHA-256"], rows)


def _requests(manager: Manager) -> str:
    """The requests that reached the manager."""
    rows = [[exchange.method, exchange.path, str(exchange.status)] for exchange in manager.journal]
    return "\nThe requests that reached the manager:\n" + table(["method", "path", "answer"], rows)


if __name__ == "__main__":
    main()
