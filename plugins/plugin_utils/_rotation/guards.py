# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guards of the role: what a new certificate has to be before it may take the place of the current one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    iso,
    subject_names,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NONE, PlannedCertificate, Step
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import PREFIX, Settings


@dataclass(frozen=True)
class Guard:
    """One check. C(environment) is None where the new certificate alone decides."""

    guard: str
    environment: str | None
    passed: bool
    message: str
    current: str | None = None
    new: str | None = None


def check_guards(
    settings: Settings, planned: PlannedCertificate, previous: Mapping[str, Bundle | None], now: datetime
) -> list[Guard]:
    """All guards of a certificate that is due, in every environment that is due.

    :arg previous: what each environment holds; None where the manager does not hand it out.
    """
    if planned.new is None or not planned.due:
        return []
    new = planned.new.leaf
    guards = [_enough_days(settings, planned, new, now)]
    for step in planned.steps:
        if step.action == NONE or step.environment not in previous:
            continue
        held = previous[step.environment]
        guards += _against(settings, planned, step, held.leaf if held else None, new)
    return guards


def _enough_days(settings: Settings, planned: PlannedCertificate, new: Certificate, now: datetime) -> Guard:
    until = iso(new.not_after) if new.not_after else "an unknown date"
    days = (new.not_after - now).days if new.not_after else -1
    passed = days >= settings.minimum_remaining_days
    return Guard(
        "minimum_remaining_days",
        None,
        passed,
        f"The new certificate of {planned.wanted.key} is valid until {until} ({days} days); "
        f"{PREFIX}minimum_remaining_days asks for {settings.minimum_remaining_days}",
        new=until,
    )


def _against(
    settings: Settings, planned: PlannedCertificate, step: Step, held: Certificate | None, new: Certificate
) -> list[Guard]:
    """The guards that compare with what an environment holds."""
    where = f"{planned.wanted.key} in {step.environment}"
    asked = [
        name
        for name in ("require_later_expiry", "require_same_subject", "require_same_names")
        if getattr(settings, name)
    ]
    if held is None:
        text = f"The manager does not hand out the current certificate of {where}, so it cannot be compared"
        return [Guard(name, step.environment, False, f"{text} ({PREFIX}{name})") for name in asked]
    checks = {
        "require_later_expiry": _later_expiry,
        "require_same_subject": _same_subject,
        "require_same_names": _same_names,
    }
    return [checks[name](where, step.environment, held, new) for name in asked]


def _later_expiry(where: str, environment: str, held: Certificate, new: Certificate) -> Guard:
    current, following = (iso(moment) if moment else None for moment in (held.not_after, new.not_after))
    # The very same certificate again is a redeployment, not a step back.
    passed = held.der == new.der or (
        held.not_after is not None and new.not_after is not None and new.not_after > held.not_after
    )
    message = f"{where}: the current certificate is valid until {current}, the new one until {following}"
    return Guard("require_later_expiry", environment, passed, message, current, following)


def _same_subject(where: str, environment: str, held: Certificate, new: Certificate) -> Guard:
    passed = held.subject is not None and held.subject == new.subject
    current, following = (subject or "one that cannot be read" for subject in (held.subject, new.subject))
    message = f"{where}: the current subject is {current}, the new one {following}"
    return Guard("require_same_subject", environment, passed, message, held.subject, new.subject)


def _same_names(where: str, environment: str, held: Certificate, new: Certificate) -> Guard:
    try:
        current, following = subject_names(held), subject_names(new)
    except CertificateError as exc:
        return Guard("require_same_names", environment, False, f"{where}: {exc}")
    missing = sorted(current - following)
    texts = ", ".join(sorted(current)) or "none", ", ".join(sorted(following)) or "none"
    message = f"{where}: the current names are {texts[0]}, the new ones {texts[1]}"
    if missing:
        message += f"; {', '.join(missing)} would be lost"
    return Guard("require_same_names", environment, not missing, message, *texts)
