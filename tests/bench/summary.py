# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary for the documentation: the six cases that matter most, as reStructuredText between two markers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .cases import SITUATIONS, Case
from .results import BASELINE, LOOP, PARALLEL, PARALLEL_WRITES, ROLE, URI, Measurements
from .targets import Verdict

CASES = (
    Case(1, 0, "all"),
    Case(200, 0, "all"),
    Case(200, 20, "all"),
    Case(1000, 0, "nothing"),
    Case(1000, 0, "all"),
    Case(1000, 20, "all"),
)
"""The rows."""

_COLUMNS = {
    BASELINE: "baseline",
    URI: "``uri``",
    LOOP: "module, looped",
    ROLE: "role",
    PARALLEL: f"role, {PARALLEL_WRITES} in parallel",
}

NEEDED = frozenset((case, name) for case in CASES for name in _COLUMNS)
"""The cases and candidates that the rows show."""

BEGIN, END = ".. Written by make bench: begin", ".. Written by make bench: end"
"""Comments that enclose the summary in a longer document."""


def rst(measurements: Measurements, introduction: str, notes: Sequence[str], verdicts: Sequence[Verdict]) -> str:
    """Return the summary: when and how it was measured, the table in seconds, the notes, and the targets."""
    parts = [introduction, _table(measurements), *notes]
    if verdicts:
        parts.append(_targets(verdicts))
    return "\n\n".join(parts)


def write(file: Path, text: str) -> None:
    """Write the summary to a file. In a file that has the markers, replace only what is between them."""
    block = f"{BEGIN}\n\n{text}\n\n{END}"
    document = file.read_text(encoding="utf-8") if file.exists() else ""
    before, begin, rest = document.partition(BEGIN)
    _replaced, end, after = rest.partition(END)
    file.write_text(f"{before}{block}{after}" if begin and end else f"{block}\n", encoding="utf-8")


def _table(measurements: Measurements) -> str:
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in [["certificates", "added latency", "situation", *_COLUMNS.values()], *_rows(measurements)]:
        lines += [f"   {'*' if column == 0 else ' '} - {cell}".rstrip() for column, cell in enumerate(row)]
    return "\n".join(lines)


def _rows(measurements: Measurements) -> list[list[str]]:
    """Return a row for each case of which something was measured. A cell without a measurement is empty."""
    rows = []
    for case in CASES:
        measured = [measurements.of(case, name) for name in _COLUMNS]
        if any(measured):
            cells = ["" if one is None else f"{one.seconds:.1f} s" for one in measured]
            rows.append([f"{case.size:,}", f"{case.latency} ms", SITUATIONS[case.situation], *cells])
    return rows


def _targets(verdicts: Sequence[Verdict]) -> str:
    missed = [verdict for verdict in verdicts if not verdict.passed]
    if not missed:
        return f"The run met all {len(verdicts)} targets."
    lines = [f"The run met {len(verdicts) - len(missed)} of {len(verdicts)} targets. It did not meet these:", ""]
    return "\n".join([*lines, *(f"* {verdict.target}: {verdict.figure}" for verdict in missed)])
