# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in manager in a process of its own, so that neither its work nor its memory counts as a contender's."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from .cases import Case
from .material import material
from .results import Traffic
from .stage import Stage

_STOP_SECONDS = 10


class Address(NamedTuple):
    """Where the manager listens, and the token that it takes."""

    url: str
    token: str


class StandIn:
    """A manager in another process, for the cases of one size and latency, while its `with` block runs."""

    def __init__(self, size: int, latency: int, cache: Path) -> None:
        """Prepare the process. `cache` is where `material` is kept."""
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, size, latency, cache), daemon=True)
        self._theirs = theirs

    def __enter__(self) -> StandIn:
        """Start, and wait until the manager listens. Raises EOFError if it does not come up."""
        self._process.start()
        self._theirs.close()
        self.address: Address = self._pipe.recv()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Let it stop, for which the end of the pipe is the sign."""
        self._pipe.close()
        self._process.join(_STOP_SECONDS)
        self._process.kill()

    def set(self, case: Case) -> None:
        """See `Stage.set`."""
        self._pipe.send(("set", case))
        self._pipe.recv()

    def outcome(self, *, rotates: bool) -> tuple[Traffic, list[str]]:
        """What reached the manager since then, and the complaints; see `Stage`."""
        self._pipe.send(("outcome", rotates))
        traffic, complaints = self._pipe.recv()
        return traffic, complaints


def _serve(pipe: Connection, size: int, latency: int, cache: Path) -> None:
    """The other process: carry out what comes through the pipe until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the benchmark, which then closes the pipe
    stage = Stage(material(size, cache), latency)
    with stage.manager as manager:
        pipe.send(Address(manager.url, manager.token))
        while True:
            try:
                what, argument = pipe.recv()
            except EOFError:
                return
            if what == "set":
                stage.set(argument)
                pipe.send(None)
            else:
                complaints = stage.complaints(rotates=argument)
                pipe.send((stage.traffic(), complaints))
