# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Maps validity periods to positions on a time scale, in percent of its width. Pure: no clock, no drawing."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import EnvironmentEntry

# One certificate of ten years must not shrink those of one year to a dot, so the scale ends here.
_PAST = timedelta(days=540)
_FUTURE = timedelta(days=1000)
_SHORTEST = timedelta(days=120)
_MOST_TICKS = 7
_MONTHS_BETWEEN_TICKS = (1, 2, 3, 6, 12)
_THINNEST_PERCENT = 0.4


@dataclass(frozen=True)
class Tick:
    """A mark on the axis. C(x) is in percent."""

    x: float
    label: str


@dataclass(frozen=True)
class Bar:
    """A period on the scale, in percent. A cut end lies beyond the scale, or its date is unknown."""

    x: float
    width: float
    cut_start: bool
    cut_end: bool


@dataclass(frozen=True)
class Lane:
    """One certificate in the timeline of an environment.

    :arg look: the CSS class of the bar: C(current), C(previous) or C(desired).
    """

    label: str
    look: t.Literal["current", "previous", "desired"]
    entry: EnvironmentEntry


@dataclass(frozen=True)
class Scale:
    """A range of time, and the moment in it that the report calls now."""

    start: datetime
    end: datetime
    now: datetime

    @property
    def today(self) -> float:
        """The position of now, in percent."""
        return self._percent(self.now)

    @property
    def ticks(self) -> list[Tick]:
        """First days of months, at most as many as are readable."""
        for months in _MONTHS_BETWEEN_TICKS:
            ticks = [Tick(self._percent(first), first.strftime("%Y-%m")) for first in self._firsts(months)]
            if len(ticks) <= _MOST_TICKS:
                break
        return ticks

    def bar_of(self, not_before: datetime | None, not_after: datetime | None) -> Bar | None:
        """Return the bar of a validity period, or None if neither of its dates is known."""
        if not_before is None and not_after is None:
            return None
        left = self._percent(not_before or self.start)
        right = self._percent(not_after or self.end)
        width = max(right - left, _THINNEST_PERCENT)
        return Bar(
            x=min(left, 100 - width),
            width=width,
            cut_start=not_before is None or not_before < self.start,
            cut_end=not_after is None or not_after > self.end,
        )

    def _percent(self, moment: datetime) -> float:
        share = (moment - self.start) / (self.end - self.start)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def _firsts(self, months: int) -> t.Iterator[datetime]:
        """Yield the first day of every nth month, counted from January."""
        month = self.start.year * 12 + self.start.month
        month += -month % months
        while (first := datetime(month // 12, month % 12 + 1, 1, tzinfo=timezone.utc)) <= self.end:
            yield first
            month += months


def make_scale(moments: t.Iterable[datetime | None], now: datetime) -> Scale:
    """Return the scale that shows these moments, as far as they lie within the limits around now."""
    known = [now, *(moment for moment in moments if moment is not None)]
    start = max(min(known), now - _PAST)
    end = min(max(known), now + _FUTURE)
    margin = max((end - start) / 50, (_SHORTEST - (end - start)) / 2)
    return Scale(start - margin, end + margin, now)
