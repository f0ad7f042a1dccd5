# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record, the gateways and the result agree, for every kind of manager.

Each way to write is tried in check mode, for real, and again, on a manager of each generation, with an import-file that
deploys or only stores, and with a truststore that is read from the workers, from the manager, or not at all. The operations
and the phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_input
from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import InProcessContext
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_state import load_restore
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import FAILURES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from integration.phase_runner import PhaseRunner
from manager import Authority, Issued, Manager
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import RunBuilder, certificate, entry

PROJECT, NAME = "MyProject", "my-certificate"
DEVELOPMENT, PRODUCTION = ENVIRONMENTS = "development", "production"
SOURCES = (("workers", "manager"), ("manager",), ())
WITH_IMPORT = ("2026.09", "openapi")
"""The generations that have import-file."""

MANAGERS = [
    pytest.param(generation, traits, truststore, id=f"{generation}-{name}-{'+'.join(truststore) or 'none'}")
    for generation in ("2024.09", "2025", "2026.04", *WITH_IMPORT)
    for name, traits in {
        "deploys": {},
        **(
            {"stores": {"import_deploys": False}, "reports": {"import_reports_deployment": True}}
            if generation in WITH_IMPORT
            else {}
        ),
    }.items()
    for truststore in SOURCES
]
MODULE: dict[str, dict[str, Any]] = {
    "update": {},
    "keep": {"environments": [DEVELOPMENT], "unlisted_environments": "keep"},
}
ROLE: dict[str, Any] = {"replace": "", "waves": [[DEVELOPMENT], [PRODUCTION]]}
RESTORE: dict[str, dict[str, Any]] = {
    "restore-drifted": {},  # the environments held different certificates when the backup was made
    "restore-lost": {},  # an environment has lost its entry since
    "restore-update": {"strategy": "replace"},
}
WAYS = [*MODULE, *ROLE, *RESTORE]
IMPORTS = ("keep", "waves", "restore-drifted", "restore-lost")
"""The ways that need import-file."""


