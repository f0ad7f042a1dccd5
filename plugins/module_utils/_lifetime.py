# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due: what remains of its lifetime, compared with a number of days or a share of the lifetime. Pure.

The lifetime is the validity period of the certificate, from notBefore to notAfter (RFC 5280, section 4.1.2.5). A share suits
every lifetime, while a number of days suits one: public certificates are valid for at most 200 days since 2026-03-15, for
100 days from 2027-03-15, and for 47 days from 2029-03-15 on (CA/Browser Forum, ballot SC-081v3).
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

MAX_DAYS = 36500
FORMS = f'a number of days from {{least}} to {MAX_DAYS}, such as 30, or a share of the lifetime from 1% to 99%, such as "33%"'

_FORM = re.compile(r"\s*([0-9]{1,9})(%?)\s*")


class Remaining(t.NamedTuple):
    """What remains of the lifetime of a certificate, rounded down; negative after its expiry. None for what is unknown.

    :arg days: whole days.
    :arg percent: whole percent of the lifetime; more than 100 before it starts.
    """

    days: int | None
    percent: int | None

    @classmethod
    def of(cls, view: t.Mapping[str, t.Any]) -> Remaining:
        """What remained when a view was made, such as an environment of C(apinizer_certificate)."""
        return cls(view["days_remaining"], view["percent_remaining"])


@dataclass(frozen=True)
class RenewalWindow:
    """The end of the lifetime of a certificate, in which it is due: a number of days, or a share of the lifetime.

    :arg is_share: whether C(size) is a percentage of the lifetime, rather than a number of days.
    """

    size: int
    is_share: bool = False

    def __str__(self) -> str:
        """The window in words, to be followed by C(left) or C(before the expiry)."""
        if self.is_share:
            return f"{self.size}% of the lifetime"
        return f"{self.size} day" if self.size == 1 else f"{self.size} days"

    @property
    def option(self) -> int | str:
        """The window as an option takes it: C(30), or C("33%")."""
        return f"{self.size}%" if self.is_share else self.size

    def includes(self, remaining: Remaining) -> bool | None:
        """Whether less than the window remains of a certificate. None if that is unknown."""
        # Both are rounded down, so that the comparison with a whole number is exact.
        value = remaining.percent if self.is_share else remaining.days
        return None if value is None else value < self.size

    def days(self, not_before: datetime | None, not_after: datetime | None) -> int | None:
        """The whole days of the window of a certificate, rounded up. None for a share of an unknown lifetime."""
        if not self.is_share:
            return self.size
        if not_before is None or not_after is None:
            return None
        return -((not_before - not_after) * self.size // timedelta(days=100))


class WindowError(ValueError):
    """A renewal window that cannot be used. The message goes after the name of the option.

    :arg option: the name under which it was given.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


def window_of(given: t.Mapping[str, t.Any], option: str, alias: str) -> RenewalWindow | None:
    """Read the window that an option has, or its alias. None if neither is given.

    :arg given: values by option. None and empty text count as not given.
    :raises WindowError: if a value is not a window, or both are given and differ.
    """
    windows = {}
    for name in (option, alias):
        if str(given.get(name) if given.get(name) is not None else "").strip():
            try:
                windows[name] = read_window(given[name])
            except WindowError as exc:
                raise WindowError(str(exc), name) from exc
    if len(set(windows.values())) > 1:
        message = f"is {windows[option]}, but {alias}, another name for it, is {windows[alias]}. Set only {option}"
        raise WindowError(message, option)
    return next(iter(windows.values()), None)


def read_window(value: t.Any, *, least_days: int = 0) -> RenewalWindow:
    """Read C(30), C("30") or C("33%").

    A share of 100% would make each certificate due at all times, and one of 0% never before its expiry, which C(0) says.

    :raises WindowError: for anything else.
    """
    found = _FORM.fullmatch(str(value)) if isinstance(value, (int, str)) and not isinstance(value, bool) else None
    window = RenewalWindow(int(found.group(1)), bool(found.group(2))) if found else None
    if window is None or not (1 <= window.size <= 99 if window.is_share else least_days <= window.size <= MAX_DAYS):
        raise WindowError(f"must be {FORMS.format(least=least_days)}, not '{value}'")
    return window


def remaining(not_before: datetime | None, not_after: datetime | None, now: datetime) -> Remaining:
    """What remains of the lifetime of a certificate. Dates that are not known are None."""
    if not_after is None:
        return Remaining(None, None)
    left = not_after - now
    # Without a positive lifetime, there is nothing to have a share of.
    is_known = not_before is not None and not_before < not_after
    return Remaining(left.days, left * 100 // (not_after - not_before) if is_known and not_before else None)
