# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has measured, and the tables that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .job import JobResult
from .managers import Inspection
from .run import Size


@dataclass(frozen=True)
class Figures:
    """The measurements of one run over a fleet. `cpu_seconds`, `events`, and `event_bytes` are those of all jobs together.

    `memory` is the peak memory in bytes of the largest process of any job, `artifact_bytes` the size of the largest
    artifact, and `report_bytes` and `backup_bytes` the size of all files that the jobs left in the shared folder.
    """

    size: Size
    jobs: int
    seconds: float
    cpu_seconds: float
    requests: int
    memory: int
    events: int
    event_bytes: int
    artifact_bytes: int
    report_bytes: int
    backup_bytes: int
    merge_seconds: float


def measured(
    size: Size,
    seconds: float,
    jobs: Sequence[JobResult],
    inspections: Iterable[Inspection],
    files: tuple[int, int],
    *,
    merge_seconds: float,
) -> Figures:
    """Return the figures of a run. `files` are the bytes of the reports and of the backups."""
    return Figures(
        size=size,
        jobs=len(jobs),
        seconds=seconds,
        cpu_seconds=sum(job.cpu_seconds or 0 for job in jobs),
        requests=sum(sum(one.requests.values()) for one in inspections),
        memory=max(job.memory or 0 for job in jobs),
        events=sum(job.events for job in jobs),
        event_bytes=sum(job.event_bytes for job in jobs),
        artifact_bytes=max(job.artifact_bytes for job in jobs),
        report_bytes=files[0],
        backup_bytes=files[1],
        merge_seconds=merge_seconds,
    )


def table(columns: Sequence[Figures]) -> list[list[str]]:
    """Return what is shown, row by row: a title, followed by the figure of each run with its unit."""
    return [[title, *(figure(one) for one in columns)] for title, figure in _ROWS.items()]


def plain(columns: Sequence[Figures]) -> str:
    """Format the figures for a terminal."""
    rows = table(columns)
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def rst(columns: Sequence[Figures]) -> str:
    """Format the figures as a table in reStructuredText."""
    lines = [".. list-table::", "   :stub-columns: 1", ""]
    for row in table(columns):
        lines += [f"   {' ' if number else '*'} - {cell}" for number, cell in enumerate(row)]
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Format seconds, or minutes if there are many."""
    return f"{seconds:.1f} s" if seconds < 600 else f"{seconds / 60:.1f} minutes"


def _each(total: float, one: Figures) -> str:
    """Format a total for each certificate that is due; empty if none is."""
    return f"{total / one.size.writes:,.1f}" if one.size.writes else ""


_ROWS: dict[str, Callable[[Figures], str]] = {
    "managers": lambda one: f"{one.size.managers:,}",
    "certificates on each manager": lambda one: f"{one.size.content.certificates:,}",
    "of which due": lambda one: f"{one.size.content.due:,}",
    "jobs in parallel": lambda one: f"{one.jobs:,}",
    "forks of each job": lambda one: f"{one.size.forks:,}",
    "writes in parallel on each manager": lambda one: f"{one.size.parallel_writes:,}",
    "added latency": lambda one: f"{one.size.content.latency} ms",
    "time": lambda one: duration(one.seconds),
    "certificates written": lambda one: f"{one.size.writes:,}",
    "certificates written per second": lambda one: f"{one.size.writes / one.seconds:,.1f}",
    "CPU time of the jobs": lambda one: f"{one.cpu_seconds:,.0f} s",
    "CPU time per due certificate": lambda one: f"{_each(1000 * one.cpu_seconds, one)} ms",
    "requests": lambda one: f"{one.requests:,}",
    "requests per due certificate": lambda one: _each(one.requests, one),
    "peak memory of a job": lambda one: f"{one.memory / 1e6:,.0f} MB",
    "events per manager": lambda one: f"{one.events / one.size.managers:,.0f}",
    "size of the events per manager": lambda one: f"{one.event_bytes / one.size.managers / 1e3:,.0f} kB",
    "largest artifact of a job": lambda one: f"{one.artifact_bytes / 1024:,.1f} KiB",
    "size of the reports per due certificate": lambda one: f"{_each(one.report_bytes / 1e3, one)} kB",
    "size of the backups per due certificate": lambda one: f"{_each(one.backup_bytes / 1e3, one)} kB",
    "time to merge all reports": lambda one: duration(one.merge_seconds),
}
