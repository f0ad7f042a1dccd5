# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the fake manager in a process of its own, so that its work and its memory do not count for a candidate."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from .cases import Case
from .certificates import load_pairs
from .fleet import Fleet
from .results import Traffic

_STOP_SECONDS = 10


class Address(NamedTuple):
    """The URL of the manager, and a token that it accepts."""

    url: str
    token: str


class ManagerProcess:
    """A fake manager in another process, for the cases of one size and latency. It runs inside a `with` block."""

    def __init__(self, size: int, latency: int, cache: Path) -> None:
        """Prepare the process. `cache` is the folder of `load_pairs`."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, size, latency, cache), daemon=True)
        self._theirs = theirs

    def __enter__(self) -> ManagerProcess:
        """Start the process and wait until the manager listens. Raises EOFError if it does not start."""
        self._process.start()
        self._theirs.close()
        self.address: Address = self._pipe.recv()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Close the pipe, which tells the process to stop, and wait for it."""
        self._pipe.close()
        self._process.join(_STOP_SECONDS)
        self._process.kill()

    def reset(self, case: Case) -> None:
        """See `Fleet.reset`."""
        self._pipe.send(("reset", case))
        self._pipe.recv()

    def inspect(self, *, rotates: bool) -> tuple[Traffic, list[str]]:
        """Return the traffic since the reset, and the problems; see `Fleet`."""
        self._pipe.send(("inspect", rotates))
        traffic, problems = self._pipe.recv()
        return traffic, problems


def _serve(pipe: Connection, size: int, latency: int, cache: Path) -> None:
    """Run in the other process: carry out the commands from the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the benchmark, which then closes the pipe
    fleet = Fleet(load_pairs(size, cache), latency)
    with fleet.manager as manager:
        pipe.send(Address(manager.url, manager.token))
        while True:
            try:
                command, argument = pipe.recv()
            except EOFError:
                return
            if command == "reset":
                fleet.reset(argument)
                pipe.send(None)
            else:
                problems = fleet.problems(rotates=argument)
                pipe.send((fleet.traffic(), problems))
