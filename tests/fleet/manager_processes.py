# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The processes of the fake managers: several managers in each, so that no core waits for the others."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any

from .managers import Content, Inspection, Managers

_STOP_SECONDS = 10


class _Process:
    """A process with some managers. A command is the name of a method of `Managers`."""

    def __init__(self, names: Sequence[str], down: Sequence[str], content: Content, cache: Path) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, names, down, content, cache), daemon=True)
        self._process.start()
        theirs.close()

    def send(self, method: str, *arguments: object) -> None:
        """Send a command. Each must be followed by `receive`."""
        self._pipe.send((method, arguments))

    def receive(self) -> Any:
        """Return the result of the command. Raises EOFError if the process has ended."""
        return self._pipe.recv()

    def stop(self) -> None:
        """Close the pipe, which tells the process to stop, and wait for it."""
        self._pipe.close()
        self._process.join(_STOP_SECONDS)
        self._process.kill()


class FleetOfManagers:
    """The managers of a fleet in several processes. It runs inside a `with` block. See `Managers` for the methods."""

    def __init__(
        self, names: Sequence[str], content: Content, cache: Path, *, processes: int, down: Sequence[str] = ()
    ) -> None:
        """Prepare the processes. The managers are dealt out in turns, so that a slice is not in a single process."""
        shares = [list(names[number::processes]) for number in range(min(processes, len(names)))]
        self._shares = shares
        self._arguments = [(share, [name for name in share if name in down], content, cache) for share in shares]
        self._running = ExitStack()
        self._processes: list[_Process] = []

    def __enter__(self) -> FleetOfManagers:
        """Start the processes, and wait until the managers listen. Raises EOFError if one does not start."""
        for arguments in self._arguments:
            process = _Process(*arguments)
            self._running.callback(process.stop)
            self._processes.append(process)
        self.urls: dict[str, str] = {name: url for urls in self._all("urls") for name, url in urls.items()}
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the processes."""
        self._running.close()

    def start(self, name: str) -> None:
        """Start a manager that is down."""
        self._one(name, "start", name)

    def reset(self) -> None:
        """Set all managers to their initial state."""
        self._all("reset")

    def accept(self, job: str, value: str) -> None:
        """Let all managers accept the token of a job."""
        self._all("accept", job, value)

    def hold(self, name: str, skip: int) -> None:
        """Let a manager hold a write."""
        self._one(name, "hold", name, skip)

    def holding(self, name: str) -> bool:
        """Whether the held write has arrived."""
        return bool(self._one(name, "holding", name))

    def written(self) -> int:
        """Return how many certificates have been written so far, on all managers together."""
        return sum(self._all("written"))

    def inspect(self) -> dict[str, Inspection]:
        """Inspect all managers."""
        return {one.manager: one for inspections in self._all("inspect") for one in inspections}

    def _one(self, name: str, method: str, *arguments: object) -> Any:
        (process,) = (process for process, share in zip(self._processes, self._shares) if name in share)
        process.send(method, *arguments)
        return process.receive()

    def _all(self, method: str, *arguments: object) -> list[Any]:
        for process in self._processes:
            process.send(method, *arguments)
        return [process.receive() for process in self._processes]


def _serve(pipe: Connection, names: Sequence[str], down: Sequence[str], content: Content, cache: Path) -> None:
    """Run in the other process: carry out the commands from the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the main process, which then closes the pipe
    with Managers(names, down, content, cache) as managers:
        while True:
            try:
                method, arguments = pipe.recv()
            except EOFError:
                return
            pipe.send(getattr(managers, method)(*arguments))
