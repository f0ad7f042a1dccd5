# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the role has come to: its result, schema 1, and the plan as a table. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import Guard
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    NONE,
    Described,
    PlannedCertificate,
    RotationPlan,
    Step,
)

SCHEMA = 1
_SHOWN = (
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "days_remaining",
    "fingerprint_sha256",
    "fingerprint_sha1",
    "alias",
)


@dataclass(frozen=True)
class Applied:
    """One task of the module in a wave.

    :arg result: what it returned, with C(failed) and C(msg) where it failed.
    """

    key: str
    wave: int
    environments: tuple[str, ...]
    result: Mapping[str, t.Any]

    @property
    def failed(self) -> bool:
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        return bool(self.result.get("changed"))

    @property
    def deployment_unknown(self) -> bool:
        """Whether the manager wrote and did not say that it deployed."""
        deployment = self.result.get("deployment") or {}
        return self.changed and deployment.get("success") is None

    @property
    def duplicated(self) -> bool:
        """Whether the manager listed an environment more than once afterwards."""
        certificate = self.result.get("certificate") or {}
        return any(environment["entries"] > 1 for environment in certificate.get("environments", ()))


@dataclass(frozen=True)
class Run:
    """Everything that is known of a run when it ends.

    :arg guards: by C(project/name).
    :arg new: the new certificate of each that is due as C(apinizer_certificate) would describe it, by C(project/name).
    :arg failure: what stopped the run, empty where nothing did.
    :arg refused: whether that was before the first write.
    :arg undone: the results of the rollback's tasks; None where there was no rollback.
    :arg after: each project's certificates, read back at the end; None where that failed or nothing was written.
    """

    plan: RotationPlan
    guards: Mapping[str, Sequence[Guard]]
    new: Mapping[str, Described]
    applied: Sequence[Applied]
    check_mode: bool
    failure: str = ""
    refused: bool = False
    undone: Sequence[Mapping[str, t.Any]] | None = None
    impossible: Sequence[str] = ()
    after: Mapping[str, Sequence[Described]] | None = None
    about: Mapping[str, t.Any] = field(default_factory=dict)

    def applied_to(self, key: str) -> Sequence[Applied]:
        """What was applied to a certificate, in order."""
        return self._applied_by_key.get(key, ())

    def read_back(self, project: str, name: str) -> Mapping[str, Described]:
        """What each environment of a certificate holds now, as far as it was read back."""
        return self._after_by_name.get((project, name), {})

    @cached_property
    def _applied_by_key(self) -> dict[str, list[Applied]]:
        found: dict[str, list[Applied]] = {}
        for one in self.applied:
            found.setdefault(one.key, []).append(one)
        return found

    @cached_property
    def _after_by_name(self) -> dict[tuple[str, str], dict[str, Described]]:
        return {
            (project, certificate["name"]): {entry["name"]: entry for entry in certificate["environments"]}
            for project, certificates in (self.after or {}).items()
            for certificate in certificates
        }


def make_result(run: Run) -> dict[str, t.Any]:
    """The result, schema 1.

    C(run.about) has C(manager), C(host), C(started), C(finished) and C(backup).
    """
    overwritten = _overwritten(run)
    if overwritten and not run.failure:
        run = replace(run, failure=f"Somebody else has written since it was verified: {'; '.join(overwritten)}")
    outcome = _outcome(run)
    certificates = [_certificate(run, planned, outcome) for planned in run.plan.certificates]
    return {
        "schema": SCHEMA,
        **{key: run.about.get(key) for key in ("manager", "host", "started", "finished")},
        "check_mode": run.check_mode,
        "outcome": outcome,
        "message": _message(run, outcome, certificates),
        "strategy": run.plan.strategy,
        "strategy_reason": run.plan.strategy_reason,
        "waves": [
            {"number": wave.number, "environments": list(wave.environments), "outcome": _wave_outcome(run, wave.number)}
            for wave in run.plan.waves
        ],
        "certificates": certificates,
        "rollback": {
            "performed": run.undone is not None,
            "complete": None if run.undone is None else _undone_completely(run),
            "messages": _undo_problems(run),
        },
        "backup": run.about.get("backup") or None,
    }


def _outcome(run: Run) -> str:
    if run.failure:
        if run.refused:
            return "refused"
        if run.undone is None:
            return "failed"
        return "rolled_back" if _undone_completely(run) else "rollback_failed"
    if not any(planned.due and not _stopped_by_guards(run, planned) for planned in run.plan.certificates):
        return "nothing_to_do"
    return "rotated" if run.applied else "planned"


