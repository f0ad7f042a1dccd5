# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make demo`: rotate a real certificate across three environments of a fake manager on this machine."""

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
    """Run all steps of the demo. At the end, the manager is stopped and its folder is deleted."""
    started = time.monotonic()
    reports = Path(".cache/demo").resolve()
    with (
        tempfile.TemporaryDirectory(prefix="apinizer-demo-") as scratch,
        Manager(import_reports_deployment=True) as manager,
    ):
        folder = Path(scratch)
        _prepare(manager, folder)
        _run_steps(Screen(_environment(manager, folder), folder), manager, reports)
    print(f"\nThe demo took {time.monotonic() - started:.0f} seconds. The fake manager has stopped.")
    print(f"Report of the run that was rolled back: {reports}/rolled-back/rotation.html")
    print(f"Report of the run that succeeded:       {reports}/rotated/rotation.html")


def _prepare(manager: Manager, folder: Path) -> None:
    """Issue two certificates that expire soon and their renewals, and add the first ones to the manager.

    The playbooks and the renewals are written to the folder, as they would be in an operator's repository.
    """
    shutil.copytree(PLAYBOOKS, folder, dirs_exist_ok=True)
    authority = Authority()
    now = datetime.datetime.now(datetime.timezone.utc)
    names = ["api.example.com", "www.example.com"]
    due = authority.issue("api.example.com", dns_names=names, not_before=now - 356 * DAY, not_after=now + 9.5 * DAY)
    renewed = authority.issue("api.example.com", dns_names=names, not_before=now - DAY, not_after=now + 365.5 * DAY)
    partners = authority.issue("partners.example.com", not_before=now - 345 * DAY, not_after=now + 20.5 * DAY)
    partners_renewed = authority.issue("partners.example.com", not_before=now - DAY, not_after=now + 365.5 * DAY)
    manager.add_project(PROJECT, environments=list(ENVIRONMENTS))
    manager.add_certificate(
        PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, due.pem), alias="my-cert-alias", description="Public API"
    )
    manager.add_certificate(PROJECT, "partners", {"production": partners.pem}, description="API for partners")
    manager.add_jwk(PROJECT, "signing-key", NAME)
    (folder / "renewed.pem").write_text(renewed.chain_pem, encoding="ascii")
    (folder / "partners.pem").write_text(partners_renewed.pem, encoding="ascii")


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


def _run_steps(screen: Screen, manager: Manager, reports: Path) -> None:
    update = ("ansible-playbook", "update.yml", "--check", "--diff")
    waves = ("ansible-playbook", "waves.yml", "-e")

    screen.step(
        "Look at the current certificate",
        f"A fake manager, a stand-in for a real Apinizer manager, listens on {manager.url}. In its project {PROJECT}, the "
        f"certificate {NAME} is deployed to three environments and expires in nine days.",
    )
    screen.run("ansible-playbook", "show.yml")
    screen.say(_gateways(manager))

    screen.step(
        "Preview an update of all environments",
        "This playbook has a single task. In check mode, it sends only GET requests, and --diff shows what would change.",
    )
    manager.journal.clear()
    screen.run(*update)
    screen.say(_requests(manager))

    screen.step(
        "Rotate in three waves while the deployment to staging fails",
        "The manager responds with HTTP 200 although the deployment fails. The role retries, stops before production, and "
        "restores the previous certificate in development and staging.",
    )
    # Three writes to staging (one and two retries), and the write to development before them.
    manager.faults.add(Fault("deployment_failure", environments=("staging",), times=4))
    screen.run(*waves, f"reports={reports}/rolled-back", expect=2)
    screen.say(_gateways(manager))

    screen.step(
        "Rotate again after staging was fixed",
        "The command is the same. The role verifies each wave before it starts the next one.",
    )
    manager.faults.clear()
    screen.run(*waves, f"reports={reports}/rotated")
    screen.say(_gateways(manager))

    screen.step(
        "Run the same command once more",
        "Everything is in sync, so nothing changes. The role needs a single request to find out.",
    )
    manager.journal.clear()
    screen.run(*waves, "reports=reports")
    screen.say(_requests(manager))

    screen.step(
        "List the certificates that expire within 30 days",
        "The module reads every project that the token can access, with one request for each project.",
    )
    screen.run("ansible-playbook", "expiring.yml")

    screen.step(
        "Update a certificate with an ad hoc command",
        "This replaces the certificate that expires next. As in all steps, the URL and the token come from environment "
        "variables.",
    )
    options = f"project={PROJECT} name=partners path=partners.pem"
    screen.run("ansible", "localhost", "-m", "apinizer.apiops.apinizer_certificate", "-a", options)


def _gateways(manager: Manager) -> str:
    """Return a table of the certificate that each gateway holds, according to the fake manager."""
    rows = []
    for environment in ENVIRONMENTS:
        der = manager.served(environment, PROJECT, NAME)
        rows.append([environment, hashlib.sha256(der).hexdigest()[:16] + "..." if der else "none"])
    return "\nCertificates at the gateways:\n" + table(["environment", "SHA-256"], rows)


def _requests(manager: Manager) -> str:
    """Return a table of the requests in the journal."""
    rows = [[request.method, request.path, str(request.status)] for request in manager.journal]
    return "\nRequests to the manager:\n" + table(["method", "path", "status"], rows)


if __name__ == "__main__":
    main()
