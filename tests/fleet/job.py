# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A job of a slice, through `ansible-runner transmit | worker | process`.

This is how AWX hands a job to a node of its execution mesh: the controller transmits the private data folder, the worker
on the node unpacks it and runs Ansible, and the controller processes the stream of events that comes back.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.workspace import PROGRAMS

from .workspace import IDENT, Workspace

_RUNNER = str(PROGRAMS / "ansible-runner")
_STOPWATCH = Path(__file__).parent.with_name("bench") / "stopwatch.py"


@dataclass(frozen=True)
class JobResult:
    """A finished job.

    `status` is that of ansible-runner; `error` if the worker died. `seconds`, `cpu_seconds`, and `memory` are those of
    the worker with all its processes; the memory, in bytes, is the peak of the largest process. They are None if the
    worker was killed. `events` is the number of events that came back, and `event_bytes` their size, about what they take
    in the database of AWX. `artifact` is what the job published with set_stats: AWX stores it with the job, and passes it
    to the nodes that follow. `text` is the output.
    """

    job: str
    hosts: tuple[str, ...]
    status: str
    seconds: float | None
    cpu_seconds: float | None
    memory: int | None
    events: int
    event_bytes: int
    artifact: Mapping[str, Any]
    failed_hosts: frozenset[str]
    text: str = field(repr=False)

    @property
    def reason(self) -> str:
        """Why the job failed: its first message about it, or its last line."""
        lines = [line for line in self.text.splitlines() if line.strip()]
        return next((line for line in lines if line.startswith(("fatal: ", "[ERROR]", "ERROR"))), "".join(lines[-1:]))

    @property
    def artifact_bytes(self) -> int:
        """The size of the artifact as JSON."""
        return len(json.dumps(self.artifact))


class Job:
    """A job that runs from its construction on."""

    def __init__(
        self,
        name: str,
        urls: dict[str, str],
        token: str,
        workspace: Workspace,
        *,
        forks: int,
        variables: Mapping[str, Any],
    ) -> None:
        """Transmit the job to a worker; see `Workspace.prepare` for the arguments."""
        self.name = name
        self.hosts = tuple(urls)
        self._folder = workspace.prepare(name, urls, token, forks=forks, variables=variables)
        self._times = self._folder.control.parent / "times.json"
        environment = workspace.environment()
        transmit = [_RUNNER, "transmit", str(self._folder.control), "--playbook=rotate.yml", f"--ident={IDENT}"]
        worker = [_RUNNER, "worker", f"--private-data-dir={self._folder.node}"]
        process = [_RUNNER, "process", str(self._folder.control), f"--ident={IDENT}"]
        with (self._folder.control.parent / "output.txt").open("wb") as output:
            self._transmit = subprocess.Popen(transmit, env=environment, stdout=subprocess.PIPE, stderr=output)
            self._worker = subprocess.Popen(
                [sys.executable, str(_STOPWATCH), str(self._times), *worker],
                env=environment,
                stdin=self._transmit.stdout,
                stdout=subprocess.PIPE,
                stderr=output,
                start_new_session=True,
            )
            self._process = subprocess.Popen(
                process, env=environment, stdin=self._worker.stdout, stdout=output, stderr=output
            )
        for pipe in (self._transmit.stdout, self._worker.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def running(self) -> bool:
        """Whether the worker is running."""
        return self._worker.poll() is None

    def printed(self, text: str) -> bool:
        """Whether the output so far contains a text."""
        events = (self._folder.artifacts / "job_events").glob("*.json")
        return any(text in json.dumps(json.loads(_text(file) or "{}").get("stdout", "")) for file in events)

    def kill(self) -> None:
        """Kill the worker with all its processes, as the loss of its node or its container does.

        Ansible runs tasks in sessions of their own, which the process group of the worker does not include. They are
        recognized by an environment variable with the folder of the job.
        """
        os.killpg(self._worker.pid, signal.SIGKILL)
        marker = f"AWX_PRIVATE_DATA_DIR={self._folder.node}\0".encode()
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if marker in (process / "environ").read_bytes():
                    os.kill(int(process.name), signal.SIGKILL)

    def wait(self) -> JobResult:
        """Wait until the controller has processed all events."""
        for process in (self._transmit, self._worker, self._process):
            process.wait()
        artifacts = self._folder.artifacts
        status = _text(artifacts / "status")
        _code, seconds, memory, cpu_seconds = json.loads(_text(self._times) or "[null, null, null, null]")
        events = [_text(file) for file in (artifacts / "job_events").glob("*.json")]
        ends = [json.loads(text)["event_data"] for text in events if '"playbook_on_stats"' in text]
        statistics = ends[0] if ends else {}
        return JobResult(
            job=self.name,
            hosts=self.hosts,
            status=status or "error",
            seconds=seconds,
            cpu_seconds=cpu_seconds,
            memory=memory,
            events=len(events),
            event_bytes=sum(map(len, events)),
            artifact=statistics.get("artifact_data") or {},
            failed_hosts=frozenset({**statistics.get("failures", {}), **statistics.get("dark", {})}),
            text=_text(self._folder.control.parent / "output.txt"),
        )


def _text(file: Path) -> str:
    """Return the text of a file; an empty one if the file does not exist."""
    return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""
