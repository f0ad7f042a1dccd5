# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fakes of what the engine works with: a manager, the files of a host, and the task that carries out a phase."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation
from unit.plugins.plugin_utils._rotation.run_builder import Json, deployment, listed


def stored(**values: Any) -> Json:
    """The result of a write that the manager stored and deployed."""
    return {"changed": True, "deployment": deployment(), "certificate": None, **values}


def failure(message: str = "HTTP 403", **values: Any) -> Json:
    return {"failed": True, "msg": message, **values}


class FakeAccess(ManagerAccess):
    """A manager that holds these certificates; C(unreadable) is a project that it fails to list.

    :arg results: what writing each certificate returns, by C(project/name); an exception is raised. Without one, the
        manager stores and deploys.
    :arg before_write: called with each operation before its result is returned.
    """

    def __init__(
        self,
        *certificates: Json,
        unreadable: str = "",
        types: Mapping[str, Any] | None = None,
        results: Mapping[str, Any] | None = None,
        before_write: Callable[[Operation], object] | None = None,
        in_process: bool = True,
    ) -> None:
        super().__init__({}, None if in_process else self._no_module)
        self.written: list[str] = []
        self._listed = listed(*certificates)
        self._unreadable = unreadable
        self._types = types or {}
        self._results = results or {}
        self._before_write = before_write
        self._lock = threading.Lock()

    @staticmethod
    def _no_module(name: str, _options: object, _check_mode: bool) -> Json:
        raise AssertionError(f"{name} was run")

    def list_certificates(self, projects: Sequence[str]) -> dict[str, Json]:
        return {
            project: failure(f"{project} cannot be read: HTTP 503.")
            if project == self._unreadable
            else {"certificates": self._listed.get(project, []), "warnings": [f"{project} was read"]}
            for project in projects
        }

    def list_environments(self, projects: Sequence[str]) -> dict[str, Json]:
        return {
            project: {"environments": [{"name": name, "type": kind} for name, kind in self._types[project].items()]}
            if project in self._types
            else failure()
            for project in projects
        }

    def carry_out(self, operation: Operation, *, check_mode: bool = False) -> Json:
        assert not check_mode
        key = f"{operation.project}/{operation.name}"
        with self._lock:
            self.written.append(key)
        if self._before_write:
            self._before_write(operation)
        result = self._results.get(key, stored())
        if isinstance(result, BaseException):
            raise result
        returned: Json = result
        return returned


class FakeFiles:
    """Files of a host by their paths. Folders in C(unusable) do not pass the check."""

    def __init__(self, contents: Mapping[str, bytes | str] | None = None, *, unusable: Sequence[str] = ()) -> None:
        self.contents = {
            path: content.encode() if isinstance(content, str) else content
            for path, content in (contents or {}).items()
        }
        self.modes: dict[str, int] = {}
        self._unusable = unusable

    def read(self, path: str) -> bytes:
        try:
            return self.contents[path]
        except KeyError:
            raise FileProblem(f"{path} cannot be read: No such file or directory") from None

    def read_own(self, path: str, largest: int) -> bytes:
        data = self.read(path)
        if len(data) > largest:
            raise FileProblem(f"{path} is larger than {largest // 1024**2} MiB")
        return data

    def check_folder(self, path: str) -> None:
        if path in self._unusable:
            raise FileProblem(f"the folder {path} cannot be created")

    def make_folder(self, path: str, mode: int) -> None:
        if path in self._unusable:
            raise FileProblem(f"the folder {path} cannot be created")
        self.modes[path] = mode

    def write(self, path: str, text: str, mode: int) -> None:
        self.contents[path] = text.encode()
        self.modes[path] = mode


class FakeTask:
    """A task of the role on the controller.

    :arg variables: those of the role, without the prefix; an exception is raised when its variable is rendered.
    :arg others: names of other variables of the host.
    :arg failed: the message of the task that failed before, for phases that run after a failure.
    """

    host = "localhost"
    on_controller = True
    manager_url = "https://manager.example.com"
    number_of_hosts = 1

    def __init__(
        self,
        folder: Path,
        access: Any,
        files: Any,
        variables: Mapping[str, Any],
        *,
        run_file: str = "",
        check_mode: bool = False,
        others: Sequence[str] = (),
        failed: str = "",
        tags: Sequence[str] = (),
        skip_tags: Sequence[str] = (),
        own_tags: Sequence[str] = (),
    ) -> None:
        self.temporary_folder = str(folder)
        self.access = access
        self.files = files
        self.run_file = run_file
        self.check_mode = check_mode
        self.tags, self.skip_tags, self.own_tags = map(frozenset, (tags, skip_tags, own_tags))
        self.lines: list[str] = []
        self.controller_pid = os.getpid()
        self.controller_files = ControllerFiles(str(folder))
        self.variables: dict[str, Any] = {}
        self._variables = variables
        self._others = others
        self._failed = failed

    @property
    def variable_names(self) -> list[str]:
        return [*(f"certificate_rotation_{name}" for name in self._variables), *self._others]

    def variable(self, name: str) -> Any:
        value = self._variables.get(name)
        if isinstance(value, Exception):
            raise value
        return value

    def variable_is_set(self, name: str) -> bool:
        return bool(self._variables.get(name))

    def hook_problem(self, file: str) -> str | None:
        return f"the file {file} does not exist" if file.startswith("missing") else None

    def failure(self) -> str:
        return self._failed

    def show(self, line: str) -> None:
        self.lines.append(line)


def result_file(reported: Json) -> Path:
    """The file that the variable with the result reads."""
    (template,) = json.loads(Path(reported["variables_file"]).read_text()).values()
    reads = re.fullmatch(r"{{ lookup\('ansible.builtin.file', (.+)\) \| from_json }}", template)
    assert reads
    return Path(json.loads(reads[1]))
