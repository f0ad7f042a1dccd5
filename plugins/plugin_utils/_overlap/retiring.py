# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last stage of an overlap: delete the companions of certificates whose new content is known to be deployed.

The rotation has succeeded by then. A companion that cannot be deleted is named, and left to the next run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from functools import partial

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.window import rolling_window
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import unproven
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

View = Mapping[str, t.Any]
INTERRUPTED = "the deletion was interrupted"


def to_retire(run: Run) -> list[tuple[PlannedCertificate, PlannedCertificate]]:
    """The certificate and the companion of each companion that this run deletes, in the order of the waves."""
    targets = [
        (planned, companion)
        for planned in run.plan.certificates
        if planned.stage and not (planned.companion_of or planned.deferred or run.stopped_by_guards(planned))
        for companion in run.plan.companions_of(planned.key)
    ]
    return sorted(targets, key=lambda target: target[1].steps[0].wave or 0)


def predict_retirement(run: Run, access: ManagerAccess) -> Result:
    """What deleting the companions would change, in check mode."""
    companions = {companion.key: companion for _planned, companion in to_retire(run)}
    keys = list(companions)
    # Those of an earlier run, which this one does not write.
    kept = {key: make_deletion(one) for key, one in companions.items() if one.exists and key not in run.diffs}
    known = {**run.diffs, **{key: result.get("diff") for key, result in access.predict(kept).items()}}
    diffs = []
    for key in keys:
        diff = known.get(key)
        if diff:
            created = not diff["before"]
            diffs.append({**diff, "before": diff["after"], "after": {}} if created else {**diff, "after": {}})
    return {"changed": bool(keys), "diff": diffs}


def retire(run: Run, access: ManagerAccess) -> Result:
    """Delete the companions. What happened to each is in the run file, before and after the request."""
    targets = to_retire(run)
    run.save_retired(dict.fromkeys((companion.key for _planned, companion in targets), INTERRUPTED))
    listed = access.list_certificates(sorted({companion.desired.project for _planned, companion in targets}))
    found = by_key({project: result.get("certificates", ()) for project, result in listed.items()})
    unread = join_sentences(*failures(listed)) if failures(listed) else ""
    reasons = {companion.key: unread or _why_kept(run, planned, companion, found) for planned, companion in targets}
    run.save_retired({key: reason for key, reason in reasons.items() if reason or key not in found})
    operations = {
        companion.key: make_deletion(companion, run.new_views.get(companion.key))
        for _planned, companion in targets
        if companion.key in found and not reasons[companion.key]
    }
    results: dict[str, Result] = {}

    def end(key: str, result: Result) -> bool:
        results[key] = result
        run.save_retired({key: str(result.get("msg")) if result.get("failed") else ""})
        return True

    parallel = t.cast(Settings, run.settings).parallel_writes if access.in_process else 1
    keeper = LeaseKeeper(run.leases, run.path)

    def begin(key: str) -> Callable[[], Result]:
        return keeper.guard(partial(access.carry_out, operations[key]))

    rolling_window(list(operations), parallel, begin, end)
    kept = {key: reason.rstrip(".") for key, reason in run.retired.items() if reason}
    warnings = [f"The companion {key} was not deleted: {reason}. {_NEXT_RUN}" for key, reason in kept.items()]
    return {
        "changed": any(result.get("changed") for result in results.values()),
        "diff": [result["diff"] for result in results.values() if "diff" in result],
        **({"warnings": warnings} if warnings else {}),
    }


def make_deletion(companion: PlannedCertificate, new: View | None = None) -> Operation:
    """The operation that deletes a companion.

    :arg new: what this run has written to it; None if nothing.
    """
    written = {"fingerprint_sha1": new["fingerprint_sha1"]} if new else None
    expected = Expected({step.environment: (step.current, written) for step in companion.steps}, whole=True)
    return Operation(companion.desired.project, companion.desired.name, absent=True, expected=expected)


def by_key(listed: Mapping[str, t.Iterable[View]]) -> dict[str, View]:
    """The certificates of projects, by C(project/name)."""
    return {
        f"{project}/{certificate['name']}": certificate
        for project, certificates in listed.items()
        for certificate in certificates
    }


def correct_retired(run: Run, after: Mapping[str, t.Iterable[View]]) -> None:
    """Take note of companions whose deletion was interrupted and took effect.

    :arg after: the certificates of each project, read back at the end.
    """
    held = by_key(after)
    run.save_retired({key: "" for key, reason in run.retired.items() if reason == INTERRUPTED and key not in held})


_NEXT_RUN = "The rotation itself has succeeded, and the next run deletes it"


def _why_kept(run: Run, planned: PlannedCertificate, companion: PlannedCertificate, found: Mapping[str, View]) -> str:
    """Why a companion must stay; empty if it can be deleted."""
    if unverified := {write.wave for write in run.writes} - {*run.verified}:
        return f"wave {min(unverified)} was not verified"
    if names := unproven(run, planned):
        return f"neither the manager nor the gateways of {', '.join(names)} have confirmed that they hold {planned.key}"
    held = {view["name"]: view["fingerprint_sha1"] for view in (found.get(planned.key) or {}).get("environments", ())}
    for step in planned.steps:
        new = run.new_views.get(planned.key) or step.current or {}
        if held.get(step.environment) != new.get("fingerprint_sha1"):
            return f"{planned.key} in {step.environment} was modified by someone else"
    now = found.get(companion.key)
    if now is None:
        return ""
    marker = read_marker(now["description"])
    expected = [companion.steps[0].current, run.new_views.get(companion.key)]
    same = [view["fingerprint_sha1"] for view in now["environments"]]
    ours = marker is None or f"{companion.desired.project}/{marker.name}" == planned.key
    known = [[view["fingerprint_sha1"]] for view in expected if view]
    where = tuple(view["name"] for view in now["environments"])
    return "" if ours and where == companion.environments and same in known else "it was modified by someone else"