def _undone_completely(run: Run) -> bool:
    return not _undo_problems(run)


def _undo_problems(run: Run) -> list[str]:
    """Why the way back was not gone to its end: what went wrong on it, or else what reading back shows."""
    failures = [str(undone.get("msg")) for undone in run.undone or () if undone.get("failed")]
    return [*failures, *run.impossible] or _not_back(run)


def _not_back(run: Run) -> list[str]:
    """The places that a rollback should have led back, and that hold something else all the same.

    A write that was given up may have taken effect since, or somebody else has written.
    """
    if run.undone is None or run.after is None:
        return []
    return [
        f"{planned.wanted.key} in {step.environment} holds "
        + (f"SHA-1 {now['fingerprint_sha1']} ({now['entries']} entries)" if now else "none")
        + ", and not what it held before"
        for planned, step, now in _written(run)
        if not _is_back(now, step.current)
    ]


def _overwritten(run: Run) -> list[str]:
    """The places that were written to and hold something else at the end, although nothing was taken back."""
    if run.after is None or run.undone is not None:
        return []
    return [
        f"{planned.wanted.key} in {step.environment} holds " + (f"SHA-1 {now['fingerprint_sha1']}" if now else "none")
        for planned, step, now in _written(run)
        if (now or {}).get("fingerprint_sha1") != run.new[planned.wanted.key]["fingerprint_sha1"]
    ]


def _written(run: Run) -> Iterator[tuple[PlannedCertificate, Step, Described | None]]:
    """The places that were written to, and what each was read back to hold."""
    for planned in run.plan.certificates:
        now = run.read_back(planned.wanted.project, planned.wanted.name)
        for step in planned.steps:
            if any(step.environment in one.environments for one in run.applied_to(planned.wanted.key)):
                yield planned, step, now.get(step.environment)


def _is_back(now: Described | None, before: Described | None) -> bool:
    """Whether a place holds what it held before, and no further entry beside it."""
    if now is None or before is None:
        return now is before
    return bool(now["fingerprint_sha1"] == before["fingerprint_sha1"] and now["entries"] <= before["entries"])


def _stopped_by_guards(run: Run, planned: PlannedCertificate) -> bool:
    return any(not guard.passed for guard in run.guards.get(planned.wanted.key, ()))


def _wave_outcome(run: Run, number: int) -> str:
    applied = [one for one in run.applied if one.wave == number]
    if not applied:
        return "not_started" if run.failure or not run.applied else "done"
    if run.undone is not None and any(one.changed for one in applied):
        return "rolled_back" if _undone_completely(run) else "failed"
    last = run.failure and number == max(one.wave for one in run.applied)
    return "failed" if last or any(one.failed for one in applied) else "done"


def _certificate(run: Run, planned: PlannedCertificate, outcome: str) -> dict[str, t.Any]:
    key = planned.wanted.key
    applied = run.applied_to(key)
    now = run.read_back(planned.wanted.project, planned.wanted.name)
    return {
        "project": planned.wanted.project,
        "name": planned.wanted.name,
        "outcome": _certificate_outcome(run, planned, applied, outcome),
        "environments": [_environment(run, planned, step, applied, now) for step in planned.steps],
        "guards": [asdict(guard) for guard in run.guards.get(key, ())],
    }


def _certificate_outcome(run: Run, planned: PlannedCertificate, applied: Sequence[Applied], outcome: str) -> str:
    if not planned.due:
        return "not_due" if any(step.reason == "not_due" for step in planned.steps) else "in_sync"
    if _stopped_by_guards(run, planned):
        return "skipped"
    if outcome in ("refused", "planned"):
        return "planned" if outcome == "planned" else "not_started"
    if not applied:
        return "not_started"
    if run.undone is not None and any(one.changed for one in applied):
        return "rolled_back" if outcome == "rolled_back" else "failed"
    return "failed" if run.failure else "rotated"


