# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's guards: what a new certificate must satisfy before it may replace the current one. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils import _comparison
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NONE, PlannedCertificate, Step
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


@dataclass(frozen=True)
class Guard:
    """The result of one check. C(environment) is None where only the new certificate is checked.

    :arg message: what was compared, and the variable that lets a certificate pass that the guard stops.
    """

    guard: str
    environment: str | None
    passed: bool
    message: str
    current: str | None = None
    new: str | None = None


def check_guards(
    settings: Settings,
    planned: PlannedCertificate,
    previous: Mapping[str, Bundle | None],
    now: datetime,
    anchors: Sequence[Certificate] = (),
) -> list[Guard]:
    """Check a certificate that is due against each environment in which it is due.

    :arg previous: the current certificate of each environment; None where the manager does not return its content.
    :arg anchors: the trust anchors to which a new certificate must chain; empty for any.
    """
    if planned.new is None or not planned.due or planned.companion_of:
        return []  # those of the certificate stop its companions as well
    new = planned.new.leaf
    window, due = planned.desired.renew_before, [step.current for step in planned.steps if step.action != NONE]
    overlap = settings.overlap_days if planned.deferred else 0
    found = {"minimum_remaining_days": _comparison.enough_days(new, settings.minimum_remaining_days, now, overlap)}
    # To deploy a certificate again does not renew it.
    if window and any(not view or view["fingerprint_sha1"] != new.fingerprint_sha1 for view in due):
        found["renew_before"] = _comparison.not_due(new, window, now, overlap)
    if anchors:
        found["require_issuer"] = _comparison.trusted(planned.new, anchors, now)
    key = planned.desired.key
    guards = [Guard(name, None, one.passed, f"{key}: {one.message}", new=one.new) for name, one in found.items()]
    for step in planned.steps:
        if step.action == NONE or step.environment not in previous:
            continue
        current = previous[step.environment]
        guards += _against(settings, planned, step, current.leaf if current else None, new)
    return guards


def _against(
    settings: Settings, planned: PlannedCertificate, step: Step, current: Certificate | None, new: Certificate
) -> list[Guard]:
    """The guards that compare the new certificate with the current one of an environment."""
    guards = []
    for name, compare in _comparison.comparisons(allow_wildcards=settings.allow_wildcard_names).items():
        if not getattr(settings, name):
            continue
        if current is None:
            found = _comparison.Comparison(
                False, "the manager does not return the current certificate, so it cannot be compared"
            )
        else:
            found = compare(current, new)
        message = f"{planned.key} in {step.environment}: {found.message}"
        if not found.passed:
            accepts = f"{PREFIX}allow_wildcard_names: true accepts wildcards, " if found.wildcards_suffice else ""
            message += f" ({accepts}{PREFIX}{name}: false lifts this guard)"
        guards.append(Guard(name, step.environment, found.passed, message, found.current, found.new))
    return guards
