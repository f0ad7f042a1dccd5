# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates, days and counts as people read them. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

NOTHING = "—"


def clock(moment: datetime | None) -> str:
    """Date and time to the second, in UTC."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else NOTHING


def day(moment: datetime | None) -> str:
    """The date alone, in UTC."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d") if moment else NOTHING


def days(number: int | None) -> str:
    """A number of days, for a column of numbers."""
    return NOTHING if number is None else str(number)


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    >>> count(1, "certificate"), count(2, "certificate")
    ('1 certificate', '2 certificates')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def duration(length: timedelta) -> str:
    """A length of time in its two largest units, down to seconds."""
    seconds = max(int(length.total_seconds()), 0)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
