# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a rotation as a table for the screen. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from ansible_collections.apinizer.apiops.plugins.module_utils._result import key_change
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    DELETE,
    NONE,
    PlannedCertificate,
    RotationPlan,
    Step,
    View,
)

NOT_DUE_SHOWN = 50
"""More lines with nothing to do than this are counted, not shown."""


def plan_table(plan: RotationPlan, new_views: Mapping[str, View]) -> list[str]:
    """The plan as lines of a table, in the order in which it will be carried out; dates are days in UTC.

    No cell has a single space in it: that is where Ansible's YAML output would break the line.
    """
    rows: list[tuple[str, ...]] = [
        ("wave", "certificate", "environment", "action", "reason", "expires", "new-expiry", "key", "stage")
    ]
    for planned in plan.certificates:
        new = new_views.get(planned.key)
        until = new["not_after"] if new else None
        missing = "unreadable" if planned.desired.path or planned.desired.content else "to-be-obtained"
        for step in planned.steps:
            rows.append(
                (
                    _wave(planned, step),
                    escape_controls(planned.key),
                    escape_controls(step.environment),
                    step.action,
                    step.reason,
                    _day(step.current["not_after"] if step.current else None),
                    "-" if step.action in (NONE, DELETE) else _day(until) if until else missing,
                    _key(step, new),
                    _stage(planned),
                )
            )
    if not any(planned.stage for planned in plan.certificates):
        rows = [row[:-1] for row in rows]
    rows[1:] = sorted(rows[1:], key=lambda row: (row[3] == NONE, row[3] == DELETE, _position(row[0])))
    due = sum(row[3] != NONE for row in rows[1:])
    hidden = len(rows) - 1 - due - NOT_DUE_SHOWN
    if hidden > 0:
        del rows[1 + due + NOT_DUE_SHOWN :]
    widths = [max(len(cell) for cell in column) for column in zip(*rows)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    return [*lines, f"and {hidden:,} more with nothing to do"] if hidden > 0 else lines


def _wave(planned: PlannedCertificate, step: Step) -> str:
    """The wave; what a later run promotes is in none of this one."""
    later = planned.deferred and not planned.companion_of
    return str(step.wave) if step.wave else "later" if later else "none"


def _position(wave: str) -> float:
    return {"none": 0.0, "later": inf}[wave] if wave in ("none", "later") else float(wave)


def _stage(planned: PlannedCertificate) -> str:
    """The stage of an overlap, shown with the certificate itself."""
    if not planned.stage or planned.companion_of:
        return "-"
    if planned.until:
        return f"{planned.stage}-until-{iso(planned.until)}"
    return f"{planned.stage}-until-promoted" if planned.stage == OVERLAPPING else planned.stage


def _key(step: Step, new: View | None) -> str:
    """Whether the key is kept; a list without content does not tell it, and nothing is replaced by a first certificate."""
    if step.action in (NONE, DELETE) or step.current is None or new is None:
        return "-"
    return key_change(step.current, new) or "unknown"


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "-"
