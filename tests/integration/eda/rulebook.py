# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-rulebook for real, as a service runs it, and read what it prints while it does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType

SECONDS = 120
"""Nothing that these tests wait for takes that long, not even on a busy machine."""
END_SECONDS = 20


class Rulebook:
    """A run of ansible-rulebook, which lasts as long as its `with` block. It and all that it starts end with that.

    It runs from the folder of the Python that runs the tests, in a process group of its own.
    """

    def __init__(self, words: list[str], env: Mapping[str, str], folder: Path) -> None:
        """Prepare to run it with these words."""
        self._command = [str(Path(sys.executable).parent / "ansible-rulebook"), *words]
        self._env = dict(env)
        self._folder = folder
        self._output = folder / f"rulebook-{time.monotonic_ns()}.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Rulebook:
        """Start it."""
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End it as Ctrl-C does; kill it and what it started if that does not help."""
        assert self._process is not None
        # A playbook that it runs, and each of that one's workers, has a session of its own, and no parent later on.
        started = _descendants(self._process.pid)
        deadline = time.monotonic() + END_SECONDS
        self._signal(signal.SIGINT)
        try:
            while self._process.poll() is None:
                started |= _descendants(self._process.pid)
                assert time.monotonic() < deadline, f"ansible-rulebook does not end:\n{self.text}"
                time.sleep(0.05)
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()
            for process in started:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    @property
    def text(self) -> str:
        """What it has printed so far, on either stream."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events that the action print_event has printed so far, in order."""
        return re.findall(r"^\s*'?\"?kind'?\"?: ['\"](\w+)['\"]", self.text, flags=re.MULTILINE)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition holds. It fails where the program ends first, and after SECONDS."""
        assert self._process is not None
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert self._process.poll() is None, f"ansible-rulebook ended before {what}:\n{self.text}"
            assert time.monotonic() < deadline, f"no {what} within {SECONDS} seconds:\n{self.text}"
            time.sleep(0.05)

    def wait_for_text(self, text: str, times: int = 1) -> None:
        """Wait until it has printed a text so many times."""
        self.wait_for(lambda: self.text.count(text) >= times, f"{text!r}")

    def wait_for_end(self) -> int:
        """Wait until it ends by itself; return its exit status."""
        assert self._process is not None
        return self._process.wait(SECONDS)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to it and to all that it has started."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _descendants(ancestor: int) -> set[int]:
    """The processes that a process, or one of these, has started; none where the system has no /proc."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program, in parentheses, may hold anything; the state and the parent follow it.
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    newest = {ancestor}
    while newest:
        newest = {process for process, parent in parents.items() if parent in newest}
        found |= newest
    return found
