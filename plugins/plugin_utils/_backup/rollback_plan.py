# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans a rollback, or the restore of a backup: what to write so that each environment holds its previous certificate.

Pure. The role and the playbook restore share it.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected
from ansible_collections.apinizer.apiops.plugins.plugin_utils._expectations import expected_by_rollback
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason

View = Mapping[str, t.Any]


class Decision(Enum):
    """What a rollback does with a certificate in an environment that the run has written."""

    RESTORE = "write the previous certificate"
    REMOVE = "remove the certificate from an environment that the run has added"
    LEAVE_MODIFIED = "leave it alone, since someone else has modified it"
    LEAVE_EXPIRED = "leave the new certificate, since the previous one has expired"
    LEAVE_UNKNOWN = "leave the new certificate, since the previous one is not known"
    NOTHING = "nothing to roll back"


@dataclass(frozen=True)
class Changed:
    """A certificate that a run has written.

    :arg environments: those that it has written.
    :arg previous: the certificate before the run, as C(apinizer_certificate) returns it; None for one that was absent.
    :arg new_sha1: the SHA-1 fingerprint of what the run wrote.
    :arg current: what each environment holds now; None for a restore, which may replace anything.
    :arg duplicated: whether the manager was seen to list an environment more than once, so that an update would add to it.
    """

    project: str
    name: str
    environments: tuple[str, ...]
    previous: Mapping[str, t.Any] | None
    new_sha1: str | None = None
    current: Mapping[str, View] | None = None
    duplicated: bool = False

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def previous_views(self) -> dict[str, View]:
        return {view["name"]: view for view in (self.previous or {}).get("environments", ())}


@dataclass(frozen=True)
class RollbackStep:
    """One operation of C(apinizer_certificate).

    :arg content: the certificate to write, PEM; None to keep the current one.
    :arg expected: what the record must still contain for the step to be carried out; None for anything.
    """

    project: str
    name: str
    environments: tuple[str, ...]
    absent: bool = False
    unlisted_environments: str = "fail"
    content: str | None = field(default=None, repr=False)
    alias: str | None = None
    description: str | None = None
    expected: Expected | None = field(default=None, compare=False, repr=False, metadata={"saved": False})

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class RollbackPlan:
    """C(impossible) says what cannot be rolled back and why, as messages for the user."""

    steps: tuple[RollbackStep, ...] = ()
    impossible: tuple[str, ...] = ()


def plan_rollback(changed: Sequence[Changed], *, one_update: bool) -> RollbackPlan:
    """Plan a rollback. What was written last is rolled back first.

    :arg one_update: whether to write with one update for all environments (strategy C(replace)) where that is possible.
    """
    plans = [_plan_certificate(certificate, one_update=one_update) for certificate in reversed(changed)]
    return RollbackPlan(
        tuple(step for plan in plans for step in plan.steps),
        tuple(message for plan in plans for message in plan.impossible),
    )


def decide(changed: Changed, environment: str) -> Decision:
    """Decide about one environment that the run has written."""
    view = changed.previous_views.get(environment)
    if changed.current is not None:
        now = changed.current.get(environment)
        expected = {changed.new_sha1, view["fingerprint_sha1"] if view else None}
        if now is not None and now["fingerprint_sha1"] not in expected:
            return Decision.LEAVE_MODIFIED
        if now is None and view is None:
            return Decision.NOTHING
        # What the gateways did not hold was written again: the record is as it was before the run.
        if (
            now is not None
            and view is not None
            and _is_same(view, now)
            and view["fingerprint_sha1"] == changed.new_sha1
        ):
            return Decision.NOTHING
    if view is None:
        return Decision.REMOVE
    if view["expired"]:
        return Decision.LEAVE_EXPIRED
    return Decision.LEAVE_UNKNOWN if view["content"] is None else Decision.RESTORE


def _is_same(view: View, now: View) -> bool:
    return all(view[key] == now[key] for key in ("fingerprint_sha1", "alias", "entries"))


def _plan_certificate(changed: Changed, *, one_update: bool) -> RollbackPlan:
    decisions = {name: decide(changed, name) for name in changed.environments}
    left = [(changed.key, name, _reason(changed, name, one)) for name, one in decisions.items() if one in _LEFT]
    impossible = tuple(f"{targets}: {reason}" for targets, reason in by_reason(left))
    restore = [name for name, decision in decisions.items() if decision is Decision.RESTORE]
    added = [name for name, decision in decisions.items() if decision is Decision.REMOVE]
    if changed.previous is None:
        return _delete(changed, added, impossible)
    groups: dict[tuple[str, str | None], list[str]] = {}
    views = changed.previous_views
    # An update of all environments would also remove the certificate where someone else has added it since.
    one_for_all = not impossible and set(changed.current or ()) <= {*views, *changed.environments}
    for name in restore:
        groups.setdefault((views[name]["content"], views[name]["alias"]), []).append(name)
    if one_update and one_for_all and not changed.duplicated and len(groups) == 1 and set(restore) == set(views):
        ((content, alias), names) = next(iter(groups.items()))
        return RollbackPlan((_step(changed, names, "remove" if added else "fail", content, alias),), impossible)
    steps = tuple(_step(changed, names, "keep", content, alias) for (content, alias), names in groups.items())
    if added and one_for_all and len({(view["content"], view["alias"]) for view in views.values()}) == 1:
        steps += (_step(changed, sorted(views), "remove"),)
    elif added:
        stays = (
            f"{changed.key} in {', '.join(added)}: the run added the certificate to this environment, and it stays there, "
            "since the update that removes it would write one certificate to all other environments"
        )
        impossible += (stays,)
    return RollbackPlan(steps, impossible)


def _delete(changed: Changed, added: Sequence[str], impossible: tuple[str, ...]) -> RollbackPlan:
    """Delete a certificate that the run has created, unless that would delete what someone else has written."""
    others = set(changed.current or ()) - set(added)
    if others and not impossible:
        names = ", ".join(sorted(others))
        impossible = (f"{changed.key} in {names}: {_reason(changed, names, Decision.LEAVE_MODIFIED)}",)
    if impossible or not added:
        return RollbackPlan((), impossible)
    step = RollbackStep(
        changed.project, changed.name, tuple(added), absent=True, expected=_expected(changed, added, whole=True)
    )
    return RollbackPlan((step,))


def _step(
    changed: Changed, names: Sequence[str], unlisted: str, content: str | None = None, alias: str | None = None
) -> RollbackStep:
    return RollbackStep(
        changed.project,
        changed.name,
        tuple(names),
        unlisted_environments=unlisted,
        content=content,
        alias=alias,
        description=(changed.previous or {}).get("description"),
        expected=_expected(changed, names, whole=unlisted != "keep"),
    )


def _expected(changed: Changed, names: Sequence[str], *, whole: bool) -> Expected | None:
    if changed.current is None:
        return None
    written = changed.environments if whole else names
    return expected_by_rollback(written, changed.previous_views, changed.new_sha1, whole=whole)


_LEFT = (Decision.LEAVE_MODIFIED, Decision.LEAVE_EXPIRED, Decision.LEAVE_UNKNOWN)


def _reason(changed: Changed, environment: str, decision: Decision) -> str:
    view = changed.previous_views.get(environment) or {}
    return {
        Decision.LEAVE_MODIFIED: "modified by someone else since this run wrote it, so it was left alone",
        Decision.LEAVE_EXPIRED: f"the previous certificate expired on {view.get('not_after')}, so it was NOT restored",
        Decision.LEAVE_UNKNOWN: "the manager did not return the previous certificate, so it cannot be restored",
    }[decision]
