# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last stage of an overlap: delete the companions of certificates whose new content is known to be deployed.

The rotation has succeeded by then. A companion that cannot be deleted is named, and left to the next run.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._result import diff
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.deletion import Deletion, by_key, delete_all
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.kept import Kept, Target, View, to_keep
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

INTERRUPTED = "the deletion was interrupted"


def to_retire(run: Run) -> list[Target]:
    """The companions that this run deletes, each after its certificate, in the order of the waves."""
    targets = [
        (planned, companion)
        for planned in run.plan.certificates
        if planned.stage and not (planned.companion_of or planned.deferred or run.stopped_by_guards(planned))
        for companion in run.plan.companions_of(planned.key)
    ]
    return sorted(targets, key=lambda target: target[1].steps[0].wave or 0)


def predict_retirement(run: Run, access: ManagerAccess) -> Result:
    """What deleting the companions would change, in check mode."""
    targets = to_retire(run)
    found, _unread = _list(targets, access)
    diffs = []
    for planned, companion in targets:
        predicted = run.diffs.get(companion.key)
        if predicted:
            diffs.append({**predicted, "before": predicted["after"], "after": {}})
        elif companion.key in found:
            diffs.append(_diff(run, planned, companion, found))
    return {"changed": bool(targets), "diff": diffs}


def retire(run: Run, access: ManagerAccess) -> Result:
    """Delete the companions. What happened to each is in the run file, before and after the requests."""
    targets = to_retire(run)
    run.save_retired(dict.fromkeys((companion.key for _planned, companion in targets), INTERRUPTED))
    found, unread = _list(targets, access)
    kept = {one.key: Kept(unread) for _planned, one in targets} if unread else to_keep(run, targets, found)
    run.save(not_retired={key: why.message(key) for key, why in kept.items() if why.for_good})
    absent = [one.key for _planned, one in targets if one.key not in kept and one.key not in found]
    run.save_retired({**{key: why.reason for key, why in kept.items()}, **dict.fromkeys(absent, "")})
    done: dict[str, dict[str, t.Any]] = {}
    doubts: list[str] = []

    def end(key: str, deletion: Deletion) -> None:
        if deletion.kept:
            kept[key] = Kept(deletion.kept.rstrip("."))
        else:
            done[key] = diffs[key]
        if deletion.doubt:
            doubts.append(_in_doubt(key, deletion))
            run.save(not_retired={**run.not_retired, key: doubts[-1]})
        run.save_retired({key: deletion.kept})

    deletions = [target for target in targets if target[1].key not in {*kept, *absent}]
    diffs = {companion.key: _diff(run, planned, companion, found) for planned, companion in deletions}
    operations = {companion.key: make_deletion(companion) for _planned, companion in deletions}
    guard = LeaseKeeper(run.leases, run.path).guard
    delete_all(operations, access, t.cast(Settings, run.settings).parallel_writes, end, guard)
    warnings = [*(why.message(key) for key, why in kept.items()), *doubts]
    return {
        "changed": bool(done),
        "diff": list(done.values()),
        **({"warnings": warnings} if warnings else {}),
    }


def make_deletion(companion: PlannedCertificate) -> Operation:
    """The operation that deletes a companion."""
    return Operation(companion.desired.project, companion.desired.name, absent=True)


def make_reading(companion: PlannedCertificate) -> Operation:
    """The operation that reads a companion before it is deleted, and changes nothing."""
    return Operation(companion.desired.project, companion.desired.name, companion.environments)


def correct_retired(run: Run, after: Mapping[str, Iterable[View]]) -> None:
    """Take note of companions that are gone, although their deletion was interrupted or seemed to have failed.

    :arg after: the certificates of each project, read back at the end.
    """
    held = by_key(after)
    run.save_retired({key: "" for key, reason in run.retired.items() if reason and key not in held})


def _list(targets: Sequence[Target], access: ManagerAccess) -> tuple[dict[str, View], str]:
    """What the manager lists, by C(project/name), and why a project cannot be listed; empty if all of them can be."""
    listed = access.list_certificates(sorted({companion.desired.project for _planned, companion in targets}))
    found = by_key({project: result.get("certificates", ()) for project, result in listed.items()})
    return found, join_sentences(*failures(listed)) if failures(listed) else ""


def _diff(
    run: Run, planned: PlannedCertificate, companion: PlannedCertificate, found: Mapping[str, View]
) -> dict[str, t.Any]:
    """The diff of a deletion. What a list without content lacks is known of the new certificate."""
    new = run.new_views.get(planned.key) or {}
    environments = [
        {**new, **{key: value for key, value in view.items() if value is not None}}
        if view["fingerprint_sha1"] == new.get("fingerprint_sha1")
        else view
        for view in found[companion.key]["environments"]
    ]
    before: t.Any = {**found[companion.key], "environments": environments}
    return diff(companion.key, before, None)


def _in_doubt(key: str, deletion: Deletion) -> str:
    return join_sentences(
        f"The companion {key} was deleted, but its gateways may still hold it: {deletion.doubt.rstrip('.')}",
        "They trust the new certificate in any case. To remove it there later, create a certificate with the name and the alias "
        "of the companion, and delete it again",
    )
