# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks a new certificate, and compares it with the current one. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    LostUsage,
    covering_wildcard,
    iso,
    lost_usages,
    subject_names,
    trust_problem,
    usage_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


class Comparison(t.NamedTuple):
    """The result of a comparison, with both values as text.

    :arg wildcards_suffice: whether it would pass if wildcards were accepted.
    """

    passed: bool
    message: str
    current: str | None = None
    new: str | None = None
    wildcards_suffice: bool = False


def enough_days(new: Certificate, minimum: int, now: datetime, overlap_days: int = 0) -> Comparison:
    """Whether the new certificate is valid now, and for a minimum of days.

    :arg overlap_days: the days after which it replaces the current one.
    """
    days, until = remaining(None, new.not_after, now + timedelta(days=overlap_days)).days, _until(new)
    shown = f"{-1 if days is None else days} days{_after(overlap_days)}"
    message = (
        f"the new certificate is valid until {until} ({shown}), and {PREFIX}minimum_remaining_days requires {minimum}"
    )
    passed = days is not None and days >= minimum
    # Gateways refuse it until then, and no minimum of days lets it pass.
    if new.not_before is not None and new.not_before > now:
        passed, message = False, f"the new certificate is not valid before {iso(new.not_before)}. Rotate it after that"
    return Comparison(passed, message, new=until)


def not_due(new: Certificate, window: RenewalWindow, now: datetime, overlap_days: int = 0) -> Comparison:
    """Whether the new certificate is not due itself. If it were, the next run would obtain and write another one.

    With a share of the lifetime, it is due only if most of its lifetime has passed already.

    :arg overlap_days: the days after which it replaces the current one. If it were due before, the overlap would begin
        again with another certificate, and never end.
    """
    left = remaining(new.not_before, new.not_after, now + timedelta(days=overlap_days))
    until = _until(new)
    shown = f"{left.percent}% of its lifetime" if window.is_share else f"{left.days} days"
    message = f"the new certificate is valid until {until}, with {shown} left{_after(overlap_days)}, and renew_before is {window}"
    is_due = window.includes(left) is not False
    if is_due and overlap_days:
        message += (
            ". It would be due again before the overlap ends, and the next run would replace it. Obtain a certificate with more "
            f"of its lifetime left, or lower {PREFIX}overlap_days, {PREFIX}renew_before or the renew_before of this certificate"
        )
    elif is_due:
        message += (
            ". It would be due again at once, and the next run would replace it. Obtain a certificate with more of its "
            f"lifetime left, or lower {PREFIX}renew_before or the renew_before of this certificate"
        )
    return Comparison(not is_due, message, new=until)


def _after(overlap_days: int) -> str:
    return f" after {PREFIX}overlap_days={overlap_days}" if overlap_days else ""


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


def same_names(current: Certificate, new: Certificate, *, allow_wildcards: bool = False) -> Comparison:
    """Whether the new certificate has every name of the current one; for the kinds of names, see C(subject_names).

    :arg allow_wildcards: accept a wildcard of the new certificate in place of a DNS name that it covers.
    """
    try:
        before, after = subject_names(current), subject_names(new)
    except CertificateError as exc:
        return Comparison(False, str(exc))
    covered = {name: wildcard for name in sorted(before - after) if (wildcard := covering_wildcard(name, after))}
    lost = sorted(before - after - covered.keys())
    missing = lost if allow_wildcards else sorted(before - after)
    texts = ", ".join(sorted(before)) or "none", ", ".join(sorted(after)) or "none"
    message = f"the current names are {texts[0]}, the new ones are {texts[1]}"
    if missing:
        message += f"; {', '.join(missing)} would be lost"
    for wildcard in sorted(set(covered.values())):
        message += f"; {wildcard} covers {', '.join(name for name in covered if covered[name] == wildcard)}"
    return Comparison(not missing, message, *texts, wildcards_suffice=not lost)


def same_usage(current: Certificate, new: Certificate) -> Comparison:
    """Whether the new certificate may be used for everything that the current one may be used for."""
    if current.der == new.der:
        return Comparison(True, "both certificates are the same")
    usages = []
    for which, certificate in {"current": current, "new": new}.items():
        try:
            usages.append(usage_of(certificate))
        except CertificateError:
            return Comparison(False, f"the usage of the {which} certificate cannot be read")
    before, after = usages
    lost = lost_usages(before, after)
    compared = f"the current certificate is for {before}, the new one for {after}"
    return Comparison(not lost, "; ".join([*_missing(lost), compared]), str(before), str(after))


def _missing(lost: list[LostUsage]) -> list[str]:
    by_effect: dict[str, list[str]] = {}
    for one in lost:
        by_effect.setdefault(one.effect, []).append(one.usage)
    return [
        f"{' and '.join(usages)} {'is' if len(usages) == 1 else 'are'} missing: {effect}"
        for effect, usages in by_effect.items()
    ]


def new_key(current: Certificate, new: Certificate) -> Comparison:
    """Whether the new certificate has another public key than the current one."""
    before, after = current.public_key_sha256, new.public_key_sha256
    if current.der == new.der:
        return Comparison(True, "both certificates are the same", before, after)
    if before is None or after is None:
        return Comparison(False, "a public key cannot be read, so it is not known if the key is new", before, after)
    message = "the new certificate has the key of the current one" if before == after else "the key is new"
    return Comparison(before != after, message, before, after)


def trusted(new: Bundle, anchors: Sequence[Certificate], now: datetime) -> Comparison:
    """Whether the new certificate chains to one of the trust anchors."""
    problem = trust_problem(new, anchors, now)
    message = "the new certificate chains to a trust anchor"
    if problem:
        remedy = f"add its issuer to {PREFIX}require_issuer, or empty that variable"
        message = f"the new certificate does not chain to a trust anchor: {problem} ({remedy})"
    return Comparison(problem is None, message, new=new.leaf.issuer)


Compare = t.Callable[[Certificate, Certificate], Comparison]
"""Compares the current certificate with a new one."""


def comparisons(*, allow_wildcards: bool = False) -> dict[str, Compare]:
    """The comparisons by the variable of the role that requires each; for the argument, see C(same_names)."""
    return {
        "require_later_expiry": later_expiry,
        "require_same_subject": same_subject,
        "require_same_names": partial(same_names, allow_wildcards=allow_wildcards),
        "require_same_usage": same_usage,
        "require_new_key": new_key,
    }
