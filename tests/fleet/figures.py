# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has measured, and the tables that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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


def measured(
    size: Size, seconds: float, jobs: Sequence[JobResult], inspections: Iterable[Inspection], files: tuple[int, int]
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
    )


def table(figures: Figures) -> list[tuple[str, str]]:
    """Return what is shown: pairs of a title and a figure with its unit."""
    size, hosts, due = figures.size, figures.size.managers, max(figures.size.writes, 1)
    content = size.content
    return [
        ("managers", f"{hosts:,}"),
        ("certificates on each manager", f"{content.certificates:,}, of which {content.due:,} due"),
        ("jobs, in parallel", f"{figures.jobs}, with {size.forks} forks each"),
        ("writes in parallel on each manager", f"{size.parallel_writes}"),
        ("added latency of each request", f"{content.latency} ms"),
        ("time from the first job to the end of the last", _duration(figures.seconds)),
        ("certificates written", f"{size.writes:,}, {size.writes / figures.seconds:,.0f} in a second"),
        ("CPU time of the jobs", f"{figures.cpu_seconds:,.0f} s, {figures.cpu_seconds / due * 1000:,.0f} ms for each due certificate"),
        ("requests", f"{figures.requests:,}, {figures.requests / due:,.1f} for each due certificate"),
        ("peak memory of a job", f"{figures.memory / 1e6:,.0f} MB"),
        ("events", f"{figures.events:,}, {figures.events / hosts:,.0f} for each manager"),
        ("size of the events", f"{figures.event_bytes / 1e6:,.1f} MB, {figures.event_bytes / hosts / 1e3:,.0f} kB for each manager"),
        ("largest artifact of a job", f"{figures.artifact_bytes / 1024:,.1f} KiB"),
        ("size of the reports", f"{figures.report_bytes / 1e6:,.1f} MB, {figures.report_bytes / due / 1e3:,.1f} kB for each due certificate"),
        ("size of the backups", f"{figures.backup_bytes / 1e6:,.1f} MB, {figures.backup_bytes / due / 1e3:,.1f} kB for each due certificate"),
    ]


def plain(figures: Figures) -> str:
    """Format the figures for a terminal."""
    rows = table(figures)
    width = max(len(title) for title, _figure in rows)
    return "\n".join(f"{title.ljust(width)}  {figure}" for title, figure in rows)


def rst(figures: Figures) -> str:
    """Format the figures as a table in reStructuredText."""
    lines = [".. list-table::", "   :widths: 40 60", ""]
    for title, figure in table(figures):
        lines += [f"   * - {title}", f"     - {figure}"]
    return "\n".join(lines)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / 60:.1f} minutes"
