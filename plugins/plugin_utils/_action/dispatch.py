# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides whether a task runs in the controller's own process or as a module, and runs it there.

A module costs its transfer, a fresh Python and its imports, and opens a connection of its own. In this process, which
is there already, a task costs a few milliseconds, and the items of a loop share one connection.
"""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

from ansible import constants
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import LIBRARIES, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import run_in_process
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain

Runner = Callable[[Mapping[str, t.Any]], Result]
"""Takes the options of a task, plain, and returns its result."""

_DISCOVER = ("", "auto", "auto_legacy", "auto_silent", "auto_legacy_silent")


class DefinitionAction(NormalAction):  # type: ignore[misc]
    """An action that runs its body in this process where it may, and otherwise its module, as any module is run."""

    definition: t.ClassVar[ModuleDefinition]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task; the result is the same either way."""
        with self.in_process(task_vars or {}) as run_with:
            if run_with is not None:
                return run_with(plain(self._task.args))
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        return result

    @contextmanager
    def in_process(self, variables: Mapping[str, t.Any]) -> Iterator[Runner | None]:
        """What runs the body in this process, with any options; None where the task has to run as a module.

        It may be called in several threads at once, until the context ends.
        """
        reason = self._why_as_module(variables)
        if reason is not None:
            self._say(f"runs as a module, since {reason}")
            yield None
            return
        self._say("runs in the controller's process")
        internal: dict[str, t.Any] = {}
        self._update_module_args(self._task.action, internal, variables)
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        name, check_mode = self._task.action, bool(self._task.check_mode)
        # Before there was such a setting, it was always shown.
        show = bool(internal.get("_ansible_inject_invocation", True))

        def run_with(options: Mapping[str, t.Any]) -> Result:
            return run_in_process(self.definition, name, options, check_mode=check_mode, show_invocation=show)

        with _surroundings(self._loader.get_basedir(), environment):
            yield run_with

    def _say(self, what: str) -> None:
        Display().vvv(f"{self._task.action} {what}", host=self._task.delegate_to)

    def _why_as_module(self, variables: Mapping[str, t.Any]) -> str | None:
        """Why the task cannot run in this process; None where it can."""
        if self._connection.transport not in ("local", "ansible.builtin.local"):
            return f"its connection is {self._connection.transport}"
        if self._connection.become is not None:
            return "it becomes another user"
        if self._task.async_val:
            return "it is asynchronous"
        if constants.DEFAULT_KEEP_REMOTE_FILES:
            return "its files are to be kept"
        return _why_not_this_python(self._interpreter(variables))

    def _interpreter(self, variables: Mapping[str, t.Any]) -> str:
        """The Python that the task is to run with, as the user has it; one to be discovered is any."""
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        given = constants.config.get_config_value("INTERPRETER_PYTHON", variables=dict(variables))
        return str(self._templar.template(given) or "").strip()


def _why_not_this_python(interpreter: str) -> str | None:
    """Why a task that is to run with that Python cannot run with that of this process; None where it can."""
    if interpreter not in _DISCOVER and not _is_this_python(interpreter):
        return f"its interpreter is {interpreter}"
    missing = [library for library in LIBRARIES if find_spec(library) is None]
    return f"the controller's Python lacks {', '.join(missing)}" if missing else None


def _is_this_python(interpreter: str) -> bool:
    """Whether that is the Python of this process: the same program, and in the same environment."""

    def place(program: str) -> tuple[str, str]:
        # A virtual environment's program is a link to the system's: the folder tells them apart.
        return os.path.realpath(os.path.dirname(program)), os.path.realpath(program)

    return place(interpreter) == place(sys.executable)


@contextmanager
def _surroundings(folder: str, environment: Mapping[str, t.Any]) -> Iterator[None]:
    """The current folder and the environment variables that a module on this host would have.

    This process runs one task and nothing beside it; threads of that task share them.
    """
    before, folder_before = dict(os.environ), os.getcwd()
    os.environ.update({name: str(value) for name, value in environment.items()})
    try:
        os.chdir(folder)
        yield
    finally:
        os.chdir(folder_before)
        os.environ.clear()
        os.environ.update(before)
