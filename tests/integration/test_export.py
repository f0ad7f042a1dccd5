# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An export is what the manager holds: a rotation with its lists has nothing to do, for every kind of manager.

The phases of the export and of the role run in this process, over real HTTP.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from integration.phase_runner import PhaseRunner
from manager import API_MANAGER, Authority, Fault, Issued, Manager, payloads
from manager.model import Certificate, Entry
from unit.plugins.plugin_utils._rotation.fakes import result_file

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
PROJECT, SECOND = "MyProject", "Second / project: {{ 7 * 7 }}"
DEVELOPMENT, STAGING, PRODUCTION = ENVIRONMENTS = ("development", "staging", "production")

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode, pytest.mark.measured]


class _Loader(yaml.SafeLoader):
    """Reads the lists as Ansible does, which knows the tag !unsafe."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


@dataclass
class World:
    """A manager, and the folder to which it is exported."""

    manager: Manager
    folder: Path
    variables: dict[str, Any] = field(default_factory=dict)

    def export(self, *, check: bool = False, **variables: Any) -> dict[str, Any]:
        """Run the phase of the playbook; only reading requests may be sent."""
        mark = self.manager.journal.mark()
        settings = {"dir": str(self.folder), **self.variables, **variables}
        made = self._runner({}, check=check).phase("export", settings=settings)
        assert {request.method for request in mark} <= {"GET"}
        assert "PRIVATE KEY" not in json.dumps(made)
        return made

    def files(self) -> dict[str, str]:
        """The files in the folder by their relative paths."""
        found = sorted(path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_text(encoding="utf-8") for path in found}

    def lists(self) -> dict[str, list[dict[str, Any]]]:
        """The items of each list by the path of its file."""
        return {
            path: yaml.load(text, Loader=_Loader)["certificate_rotation_certificates"]
            for path, text in self.files().items()
            if path.endswith(".yml")
        }

    def rotate(self, path: str, *, check: bool = True) -> dict[str, Any]:
        """Rotate with a list, as the role does when nothing is due; return the report."""
        variables = {"certificates": self.lists()[path], "base_dir": str(self.folder), "verify_gateways": "never"}
        runner = self._runner(variables, check=check)
        planned = runner.phase("plan")
        assert not planned.get("failed"), planned
        assert not planned["pending"], planned["table"]
        reported = runner.phase("report")
        result: dict[str, Any] = json.loads(result_file(reported).read_text(encoding="utf-8"))
        return result

    def _runner(self, variables: Mapping[str, Any], *, check: bool) -> PhaseRunner:
        # Its temporary files must not be in the folder of the export.
        return PhaseRunner(self.manager, self.folder.parent, variables, check=check)


MakeWorld = Callable[..., World]
Issue = Callable[..., Issued]


@pytest.fixture
def issue(authority: Authority) -> Issue:
    """Issue a certificate that expires in this number of days."""

    def issue(days: int = 300, name: str = "www.example.com") -> Issued:
        now = datetime.now(timezone.utc)
        return authority.issue(name, not_before=now - timedelta(days=100), not_after=now + timedelta(days=days))

    return issue


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Start a manager with two projects and without certificates."""
    started: list[Manager] = []

    def make(generation: str = "2026.09", **traits: Any) -> World:
        manager = Manager(generation, **traits)
        manager.__enter__()
        started.append(manager)
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_project(SECOND, ENVIRONMENTS)
        return World(manager, tmp_path / "repository")

    yield make
    for manager in started:
        manager.__exit__(None, None, None)


def _fill(world: World, issue: Issue) -> None:
    """Certificates that are the same everywhere, differ, share names, and have names and texts of every sort."""
    manager, chain = world.manager, issue(name="chain.example.com")
    manager.add_certificate(PROJECT, "web", dict.fromkeys(ENVIRONMENTS, issue()), alias="web-alias", description="Web")
    manager.add_certificate(
        PROJECT, "WEB", {PRODUCTION: issue(290)}, description="{{ lookup('pipe', 'exit 1') }}\n\x1b[1m"
    )
    manager.add_certificate(PROJECT, "aliases", dict.fromkeys(ENVIRONMENTS, chain.chain_pem), alias={STAGING: "other"})
    shared = issue(280)
    manager.add_certificate(PROJECT, "drifted", {DEVELOPMENT: issue(281), STAGING: shared, PRODUCTION: shared})
    manager.add_certificate(PROJECT, "expired", {API_MANAGER: issue(-3), STAGING: issue(-2)})
    manager.add_certificate(PROJECT, "duplicated", {STAGING: [issue(10), issue(20)]})
    manager.add_certificate(SECOND, "müşteri / sertifikası: #1 " + "x" * 200, {PRODUCTION: issue(70)}, alias="yes")


