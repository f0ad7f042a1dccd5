# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The positions of validity periods on the time scale."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.timeline import make_scale

NOW = datetime(2026, 11, 23, 5, 0, tzinfo=timezone.utc)


def days(number: int) -> datetime:
    return NOW + timedelta(days=number)


def test_a_period_reaches_from_its_start_to_its_end():
    scale = make_scale([days(-100), days(100)], NOW)
    found = scale.bar_of(days(-100), NOW)
    assert scale.today == 50
    assert found.x + found.width == pytest.approx(50)
    assert (found.cut_start, found.cut_end) == (False, False)


def test_a_long_validity_does_not_stretch_the_scale():
    scale = make_scale([days(-100), days(3650), days(-3650)], NOW)
    assert scale.end - scale.start < timedelta(days=1700)
    found = scale.bar_of(days(-3650), days(3650))
    assert (found.x, found.width, found.cut_start, found.cut_end) == (0, 100, True, True)


def test_a_period_off_the_scale_is_at_its_edge():
    scale = make_scale([days(10)], NOW)
    found = scale.bar_of(days(-3000), days(-2000))
    assert found.x == 0
    assert 0 < found.width < 1
    later = scale.bar_of(days(2000), days(3000))
    assert later.x + later.width == 100


def test_an_unknown_date_is_a_cut_end():
    scale = make_scale([days(10)], NOW)
    assert scale.bar_of(None, None) is None
    assert scale.bar_of(None, days(1)).cut_start
    assert scale.bar_of(days(1), None).cut_end


@pytest.mark.parametrize("length", [0, 1, 30, 90, 365, 800, 5000])
def test_the_axis_has_a_readable_number_of_ticks(length):
    ticks = make_scale([days(-length), days(length)], NOW).ticks
    assert 2 <= len(ticks) <= 7
    assert [tick.x for tick in ticks] == sorted(tick.x for tick in ticks)
    assert all(len(tick.label) == len("2026-11") for tick in ticks)
