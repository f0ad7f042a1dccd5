# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a wave: several certificates in parallel, none after a failure, each recorded before and after it is sent."""

from __future__ import annotations

import typing as t
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.window import rolling_window
from ansible_collections.apinizer.apiops.plugins.plugin_utils._expectations import expected_by_plan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.expansion import description_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.retiring import make_reading
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.diffs import diff_of_environments
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.wave_warnings import wave_warnings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NOT_ON_GATEWAY, PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

PROGRESS_FROM = 20
"""A wave of this many certificates or more shows its progress, in ten lines."""

Show = Callable[[str], object]  # shows a line on the screen


def make_operation(run: Run, planned: PlannedCertificate, wave: int | None = None) -> Operation:
    """The operation for a certificate in a wave; without a wave, the one that covers all of them.

    A companion that is only to be deleted is read.
    """
    settings = t.cast(Settings, run.settings)
    desired = planned.desired
    if planned.retires:
        return make_reading(planned)
    one_update = run.plan.strategy != "per_environment"
    targets = planned.environments if one_update else planned.due_in(wave)
    return Operation(
        project=desired.project,
        name=desired.name,
        environments=targets,
        bundle=planned.new,
        unlisted_environments="fail" if one_update else "keep",
        alias=desired.alias,
        description=description_of(planned, datetime.now(timezone.utc)),
        # A certificate that the record already contains must be written again where the gateways do not hold it.
        force=settings.force or any(step.reason == NOT_ON_GATEWAY for step in planned.steps),
        jwk_scope=settings.update_scope if settings.update_referenced_jwks else None,
        expected=expected_by_plan(planned, targets, wave, one_update=one_update),
        # No JWK is made from a companion, and what a later run promotes is not updated yet.
        warn_of_jwks=not (planned.companion_of or planned.deferred),
    )


def write_wave(run: Run, wave: int, access: ManagerAccess, show: Show) -> Result:
    """Write the certificates of a wave.

    Once one has failed, no other write begins; those already sent are completed. All of them are in the run file, with their
    result or as interrupted, however this function ends.

    :arg show: shows a line on the screen.
    :returns: C(changed), C(diff) and C(warnings), and C(failed) with C(msg) where a write failed.
    """
    writer = _WaveWriter(run, wave, access, show)
    parallel = t.cast(Settings, run.settings).parallel_writes if access.in_process else 1
    rolling_window(list(writer.operations), parallel, writer.begin, writer.end)
    return writer.summary()


class _WaveWriter:
    def __init__(self, run: Run, wave: int, access: ManagerAccess, show: Show) -> None:
        self._run = run
        self._wave = wave
        self._access = access
        self._show = show
        self.operations = {planned.key: make_operation(run, planned, wave) for planned in run.to_write(wave)}
        self._keeper = LeaseKeeper(run.leases, run.path)
        self._numbers: dict[str, int] = {}
        self._results: dict[str, Result] = {}

    def begin(self, key: str) -> Callable[[], Result]:
        """Record the intent to write a certificate; return the write."""
        operation = self.operations[key]
        self._numbers[key] = self._run.save_write(Write(key, self._wave, operation.environments))
        return self._keeper.guard(partial(self._access.carry_out, operation))

    def end(self, key: str, result: Result) -> bool:
        """Record the result of a write; return whether to go on."""
        self._results[key] = result
        self._run.save_write(self._ended(key, result), self._numbers[key])
        self._show_progress(key, result)
        return not result.get("failed")

    def _ended(self, key: str, result: Result) -> Write:
        environments = (result.get("certificate") or {}).get("environments", ())
        return Write(
            key,
            self._wave,
            self.operations[key].environments,
            failed=bool(result.get("failed")),
            may_have_changed=may_have_changed(result),
            deployment=result.get("deployment"),
            duplicated=any(environment["entries"] > 1 for environment in environments),
            sent=may_have_changed(result) or result.get("operation", "none") != "none",
        )

    def _show_progress(self, key: str, result: Result) -> None:
        """Show "n of N" ten times in a wave of many certificates, and each certificate that failed."""
        done, total = len(self._results), len(self.operations)
        if total < PROGRESS_FROM:
            return
        if result.get("failed"):
            self._show(f"Wave {self._wave}: {key} failed")
        if done == total or done % max(1, total // 10) == 0:
            self._show(f"Wave {self._wave}: {done:,} of {total:,} certificates written")

    def summary(self) -> Result:
        """The result of the task."""
        results = self._results
        summary: Result = {
            "changed": any(may_have_changed(result) for result in results.values()),
            "diff": [result["diff"] for result in results.values() if "diff" in result],
        }
        verified = t.cast(Settings, self._run.settings).verify_gateways != "never"
        if warnings := wave_warnings(self._wave, self.operations, self._results, verified=verified):
            summary["warnings"] = warnings
        if messages := failures(results):
            summary |= {"failed": True, "msg": join_sentences(*messages)}
        return summary


def predict_wave(run: Run, wave: int) -> Result:
    """What writing a wave would change, from what preflight has learned in check mode."""
    targets = {planned.key: make_operation(run, planned, wave).environments for planned in run.to_write(wave)}
    gateways, known = run.gateways, [key for key in targets if key in run.diffs]
    diffs = [diff_of_environments(run.diffs[key], targets[key], gateways.get(key)) for key in known]
    return {"changed": bool(targets), "diff": diffs}


def may_have_changed(result: Result) -> bool:
    """Whether a write may have changed the record: it says so, or it crashed before it returned a result."""
    return bool(result.get("changed") or result.get("crashed") or (result.get("failed") and "module_stdout" in result))