@pytest.mark.parametrize("list_content", [True, False])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_rotation_with_an_export_has_nothing_to_do(
    make_world: MakeWorld, issue: Issue, generation: str, list_content: bool
) -> None:
    world = make_world(generation, list_content=list_content)
    _fill(world, issue)

    predicted = world.export(check=True)
    assert world.files() == {}
    made = world.export()
    first = world.files()
    again = world.export()

    assert predicted["changed"]
    assert made["changed"]
    assert predicted["diff"] == made["diff"]
    assert {one["after_header"]: one["after"] for one in made["diff"]} == {
        str(world.folder / path): text for path, text in first.items()
    }
    assert not again["changed"]
    assert again["diff"] == []
    assert world.files() == first
    lists = world.lists()
    assert sorted(lists) == [
        "certificates.yml",
        f"differences/{API_MANAGER}.yml",
        "differences/development.yml",
        "differences/production.yml",
        "differences/staging.yml",
    ]
    for path in lists:
        assert world.rotate(path)["outcome"] == "nothing_to_do"
    held = {
        (project, name, environment)
        for (project, name), certificate in world.manager.state.certificates.items()
        for environment in certificate.environments
    }
    assert held == {
        (item["project"], item["name"], environment)
        for items in lists.values()
        for item in items
        for environment in item["environments"]
    }


def test_an_item_has_everything_that_the_record_has(make_world: MakeWorld, issue: Issue) -> None:
    world, certificate = make_world(), issue()
    world.manager.add_certificate(
        PROJECT, "web", dict.fromkeys(ENVIRONMENTS, certificate), alias="web-alias", description="Web site"
    )

    made = world.export()

    assert made["lines"] == [
        f"Exported 1 certificate in 3 environments to {world.folder}: 2 files written, 0 unchanged"
    ]
    assert "warnings" not in made
    files = world.files()
    assert sorted(files) == ["certificates.yml", "certificates/MyProject,web.pem"]
    assert files["certificates/MyProject,web.pem"] == certificate.pem
    assert files["certificates.yml"].partition("\n\n")[2] == (
        "certificate_rotation_certificates:\n"
        "  - project: MyProject\n"
        "    name: web\n"
        "    path: certificates/MyProject,web.pem\n"
        "    alias: web-alias\n"
        "    description: Web site\n"
        "    environments:\n"
        "      - development\n"
        "      - production\n"
        "      - staging\n"
    )


def test_a_change_of_the_record_changes_its_files_only(make_world: MakeWorld, issue: Issue) -> None:
    world = make_world()
    for name in ("api", "web"):
        world.manager.add_certificate(PROJECT, name, dict.fromkeys(ENVIRONMENTS, issue()))
    world.export()
    before = world.files()
    world.manager.set_entry(PROJECT, "web", PRODUCTION, issue(200))

    made = world.export()

    changed = {path for path, text in world.files().items() if before.get(path) != text}
    assert {one["after_header"] for one in made["diff"]} == {str(world.folder / path) for path in changed}
    assert "certificates/MyProject,api.pem" not in changed
    assert (
        "MyProject/web differs between environments, so it is in a list for each environment in the folder differences"
        in made["lines"]
    )
    # The file of the certificate that was the same everywhere is left, and named in every run.
    for result in (made, world.export()):
        (warning,) = result["warnings"]
        assert warning == (
            f"Not part of this export, and left in {world.folder}: certificates/MyProject,web.pem. Delete what you no longer "
            "need"
        )
    text = world.files()["certificates.yml"]
    assert (
        "#   MyProject/web: differences/development.yml, differences/production.yml, differences/staging.yml\n" in text
    )


def test_a_certificate_that_was_deleted_is_named_and_its_file_is_left(make_world: MakeWorld, issue: Issue) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {STAGING: issue()})
    world.export()
    (world.folder / "certificates" / "README.md").write_text("Not ours")
    world.manager.remove_certificate(PROJECT, "web")

    made = world.export()

    assert world.lists() == {"certificates.yml": []}
    assert "certificates/MyProject,web.pem. Delete" in made["warnings"][0]
    assert {"certificates/MyProject,web.pem", "certificates/README.md"} < set(world.files())


@pytest.mark.parametrize("check", [True, False])
def test_a_private_key_in_a_file_is_neither_shown_nor_overwritten(
    make_world: MakeWorld, issue: Issue, check: bool
) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {STAGING: issue()})
    world.export()
    (file,) = (world.folder / "certificates").iterdir()
    file.write_text(f"{issue().pem}-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n")
    before = world.files()

    with pytest.raises(SettingError) as caught:
        world.export(check=check)

    assert str(caught.value) == (
        f"certificate_export_dir: {file} contains a private key, which this export would overwrite. Move the key to another place"
    )
    assert world.files() == before


