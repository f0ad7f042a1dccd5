# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible, or a module alone, as a user's machine would: real processes in a scratch home, and what came out."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "apinizer.apiops"
CERTIFICATE, INFO, ENVIRONMENT_INFO = (
    "apinizer_certificate",
    "apinizer_certificate_info",
    "apinizer_environment_info",
)
SECONDS = 60
"""No run takes that long: one that does hangs."""


@dataclass(frozen=True)
class Outcome:
    """What a task returned. `text` is everything that the process printed, where the module ran alone."""

    result: dict[str, Any] = field(repr=False)
    text: str = ""

    def __repr__(self) -> str:
        """The result without the parts that fill a screen."""
        shown = {key: value for key, value in self.result.items() if key not in ("invocation", "previous", "diff")}
        return f"<{shown}>"

    def __getitem__(self, key: str) -> Any:
        """A return value."""
        return self.result[key]

    def __contains__(self, key: str) -> bool:
        """Whether there is such a return value."""
        return key in self.result

    @property
    def failed(self) -> bool:
        """Whether the task failed."""
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        """The error's message; empty where there is none."""
        return str(self.result.get("msg", ""))

    @property
    def warnings(self) -> list[str]:
        """The warnings as text, in whichever form this version of ansible-core has them."""
        found = self.result.get("warnings", [])
        return [warning if isinstance(warning, str) else warning["event"]["msg"] for warning in found]


@dataclass(frozen=True)
class Run:
    """A command that has ended. `text` is what it printed on either stream; `outcomes` are those of the tasks."""

    status: int
    text: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)

    def __getitem__(self, task: str) -> Outcome:
        """The outcome of the task of that name."""
        assert task in self.outcomes, f"no outcome of {task!r}; the command printed:\n{self.text}"
        return self.outcomes[task]


def task(title: str, module: str = CERTIFICATE, /, *, check_mode: bool | None = None, **options: Any) -> dict[str, Any]:
    """A task of a playbook."""
    keywords = {} if check_mode is None else {"check_mode": check_mode}
    return {"name": title, f"{COLLECTION}.{module}": options, **keywords}


class Machine:
    """A folder that stands for a user's machine: home, Ansible's settings, and the working directory in it."""

    def __init__(self, folder: Path, programs: Path, collections: str) -> None:
        """Make the home. `programs` has the executables, `collections` is what Ansible searches."""
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self._programs = programs
        self._collections = collections
        self._results = folder / "results.jsonl"
        (folder / "ansible.cfg").touch()

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file into the working directory, and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of every command: nothing of the test process's own but where the programs are."""
        return {
            "PATH": os.pathsep.join([str(self._programs), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(self.home),
            "LC_ALL": "C.UTF-8",
            "PYTHONPATH": self._collections,
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.home / ".ansible"),
            "ANSIBLE_LOCAL_TEMP": str(self.home / "local"),
            "ANSIBLE_REMOTE_TEMP": str(self.home / "remote"),
            "ANSIBLE_COLLECTIONS_PATH": self._collections,
            "ANSIBLE_PYTHON_INTERPRETER": str(self._programs / "python"),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            "RECORD_RESULTS": str(self._results),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            **more,
        }

    def command(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
        """Run one of the programs in the working directory."""
        self._results.unlink(missing_ok=True)
        done = subprocess.run(
            [str(self._programs / words[0]), *words[1:]],
            cwd=cwd or self.folder,
            env=self.environment(**env or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr, self._outcomes())

    def playbook(
        self,
        *tasks: Mapping[str, Any],
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        **keywords: Any,
    ) -> Run:
        """Run a play of these tasks on this machine to its end, failures or not. `keywords` are the play's."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "diff": True,
            "ignore_errors": True,
            "tasks": list(tasks),
            **keywords,
        }
        # JSON is YAML, and carries every string as it is.
        self.file("playbook.yml", json.dumps([play]))
        return self.command("ansible-playbook", *arguments, "playbook.yml", env=env)

    def module(
        self, module: str = CERTIFICATE, /, *, check: bool = False, env: Mapping[str, str] | None = None, **options: Any
    ) -> Outcome:
        """Run a module by itself, as Ansible's own debugging does: its file, with the options on standard input."""
        given = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        done = subprocess.run(
            [str(self._programs / "python"), str(ROOT / "plugins" / "modules" / f"{module}.py")],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            cwd=self.folder,
            env=self.environment(**env or {}),
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        text = done.stdout + done.stderr
        assert done.stdout.strip().startswith("{"), f"the module ended without a result:\n{text}"
        assert not done.stderr, f"the module wrote to standard error:\n{text}"
        return Outcome(json.loads(done.stdout), text)

    def _outcomes(self) -> dict[str, Outcome]:
        if not self._results.exists():
            return {}
        lines = [json.loads(line) for line in self._results.read_text(encoding="utf-8").splitlines()]
        return {line["task"]: Outcome(line["result"]) for line in lines}