@dataclass
class World:
    """A manager whose certificate is written in one of the ways.

    :arg held: what the record and the gateways hold before, by environment.
    :arg wanted: what they should hold afterwards.
    """

    manager: Manager
    folder: Path
    way: str
    held: dict[str, Issued]
    wanted: dict[str, Issued]

    @property
    def connection(self) -> dict[str, Any]:
        return {"url": self.manager.url, "token": self.manager.token, "retries": 0}

    @property
    def targets(self) -> tuple[str, ...]:
        return (DEVELOPMENT,) if self.way == "keep" else ENVIRONMENTS

    def record(self) -> dict[str, bytes]:
        """The DER in the record, by environment; one entry for each."""
        held = self.manager.holds(PROJECT, NAME)
        assert all(len(entries) == 1 for entries in held.values())
        return {environment: entries[0] for environment, entries in held.items()}

    def gateways(self) -> dict[str, bytes | None]:
        """The DER that the gateways hold, by environment."""
        return {environment: self.manager.served(environment, PROJECT, NAME) for environment in ENVIRONMENTS}

    def renew(self, *, check: bool = False) -> Result:
        """Bring the certificate to what is wanted."""
        before, mark = self.record(), self.manager.journal.mark()
        run = self._module if self.way in MODULE else self._role if self.way in ROLE else self._restore
        found = run(check=check)
        writes = [request for request in mark if request.writes]
        assert not (check and writes)
        for environment in self.held:
            assert self.manager.served(environment, PROJECT, NAME)
        if not check and self.way not in ROLE:
            assert found.changed == (self.record() != before)
        return found

    def _module(self, *, check: bool) -> Result:
        options = {
            "project": PROJECT,
            "name": NAME,
            "content": self.wanted[DEVELOPMENT].pem,
            "verify_gateways_timeout": 0,
            **MODULE[self.way],
        }
        context = InProcessContext({**self.connection, **options}, check_mode=check)
        assert context.validate(apinizer_certificate.DEFINITION, CERTIFICATE) is None
        made = apinizer_certificate.DEFINITION.run(context)
        outcome = "failed" if made.get("failed") else "changed" if made["changed"] else "in_sync"
        gateways = {one["name"]: one["state"] for one in made.get("gateways") or ()}
        return Result(outcome, bool(made.get("changed")), gateways, str(made.get("msg", "")))

    def _role(self, *, check: bool) -> Result:
        variables = {
            "certificates": [{"project": PROJECT, "name": NAME, "content": self.wanted[DEVELOPMENT].pem}],
            "waves": ROLE[self.way],
            "verify_gateways_timeout": 0,
        }
        result = PhaseRunner(self.manager, self.folder, variables, check=check).run_role()
        (reported,) = result["certificates"] or [{"environments": []}]
        gateways = {one["name"]: one["gateway"]["state"] for one in reported["environments"] if one["gateway"]}
        changed = result["outcome"] in ("rotated", "stored") or (check and result["outcome"] == "planned")
        return Result(result["outcome"], changed, gateways, result["message"])

    def back_up(self) -> None:
        """Make the backup that a restore restores: of what is wanted."""
        files = FakeFiles()
        views = [entry(name, parse_input(one.pem.encode()), alias=NAME) for name, one in self.wanted.items()]
        held = certificate(*views, project=PROJECT, name=NAME)
        run = RunBuilder(held, desired=DesiredCertificate(PROJECT, NAME, path="new.pem")).build()
        run.manager = self.manager.url
        write_backup(run, files, str(self.folder))
        for path, data in files.contents.items():
            Path(path).write_bytes(data)

    def _restore(self, *, check: bool) -> Result:
        runner = PhaseRunner(self.manager, self.folder, {}, check=check)
        reported = runner.run_restore(dir=str(self.folder), verify_gateways_timeout=0, **RESTORE[self.way])
        planned = runner.results.get("restore_plan")
        if planned is None:
            return Result("failed", False, {}, reported["msg"])
        done = "planned" if check else "restored"
        outcome = "failed" if reported.get("failed") else done if planned["waves"] else "in_sync"
        gateways = {
            one.name: one.state for found in load_restore(planned["run_file"]).gateways.values() for one in found
        }
        changed = any(result["changed"] for result in runner.results.values())
        warnings = " ".join(planned.get("warnings", ()))
        return Result(outcome, changed, gateways, reported.get("msg") or reported["message"], warnings)


@dataclass
class Result:
    """What a run said."""

    outcome: str
    changed: bool
    gateways: dict[str, str]
    message: str
    warnings: str = ""

    @property
    def failed(self) -> bool:
        return self.outcome == "failed" or self.outcome in FAILURES


@pytest.fixture(scope="module")
def issued(authority: Authority) -> list[Issued]:
    """The certificate that a manager holds, and two that can replace it."""
    now = datetime.now(timezone.utc)
    return [authority.issue("www.example.com", not_after=now + timedelta(days=days)) for days in (30, 300, 301)]


