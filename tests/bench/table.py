# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of all measurements: as plain text, as Markdown, and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

from .candidates import CANDIDATES
from .cases import SITUATIONS
from .results import BASELINE, URI, Measurement, Measurements

HEADINGS = (
    "certificates",
    "added latency",
    "situation",
    "candidate",
    "seconds",
    "ratio to baseline",
    "speedup over uri",
    "requests",
    "connections",
    "peak MB",
    "runs",
)
_CASE_COLUMNS = 3
_TEXT_COLUMNS = 4

Rows = Sequence[Sequence[str]]


def rows(measurements: Measurements) -> list[list[str]]:
    """Return a row for each measurement. A row leaves out the case if it is that of the row above."""
    table: list[list[str]] = []
    last = None
    for measurement in measurements:
        case = measurement.case
        columns = [f"{case.size:,}", f"{case.latency} ms", SITUATIONS[case.situation]]
        table.append([*([""] * _CASE_COLUMNS if case == last else columns), *_figures(measurement, measurements)])
        last = case
    return table


def _figures(measurement: Measurement, measurements: Measurements) -> Iterator[str]:
    baseline, uri = measurements.ratio(measurement, BASELINE), measurements.ratio(measurement, URI)
    yield CANDIDATES[measurement.candidate].title
    yield f"{measurement.seconds:.2f}"
    yield "" if baseline is None else f"{baseline:.1f}"
    yield "" if uri is None else f"{1 / uri:.1f}"
    yield f"{measurement.traffic.requests:,}"
    yield f"{measurement.traffic.connections:,}"
    yield f"{measurement.memory / 1e6:.0f}"
    yield str(len(measurement.runs))


def plain(table: Rows) -> str:
    """Format rows for a terminal: aligned columns, and an empty line between cases."""
    widths = [max(map(len, column)) for column in zip(HEADINGS, *table)]
    lines = [_line(HEADINGS, widths), _line(["-" * width for width in widths], widths)]
    for number, row in enumerate(table):
        if number and row[0]:
            lines.append("")
        lines.append(_line(row, widths))
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [
        cell.rjust(width) if column == 0 or column >= _TEXT_COLUMNS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths))
    ]
    return "  ".join(cells).rstrip()


def markdown(table: Rows) -> str:
    """Format rows as a Markdown table."""
    alignment = ["---" if 0 < column < _TEXT_COLUMNS else "---:" for column in range(len(HEADINGS))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEADINGS, alignment, *table))


def comma_separated(table: Rows) -> str:
    """Format rows as CSV with plain numbers. Every row has its case, so that a spreadsheet can sort and filter."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([heading.replace("latency", "latency (ms)") for heading in HEADINGS])
    case: Sequence[str] = ()
    for row in table:
        case = row[:_CASE_COLUMNS] if row[0] else case
        size, latency, *labels = case
        figures = (figure.replace(",", "") for figure in row[_TEXT_COLUMNS:])
        writer.writerow([size.replace(",", ""), latency.removesuffix(" ms"), *labels, row[_CASE_COLUMNS], *figures])
    return text.getvalue()
