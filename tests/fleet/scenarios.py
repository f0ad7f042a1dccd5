# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The runs of `python -m fleet`: without disturbances, with disturbances, and with one slice compared with several."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from . import checks
from .checks import Check
from .figures import Figures, measured
from .job import Job, JobResult
from .run import Fleet, Progress, Size, started
from .slices import sliced

_HELD_AFTER = 5
"""How many writes the first manager of the killed job answers before it holds one."""
_LOCK_TIMEOUT_SECONDS = 120
_WAITING = f"Waiting for up to {_LOCK_TIMEOUT_SECONDS} seconds"
"""What a job prints that waits for the lease of another one."""
_EVENT_TIMEOUT_SECONDS = 300
_POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Outcome:
    """What a scenario has measured, and what it has checked."""

    figures: tuple[Figures, ...]
    checks: tuple[Check, ...]
    notes: tuple[str, ...] = ()


def undisturbed(size: Size, cache: Path, progress: Progress) -> Outcome:
    """Rotate the whole fleet once."""
    with started(size, cache, progress) as fleet:
        figures, _jobs, found = _rotate(fleet, "slice", size.slices)
    return Outcome((figures,), tuple(found))


def speed_up(size: Size, cache: Path, progress: Progress) -> Outcome:
    """Rotate the whole fleet in a single slice, then again in several, and compare the time and the memory."""
    with started(size, cache, progress) as fleet:
        one, single, found = _rotate(fleet, "single", 1)
        fleet.reset()
        several, sliced_jobs, more = _rotate(fleet, "slice", size.slices)
    cores = os.cpu_count() or 1
    title = (
        f"{size.slices} slices are at least {checks.MIN_EFFICIENCY * min(size.slices, cores):g} times as fast as one"
    )
    return Outcome(
        (one, several),
        (
            *found,
            *more,
            Check(title, checks.speed_up(one.seconds, several.seconds, size.slices, cores)),
            _memory(size, [*single, *sliced_jobs]),
        ),
        (f"{size.slices} slices are {one.seconds / several.seconds:.2f} times as fast as one.",),
    )


def disturbed(size: Size, cache: Path, progress: Progress) -> Outcome:
    """Rotate the fleet while one manager is down and one job is killed in the middle of a write, then run what failed again.

    The manager that is down is in the second slice. The third slice is killed: a manager has carried out a write, and the
    job never learns of it. While this job holds the leases of its managers, a rival job is refused, and another one waits.
    As AWX does, the second run of a job is limited to the hosts that failed.
    """
    slices = sliced(size.hosts, size.slices)
    down, held = slices[1][0], slices[2][0]
    with started(size, cache, progress, down=[down]) as fleet:
        fleet.managers.hold(held, skip=min(_HELD_AFTER, size.content.due - 1))
        progress(f"First run: {len(slices)} jobs; {down} is down, and slice-3 will be killed")
        # The job must still wait for the response when it is killed, even on a busy machine.
        patient = {"certificate_rotation_timeout": _EVENT_TIMEOUT_SECONDS}
        running = [fleet.launch(f"slice-{number}", hosts, **patient) for number, hosts in enumerate(slices, 1)]
        _wait_until(lambda: fleet.managers.holding(held), running[2], f"{held} received no write to hold")
        progress("In the middle of a write of slice-3: one job is refused, and one waits")
        (rival,) = fleet.wait([fleet.launch("rival", [held])])
        waiting = fleet.launch("again-3", slices[2], certificate_rotation_lock_timeout=_LOCK_TIMEOUT_SECONDS)
        _wait_until(lambda: waiting.printed(_WAITING), waiting, "again-3 does not wait for the lease of slice-3")
        killed = fleet.inspect_one(held)
        running[2].kill()
        first = fleet.wait(running)

        fleet.managers.start(down)
        progress("Second run: what failed")
        second = fleet.wait([waiting, fleet.launch("again-2", sorted(first[1].failed_hosts))])
        inspections = fleet.inspect()
        merged = fleet.workspace.merge_reports(size.hosts)
    jobs = [*first, rival, *second]
    ended = {"slice-2": "failed", "slice-3": "error", "rival": "failed"}
    return Outcome(
        (),
        (
            Check("every job ends as expected", checks.statuses(jobs, ended)),
            Check("a manager that is down fails its host alone", checks.failed_hosts([first[1]], {down})),
            Check("a job is killed in the middle of its work", checks.interrupted(killed)),
            Check(
                "a job on the same managers is refused, and the holder is named", checks.names_holder(rival, "slice-3")
            ),
            Check("after the second run, all gateways hold the new certificates", checks.gateways(inspections)),
            Check("no write is repeated", checks.one_write_each(inspections, size.content.due)),
            Check("no request outside a slice", checks.requests_in_slices(inspections, fleet.slices)),
            Check("every artifact has at most 64 KiB", checks.small_artifacts(jobs)),
            Check("the merged report is complete", checks.complete_report(merged, size.hosts)),
            _memory(size, jobs),
        ),
    )


def _rotate(fleet: Fleet, prefix: str, slices: int) -> tuple[Figures, list[JobResult], list[Check]]:
    """Run all slices once. Return the figures, the jobs, and the checks."""
    seconds, jobs = fleet.run_slices(prefix, slices)
    inspections = fleet.inspect()
    sizes = fleet.workspace.file_sizes()
    start = time.monotonic()
    merged = fleet.workspace.merge_reports(fleet.size.hosts)
    figures = measured(
        replace(fleet.size, slices=slices), seconds, jobs, inspections, sizes, merge_seconds=time.monotonic() - start
    )
    found = [
        Check("every job is successful", checks.statuses(jobs, {})),
        Check("every request was answered with HTTP 200", checks.no_failed_requests(inspections)),
        Check("all gateways hold the new certificates", checks.gateways(inspections)),
        Check("one write for each due certificate", checks.one_write_each(inspections, fleet.size.content.due)),
        Check("no request outside a slice", checks.requests_in_slices(inspections, fleet.slices)),
        Check("every artifact has at most 64 KiB", checks.small_artifacts(jobs)),
        Check("the merged report is complete", checks.complete_report(merged, fleet.size.hosts)),
    ]
    return figures, jobs, [Check(f"{prefix}: {check.title}", check.problems) for check in found]


def _memory(size: Size, jobs: Sequence[JobResult]) -> Check:
    title = "the memory of a job hardly grows with the hosts of its slice"
    return Check(title, checks.flat_memory(jobs, size.content.certificates))


def _wait_until(condition: Callable[[], bool], job: Job, problem: str) -> None:
    """Wait until a condition is true, which a job brings about.

    :raises RuntimeError: with the problem, if the job ends before, or if it takes too long.
    """
    deadline = time.monotonic() + _EVENT_TIMEOUT_SECONDS
    while not condition():
        if not job.running:
            raise RuntimeError(f"{problem}: {job.name} has ended: {job.wait().reason}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{problem} within {_EVENT_TIMEOUT_SECONDS} seconds")
        time.sleep(_POLL_SECONDS)
