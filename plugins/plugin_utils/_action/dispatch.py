# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decides whether a task runs in the controller's own process or as a module, and runs it there.

A module costs its transfer, a fresh Python with its imports, and a connection of its own. In this process, which is already
running, a task costs a few milliseconds, and the items of a loop share one connection.
"""

from __future__ import annotations

import os
import sys
import typing as t
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.util import find_spec

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import LIBRARIES, ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import run_in_process
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain

_DISCOVER = ("", "auto", "auto_legacy", "auto_silent", "auto_legacy_silent")


class InProcessAction(ActionBase):  # type: ignore[misc]
    """An action that can do its work in this process, unless the task asks for something else."""

    def why_as_module(self, variables: Mapping[str, t.Any]) -> str | None:
        """Why the task must run as a module; None where it can run in this process. Both are shown with -vvv."""
        reason = self._why_as_module(variables)
        how = "runs in the controller's process" if reason is None else f"runs as a module, since {reason}"
        Display().vvv(f"{self._task.action} {how}", host=self._task.delegate_to)
        return reason

    @property
    def on_controller(self) -> bool:
        """Whether the task's host is this machine and its user the one that runs Ansible."""
        return self._connection.transport in ("local", "ansible.builtin.local") and self._connection.become is None

    @contextmanager
    def module_environment(self) -> Iterator[None]:
        """The current folder and the environment variables that a module of this task would have.

        This process runs one task and nothing else; threads of that task share them. What was done in the context is not
        lost where the former folder cannot be entered again.
        """
        environment: dict[str, t.Any] = {}
        self._compute_environment_string(environment)
        saved, folder = dict(os.environ), None
        with suppress(OSError):
            folder = os.getcwd()
        os.environ.update({name: str(value) for name, value in environment.items()})
        try:
            os.chdir(self._loader.get_basedir())
            yield
        finally:
            if folder is not None:
                with suppress(OSError):
                    os.chdir(folder)
            os.environ.clear()
            os.environ.update(saved)

    def run_module(
        self, name: str, options: Mapping[str, t.Any], variables: dict[str, t.Any], *, check_mode: bool = False
    ) -> Result:
        """Run a module on the task's host, in check mode or not, regardless of the play's mode.

        :returns: its result. A host that cannot be reached is a failure, after which something may have been changed.
        """
        task = self._task
        saved, task.check_mode = task.check_mode, check_mode
        try:
            result: Result = self._execute_module(module_name=name, module_args=dict(options), task_vars=variables)
            return result
        except AnsibleError as exc:
            return {"failed": True, "crashed": True, "msg": str(exc)}
        finally:
            task.check_mode = saved

    def run_builtin(
        self, name: str, options: Mapping[str, t.Any], variables: dict[str, t.Any], *, check_mode: bool = False
    ) -> Result:
        """Run a module of ansible-core, through its action where it has one."""
        if not self._shared_loader_obj.action_loader.has_plugin(name):
            return self.run_module(name, options, variables, check_mode=check_mode)
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task.args, task.check_mode, task._parent = dict(options), check_mode, self._task._parent
        action = self._shared_loader_obj.action_loader.get(
            name,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        try:
            result: Result = action.run(task_vars=variables)
            return result
        except AnsibleError as exc:
            return {"failed": True, "msg": str(exc)}

    def _why_as_module(self, variables: Mapping[str, t.Any]) -> str | None:
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
        """The Python interpreter that the user has set for the task; one to be discovered is empty or auto."""
        if self._task.delegate_to:
            variables = variables.get("ansible_delegated_vars", {}).get(self._task.delegate_to, {})
        given = constants.config.get_config_value("INTERPRETER_PYTHON", variables=dict(variables))
        return str(self._templar.template(given) or "").strip()


class DefinitionAction(InProcessAction, NormalAction):  # type: ignore[misc]
    """An action that runs its module definition in this process where it can, and otherwise its module as usual."""

    definition: t.ClassVar[ModuleDefinition]

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run the task; the result is the same either way."""
        variables = task_vars or {}
        if self.why_as_module(variables) is not None:
            result: dict[str, t.Any] = super().run(tmp, task_vars)
            return result
        internal: dict[str, t.Any] = {}
        self._update_module_args(self._task.action, internal, variables)
        with self.module_environment():
            return run_in_process(
                self.definition,
                self._task.action,
                plain(self._task.args),
                check_mode=bool(self._task.check_mode),
                # Older versions of ansible-core have no such setting, and always show it.
                show_invocation=bool(internal.get("_ansible_inject_invocation", True)),
            )


def _why_not_this_python(interpreter: str) -> str | None:
    """Why a task with that interpreter cannot run in this process; None where it can."""
    if interpreter not in _DISCOVER and not _is_this_python(interpreter):
        return f"its interpreter is {interpreter}"
    missing = [library for library in LIBRARIES if find_spec(library) is None]
    return f"the controller's Python lacks {', '.join(missing)}" if missing else None


def _is_this_python(interpreter: str) -> bool:
    """Whether that is the Python of this process: the same program, and in the same environment."""

    def identity(program: str) -> tuple[str, str]:
        # A virtual environment's program is a link to the system's: the folder tells them apart.
        return os.path.realpath(os.path.dirname(program)), os.path.realpath(program)

    return identity(interpreter) == identity(sys.executable)