@pytest.fixture
def world(
    tmp_path: Path,
    issued: list[Issued],
    monkeypatch: pytest.MonkeyPatch,
    generation: str,
    traits: dict[str, Any],
    truststore: tuple[str, ...],
    way: str,
) -> Iterator[World]:
    """A manager that holds the old certificate, and in most ways in both environments."""
    # No test loses power, and waiting for the disk takes a fifth of the time.
    monkeypatch.setattr(os, "fsync", lambda _file: None)
    old, new, other = issued
    held = dict.fromkeys([DEVELOPMENT] if way == "restore-lost" else ENVIRONMENTS, old)
    wanted = dict.fromkeys(ENVIRONMENTS, new)
    if way == "keep":
        wanted[PRODUCTION] = old
    if way == "restore-drifted":
        wanted[PRODUCTION] = other
    with Manager(generation, truststore=truststore, **traits) as manager:  # type: ignore[arg-type]
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, NAME, held, description="First")
        world = World(manager, tmp_path, way, held, wanted)
        if way in RESTORE:
            world.back_up()
        yield world


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("generation", "traits", "truststore"), MANAGERS)
def test_the_record_the_gateways_and_the_result_agree(
    world: World, generation: str, traits: dict[str, Any], truststore: tuple[str, ...], way: str
) -> None:
    imports = way in IMPORTS
    possible = not imports or generation in WITH_IMPORT
    deploys = possible and (not imports or traits.get("import_deploys", True))
    reported = not imports or traits.get("import_reports_deployment", False)
    predicted = world.renew(check=True)
    if imports and way in RESTORE and generation == "2025":
        # The types of the environments show that this manager has no import-file.
        assert predicted.failed
    else:
        # Otherwise, only a write shows whether a manager has import-file, and whether that deploys.
        assert predicted.changed
    if imports and way in RESTORE and generation != "2025":
        # The export of truststores came with the same release.
        assert ("needs import-file" in predicted.warnings) == ("workers" not in truststore)

    made = world.renew()

    wanted = {environment: one.der for environment, one in world.wanted.items()}
    before = {environment: one.der for environment, one in world.held.items()}
    assert world.gateways() == (wanted if deploys else dict.fromkeys(ENVIRONMENTS) | before)
    known = reported or bool(truststore)
    assert made.failed == (not possible or (known and not deploys))
    assert made.warnings == predicted.warnings
    if deploys:
        assert world.record() == wanted
        done = "changed" if way in MODULE else "restored" if way in RESTORE else "rotated" if known else "stored"
        assert made.outcome == done
        asked = dict.fromkeys(world.targets, "confirmed" if truststore else "unknown")
        assert made.gateways == (
            dict.fromkeys(world.targets, "reported") if reported and way in RESTORE else {} if reported else asked
        )
    elif not made.failed:
        assert world.record() == wanted
        assert made.outcome == ("changed" if way in MODULE else "restored" if way in RESTORE else "stored")
        assert made.gateways == dict.fromkeys(world.targets, "unknown")
    elif possible:
        assert "without deploying" in made.message
        # The role rolls back, after which it asks again; the module and the restore leave that to the user, and say so.
        found = {DEVELOPMENT: "confirmed" if way == "waves" else "stale"}
        assert made.gateways == (found | {PRODUCTION: "missing"} if way == "restore-lost" else found)
        written = {"waves": before, "restore-drifted": {**before, DEVELOPMENT: wanted[DEVELOPMENT]}}
        assert world.record() == written.get(way, wanted)
    else:
        assert world.record() == before
    if way in RESTORE:
        _check_message_of_restore(made, world.targets)

    again = world.renew()

    if way in ROLE or way == "restore-drifted":
        # What the role has rolled back, and what a restore has not reached, is due again.
        assert again.outcome == (made.outcome if made.failed else "in_sync" if way in RESTORE else "nothing_to_do")
    else:
        assert again.outcome == ("failed" if not possible else "in_sync")
    if way in RESTORE and again.outcome == "in_sync":
        assert "gateways of what was in sync already were not asked" in again.message


def _check_message_of_restore(made: Result, targets: tuple[str, ...]) -> None:
    """The message names the gateways by what is known of them, and no option of anything but the restore."""
    words = {
        "confirmed": "confirmed in ",
        "unknown": "could not be asked in ",
        "reported": "deployment reported by the manager in ",
        "stale": "another certificate in ",
        "missing": "no certificate in ",
    }
    for name, state in made.gateways.items():
        assert any(words[state] + names in made.message for names in (name, ", ".join(targets)))
    for option in ("certificate_rotation", "unlisted_environments", "verify_gateways=", "force="):
        assert option not in made.message
