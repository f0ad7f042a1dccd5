# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run, schema 1. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNKNOWN
from ansible_collections.apinizer.apiops.plugins.module_utils._result import key_change
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.outcome import end_of_overlap, overlap_outcome
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import fingerprint
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_message import rotation_message
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    SCHEMA,
    CertificateResult,
    EnvironmentResult,
    RotationResult,
    ShownCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.inputs import views_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    CREATE,
    UPDATE,
    PlannedCertificate,
    Step,
    View,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason


class Outcome:
    """What became of a run: the values that its result is made of.

    :arg after: the certificates of each project, read back at the end; None where that failed, or nothing was written.
    """

    def __init__(self, run: Run, after: Mapping[str, Sequence[View]] | None) -> None:
        self.run = run
        self.after = after if run.writes or run.retired else None

    @cached_property
    def failure(self) -> str:
        """What stopped the run, or what is wrong at its end; empty for nothing."""
        run = self.run
        if run.failure or not run.writes:
            return run.failure
        if self.modified:
            return f"Modified by someone else after verification: {'; '.join(self.modified)}"
        unverified = sorted({write.wave for write in run.writes} - {*run.verified})
        return f"Wave {unverified[0]} was written but not verified" if unverified else ""

    @cached_property
    def name(self) -> str:
        """The outcome in a word, as the result has it."""
        run = self.run
        if self.failure:
            return self._failed_name
        due = [planned for planned in run.plan.certificates if planned.due and not planned.companion_of]
        if due and not run.retired and all(run.stopped_by_guards(planned) for planned in due):
            return "skipped"
        if not (run.writes or run.retired):
            waiting = any(planned.stage == OVERLAPPING for planned in run.plan.certificates)
            pending = run.plan.due or run.plan.to_obtain
            return "planned" if pending else "introduced" if waiting else "nothing_to_do"
        if any(planned.deferred and not run.stopped_by_guards(planned) for planned in run.plan.certificates):
            return "introduced"
        return "stored" if any(self.unconfirmed(planned) for planned in due) else "rotated"

    @property
    def _failed_name(self) -> str:
        if not self.run.writes:
            return "refused"
        if self.run.rollback is None:
            return "failed"
        return "rollback_failed" if self.rollback_problems else "rolled_back"

    def unconfirmed(self, planned: PlannedCertificate) -> set[str]:
        """The environments of which neither the manager nor the gateways have said that they hold the new certificate."""
        gateways = self.run.gateways.get(planned.key, {})
        confirmed = {name for name, gateway in gateways.items() if gateway["state"] == CONFIRMED}
        unknown = {name for name, gateway in gateways.items() if gateway["state"] == UNKNOWN} - {PSEUDO_ENVIRONMENT}
        return unknown | {name for write in self.writes_to(planned) for name in write.unreported} - confirmed

    @cached_property
    def rollback_problems(self) -> list[str]:
        """Why the rollback is not complete: what went wrong, or else what reading back shows."""
        if self.run.rollback is None:
            return []
        if self.run.rollback or self.after is None:
            return self.run.rollback
        return [
            f"{targets} holds {what} instead of its previous certificate"
            for targets, what in by_reason(
                (planned.key, step.environment, fingerprint(now))
                for planned, step, now in self._written()
                if not self.is_restored(planned, step)
            )
        ]

    @cached_property
    def modified(self) -> list[str]:
        """Environments that the run wrote and that hold something else at the end, although nothing was rolled back."""
        if self.after is None or self.run.rollback is not None:
            return []
        found = by_reason(
            (planned.key, step.environment, fingerprint(now))
            for planned, step, now in self._written()
            if (now or {}).get("fingerprint_sha1") != self.run.new_views[planned.key]["fingerprint_sha1"]
            and planned.key not in self.run.retired
        )
        return [f"{targets} holds {what}" for targets, what in found]

    def writes_to(self, planned: PlannedCertificate, environment: str | None = None) -> list[Write]:
        """The writes to a certificate, or to one environment of it, in order."""
        writes = self._writes.get(planned.key, [])
        return [write for write in writes if environment is None or environment in write.environments]

    def now(self, planned: PlannedCertificate, environment: str) -> View | None:
        """An environment as it was read back at the end; where nothing was written, as it was before."""
        if not (self.run.writes or self.run.retired):
            return self.before(planned, environment)
        view = self._read_back.get((planned.key, environment))
        return view and self._with_sha256(planned, view)

    def before(self, planned: PlannedCertificate, environment: str) -> View | None:
        """An environment as it was before the run, as preflight read it, or else as the list has it."""
        previous = self.run.previous_in(planned.key, environment) if self.run.previous else None
        return previous or next((step.current for step in planned.steps if step.environment == environment), None)

    def is_restored(self, planned: PlannedCertificate, step: Step) -> bool:
        """Whether an environment holds what it held before the run, and no other entry beside it, as far as is known."""
        if f"{planned.key} in {step.environment}" in self.run.unrestored:
            return False
        now, before = self.now(planned, step.environment), self.before(planned, step.environment)
        if now is None or before is None:
            return now is before
        return bool(now["fingerprint_sha1"] == before["fingerprint_sha1"] and now["entries"] <= before["entries"])

    def until(self, planned: PlannedCertificate) -> datetime | None:
        """When the overlap of a certificate ends that a later run promotes; None where that is not known."""
        return end_of_overlap(self.run, planned, self.after or {})

    def _written(self) -> Iterator[tuple[PlannedCertificate, Step, View | None]]:
        """The environments that were written, and what each holds at the end."""
        for planned in self.run.plan.certificates:
            for step in planned.steps:
                if self.writes_to(planned, step.environment):
                    yield planned, step, self.now(planned, step.environment)

    def _with_sha256(self, planned: PlannedCertificate, view: View) -> View:
        """Add the SHA-256 fingerprint that a list without content lacks, where the SHA-1 shows which certificate it is."""
        if view["fingerprint_sha256"]:
            return view
        known = [self.run.new_views.get(planned.key), self.before(planned, view["name"])]
        for other in known:
            if other and other["fingerprint_sha1"] == view["fingerprint_sha1"]:
                return {**view, "fingerprint_sha256": other["fingerprint_sha256"]}
        return view

    @cached_property
    def _writes(self) -> dict[str, list[Write]]:
        found: dict[str, list[Write]] = {}
        for write in self.run.writes:
            found.setdefault(write.key, []).append(write)
        return found

    @cached_property
    def _read_back(self) -> dict[tuple[str, str], View]:
        return views_of(self.after or {})


