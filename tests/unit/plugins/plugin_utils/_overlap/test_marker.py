# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker, read_marker, text_of

SINCE = datetime(2026, 11, 26, 4, 5, 6, tzinfo=timezone.utc)
MARKED = "Partner [overlap of web since 2026-11-26T04:05:06Z]"


def test_a_marker_follows_the_text() -> None:
    assert Marker("web", SINCE).added_to("Partner") == MARKED
    assert (read_marker(MARKED), text_of(MARKED)) == (Marker("web", SINCE), "Partner")


def test_a_marker_replaces_the_one_before() -> None:
    later = Marker("web", SINCE + timedelta(days=1)).added_to(MARKED)

    assert later == "Partner [overlap of web since 2026-11-27T04:05:06Z]"


@pytest.mark.parametrize(
    "name",
    [
        "web",
        "Ödeme [1]",
        "a since b",
        "x] [y",
        "-",
        "50%",
        "a%20b",
        "x [overlap of y",
        "x since 2026-01-01T00:00:00Z] [overlap of y",
    ],
)
@pytest.mark.parametrize("text", ["", "Partner", "two\nlines", "[overlap of other since yesterday]", "ends with ]"])
def test_any_name_and_text_can_be_read_again(name: str, text: str) -> None:
    description = Marker(name, SINCE).added_to(text)

    assert (read_marker(description), text_of(description)) == (Marker(name, SINCE), text)


@pytest.mark.parametrize(
    "description",
    [
        None,
        "",
        "Partner",
        MARKED + " ",
        MARKED + "\n",
        MARKED.replace("Z]", "]"),
        MARKED.replace("Partner [", "Partner["),
        MARKED.replace("2026-11-26T04", "2026-11-26 04"),
        MARKED.replace("2026-11", "2026-13"),
        MARKED.replace("web ", ""),
        MARKED.replace("overlap of", "Overlap of"),
    ],
)
def test_anything_else_is_no_marker(description: str | None) -> None:
    assert read_marker(description) is None
    assert text_of(description) == (description or "") or "2026-13" in str(description)
