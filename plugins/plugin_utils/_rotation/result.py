# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a run: the values that its result is made of. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNKNOWN
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.outcome import end_of_overlap
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import fingerprint
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.inputs import views_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate, Step, View
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason


class Outcome:
    """What became of a run.

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
                if not self.is_restored(planned, step) and self._is_ours(planned, step, now)
            )
        ]

    def _is_ours(self, planned: PlannedCertificate, step: Step, now: View | None) -> bool:
        """Whether what an environment holds now can come from this run, perhaps from a write that took effect late."""
        writes = [write for write in self.writes_to(planned, step.environment) if write.sent]
        wrote, new = any(write.may_have_changed for write in writes), self.run.new_views.get(planned.key)
        return wrote or bool(writes and now and new and now["fingerprint_sha1"] == new["fingerprint_sha1"])

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
