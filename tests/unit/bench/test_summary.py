# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary for the documentation."""

from __future__ import annotations

import csv
from pathlib import Path

from bench import summary, table
from bench.cases import Case
from bench.targets import Verdict

from .conftest import FAR, NEAR, all_of, measured

GUIDE = Path(__file__).parents[3] / "docs" / "docsite" / "rst" / "guide_speed.rst"
MEASUREMENTS = all_of(
    measured(Case(1, 0, "all"), "role", 2.04),
    measured(NEAR, "baseline", 1.5),
    measured(NEAR, "uri", 73.0),
    measured(FAR, "role-parallel", 5.9),
    measured(Case(10, 0, "all"), "role", 2.5),
)


def cells(text):
    return [line[7:] for line in text.splitlines() if line.startswith(("   * -", "     -"))]


def test_the_rows_are_the_cases_that_matter_and_were_measured():
    row_length = 8
    found = cells(summary.rst(MEASUREMENTS, "Introduction", [], []))
    rows = [found[start : start + row_length] for start in range(0, len(found), row_length)]
    assert rows[0][:5] == ["certificates", "added latency", "situation", "baseline", "``uri``"]
    assert rows[1:] == [
        ["1", "0 ms", "all to do", "", "", "", "2.0 s", ""],
        ["200", "0 ms", "all to do", "1.5 s", "73.0 s", "", "", ""],
        ["200", "20 ms", "all to do", "", "", "", "", "5.9 s"],
    ]


def test_six_rows_when_all_was_measured():
    every = all_of(*(measured(case, "loop", 1.0) for case in summary.CASES))
    assert len(cells(summary.rst(every, "Introduction", [], []))) == (6 + 1) * 8


def test_what_surrounds_the_table():
    met, missed = Verdict("a target", "1.0 s of 2.0 s", True), Verdict("another target", "3.0 s of 2.0 s", False)
    text = summary.rst(MEASUREMENTS, "Introduction", ["A note."], [met, missed])
    assert text.startswith("Introduction\n\n.. list-table::\n   :header-rows: 1\n\n")
    assert text.endswith(
        "A note.\n\nThe run met 1 of 2 targets. It did not meet these:\n\n* another target: 3.0 s of 2.0 s"
    )
    assert summary.rst(MEASUREMENTS, "Introduction", [], [met]).endswith("The run met all 1 targets.")


def test_a_new_file_gets_the_markers(tmp_path):
    file = tmp_path / "new.rst"
    for text in ("First", "Second"):
        summary.write(file, text)
        assert file.read_text() == f"{summary.BEGIN}\n\n{text}\n\n{summary.END}\n"


def test_the_guide_can_be_updated_in_place():
    """The guide has the markers with a summary between them, and the file with all measurements is beside it."""
    text = GUIDE.read_text(encoding="utf-8")
    assert (text.count(summary.BEGIN), text.count(summary.END)) == (1, 1)
    block = text.partition(summary.BEGIN)[2].partition(summary.END)[0]
    every = all_of(*(measured(case, "loop", 1.0) for case in summary.CASES))
    headings = cells(summary.rst(every, "Introduction", [], []))[:8]
    assert block.startswith("\n\nMeasured on ")
    assert cells(block)[:8] == headings
    assert len(cells(block)) == (6 + 1) * 8
    with GUIDE.with_suffix(".csv").open(encoding="utf-8", newline="") as lines:
        assert next(csv.reader(lines)) == next(csv.reader([table.comma_separated([])]))
