# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table in each of its formats."""

from __future__ import annotations

import csv

import pytest

from bench import table

from .conftest import FAR, NEAR, all_of, measured


@pytest.fixture
def rows():
    return table.rows(
        all_of(
            measured(NEAR, "baseline", 1.5, requests=600, connections=1),
            measured(NEAR, "loop", [3.0, 3.0, 3.1], megabytes=71.4, requests=1200, connections=1),
            measured(NEAR, "uri", 150.0),
            measured(FAR, "loop", 6.0),
        )
    )


def test_each_measurement_is_compared_with_the_baseline_and_with_uri(rows):
    loop = dict(zip(table.HEADINGS, rows[1]))
    assert loop == {
        "certificates": "",
        "added latency": "",
        "situation": "",
        "candidate": "apinizer_certificate, looped",
        "seconds": "3.00",
        "ratio to baseline": "2.0",
        "speedup over uri": "50.0",
        "requests": "1,200",
        "connections": "1",
        "peak MB": "71",
        "runs": "3",
    }


def test_the_case_is_named_in_its_first_row(rows):
    assert [row[:3] for row in rows] == [
        ["200", "0 ms", "all to do"],
        ["", "", ""],
        ["", "", ""],
        ["200", "20 ms", "all to do"],
    ]


def test_no_ratio_without_the_other_measurement(rows):
    far = dict(zip(table.HEADINGS, rows[3]))
    assert (far["ratio to baseline"], far["speedup over uri"]) == ("", "")


def test_plain_columns_line_up(rows):
    heading, rule, baseline, *_others = table.plain(rows).splitlines()
    end = heading.index("seconds") + len("seconds")
    assert baseline[:end].endswith(" 1.50")
    assert rule[:end].endswith(" -------")
    assert [not line for line in table.plain(rows).splitlines()].count(True) == 1


def test_markdown_has_a_cell_for_each_heading(rows):
    lines = table.markdown(rows).splitlines()
    assert lines[0].startswith("| certificates | added latency |")
    assert lines[1].startswith("| ---: | --- | --- | --- | ---: |")
    assert {line.count("|") for line in lines} == {len(table.HEADINGS) + 1}


def test_csv_has_plain_numbers_and_the_case_in_every_row(rows):
    heading, *lines = list(csv.reader(table.comma_separated(rows).splitlines()))
    assert heading[:4] == ["certificates", "added latency (ms)", "situation", "candidate"]
    assert lines[1] == [
        *("200", "0", "all to do", "apinizer_certificate, looped"),
        *("3.00", "2.0", "50.0", "1200", "1", "71", "3"),
    ]
    assert [line[:3] for line in lines] == [["200", "0", "all to do"]] * 3 + [["200", "20", "all to do"]]
