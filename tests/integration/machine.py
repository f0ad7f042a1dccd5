# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run Ansible, or a module by itself, as on a user's machine: real processes with a temporary home folder."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.execution_modes import comparable
from integration.fork_server import CLASSES

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "apinizer.apiops"
CERTIFICATE, INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO = (
    "apinizer_certificate",
    "apinizer_certificate_info",
    "apinizer_environment_info",
    "apinizer_truststore_info",
)
SECONDS = 120
"""A run that takes longer than this hangs."""


@dataclass(frozen=True)
class Outcome:
    """The result of a task. `text` is everything that the process printed, if the module ran by itself."""

    result: dict[str, Any] = field(repr=False)
    text: str = ""

    def __repr__(self) -> str:
        """Return the result without its long parts."""
        shown = {key: value for key, value in self.result.items() if key not in ("invocation", "previous", "diff")}
        return f"<{shown}>"

    def __getitem__(self, key: str) -> Any:
        """Return a return value of the task."""
        return self.result[key]

    def __contains__(self, key: str) -> bool:
        """Return whether the task returned this value."""
        return key in self.result

    @property
    def failed(self) -> bool:
        """Whether the task failed."""
        return bool(self.result.get("failed"))

    @property
    def changed(self) -> bool:
        """Whether the task reported a change."""
        return bool(self.result.get("changed"))

    @property
    def message(self) -> str:
        """The error message, or an empty string."""
        return str(self.result.get("msg", ""))

    @property
    def warnings(self) -> list[str]:
        """The warnings as text; their form depends on the version of ansible-core."""
        found = self.result.get("warnings", [])
        return [warning if isinstance(warning, str) else warning["event"]["msg"] for warning in found]


@dataclass(frozen=True)
class Run:
    """A finished command. `text` is the output of both streams, `outcomes` the results of the tasks by name.

    `stderr` is set only if the two streams were captured separately.
    """

    status: int
    text: str
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    stderr: str = ""

    def __getitem__(self, task: str) -> Outcome:
        """Return the outcome of the task with this name."""
        assert task in self.outcomes, f"no outcome of {task!r}; the command printed:\n{self.text}"
        return self.outcomes[task]


def task(title: str, module: str = CERTIFICATE, /, *, check_mode: bool | None = None, **options: Any) -> dict[str, Any]:
    """Return a task of a playbook."""
    keywords = {} if check_mode is None else {"check_mode": check_mode}
    return {"name": title, f"{COLLECTION}.{module}": options, **keywords}


