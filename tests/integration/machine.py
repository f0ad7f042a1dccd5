# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible, or a module alone, as a user's machine would: real processes in a scratch home, and what came out."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.execution_modes import comparable

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
    """A command that has ended. `text` is what it printed on either stream; `outcomes` are those of the tasks.

    `stderr` is set only where the two streams were told apart.
    """

    status: int
    text: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    stderr: str = ""

    def __getitem__(self, task: str) -> Outcome:
        """The outcome of the task of that name."""
        assert task in self.outcomes, f"no outcome of {task!r}; the command printed:\n{self.text}"
        return self.outcomes[task]


def task(title: str, module: str = CERTIFICATE, /, *, check_mode: bool | None = None, **options: Any) -> dict[str, Any]:
    """A task of a playbook."""
    keywords = {} if check_mode is None else {"check_mode": check_mode}
    return {"name": title, f"{COLLECTION}.{module}": options, **keywords}


class Driver:
    """A process that runs programs of Python for many tests, each in a child that need not import everything anew."""

    def __init__(self, python: Path, way: str, env: Mapping[str, str]) -> None:
        """Start it, with the Python that is to run the programs, and what it runs: see fork_server.py."""
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("fork_server.py")), way],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def run(self, *arguments: str, stdin: str = "", cwd: Path, env: Mapping[str, str]) -> Run:
        """Run a program to its end. `text` of what it printed is standard output alone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"arguments": arguments, "stdin": stdin, "cwd": str(cwd), "env": dict(env)}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        ready, _unused, _unused = select.select([self._process.stdout], [], [], SECONDS)
        assert ready, f"{' '.join(arguments)} hangs"
        answer = json.loads(self._process.stdout.readline())
        return Run(answer["status"], answer["stdout"], stderr=answer["stderr"])

    def stop(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)


class Machine:
    """A folder that stands for a user's machine: home, Ansible's settings, and the working directory in it."""

    def __init__(self, folder: Path, programs: Path, collections: str, way: str, driver: Driver | None = None) -> None:
        """Make the home. `programs` has the executables, `collections` is what Ansible searches.

        `way` is how this collection's tasks run (see both_ways), `driver` what runs single ones.
        """
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.results: list[str] = []
        """What this collection's tasks have returned, as both_ways compares it."""
        self.way = way
        self._driver = driver
        self._programs = programs
        self._collections = collections
        self._results = folder / "results.jsonl"
        self._interpreter = programs / "python"
        if way == "module":
            # Not the controller's own, by its name; so tasks run as modules.
            self._interpreter = folder / "python"
            self._interpreter.write_text(f'#!/bin/sh\nexec "{programs / "python"}" "$@"\n', encoding="utf-8")
            self._interpreter.chmod(0o755)
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
            "ANSIBLE_PYTHON_INTERPRETER": str(self._interpreter),
            "ANSIBLE_CALLBACK_PLUGINS": str(Path(__file__).parent / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "record_results",
            "RECORD_RESULTS": str(self._results),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
            **more,
        }

    def words(self, program: str, *arguments: str) -> list[str]:
        """A command with the program in its place, and with what makes its tasks run the machine's way."""
        runs_tasks = program in ("ansible", "ansible-playbook") and self.way == "module"
        # Said as loudly as can be: the host that Ansible itself provides has an interpreter, and so have playbooks.
        way = ["-e", f"ansible_python_interpreter={self._interpreter}"] if runs_tasks else []
        return [str(self._programs / program), *way, *arguments]

    def command(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
        """Run one of the programs in the working directory."""
        self._results.unlink(missing_ok=True)
        done = subprocess.run(
            self.words(*words),
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
        """Run one task of a module: the module by itself, or a play of that task, by the machine's way."""
        environment = self.environment(**env or {})
        run = self._alone if self.way == "module" else self._as_play
        return run(module, options, environment, check=check)

    def _alone(self, module: str, options: Mapping[str, Any], env: Mapping[str, str], *, check: bool) -> Outcome:
        """Run a module by itself, as Ansible's own debugging does: its file, with the options on standard input."""
        assert self._driver is not None
        internal = {"check_mode": check, "diff": True, "module_name": f"{COLLECTION}.{module}"}
        given = {**options, **{f"_ansible_{name}": value for name, value in internal.items()}}
        run = self._driver.run(
            str(ROOT / "plugins" / "modules" / f"{module}.py"),
            stdin=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            cwd=self.folder,
            env=env,
        )
        text = run.text + run.stderr
        assert run.text.strip().startswith("{"), f"the module ended without a result:\n{text}"
        assert not run.stderr, f"the module wrote to standard error:\n{text}"
        outcome = Outcome(json.loads(run.text), text)
        self.results.append(comparable(outcome.result, outcome.warnings))
        return outcome

    def _as_play(self, module: str, options: Mapping[str, Any], env: Mapping[str, str], *, check: bool) -> Outcome:
        """Run a play of one task."""
        assert self._driver is not None
        self._results.unlink(missing_ok=True)
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "diff": True, "check_mode": check}
        play["tasks"] = [{"name": "task", f"{COLLECTION}.{module}": options}]
        self.file("playbook.yml", _untemplated([play]))
        run = self._driver.run("playbook.yml", cwd=self.folder, env=env)
        text = run.text + run.stderr
        outcomes = self._outcomes()
        assert set(outcomes) == {"task"}, f"the play ended without a result:\n{text}"
        return Outcome(outcomes["task"].result, text)

    def _outcomes(self) -> dict[str, Outcome]:
        if not self._results.exists():
            return {}
        lines = [json.loads(line) for line in self._results.read_text(encoding="utf-8").splitlines()]
        outcomes = [(line["task"], Outcome(line["result"])) for line in lines]
        ours = [outcome for line, (_task, outcome) in zip(lines, outcomes) if COLLECTION in line["action"]]
        self.results += [comparable(outcome.result, outcome.warnings) for outcome in ours]
        return dict(outcomes)


def _untemplated(value: Any) -> str:
    """A value as YAML in which no string is a template, whatever braces it has."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_untemplated(key)}: {_untemplated(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_untemplated, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    # YAML takes fewer characters as they are than JSON does.
    text = re.sub(
        "[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", lambda found: f"\\u{ord(found.group()):04x}", text
    )
    return f"!unsafe {text}" if isinstance(value, str) and "{" in value else text
