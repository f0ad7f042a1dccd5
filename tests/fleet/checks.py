# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must hold after the jobs of a fleet. Each check is a pure function that returns problems; none if it holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .managers import Inspection

MAX_ARTIFACT_BYTES = 64 * 1024
"""The limit of what a job publishes with set_stats."""

MEMORY_NOISE_BYTES = 10e6
MAX_BYTES_PER_RESULT = 20e3
"""How much more memory a job may need for each certificate of each further host: Ansible keeps the results of all hosts."""

MIN_EFFICIENCY = 0.8
"""The speed-up of N slices over one is at least this share of N, up to the number of cores."""

_SHOWN = 3


@dataclass(frozen=True)
class Check:
    """What was checked, and the problems that were found."""

    title: str
    problems: Sequence[str]

    def __str__(self) -> str:
        """Format the check as one line, followed by the first problems."""
        more = len(self.problems) - _SHOWN
        lines = [f"{'FAIL' if self.problems else 'PASS'}  {self.title}"]
        lines += [f"      {problem}" for problem in self.problems[:_SHOWN]]
        return "\n".join(lines + ([f"      and {more} more"] if more > 0 else []))


class Finished(Protocol):
    """What the checks need to know of a finished job. See `JobResult`."""

    @property
    def job(self) -> str:
        """Its name."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """The managers of its slice."""

    @property
    def status(self) -> str:
        """Its status, as ansible-runner reports it."""

    @property
    def reason(self) -> str:
        """Why it failed, if it did."""

    @property
    def text(self) -> str:
        """Its output."""

    @property
    def memory(self) -> int | None:
        """The peak memory of its largest process, in bytes."""

    @property
    def artifact_bytes(self) -> int:
        """The size of its artifact."""

    @property
    def failed_hosts(self) -> frozenset[str]:
        """The hosts that failed."""


def gateways(inspections: Iterable[Inspection]) -> list[str]:
    """All managers and their gateways hold the new certificates."""
    return [
        f"{one.manager}: {one.wrong} wrong certificates: {'; '.join(one.problems)}" for one in inspections if one.wrong
    ]


def requests_in_slices(inspections: Iterable[Inspection], slices: Mapping[str, Sequence[str]]) -> list[str]:
    """Each manager received requests only from the jobs in whose slices it is.

    :arg slices: the managers of each job.
    """
    return [
        f"{one.manager}: {count} requests of {job}"
        for one in inspections
        for job, count in one.requests.items()
        if one.manager not in slices.get(job, ())
    ]


def no_failed_requests(inspections: Iterable[Inspection]) -> list[str]:
    """Every request was answered with HTTP 200."""
    return [
        f"{one.manager}: HTTP {status}: {count} responses"
        for one in inspections
        for status, count in one.failed.items()
    ]


def one_write_each(inspections: Iterable[Inspection], due: int) -> list[str]:
    """Each manager received exactly one write for each certificate that was due, over all jobs."""
    found = []
    for one in inspections:
        found += [f"{one.manager}: {count} writes of {name}" for name, count in one.writes.items() if count > 1]
        if len(one.writes) != due:
            found.append(f"{one.manager}: {len(one.writes)} certificates were written, and {due} were due")
    return found


def statuses(jobs: Iterable[Finished], expected: Mapping[str, str]) -> list[str]:
    """The jobs ended as expected; those that `expected` does not name are successful."""
    return [
        f"{job.job} ended with the status {job.status}: {job.reason}"
        for job in jobs
        if job.status != expected.get(job.job, "successful")
    ]


def failed_hosts(jobs: Iterable[Finished], expected: set[str]) -> list[str]:
    """Exactly these hosts failed."""
    failed = {host for job in jobs for host in job.failed_hosts}
    return [
        *(f"{host} failed" for host in sorted(failed - expected)),
        *(f"{host} did not fail" for host in sorted(expected - failed)),
    ]


def interrupted(one: Inspection) -> list[str]:
    """The job of a manager was killed before it had written everything."""
    return [] if one.wrong else [f"{one.manager}: everything had been written before"]


def names_holder(rival: Finished, holder: str) -> list[str]:
    """A job that was refused names the job that holds the lease."""
    return [] if f"AWX job {holder}" in rival.text else [f"{rival.job} does not name {holder}: {rival.reason}"]


def complete_report(merged: Mapping[str, Any], hosts: Sequence[str]) -> list[str]:
    """The merged report contains every host, and none of them has failed."""
    reported = {manager["host"] for manager in merged["managers"]}
    return [
        *(f"{host} is missing" for host in hosts if host not in reported),
        *(f"{manager['host']}: {manager['message']}" for manager in merged["managers"] if manager["failed"]),
    ]


def small_artifacts(jobs: Iterable[Finished]) -> list[str]:
    """No job publishes more than the limit."""
    return [f"{job.job}: {job.artifact_bytes:,} bytes" for job in jobs if job.artifact_bytes > MAX_ARTIFACT_BYTES]


def flat_memory(jobs: Iterable[Finished], certificates: int) -> list[str]:
    """Between the jobs with the fewest and the most hosts, memory hardly grows. Killed jobs do not count.

    :arg certificates: the number of certificates on each host.
    """
    measured = [(len(job.hosts), job.memory) for job in jobs if job.memory is not None]
    fewest, most = min(hosts for hosts, _memory in measured), max(hosts for hosts, _memory in measured)
    small = max(memory for hosts, memory in measured if hosts == fewest)
    large = max(memory for hosts, memory in measured if hosts == most)
    limit = small + MEMORY_NOISE_BYTES + MAX_BYTES_PER_RESULT * certificates * (most - fewest)
    if large <= limit:
        return []
    return [
        f"{large / 1e6:.0f} MB with {most} hosts, {small / 1e6:.0f} MB with {fewest}, so at most {limit / 1e6:.0f} MB"
    ]


def speed_up(seconds_of_one: float, seconds: float, slices: int, cores: int) -> list[str]:
    """The slices are faster than a single one, as far as there are cores for them."""
    reached, needed = seconds_of_one / seconds, MIN_EFFICIENCY * min(slices, cores)
    return [f"{reached:.2f} instead of {needed:.2f}"] * (reached < needed)
