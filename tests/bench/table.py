# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what was measured: on the screen, as Markdown, and as reStructuredText."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .cases import SITUATIONS
from .contenders import CONTENDERS
from .results import FLOOR, URI, Measurement, Measurements

HEADINGS = (
    "certificates",
    "added latency",
    "situation",
    "with",
    "seconds",
    "this / floor",
    "uri / this",
    "requests",
    "connections",
    "peak MB",
    "runs",
)
_CASE_COLUMNS = 3
_TEXT_COLUMNS = 4

Rows = Sequence[Sequence[str]]


def rows(measurements: Measurements) -> list[list[str]]:
    """A row for each measurement. What has the same case as the row above does not repeat it."""
    made: list[list[str]] = []
    last = None
    for one in measurements:
        case = [f"{one.case.size:,}", f"{one.case.latency} ms", SITUATIONS[one.case.situation]]
        made.append([*([""] * _CASE_COLUMNS if one.case == last else case), *_figures(one, measurements)])
        last = one.case
    return made


def _figures(one: Measurement, measurements: Measurements) -> Iterator[str]:
    floor, uri = measurements.ratio(one, FLOOR), measurements.ratio(one, URI)
    yield CONTENDERS[one.contender].title
    yield f"{one.seconds:.2f}"
    yield "" if floor is None else f"{floor:.1f}"
    yield "" if uri is None else f"{1 / uri:.1f}"
    yield f"{one.traffic.requests:,}"
    yield f"{one.traffic.connections:,}"
    yield f"{one.memory / 1e6:.0f}"
    yield str(len(one.runs))


def plain(table: Rows) -> str:
    """Columns as wide as they need, figures to the right, an empty line between cases."""
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
    """A Markdown table."""
    marks = ["---" if 0 < column < _TEXT_COLUMNS else "---:" for column in range(len(HEADINGS))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (HEADINGS, marks, *table))


def rst(table: Rows) -> str:
    """A reStructuredText list-table."""
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (HEADINGS, *table):
        lines += [f"   {'*' if column == 0 else ' '} - {cell}".rstrip() for column, cell in enumerate(row)]
    return "\n".join(lines)