def _environment(
    run: Run, planned: PlannedCertificate, step: Step, applied: Sequence[Applied], now: Mapping[str, Described]
) -> dict[str, t.Any]:
    mine = [one for one in applied if step.environment in one.environments]
    known = run.after is not None or not run.applied
    read_back = now.get(step.environment) if run.applied else step.current
    touched = any(one.changed for one in mine)
    new = run.new.get(planned.wanted.key)
    return {
        "name": step.environment,
        "wave": step.wave,
        "action": step.action,
        "reason": step.reason,
        "from": _shown(step.current),
        "to": _shown({**new, "alias": _new_alias(planned, step)}) if new and step.action != NONE else None,
        "now": _shown(read_back),
        "entries": (read_back["entries"] if read_back else 0) if known else None,
        "deployment": _deployment(mine, step.environment),
        "rolled_back": _is_back(read_back, step.current)
        if run.undone is not None and run.after is not None and touched
        else None,
    }


def _new_alias(planned: PlannedCertificate, step: Step) -> str:
    kept = step.current["alias"] if step.current else None
    return planned.wanted.alias or kept or planned.wanted.name


def _shown(described: Described | None) -> dict[str, t.Any] | None:
    return {key: described.get(key) for key in _SHOWN} if described else None


def _deployment(applied: Sequence[Applied], environment: str) -> dict[str, t.Any] | None:
    """What the manager said of the deployment to an environment, the last time it was asked for."""
    deployment = next((one.result["deployment"] for one in reversed(applied) if one.result.get("deployment")), None)
    if deployment is None:
        return None
    for reported in deployment["environments"]:
        if reported["name"] == environment:
            return {"success": reported["success"], "message": reported["message"]}
    return {"success": deployment["success"], "message": deployment["message"]}


def _message(run: Run, outcome: str, certificates: Sequence[Mapping[str, t.Any]]) -> str:
    counts = _counts(run)
    if outcome == "nothing_to_do":
        return f"Nothing to do: {counts}."
    if outcome == "planned":
        return f"Nothing was written{' in check mode' if run.check_mode else ''}: {counts}."
    if outcome == "rotated":
        silent = sorted({name for one in run.applied if one.deployment_unknown for name in one.environments})
        doubt = f" The manager did not report whether the gateways of {', '.join(silent)} serve it." if silent else ""
        return f"Done, and verified in the manager's record: {counts}.{doubt}"
    if outcome == "refused":
        return f"Nothing was written. {run.failure}"
    rollback = {
        "rolled_back": "Every environment that was touched has its previous certificate again.",
        "rollback_failed": "THE ROLLBACK IS NOT COMPLETE: " + "; ".join(_undo_problems(run)) + ".",
        "failed": "Nothing was rolled back.",
    }[outcome]
    return f"{run.failure.rstrip('.')}. {rollback} {_holding(run, certificates)}"


def _counts(run: Run) -> str:
    due = [planned for planned in run.plan.certificates if planned.due]
    places = sum(step.action != NONE for planned in due for step in planned.steps)
    skipped = sum(_stopped_by_guards(run, planned) for planned in due)
    text = f"{len(due)} of {len(run.plan.certificates)} certificates due, in {places} places"
    return text + (f", {skipped} left out by their guards" if skipped else "")


def _holding(run: Run, certificates: Sequence[Mapping[str, t.Any]]) -> str:
    """Which environment holds what now, for the certificates that were written to."""
    if run.after is None:
        return "What the environments hold now could not be read back."
    written = {one.key for one in run.applied}
    places = [
        f"{certificate['name']} in {environment['name']}: "
        + (
            f"{str(environment['now']['fingerprint_sha1'])[:16]}... until {environment['now']['not_after']}"
            if environment["now"]
            else "none"
        )
        for certificate in certificates
        if f"{certificate['project']}/{certificate['name']}" in written
        for environment in certificate["environments"]
    ]
    return "Now: " + "; ".join(places) + "." if places else ""


def make_table(plan: RotationPlan, new: Mapping[str, Described]) -> list[str]:
    """The plan as lines of a table, in the order in which it will happen; dates are days in UTC.

    No cell of ours has a single space in it: that is where Ansible's YAML output would break the line.
    """
    rows = [("wave", "certificate", "environment", "action", "reason", "expires", "new-expiry")]
    for planned in plan.certificates:
        until = (new.get(planned.wanted.key) or {}).get("not_after")
        for step in planned.steps:
            rows.append(
                (
                    str(step.wave or "-"),
                    planned.wanted.key,
                    step.environment,
                    step.action,
                    step.reason,
                    _day(step.current["not_after"] if step.current else None),
                    "-" if step.action == NONE else _day(until) if until else "to-be-obtained",
                )
            )
    rows[1:] = sorted(rows[1:], key=lambda row: (row[3] == NONE, int(row[0].replace("-", "0"))))
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "-"
