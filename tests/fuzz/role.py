# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the phases of the role, and a restore, as their tasks would."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls, escape_lines
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_state import RestoreState, load_restore
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeTask

from .certificates import NEW
from .operations import CREATED, Case, check_change, check_losses
from .outcome import Json
from .world import DEV, ENVIRONMENTS, NAME, PROD, PROJECT, STAGE, Snapshot, snapshot

_SHOWN = ("msg", "message", "warnings", "skip_reason")
_WRITTEN = ("rotated", "stored")


class _Role:
    """The phases of a run, each in a task of its own."""

    def __init__(self, case: Case, variables: Mapping[str, Any]) -> None:
        self.case = case
        self.run_file = ""
        self._variables = variables
        modules = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO)
        self._access = ManagerAccess(dict.fromkeys(modules, case.connection))

    def phase(self, phase: str, *, failed: str = "", **arguments: Any) -> Json:
        """Return the result of a phase, and check what it says about changes."""
        task: Any = FakeTask(
            self.case.folder,
            self._access,
            ControllerFiles(str(self.case.folder)),
            self._variables,
            run_file=self.run_file,
            failed=failed,
        )
        before = snapshot(self.case.world.manager)
        try:
            result = PHASES[phase](task, **arguments)
        except (RecordError, SettingError) as error:
            result = {"failed": True, "msg": str(error)}
        # As the action of the role shows them.
        for key in ("msg", "message"):
            if key in result:
                result[key] = escape_lines(result[key])
        result["warnings"] = [escape_controls(warning) for warning in result.get("warnings", ())]
        self.case.outcome.results.append({key: value for key, value in result.items() if key in _SHOWN})
        self.case.outcome.data.append(result)
        self.run_file = result.get("run_file", self.run_file)
        if phase != "backup":
            text = json.dumps([value for key, value in result.items() if key != "ansible_stats"], default=str)
            check_change(
                self.case,
                f"the phase {phase}",
                before,
                changed=bool(result.get("changed")),
                text=text,
                redeploys=phase in ("write", "retire", "rollback", "restore_write"),
            )
        return result

    def report(self, failed: str) -> Json:
        """Return the result of the run."""
        reported = self.phase("report", failed=failed)
        (template,) = json.loads(Path(reported["variables_file"]).read_text()).values()
        found = re.search(r"'ansible.builtin.file', (\".+\")\)", template)
        assert found
        made: Json = json.loads(Path(json.loads(found[1])).read_text())
        self.case.outcome.data.append(made)
        return made


def _variables(case: Case) -> Json:
    rng = case.rng
    certificates: list[Json] = [{"project": PROJECT, "name": NAME, "content": NEW}]
    if rng.random() < 0.3:
        certificates[0]["environments"] = list(ENVIRONMENTS)
    if rng.random() < 0.3:
        created = {"name": CREATED, "alias": "created-alias", "description": "Second", "environments": [DEV, PROD]}
        certificates.append({"project": PROJECT, "content": NEW, **created})
    return {
        "certificates": certificates,
        "waves": rng.choice([[], [], [[DEV], [STAGE, PROD]], [[DEV], [STAGE], [PROD]], "auto"]),
        "strategy": rng.choice(["auto", "auto", "replace", "per_environment", "overlap"]),
        "verify_gateways": rng.choice(["auto", "auto", "never", "required"]),
        "verify_gateways_timeout": 1,
        "force": rng.random() < 0.1,
        "rollback": rng.random() < 0.9,
    }


def _describe(case: Case, what: str, variables: Mapping[str, Any]) -> None:
    certificates = [{**one, "content": "NEW"} for one in variables["certificates"]]
    case.description += f"\n  {what}: { ({**variables, 'certificates': certificates}) }"


def plan(case: Case) -> None:
    """Plan a rotation, and run the preflight checks."""
    variables = _variables(case)
    _describe(case, "role until preflight", variables)
    role = _Role(case, variables)
    if not role.phase("plan").get("failed"):
        role.phase("preflight")


def rotate(case: Case) -> None:
    """Run the role to its end."""
    variables = _variables(case)
    _describe(case, "role", variables)
    role = _Role(case, variables)
    failed = _until_it_fails(role)
    if failed:
        role.phase("rollback", failed=failed)
    result = role.report(failed)
    check_losses(case, result["message"])
    if case.strict():
        _check_report(case, result, required=variables["verify_gateways"] == "required")


def _until_it_fails(role: _Role) -> str:
    """Carry out the phases in order. Return the message of the one that failed."""
    result: Json = {}
    for phase in ("plan", "preflight"):
        result = role.phase(phase)
        if result.get("failed"):
            return str(result["msg"])
    for wave in result["waves"]:
        for phase in ("write", "verify"):
            made = role.phase(phase, wave=wave["number"])
            if made.get("failed"):
                return str(made["msg"])
    if result["retire"]:
        role.phase("retire")
    return ""


