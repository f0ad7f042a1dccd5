# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a new certificate, and compares it with the current one. Pure."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Certificate, iso, subject_names
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


class Comparison(t.NamedTuple):
    """The result of a comparison, with both values as text."""

    passed: bool
    message: str
    current: str | None = None
    new: str | None = None


def enough_days(new: Certificate, minimum: int, now: datetime) -> Comparison:
    """Whether the new certificate is valid for a minimum of days."""
    days, until = remaining(None, new.not_after, now).days, _until(new)
    shown = -1 if days is None else days
    message = f"the new certificate is valid until {until} ({shown} days), and {PREFIX}minimum_remaining_days requires {minimum}"
    return Comparison(days is not None and days >= minimum, message, new=until)


def not_due(new: Certificate, window: RenewalWindow, now: datetime) -> Comparison:
    """Whether the new certificate is not due itself. If it were, the next run would obtain and write another one.

    With a share of the lifetime, it is due only if most of its lifetime has passed already.
    """
    left = remaining(new.not_before, new.not_after, now)
    until = _until(new)
    shown = f"{left.percent}% of its lifetime" if window.is_share else f"{left.days} days"
    message = f"the new certificate is valid until {until}, with {shown} left, and renew_before is {window}"
    if is_due := window.includes(left) is not False:
        message += (
            ". It would be due again at once, and the next run would replace it. Obtain a certificate with more of its "
            f"lifetime left, or lower {PREFIX}renew_before or the renew_before of this certificate"
        )
    return Comparison(not is_due, message, new=until)


def _until(new: Certificate) -> str:
    return iso(new.not_after) if new.not_after else "an unknown date"


def later_expiry(current: Certificate, new: Certificate) -> Comparison:
    """Whether the new certificate expires after the current one."""
    before, after = (iso(moment) if moment else None for moment in (current.not_after, new.not_after))
    # The same certificate again is a redeployment.
    passed = current.der == new.der or (
        current.not_after is not None and new.not_after is not None and new.not_after > current.not_after
    )
    shown = before or "an unknown date", after or "an unknown date"
    message = f"the current certificate is valid until {shown[0]}, the new one until {shown[1]}"
    return Comparison(passed, message, before, after)


def same_subject(current: Certificate, new: Certificate) -> Comparison:
    """Whether both certificates have the same subject."""
    passed = current.subject is not None and current.subject == new.subject
    before, after = (
        "unreadable" if subject is None else subject or "empty" for subject in (current.subject, new.subject)
    )
    message = f"the current subject is {before}, the new one is {after}"
    return Comparison(passed, message, current.subject, new.subject)


def same_names(current: Certificate, new: Certificate) -> Comparison:
    """Whether the new certificate has every DNS name and IP address of the current one."""
    try:
        before, after = subject_names(current), subject_names(new)
    except CertificateError as exc:
        return Comparison(False, str(exc))
    missing = sorted(before - after)
    texts = ", ".join(sorted(before)) or "none", ", ".join(sorted(after)) or "none"
    message = f"the current names are {texts[0]}, the new ones are {texts[1]}"
    if missing:
        message += f"; {', '.join(missing)} would be lost"
    return Comparison(not missing, message, *texts)
