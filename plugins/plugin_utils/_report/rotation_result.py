# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run as users and reports see it: schema 1. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._result import key_change
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.restored import unless_outdated
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.outcome import overlap_outcome
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_message import rotation_message
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    SCHEMA,
    CertificateResult,
    EnvironmentResult,
    RotationResult,
    ShownCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    CREATE,
    UPDATE,
    PlannedCertificate,
    Step,
    View,
)

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Write


def make_result(outcome: Outcome, finished: datetime) -> RotationResult:
    """The result of a run, schema 1."""
    run = outcome.run
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
        "gateway": unless_outdated(run.gateways.get(planned.key, {}).get(step.environment), now, known=known),
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
