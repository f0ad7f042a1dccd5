# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates, numbers and durations in the form that people read. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

NOTHING = "—"
"""Stands for a value that is unknown or does not exist."""


def clock(moment: datetime | None) -> str:
    """Format the date and time in UTC, to the second."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC") if moment else NOTHING


def day(moment: datetime | None) -> str:
    """Format the date in UTC."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%d") if moment else NOTHING


def days(number: int | None) -> str:
    """Format a number of days for a table."""
    return NOTHING if number is None else str(number)


def count(number: int, one: str, many: str | None = None) -> str:
    """Format a number with its noun.

    >>> count(1, "certificate"), count(2, "certificate"), count(2, "entry", "entries")
    ('1 certificate', '2 certificates', '2 entries')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def duration(length: timedelta) -> str:
    """Format a duration in its two largest units: hours and minutes, or minutes and seconds."""
    seconds = max(int(length.total_seconds()), 0)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
