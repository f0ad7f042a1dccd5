# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let the contenders run in turn, from the same start each time, and believe none of them without proof."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from .cases import Case
from .contenders import Contender
from .desk import Desk
from .material import material
from .results import Measurement, Measurements, Run
from .stand_in import StandIn

SLOW_SECONDS = 30
"""A run that takes longer is not repeated: differences between runs are small next to it."""

_HANGS_SECONDS = 3600
_OUTPUT_SHOWN = 2000
"""Characters of a command's output that a failure shows."""
_WARM_UP = Case(1, 0, "nothing")
_STOPWATCH = Path(__file__).with_name("stopwatch.py")


class NotDone(Exception):
    """A contender that did not do its job; the message says what is wrong, over several lines."""


class Series:
    """Measures contenders in cases.

    :arg runs: of each contender in each case, but for the slow ones.
    :arg cache: the folder where minted certificates are kept.
    :arg say: takes a line of progress.
    """

    def __init__(
        self, contenders: Sequence[Contender], runs: int, cache: Path, say: Callable[[str], object] = print
    ) -> None:
        self._contenders = contenders
        self._runs = runs
        self._cache = cache
        self._say = say
        self.failures: list[str] = []

    def measure(self, cases: Iterable[Case]) -> Measurements:
        """Measure all cases. A contender that fails is left out of the case, and noted in `failures`."""
        cases = sorted(cases, key=_place)
        material(cases[-1].size, self._cache)
        self._say("To warm up")
        self._group(1, 0, [_WARM_UP], runs=1)
        measured: list[Measurement] = []
        for (size, latency), group in groupby(cases, key=_place):
            measured += self._group(size, latency, group, runs=self._runs)
        return Measurements(measured)

    def _group(self, size: int, latency: int, cases: Iterable[Case], *, runs: int) -> list[Measurement]:
        """Measure the cases of one size and latency, with one manager for all of them."""
        measured = []
        with (
            tempfile.TemporaryDirectory(prefix="apinizer-bench-") as scratch,
            StandIn(size, latency, self._cache) as stand_in,
        ):
            desk = Desk(Path(scratch), material(size, self._cache))
            for case in cases:
                self._say(str(case))
                measured += self._case(case, desk, stand_in, runs=runs)
        return measured

    def _case(self, case: Case, desk: Desk, stand_in: StandIn, *, runs: int) -> list[Measurement]:
        made: dict[str, list[Run]] = {one.name: [] for one in self._contenders if one.takes(case.size)}
        for _unused in range(runs):
            for contender in self._contenders:
                done = made.get(contender.name)
                if done is None or (done and done[0].seconds > SLOW_SECONDS):
                    continue
                try:
                    done.append(_run(contender, case, desk, stand_in))
                except NotDone as failure:
                    del made[contender.name]
                    self.failures.append(f"{contender.name}, {case}: {failure}")
                    self._say(f"  {contender.name:14} FAILED: {str(failure).splitlines()[0]}")
                else:
                    self._say(f"  {contender.name:14} {done[-1].seconds:8.2f} s")
        return [Measurement(case, name, tuple(done)) for name, done in made.items() if done]


def _place(case: Case) -> tuple[int, int]:
    """What the cases have in common that share a manager."""
    return case.size, case.latency


def _run(contender: Contender, case: Case, desk: Desk, stand_in: StandIn) -> Run:
    """One run.

    :raises NotDone: where the command failed, or left the manager and its gateways otherwise than it should.
    """
    stand_in.set(case)
    output = desk.folder / "output.txt"
    status, seconds, memory = _timed(contender.command(desk), desk.environment(stand_in.address), output)
    traffic, complaints = stand_in.outcome(rotates=contender.rotates)
    if status != 0:
        complaints.insert(0, f"ended with {status}")
    if complaints:
        text = output.read_text(encoding="utf-8", errors="replace")
        raise NotDone("; ".join(complaints) + f". The end of what it printed:\n{text[-_OUTPUT_SHOWN:]}")
    return Run(seconds, memory, traffic)


def _timed(command: Sequence[str], environment: Mapping[str, str], output: Path) -> tuple[int, float, int]:
    """Exit status, seconds and peak memory in bytes of a command, which prints to a file.

    :raises NotDone: where it does not come to an end.
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
            process.wait(_HANGS_SECONDS)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise NotDone(f"was still running after {_HANGS_SECONDS} seconds") from error
            raise
    status, seconds, memory = json.loads(result.read_text(encoding="ascii"))
    return status, seconds, memory