class ForkServer:
    """A client of the fork server, which runs Python programs for many tests without importing their libraries again."""

    def __init__(self, python: Path, kind: str, env: Mapping[str, str]) -> None:
        """Start the server with the Python under test. `kind` is what it runs: see fork_server.py."""
        self._process = subprocess.Popen(
            [str(python), str(Path(__file__).with_name("fork_server.py")), kind],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def run(
        self,
        *arguments: str,
        stdin: str = "",
        cwd: Path,
        env: Mapping[str, str],
        one_stream: bool = False,
        seconds: float = SECONDS,
    ) -> Run:
        """Run a program to its end. `text` of the result is standard output, with `one_stream` standard error as well."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"arguments": arguments, "stdin": stdin, "cwd": str(cwd), "env": dict(env)}
        request["one_stream"] = one_stream
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        ready, _unused, _unused = select.select([self._process.stdout], [], [], seconds)
        if not ready:
            # The programs belong to the process group of the server.
            os.killpg(self._process.pid, signal.SIGKILL)
            raise AssertionError(f"{' '.join(arguments)} hangs")
        answer = json.loads(self._process.stdout.readline())
        return Run(answer["status"], answer["stdout"], stderr=answer["stderr"])

    def stop(self) -> None:
        """End the server."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)


class Machine:
    """A fake machine of a user: a folder with a home, Ansible's settings and the working directory."""

    def __init__(
        self,
        folder: Path,
        programs: Path,
        collections: str,
        mode: str,
        fork_servers: Callable[[str], ForkServer] | None = None,
    ) -> None:
        """Create the home. `programs` holds the executables, `collections` is Ansible's search path.

        `mode` is the execution mode of this collection's tasks, `fork_servers` returns the fork server of each kind.
        """
        self.folder = folder
        self.home = folder / "home"
        self.home.mkdir()
        self.results: list[str] = []
        """The results of this collection's tasks, in the form that execution_modes compares."""
        self.mode = mode
        self._fork_servers = fork_servers
        self._programs = programs
        self._collections = collections
        self._results = folder / "results.jsonl"
        self._interpreter = programs / "python"
        if mode == "module":
            # A path other than the controller's own interpreter makes tasks run as modules.
            self._interpreter = folder / "python"
            python = os.environ.get("APIOPS_TEST_MODULE_PYTHON") or programs / "python"
            self._interpreter.write_text(f'#!/bin/sh\nexec "{python}" "$@"\n', encoding="utf-8")
            self._interpreter.chmod(0o755)
        (folder / "ansible.cfg").touch()

    def file(self, name: str, content: str | bytes) -> str:
        """Write a file into the working directory and return its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of every command, which contains nothing of that of the test process."""
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
        """Return a command with the full path of the program, and the variable that selects the execution mode."""
        runs_tasks = program in ("ansible", "ansible-playbook") and self.mode == "module"
        # An extra variable takes precedence over the interpreter of the implicit localhost and of playbooks.
        variables = ["-e", f"ansible_python_interpreter={self._interpreter}"] if runs_tasks else []
        return [str(self._programs / program), *variables, *arguments]

    def server(self, program: str, env: Mapping[str, str] | None) -> ForkServer | None:
        """Return the fork server for a command, if it can run there."""
        needs_new_python = "PYTHONPATH" in (env or {})
        if program not in CLASSES or needs_new_python or self._fork_servers is None:
            return None
        return self._fork_servers("program")

    def command(self, *words: str, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Run:
        """Run a program in the working directory."""
        self._results.unlink(missing_ok=True)
        environment = self.environment(**env or {})
        program, *arguments = self.words(*words)
        if server := self.server(words[0], env):
            run = server.run(words[0], *arguments, cwd=cwd or self.folder, env=environment)
            return Run(run.status, run.text + run.stderr, self._outcomes())
        done = subprocess.run(
            [program, *arguments],
            cwd=cwd or self.folder,
            env=environment,
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
        """Run a play with these tasks on localhost, and continue after failures. `keywords` are those of the play."""
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "diff": True,
            "ignore_errors": True,
            "tasks": list(tasks),
            **keywords,
        }
        # JSON is valid YAML and preserves every string.
        self.file("playbook.yml", json.dumps([play]))
        return self.command("ansible-playbook", *arguments, "playbook.yml", env=env)

    def module(
        self, module: str = CERTIFICATE, /, *, check: bool = False, env: Mapping[str, str] | None = None, **options: Any
    ) -> Outcome:
        """Run one task of a module: the module by itself or a play with the task, depending on the execution mode."""
        environment = self.environment(**env or {})
        run = self._by_itself if self.mode == "module" else self._as_play
        return run(module, options, environment, check=check)

    def _by_itself(self, module: str, options: Mapping[str, Any], env: Mapping[str, str], *, check: bool) -> Outcome:
        """Run the file of a module with its options on standard input, as when debugging a module."""
        assert self._fork_servers is not None
        internal = {"check_mode": check, "diff": True, "module_name": f"{COLLECTION}.{module}"}
        given = {**options, **{f"_ansible_{name}": value for name, value in internal.items()}}
        run = self._fork_servers("module").run(
            str(ROOT / "plugins" / "modules" / f"{module}.py"),
            stdin=json.dumps({"ANSIBLE_MODULE_ARGS": given}),
            cwd=self.folder,
            env=env,
        )
        text = run.text + run.stderr
        assert run.text.strip().startswith("{"), f"the module crashed before it returned a result:\n{text}"
        assert not run.stderr, f"the module wrote to standard error:\n{text}"
        outcome = Outcome(json.loads(run.text), text)
        self.results.append(comparable(outcome.result, outcome.warnings))
        return outcome

    def _as_play(self, module: str, options: Mapping[str, Any], env: Mapping[str, str], *, check: bool) -> Outcome:
        """Run a play with one task."""
        assert self._fork_servers is not None
        self._results.unlink(missing_ok=True)
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "diff": True, "check_mode": check}
        play["tasks"] = [{"name": "task", f"{COLLECTION}.{module}": options}]
        self.file("playbook.yml", _dump_unsafe([play]))
        run = self._fork_servers("process").run("playbook.yml", cwd=self.folder, env=env)
        text = run.text + run.stderr
        outcomes = self._outcomes()
        assert set(outcomes) == {"task"}, f"the play crashed before the task returned a result:\n{text}"
        return Outcome(outcomes["task"].result, text)

    def _outcomes(self) -> dict[str, Outcome]:
        if not self._results.exists():
            return {}
        lines = [json.loads(line) for line in self._results.read_text(encoding="utf-8").splitlines()]
        outcomes = [(line["task"], Outcome(line["result"])) for line in lines]
        ours = [outcome for line, (_task, outcome) in zip(lines, outcomes) if COLLECTION in line["action"]]
        self.results += [comparable(outcome.result, outcome.warnings) for outcome in ours]
        return dict(outcomes)


def _dump_unsafe(value: Any) -> str:
    """Return a value as YAML in which no string is a template, even if it contains braces."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_dump_unsafe(key)}: {_dump_unsafe(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_dump_unsafe, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    # YAML requires more characters to be escaped than JSON does.
    text = re.sub(
        "[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]", lambda found: f"\\u{ord(found.group()):04x}", text
    )
    return f"!unsafe {text}" if isinstance(value, str) and "{" in value else text
