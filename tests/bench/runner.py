# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the candidates in turn, each from the same initial state, and check the result of every run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from .candidates import Candidate
from .cases import Case
from .certificates import load_pairs
from .manager_process import ManagerProcess
from .results import Measurement, Measurements, Run
from .workspace import Workspace

SLOW_SECONDS = 30
"""A run that takes longer is not repeated: the differences between runs are small compared with its duration."""

Plan = Mapping[Case, Sequence[Candidate]]
"""The candidates to measure in each case."""

_TIMEOUT_SECONDS = 3600
_OUTPUT_SHOWN = 2000
"""How many characters of a command's output a failure shows."""
_WARM_UP = Case(1, 0, "nothing")
_STOPWATCH = Path(__file__).with_name("stopwatch.py")


class RunFailed(Exception):
    """A candidate did not rotate the certificates correctly. The message has several lines; the first says why."""


class Runner:
    """Measures candidates in cases.

    :arg runs: how often each candidate runs in each case, unless it is slow.
    :arg cache: the folder where issued certificates are kept.
    :arg progress: called with each line of progress.
    """

    def __init__(self, runs: int, cache: Path, progress: Callable[[str], object] = print) -> None:
        self._runs = runs
        self._cache = cache
        self._progress = progress
        self.failures: list[str] = []

    def measure(self, plan: Plan) -> Measurements:
        """Measure the plan. A candidate that fails is left out of that case, and reported in `failures`."""
        cases = sorted(plan, key=_manager_options)
        everyone = list({candidate.name: candidate for case in cases for candidate in plan[case]}.values())
        load_pairs(cases[-1].size, self._cache)
        self._progress("Warming up")
        self._group(1, 0, {_WARM_UP: [candidate for candidate in everyone if candidate.accepts(1)]}, runs=1)
        measurements: list[Measurement] = []
        for (size, latency), group in groupby(cases, key=_manager_options):
            measurements += self._group(size, latency, {case: plan[case] for case in group}, runs=self._runs)
        return Measurements(measurements)

    def _group(self, size: int, latency: int, plan: Plan, *, runs: int) -> list[Measurement]:
        """Measure the cases of one size and latency, which share a manager."""
        measurements = []
        with (
            tempfile.TemporaryDirectory(prefix="apinizer-bench-") as scratch,
            ManagerProcess(size, latency, self._cache) as manager,
        ):
            workspace = Workspace(Path(scratch), load_pairs(size, self._cache))
            for case, candidates in plan.items():
                self._progress(str(case))
                measurements += self._case(case, candidates, workspace, manager, runs=runs)
        return measurements

    def _case(
        self, case: Case, candidates: Sequence[Candidate], workspace: Workspace, manager: ManagerProcess, *, runs: int
    ) -> list[Measurement]:
        results: dict[str, list[Run]] = {candidate.name: [] for candidate in candidates}
        for _unused in range(runs):
            for candidate in candidates:
                completed = results.get(candidate.name)
                if completed is None or (completed and completed[0].seconds > SLOW_SECONDS):
                    continue
                try:
                    completed.append(_run(candidate, case, workspace, manager))
                except RunFailed as failure:
                    del results[candidate.name]
                    self.failures.append(f"{candidate.name}, {case}: {failure}")
                    self._progress(f"  {candidate.name:14} FAILED: {str(failure).splitlines()[0]}")
                else:
                    self._progress(f"  {candidate.name:14} {completed[-1].seconds:8.2f} s")
        return [Measurement(case, name, tuple(completed)) for name, completed in results.items() if completed]


def _manager_options(case: Case) -> tuple[int, int]:
    """Return the size and latency of a case: cases with the same ones share a manager."""
    return case.size, case.latency


def _run(candidate: Candidate, case: Case, workspace: Workspace, manager: ManagerProcess) -> Run:
    """Run a candidate once.

    :raises RunFailed: if the command failed, or if the manager and its gateways do not hold what they should.
    """
    manager.reset(case)
    output = workspace.folder / "output.txt"
    status, seconds, memory = _timed(candidate.command(workspace), workspace.environment(manager.address), output)
    traffic, problems = manager.inspect(rotates=candidate.rotates)
    if status != 0:
        problems.insert(0, f"exit code {status}")
    if problems:
        text = output.read_text(encoding="utf-8", errors="replace")
        raise RunFailed("; ".join(problems) + f". The last lines of its output:\n{text[-_OUTPUT_SHOWN:]}")
    return Run(seconds, memory, traffic)


def _timed(command: Sequence[str], environment: Mapping[str, str], output: Path) -> tuple[int, float, int]:
    """Return the exit code, the seconds, and the peak memory in bytes of a command whose output goes to a file.

    :raises RunFailed: if the command does not end in time.
    """
    result = output.with_name("stopwatch.json")
    result.unlink(missing_ok=True)
    with (
        output.open("wb") as printed,
        subprocess.Popen(
            [sys.executable, str(_STOPWATCH), str(result), *command],
            cwd=output.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            process.wait(_TIMEOUT_SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise RunFailed(f"timed out after {_TIMEOUT_SECONDS} seconds") from error
            raise
    status, seconds, memory, _cpu_seconds = json.loads(result.read_text(encoding="ascii"))
    return status, seconds, memory
