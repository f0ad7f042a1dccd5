# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a certificate is due: the forms of a window, and what it includes for certificates of every lifetime."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import (
    Remaining,
    RenewalWindow,
    WindowError,
    read_window,
    remaining,
    window_of,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
THIRD = RenewalWindow(33, is_share=True)


@pytest.mark.parametrize(
    ("value", "window"),
    [
        (0, RenewalWindow(0)),
        (30, RenewalWindow(30)),
        ("30", RenewalWindow(30)),
        (" 030\n", RenewalWindow(30)),
        (36500, RenewalWindow(36500)),
        ("1%", RenewalWindow(1, is_share=True)),
        ("33%", THIRD),
        (" 33%\n", THIRD),
        ("99%", RenewalWindow(99, is_share=True)),
    ],
)
def test_a_window_is_a_number_of_days_or_a_share(value: Any, window: RenewalWindow) -> None:
    assert read_window(value) == window
    assert read_window(window.option) == window


@pytest.mark.parametrize(
    "value",
    [
        *(-1, 36501, 1.5, 30.0, True, False, None, [30], {}),
        *("", " ", "-1", "+1", "36501", "1.5", "1e2", "1_0", "٣", "30 days", "30d", "soon", "9" * 400),
        *("0%", "100%", "101%", "33 %", "%33", "%", "33%%", "-33%", "33.3%", "0.33", "33 percent"),
    ],
)
def test_another_value_is_refused_with_both_forms_and_their_limits(value: Any) -> None:
    with pytest.raises(WindowError) as caught:
        read_window(value)
    assert str(caught.value) == (
        "must be a number of days from 0 to 36500, such as 30, or a share of the lifetime from 1% to 99%, such as "
        f"\"33%\", not '{value}'"
    )


def test_the_least_number_of_days_may_be_higher() -> None:
    assert read_window(1, least_days=1) == RenewalWindow(1)
    with pytest.raises(WindowError, match="a number of days from 1 to 36500"):
        read_window(0, least_days=1)


def test_a_window_in_words() -> None:
    assert [str(window) for window in (RenewalWindow(30), RenewalWindow(1), THIRD)] == [
        "30 days",
        "1 day",
        "33% of the lifetime",
    ]


@pytest.mark.parametrize("blank", [None, "", " \n"])
def test_an_option_without_a_value_is_not_given(blank: Any) -> None:
    assert window_of({"new": blank, "old": blank}, "new", "old") is None
    assert window_of({"new": blank, "old": "33%"}, "new", "old") == THIRD
    assert window_of({"new": 30}, "new", "old") == RenewalWindow(30)


def test_an_option_and_its_alias_have_to_agree() -> None:
    assert window_of({"new": "30", "old": 30}, "new", "old") == RenewalWindow(30)
    with pytest.raises(
        WindowError, match=r"^is 33% of the lifetime, but old, another name for it, is 30 days"
    ) as caught:
        window_of({"new": "33%", "old": 30}, "new", "old")
    assert caught.value.option == "new"
    with pytest.raises(WindowError, match=r"^must be a number of days") as caught:
        window_of({"old": "soon"}, "new", "old")
    assert caught.value.option == "old"


@pytest.mark.parametrize(
    ("lifetime", "left", "expected"),
    [
        (100 * DAY, 100 * DAY, Remaining(100, 100)),
        (100 * DAY, 33 * DAY, Remaining(33, 33)),
        (100 * DAY, 33 * DAY - SECOND, Remaining(32, 32)),
        (100 * DAY, 0 * DAY, Remaining(0, 0)),
        (100 * DAY, -SECOND, Remaining(-1, -1)),
        (100 * DAY, 150 * DAY, Remaining(150, 150)),
        (6 * DAY, 2 * DAY, Remaining(2, 33)),
        (DAY, 8 * timedelta(hours=1), Remaining(0, 33)),
        (0 * DAY, 5 * DAY, Remaining(5, None)),
        (-DAY, 5 * DAY, Remaining(5, None)),
    ],
)
def test_what_remains_is_rounded_down(lifetime: timedelta, left: timedelta, expected: Remaining) -> None:
    not_after = NOW + left
    assert remaining(not_after - lifetime, not_after, NOW) == expected


def test_what_remains_of_unknown_dates_is_unknown() -> None:
    assert remaining(None, None, NOW) == remaining(NOW, None, NOW) == Remaining(None, None)
    assert remaining(None, NOW + DAY, NOW) == Remaining(1, None)


def test_whether_a_window_includes_what_is_unknown_is_unknown() -> None:
    assert THIRD.includes(Remaining(1, None)) is None
    assert RenewalWindow(30).includes(Remaining(None, None)) is None
    assert RenewalWindow(30).includes(Remaining(1, None)) is True


@pytest.mark.parametrize(("lifetime", "third"), [(6, 1.98), (47, 15.51), (90, 29.7), (397, 131.01)])
def test_a_share_suits_a_fleet_with_different_lifetimes(lifetime: int, third: float) -> None:
    """Each is due once 67% of its lifetime has passed, to the second; days suit one of them at most."""
    not_before, not_after = NOW, NOW + lifetime * DAY
    begin = not_after - timedelta(days=third)

    assert THIRD.includes(remaining(not_before, not_after, NOW)) is False
    assert THIRD.includes(remaining(not_before, not_after, begin)) is False
    assert THIRD.includes(remaining(not_before, not_after, begin + SECOND)) is True
    assert RenewalWindow(30).includes(remaining(not_before, not_after, NOW)) is (lifetime < 30)


@pytest.mark.parametrize("percent", [1, 33, 50, 99])
@pytest.mark.parametrize("lifetime", [timedelta(hours=1), DAY, 6 * DAY, 47 * DAY, 90 * DAY, 397 * DAY])
def test_a_fresh_certificate_is_never_due_by_a_share(lifetime: timedelta, percent: int) -> None:
    """That is why a share causes no renewal loop."""
    window = RenewalWindow(percent, is_share=True)
    assert window.includes(remaining(NOW, NOW + lifetime, NOW)) is False
    assert window.includes(remaining(NOW, NOW + lifetime, NOW + lifetime)) is True


@pytest.mark.parametrize(
    ("lifetime", "days"), [(6 * DAY, 2), (47 * DAY, 16), (90 * DAY, 30), (100 * DAY, 33), (timedelta(hours=1), 1)]
)
def test_a_share_in_days_is_rounded_up(lifetime: timedelta, days: int) -> None:
    assert THIRD.days(NOW, NOW + lifetime) == days


def test_a_number_of_days_needs_no_lifetime() -> None:
    assert RenewalWindow(30).days(None, None) == 30
    assert THIRD.days(None, NOW) is THIRD.days(NOW, None) is None
