# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rolls back a run: what to write, from what the run has written and what the manager holds now."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.rollback_plan import (
    Changed,
    RollbackStep,
    plan_rollback,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.restored import Restored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings


def plan_rollback_of_run(run: Run, access: ManagerAccess) -> tuple[Sequence[RollbackStep], list[str], Restored]:
    """Plan the rollback of a run, from what the manager holds now.

    :returns: the steps, messages about what cannot be rolled back, and what decides whether a companion can be.
    """
    written: dict[str, list[str]] = {}
    for write in run.writes:
        if write.may_have_changed:
            written.setdefault(write.key, []).extend(write.environments)
    desired = {planned.key: planned.desired for planned in run.plan.certificates}
    listed = access.list_certificates(sorted({desired[key].project for key in written}))
    current = {
        f"{project}/{certificate['name']}": {view["name"]: view for view in certificate["environments"]}
        for project, result in listed.items()
        for certificate in result.get("certificates", ())
    }
    unread = [key for key in written if listed[desired[key].project].get("failed")]
    changed = [
        Changed(
            project=desired[key].project,
            name=desired[key].name,
            environments=tuple(dict.fromkeys(environments)),
            previous=run.previous[key],
            new_sha1=run.new_views[key]["fingerprint_sha1"],
            current=current.get(key, {}),
            duplicated=any(write.duplicated for write in run.writes if write.key == key),
        )
        for key, environments in written.items()
        if key not in unread
    ]
    one_update = run.plan.strategy != "per_environment"
    plans = {one.key: plan_rollback([one], one_update=one_update) for one in reversed(changed)}
    steps = [step for plan in plans.values() for step in plan.steps]
    reason = join_sentences(*failures(listed)) if unread else ""
    problems = [f"{', '.join(unread)}: not rolled back, since the manager cannot be read: {reason}"] if unread else []
    problems += [message for plan in plans.values() for message in plan.impossible]
    return steps, problems, Restored(run, {*unread, *(key for key, plan in plans.items() if plan.impossible)})


def to_operation(step: RollbackStep, settings: Settings) -> Operation:
    """The operation of a step."""
    return Operation(
        project=step.project,
        name=step.name,
        environments=step.environments,
        bundle=parse_stored(step.content) if step.content else None,
        unlisted_environments=step.unlisted_environments,
        alias=step.alias,
        description=step.description,
        absent=step.absent,
        # The record may list the previous certificate beside the new one. Gateways that cannot be asked do not stop it either.
        force=True,
        # An import cannot update JWKs.
        jwk_scope=settings.update_scope
        if settings.update_referenced_jwks and step.unlisted_environments != "keep"
        else None,
        verify_gateways=settings.verify_gateways,
        verify_timeout=settings.verify_gateways_timeout,
        expected=step.expected,
    )
