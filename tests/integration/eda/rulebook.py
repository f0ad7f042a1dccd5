# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ansible-rulebook as a service does, and read its output while it runs."""

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

TIMEOUT = 120
"""Seconds that are enough for everything that these tests wait for, even on a busy machine."""
END_TIMEOUT = 20


class Rulebook:
    """A run of ansible-rulebook. It and all the processes that it starts end with the `with` block.

    The program is that of the Python environment that runs the tests. It runs in its own process group.
    """

    def __init__(self, arguments: list[str], env: Mapping[str, str], folder: Path) -> None:
        """Prepare a run with these command-line arguments."""
        self._command = [str(Path(sys.executable).parent / "ansible-rulebook"), *arguments]
        self._env = dict(env)
        self._folder = folder
        self._output = folder / f"rulebook-{time.monotonic_ns()}.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Rulebook:
        """MakeCase ansible-rulebook."""
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
        """Interrupt it like Ctrl-C. Kill it and the processes that it started if it does not end."""
        assert self._process is not None
        # Playbooks and their workers have their own sessions, and lose their parent when ansible-rulebook ends.
        started = _descendants(self._process.pid)
        deadline = time.monotonic() + END_TIMEOUT
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
        """The output so far, of both streams."""
        return self._output.read_text(encoding="utf-8", errors="replace")

    @property
    def kinds(self) -> list[str]:
        """The kinds of the events that the action print_event has printed so far, in order."""
        return re.findall(r"^\s*'?\"?kind'?\"?: ['\"](\w+)['\"]", self.text, flags=re.MULTILINE)

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until a condition is true. Fail if the program ends before that, or after TIMEOUT seconds."""
        assert self._process is not None
        deadline = time.monotonic() + TIMEOUT
        while not condition():
            assert self._process.poll() is None, f"ansible-rulebook ended before {what}:\n{self.text}"
            assert time.monotonic() < deadline, f"no {what} within {TIMEOUT} seconds:\n{self.text}"
            time.sleep(0.05)

    def wait_for_text(self, text: str, times: int = 1) -> None:
        """Wait until the output contains a text at least `times` times."""
        self.wait_for(lambda: self.text.count(text) >= times, f"{text!r}")

    def wait_for_end(self) -> int:
        """Wait until it ends by itself. Return its exit status."""
        assert self._process is not None
        return self._process.wait(TIMEOUT)

    def _signal(self, number: signal.Signals) -> None:
        """Send a signal to its process group."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)


def _descendants(ancestor: int) -> set[int]:
    """Return the child processes of a process and, recursively, theirs. Empty on a system without /proc."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The program name in parentheses may contain any character. The state and the parent follow it.
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found: set[int] = set()
    newest = {ancestor}
    while newest:
        newest = {process for process, parent in parents.items() if parent in newest}
        found |= newest
    return found