def test_an_export_can_be_limited(make_world: MakeWorld, issue: Issue) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {DEVELOPMENT: issue(), PRODUCTION: issue(200)})
    world.manager.add_certificate(PROJECT, "test", {DEVELOPMENT: issue()})
    world.manager.add_certificate(SECOND, "api", {PRODUCTION: issue()})

    world.export(projects=PROJECT, environments=[PRODUCTION])

    ((path, items),) = world.lists().items()
    assert [(item["project"], item["name"], item["environments"]) for item in items] == [(PROJECT, "web", [PRODUCTION])]
    assert world.rotate(path)["outcome"] == "nothing_to_do"


def test_what_cannot_be_read_is_named_in_the_list(make_world: MakeWorld, issue: Issue) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {STAGING: issue()})
    world.manager.add_certificate(PROJECT, "nowhere", {})
    world.manager.add_certificate(PROJECT, "two\nlines", {STAGING: issue()})

    made = world.export()

    problems = [
        "MyProject/two\\nlines: name: must contain visible characters",
        "MyProject/nowhere: no environment holds it",
    ]
    for warning, problem in zip(made["warnings"], problems, strict=True):
        assert warning.startswith(f"Not exported: {problem}")
    text = world.files()["certificates.yml"]
    assert "# Not exported:\n" in text
    assert all(f"\n#   {problem}" in text for problem in problems)
    assert [item["name"] for item in world.lists()["certificates.yml"]] == ["web"]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault("status", method="GET", path="/certificates/web/", status=503, times=None), "HTTP 503"),
        (Fault("status", method="GET", path=re.compile("/certificates/$"), status=500, times=None), "HTTP 500"),
    ],
)
def test_nothing_is_written_if_the_record_cannot_be_read(
    make_world: MakeWorld, issue: Issue, fault: Fault, message: str
) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {STAGING: issue()})
    world.manager.faults.add(fault)

    made = world.export()

    assert made["failed"]
    assert made["msg"].startswith("Nothing was written. ")
    assert message in made["msg"]
    assert world.files() == {}


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"dir": ""}, "certificate_export_dir: set it to the folder of the repository"),
        ({"dir": "/dev/null/x"}, "certificate_export_dir: the folder /dev/null/x cannot be created"),
        (
            {"environments": "prod"},
            "certificate_export_environments: no certificate is in prod. Certificates are in staging",
        ),
        ({"environments": " , "}, "certificate_export_environments: is an empty list of environments"),
        ({"projects": 7}, "certificate_export_projects: must be a list of project names"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_written(
    make_world: MakeWorld, issue: Issue, variables: dict[str, Any], message: str
) -> None:
    world = make_world()
    world.manager.add_certificate(PROJECT, "web", {STAGING: issue()})

    with pytest.raises(SettingError) as raised:
        world.export(**variables)

    assert str(raised.value).startswith(message)
    assert world.files() == {}


def test_a_project_that_does_not_exist_is_named(make_world: MakeWorld) -> None:
    made = make_world().export(projects="Missing")

    assert made["failed"]
    assert made["msg"].startswith("Nothing was written. The certificates of project Missing cannot be listed")


def test_the_certificates_of_every_vendor_can_be_exported(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record holds published certificates of all kinds, among them some that no library reads, and private keys."""
    world = make_world(list_content=False)
    monkeypatch.setattr(payloads, "_details", _facts)
    folder = Path(cryptography_vectors.__file__).parent / "x509"
    files = sorted(path for path in folder.rglob("*") if path.suffix in (".pem", ".der", ".crt", ".cer"))
    keys = sorted((folder.parent / "asymmetric").rglob("PKCS8/*.pem"))[:20]
    for number, path in enumerate([*files, *keys]):
        data = path.read_bytes()
        text = data.decode("latin-1")
        blocks = re.findall(r"-----BEGIN [A-Z0-9 ]+-----([A-Za-z0-9+/=\s]+)-----END", text)
        for block, der in enumerate([base64.b64decode("".join(one.split())) for one in blocks] or [data]):
            name = f"{path.stem} {number}.{block}"
            entry = Entry(PRODUCTION, name, text, der)
            world.manager.state.certificates[PROJECT, name] = Certificate(PROJECT, name, "", (entry,))

    made = world.export()

    listed = {item["name"] for item in world.lists()["certificates.yml"]}
    left_out = [warning for warning in made["warnings"] if warning.startswith("Not exported: ")]
    assert len(listed) > 500
    assert len(left_out) >= len(keys)
    assert len(listed) + len(left_out) == len(world.manager.state.certificates)
    assert "Traceback" not in json.dumps(made)
    assert not world.export()["changed"]
    assert world.rotate("certificates.yml")["outcome"] == "nothing_to_do"


def _facts(der: bytes) -> tuple[datetime, datetime, str, str]:
    """What the fake manager reports of a certificate, of those that it could not read itself as well."""
    now = datetime.now(timezone.utc)
    return now - timedelta(days=1), now + timedelta(days=1), hashlib.sha1(der).hexdigest().upper(), "CN=any"
