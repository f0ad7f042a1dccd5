# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over a fleet: its size, its jobs, and their results."""

from __future__ import annotations

import math
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .job import Job, JobResult
from .manager_processes import FleetOfManagers
from .managers import Content, Inspection
from .slices import sliced
from .workspace import Workspace

_POLL_SECONDS = 0.2
_PROGRESS_SECONDS = 30.0

Progress = Callable[[str], object]
"""Called with each line of progress."""


@dataclass(frozen=True)
class Size:
    """The size of a run.

    :param managers: the number of fake managers.
    :param content: what each of them has.
    :param slices: the number of slices, which is the number of jobs that run in parallel.
    :param forks: how many hosts of a slice Ansible processes in parallel.
    :param parallel_writes: how many certificates of a manager the role writes in parallel.
    :param processes: the number of processes that the managers are divided between.
    """

    managers: int
    content: Content
    slices: int
    forks: int
    parallel_writes: int
    processes: int

    @property
    def hosts(self) -> list[str]:
        """The names of the managers."""
        return [f"manager-{number:04}" for number in range(1, self.managers + 1)]

    @property
    def writes(self) -> int:
        """The number of certificates to write, on all managers together."""
        return self.managers * self.content.due


class Fleet:
    """The managers of a run and the workspace of its jobs."""

    def __init__(self, size: Size, managers: FleetOfManagers, workspace: Workspace, progress: Progress) -> None:
        """See `started`."""
        self.size = size
        self.managers = managers
        self.workspace = workspace
        self.slices: dict[str, list[str]] = {}
        self._progress = progress
        self._jobs: list[Job] = []

    def launch(self, job: str, hosts: Sequence[str], **variables: object) -> Job:
        """Start a job with a token of its own, by which the managers recognize its requests."""
        token = secrets.token_hex(20)
        self.managers.accept(job, token)
        self.slices[job] = list(hosts)
        urls = {host: self.managers.urls[host] for host in hosts}
        self._jobs.append(Job(job, urls, token, self.workspace, forks=self.size.forks, variables=variables))
        return self._jobs[-1]

    def stop(self) -> None:
        """Kill the jobs that are still running: those of an interrupted run."""
        for job in self._jobs:
            if job.running:
                job.kill()
                job.wait()

    def wait(self, jobs: Sequence[Job]) -> list[JobResult]:
        """Wait for the jobs, and report the progress of the writes."""
        start = next_report = time.monotonic()
        while any(job.running for job in jobs):
            time.sleep(_POLL_SECONDS)
            if time.monotonic() > next_report + _PROGRESS_SECONDS:
                next_report += _PROGRESS_SECONDS
                self._progress(_progress_line(self.managers.written(), self.size.writes, time.monotonic() - start))
        return [job.wait() for job in jobs]

    def run_slices(self, prefix: str, count: int) -> tuple[float, list[JobResult]]:
        """Run one job for each slice, all in parallel. Return the seconds until the last one ended, and the jobs."""
        slices = sliced(self.size.hosts, count)
        self._progress(f"{prefix}: {len(slices)} jobs with up to {len(slices[0])} managers each")
        start = time.monotonic()
        jobs = [self.launch(f"{prefix}-{number}", hosts) for number, hosts in enumerate(slices, 1)]
        results = self.wait(jobs)
        return time.monotonic() - start, results

    def reset(self) -> None:
        """Set all managers to their initial state, and forget the jobs and their files."""
        self.managers.reset()
        self.slices.clear()
        self.workspace.clear()

    def inspect_one(self, host: str) -> Inspection:
        """Inspect one manager."""
        return self.managers.inspect()[host]

    def inspect(self) -> list[Inspection]:
        """Inspect all managers, in the order of their names."""
        found = self.managers.inspect()
        return [found[host] for host in self.size.hosts]


def _progress_line(written: int, total: int, seconds: float) -> str:
    """Describe how many certificates have been written, and how long the others will take at the same rate."""
    line = f"  {written:,} of {total:,} certificates written"
    if not 0 < written < total:
        return line
    return f"{line}, about {math.ceil(seconds * (total - written) / written / 60)} min left"


@contextmanager
def started(size: Size, cache: Path, progress: Progress, *, down: Sequence[str] = ()) -> Iterator[Fleet]:
    """Start the managers of a run, except those that are down. The folder of the jobs is deleted afterwards."""
    progress(f"Starting {size.managers} managers with {size.content.certificates:,} certificates each")
    variables = {"certificate_rotation_parallel_writes": size.parallel_writes}
    with (
        tempfile.TemporaryDirectory(prefix="apinizer-fleet-") as scratch,
        FleetOfManagers(size.hosts, size.content, cache, processes=size.processes, down=down) as managers,
    ):
        workspace = Workspace(Path(scratch) / "fleet", size.content.certificates, cache, variables)
        fleet = Fleet(size, managers, workspace, progress)
        try:
            yield fleet
        finally:
            fleet.stop()
