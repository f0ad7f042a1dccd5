# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The record, the gateways and the result agree, for every kind of manager.

Each way to write is tried in check mode, for real, and again, on a manager of each generation, with an import-file that
deploys or only stores, and with a truststore that is read from the workers, from the manager, or not at all. The operations
and the phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import InProcessContext
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import FAILURES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from manager import Authority, Issued, Manager
from unit.plugins.plugin_utils._rotation.fakes import FakeTask, result_file

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
WAYS = {
    "update": {},
    "keep": {"environments": [DEVELOPMENT], "unlisted_environments": "keep"},
    "replace": None,
    "waves": [[DEVELOPMENT], [PRODUCTION]],
}


@dataclass
class World:
    """A manager whose certificate is renewed in one of the ways."""

    manager: Manager
    folder: Path
    old: Issued
    new: Issued
    way: str

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
        """Renew the certificate."""
        before, mark = self.record(), self.manager.journal.mark()
        if self.way in ("update", "keep"):
            made = self._module(check=check)
            outcome = "failed" if made.get("failed") else "changed" if made["changed"] else "in_sync"
            gateways = {one["name"]: one["state"] for one in made.get("gateways") or ()}
            found = Result(outcome, bool(made.get("changed")), gateways, str(made.get("msg", "")))
        else:
            found = self._role(check=check)
        writes = [request for request in mark if request.writes]
        assert not (check and writes)
        assert self.manager.served(DEVELOPMENT, PROJECT, NAME)
        assert self.manager.served(PRODUCTION, PROJECT, NAME)
        if not check and self.way in ("update", "keep"):
            assert found.changed == (self.record() != before)
        return found

    def _module(self, *, check: bool) -> dict[str, Any]:
        options = {
            "project": PROJECT,
            "name": NAME,
            "content": self.new.pem,
            "verify_gateways_timeout": 0,
            **WAYS[self.way],
        }
        context = InProcessContext({**self.connection, **options}, check_mode=check)
        assert context.validate(apinizer_certificate.DEFINITION, CERTIFICATE) is None
        return apinizer_certificate.DEFINITION.run(context)

    def _role(self, *, check: bool) -> Result:
        modules = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO)
        access = ManagerAccess(dict.fromkeys(modules, self.connection))
        variables = {
            "certificates": [{"project": PROJECT, "name": NAME, "content": self.new.pem}],
            "waves": WAYS[self.way] or "",
            "verify_gateways_timeout": 0,
        }
        run_file = ""

        def phase(name: str, **arguments: Any) -> dict[str, Any]:
            nonlocal run_file
            files = ControllerFiles(str(self.folder))
            failed = arguments.pop("failed", "")
            task: Any = FakeTask(
                self.folder, access, files, variables, run_file=run_file, check_mode=check, failed=failed
            )
            made = PHASES[name](task, **arguments)
            run_file = made.get("run_file", run_file)
            return made

        steps: Iterator[dict[str, Any]] = _steps(phase, check=check)
        for made in steps:
            if made.get("failed"):
                phase("rollback", failed=made["msg"])
                break
        result = json.loads(result_file(phase("report")).read_text(encoding="utf-8"))
        (certificate,) = result["certificates"] or [{"environments": []}]
        gateways = {one["name"]: one["gateway"]["state"] for one in certificate["environments"] if one["gateway"]}
        changed = result["outcome"] in ("rotated", "stored") or (check and result["outcome"] == "planned")
        return Result(result["outcome"], changed, gateways, result["message"])


def _steps(phase: Any, *, check: bool) -> Iterator[dict[str, Any]]:
    """The phases as the role's tasks carry them out, up to the first failure."""
    planned = phase("plan")
    yield planned
    if not planned["pending"]:
        return
    ready = phase("preflight")
    yield ready
    for wave in ready["waves"]:
        yield phase("write", wave=wave["number"])
        if not check:
            yield phase("verify", wave=wave["number"])


@dataclass
class Result:
    """What a run said."""

    outcome: str
    changed: bool
    gateways: dict[str, str]
    message: str

    @property
    def failed(self) -> bool:
        return self.outcome == "failed" or self.outcome in FAILURES


@pytest.fixture
def world(
    tmp_path: Path, authority: Authority, generation: str, traits: dict[str, Any], truststore: tuple[str, ...], way: str
) -> Iterator[World]:
    """A manager that holds the old certificate in both environments."""
    now = datetime.now(timezone.utc)
    old, new = (authority.issue("www.example.com", not_after=now + timedelta(days=days)) for days in (30, 300))
    with Manager(generation, truststore=truststore, **traits) as manager:  # type: ignore[arg-type]
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old))
        yield World(manager, tmp_path, old, new, way)


@pytest.mark.exhaustive
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("generation", "traits", "truststore"), MANAGERS)
def test_the_record_the_gateways_and_the_result_agree(
    world: World, generation: str, traits: dict[str, Any], truststore: tuple[str, ...], way: str
) -> None:
    imports = way in ("keep", "waves")
    possible = not imports or generation in WITH_IMPORT
    deploys = possible and (not imports or traits.get("import_deploys", True))
    reported = not imports or traits.get("import_reports_deployment", False)
    predicted = world.renew(check=True)
    # Only a write shows whether a manager has import-file, and whether that deploys.
    assert predicted.changed

    made = world.renew()

    wanted = {
        environment: world.new.der if environment in world.targets else world.old.der for environment in ENVIRONMENTS
    }
    before = dict.fromkeys(ENVIRONMENTS, world.old.der)
    assert world.gateways() == (wanted if deploys else before)
    known = reported or bool(truststore)
    assert made.failed == (not possible or (known and not deploys))
    if deploys:
        assert world.record() == wanted
        assert made.outcome == ("changed" if way in ("update", "keep") else "rotated" if known else "stored")
        states = {} if reported else dict.fromkeys(world.targets, "confirmed" if truststore else "unknown")
        assert made.gateways == states
    elif not made.failed:
        assert world.record() == wanted
        assert made.outcome == ("changed" if way == "keep" else "stored")
        assert made.gateways == dict.fromkeys(world.targets, "unknown")
    elif possible:
        assert "without deploying" in made.message
        # The role rolls back, after which it asks again; the module leaves that to the user, and says so.
        assert made.gateways == {DEVELOPMENT: "stale" if way == "keep" else "confirmed"}
        assert world.record() == (wanted if way == "keep" else before)
    else:
        assert world.record() == before

    again = world.renew()

    if way in ("replace", "waves"):
        assert again.outcome == (made.outcome if made.failed else "nothing_to_do")
    else:
        assert again.outcome == ("failed" if not possible else "in_sync")
