# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table, in each of its forms."""

from __future__ import annotations

import pytest

from bench import table

from .conftest import FAR, NEAR, all_of, measured


@pytest.fixture
def rows():
    return table.rows(
        all_of(
            measured(NEAR, "floor", 1.5, requests=600, connections=1),
            measured(NEAR, "loop", [3.0, 3.0, 3.1], megabytes=71.4, requests=1200, connections=1),
            measured(NEAR, "uri", 150.0),
            measured(FAR, "loop", 6.0),
        )
    )


def test_each_measurement_is_compared_with_the_floor_and_with_uri(rows):
    loop = dict(zip(table.HEADINGS, rows[1]))
    assert loop == {
        "certificates": "",
        "added latency": "",
        "situation": "",
        "with": "apinizer_certificate, looped",
        "seconds": "3.00",
        "this / floor": "2.0",
        "uri / this": "50.0",
        "requests": "1,200",
        "connections": "1",
        "peak MB": "71",
        "runs": "3",
    }


def test_the_case_is_named_where_it_begins(rows):
    assert [row[:3] for row in rows] == [
        ["200", "0 ms", "all to do"],
        ["", "", ""],
        ["", "", ""],
        ["200", "20 ms", "all to do"],
    ]


def test_nothing_is_compared_with_what_was_not_measured(rows):
    far = dict(zip(table.HEADINGS, rows[3]))
    assert (far["this / floor"], far["uri / this"]) == ("", "")


def test_plain_columns_line_up(rows):
    heading, rule, floor, *_others = table.plain(rows).splitlines()
    end = heading.index("seconds") + len("seconds")
    assert floor[:end].endswith(" 1.50")
    assert rule[:end].endswith(" -------")
    assert [not line for line in table.plain(rows).splitlines()].count(True) == 1


def test_markdown_has_a_cell_for_each_heading(rows):
    lines = table.markdown(rows).splitlines()
    assert lines[0].startswith("| certificates | added latency |")
    assert lines[1].startswith("| ---: | --- | --- | --- | ---: |")
    assert {line.count("|") for line in lines} == {len(table.HEADINGS) + 1}


def test_rst_is_a_list_table(rows):
    lines = table.rst(rows).splitlines()
    assert lines[:4] == [".. list-table::", "   :header-rows: 1", "", "   * - certificates"]
    items = [line for line in lines if line.startswith("   * -")]
    cells = [line for line in lines if line.startswith(("   * -", "     -"))]
    assert len(items) == len(rows) + 1
    assert len(cells) == len(items) * len(table.HEADINGS)