def _check_report(case: Case, result: Json, *, required: bool) -> None:
    """Check that the result of a run says what the record and the gateways held and hold."""
    now = snapshot(case.world.manager)
    outcome, before = result["outcome"], case.world.before
    if outcome in ("refused", "planned", "nothing_to_do", "skipped") and now != before:
        case.problem(f"the outcome is {outcome}, and the manager has changed: {result['message'][:500]}")
    # Not every generation reports descriptions.
    if result["rollback"]["complete"] and _entries(now) != _entries(before):
        case.problem(f"the rollback is complete, and the record is not as before: {result['message'][:500]}")
    for certificate in result["certificates"]:
        key = (certificate["project"], certificate["name"])
        for environment in certificate["environments"]:
            name = environment["name"]
            where = f"{'/'.join(key)} in {name} ({outcome}, {result['message'][:300]})"
            stored = _stored(now, key, name)
            if environment["entries"] is not None and _shown(environment["now"]) != stored:
                case.problem(f"{where}: reported as {environment['now']}, and holds {stored}")
            if environment["action"] == "none" or certificate["outcome"] not in _WRITTEN:
                continue
            if stored != _shown(environment["to"]):
                case.problem(f"{where}: is called {certificate['outcome']}, and is not")
            verified = required or case.reliable or (environment["gateway"] or {}).get("state") == "confirmed"
            held = now["gateways"].get(name, {}).values()  # under whichever alias
            if certificate["outcome"] == "rotated" and verified and environment["to"]["fingerprint_sha256"] not in held:
                case.problem(f"{where}: is called rotated, and the gateways do not hold it")


def _entries(held: Snapshot) -> Json:
    return {key: certificate["entries"] for key, certificate in held["certificates"].items()}


def _stored(held: Snapshot, key: tuple[str, str], environment: str) -> str | None:
    """Return the SHA-1 fingerprint of the newest entry."""
    certificate = held["certificates"].get(key, {"entries": ()})
    pems = [entry[3] for entry in certificate["entries"] if entry[0] == environment]
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(pems[-1])).hexdigest() if pems else None


def _shown(described: Json | None) -> str | None:
    return described["fingerprint_sha1"] if described else None


def restore(case: Case) -> None:
    """Make a backup, rotate without faults, and restore the backup."""
    variables = {
        "certificates": [{"project": PROJECT, "name": NAME, "content": NEW}],
        "backup_dir": "backups",
        "verify_gateways": "never",
    }
    settings: Json = {
        "strategy": case.rng.choice(["replace", "per_environment"]),
        "verify_gateways": case.rng.choice(["auto", "auto", "never", "required"]),
        "verify_gateways_timeout": 0,
    }
    if settings["strategy"] == "per_environment":
        settings["waves"] = case.rng.choice(["", [[DEV], [STAGE, PROD]]])
    case.description += f"\n  restore: {settings}"
    role = _Role(case, variables)
    if _until_it_fails_with_backup(role):
        return
    (backup,) = (case.folder / "backups").iterdir()
    _restore(role, {"dir": str(backup), **settings})
    check_losses(case, " ".join(str(result.get("msg", "")) for result in case.outcome.results))


def _restore(role: _Role, settings: Json) -> None:
    """Carry out the phases of a restore as the playbook does."""
    planned = role.phase("restore_plan", settings=settings)
    if planned.get("failed"):
        return
    for wave in planned["waves"]:
        for phase in ("restore_write", "restore_verify"):
            if role.phase(phase, wave=wave["number"]).get("failed"):
                role.phase("restore_report")
                return
    if not role.phase("restore_report").get("failed") and role.case.strict():
        _check_restored(role.case, load_restore(planned["run_file"]))


def _check_restored(case: Case, state: RestoreState) -> None:
    """Check that the record is as in the backup, and that the gateways hold what they are said to."""
    now = snapshot(case.world.manager)
    if _entries(now) != _entries(case.world.before):
        case.problem("the restore is complete, and the record is not as in the backup")
    for index, write in enumerate(state.plan.writes):
        for gateway in state.gateways.get(index, ()):
            held = now["gateways"].get(gateway.name, {}).values()
            if gateway.state == "confirmed" and write.bundle.leaf.fingerprint_sha256 not in held:
                case.problem(f"the gateways of {gateway.name} are called confirmed, and do not hold {write.target}")


def _until_it_fails_with_backup(role: _Role) -> str:
    for phase in ("plan", "preflight", "backup"):
        result = role.phase(phase)
        if result.get("failed"):
            return str(result["msg"])
    for phase in ("write", "verify"):
        result = role.phase(phase, wave=1)
        if result.get("failed"):
            return str(result["msg"])
    return ""