def make_result(run: Run, after: Mapping[str, Sequence[View]] | None, finished: datetime) -> RotationResult:
    """The result of a run, schema 1.

    :arg after: the certificates of each project, read back at the end; None where they could not be read.
    """
    outcome = Outcome(run, after)
    certificates = [_certificate(outcome, planned) for planned in run.plan.certificates]
    return {
        "schema": SCHEMA,
        "manager": run.manager,
        "host": run.host,
        "started": iso(run.started),
        "finished": iso(finished),
        "check_mode": run.check_mode,
        "outcome": outcome.name,
        "message": rotation_message(outcome, certificates),
        "strategy": run.plan.strategy,
        "strategy_reason": run.plan.strategy_reason,
        "waves": [
            {
                "number": wave.number,
                "environments": list(wave.environments),
                "stage": wave.stage or None,
                "outcome": _wave(outcome, wave.number),
            }
            for wave in run.plan.waves
        ],
        "certificates": certificates,
        "rollback": {
            "performed": run.rollback is not None,
            "complete": None if run.rollback is None else not outcome.rollback_problems,
            "messages": outcome.rollback_problems,
        },
        "backup": run.backup or None,
    }


def _wave(outcome: Outcome, number: int) -> str:
    run = outcome.run
    writes = [write for write in run.writes if write.wave == number]
    if not writes:
        return "not_started" if outcome.failure or not run.writes else "done"
    if run.rollback is not None and any(write.may_have_changed for write in writes):
        return "failed" if outcome.rollback_problems else "rolled_back"
    last = outcome.failure and number == max(write.wave for write in run.writes)
    return "failed" if last or any(write.failed for write in writes) else "done"


def _certificate(outcome: Outcome, planned: PlannedCertificate) -> CertificateResult:
    return {
        "project": planned.desired.project,
        "name": planned.desired.name,
        "companion_of": planned.companion_of and planned.companion_of.removeprefix(f"{planned.desired.project}/"),
        "stage": planned.stage or None,
        "overlapping_until": iso(until) if (until := outcome.until(planned)) else None,
        "outcome": overlap_outcome(outcome.run, planned, failed=bool(outcome.failure))
        or _certificate_outcome(outcome, planned),
        "environments": [_environment(outcome, planned, step) for step in planned.steps],
        "guards": [t.cast("t.Any", asdict(guard)) for guard in outcome.run.guards.get(planned.key, ())],
    }


def _certificate_outcome(outcome: Outcome, planned: PlannedCertificate) -> str:
    run, writes = outcome.run, outcome.writes_to(planned)
    if not planned.due:
        return "not_due" if any(step.reason == "not_due" for step in planned.steps) else "in_sync"
    if run.stopped_by_guards(planned):
        return "skipped"
    if outcome.name == "planned":
        return "planned"
    if not writes:
        return "not_started"
    if outcome.failure:
        restored = outcome.name == "rolled_back" and any(write.may_have_changed for write in writes)
        return "rolled_back" if restored else "failed"
    return "stored" if outcome.unconfirmed(planned) else "rotated"


def _environment(outcome: Outcome, planned: PlannedCertificate, step: Step) -> EnvironmentResult:
    run = outcome.run
    writes = outcome.writes_to(planned, step.environment)
    known = outcome.after is not None or not (run.writes or run.retired)
    now = outcome.now(planned, step.environment) if known else None
    new = run.new_views.get(planned.key)
    before = outcome.before(planned, step.environment)
    written = any(write.may_have_changed for write in writes)
    return {
        "name": step.environment,
        "wave": step.wave,
        "action": step.action,
        "reason": step.reason,
        "from": _shown(before),
        "to": _shown({**new, "alias": planned.new_alias(step.environment)})
        if new and step.action in (CREATE, UPDATE)
        else None,
        "now": _shown(now),
        "key": key_change(before, new) if step.action in (CREATE, UPDATE) else None,
        "entries": (now["entries"] if now else 0) if known else None,
        "deployment": _deployment(writes, step.environment),
        "gateway": run.gateways.get(planned.key, {}).get(step.environment),
        "rolled_back": outcome.is_restored(planned, step)
        if run.rollback is not None and outcome.after is not None and written
        else None,
    }


def _shown(view: View | None) -> ShownCertificate | None:
    if view is None:
        return None
    return t.cast(ShownCertificate, {key: view.get(key) for key in ShownCertificate.__annotations__})


def _deployment(writes: Sequence[Write], environment: str) -> t.Any:
    """What the manager reported about the last deployment to an environment."""
    deployment = next((write.deployment for write in reversed(writes) if write.deployment), None)
    if deployment is None:
        return None
    for reported in deployment["environments"]:
        if reported["name"] == environment:
            return {"success": reported["success"], "message": reported["message"]}
    return {"success": deployment["success"], "message": deployment["message"]}
