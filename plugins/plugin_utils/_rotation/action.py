# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The border between Ansible and the phases of a run: variables, modules, files and the screen."""

from __future__ import annotations

import gc
import os
import typing as t
from collections.abc import Iterable, Mapping
from functools import cached_property, partial

from ansible import constants
from ansible.errors import AnsibleError
from ansible.utils.display import Display

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls, escape_lines
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.dispatch import InProcessAction
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, Files, HostFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.task_files import task_file_problem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain, without_omitted
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import HOOKS, VARIABLES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX, SettingError

_COLLECTION = "apinizer.apiops"
_CREDENTIALS = ("token", "username", "password")
_RENDERED = {
    "plan": (*VARIABLES, *HOOKS, "require_issuer"),
    "obtain": ("obtained",),
    "preflight": ("require_issuer",),
    "report": ("report_dir", "base_dir"),
}
"""The variables that each phase needs."""
_OWN_TASKS = ("main.yml", "obtain.yml", "report.yml", "soak.yml", "wave.yml")


class RotationAction(InProcessAction):
    """Carries out one phase of a run; see the module rotation for its options."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset(("phase", "run", "key", "wave", "settings"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Carry out the phase; what stops it is a failed result."""
        # This process ends with the task. What it has inherited need not be searched for garbage again and again.
        gc.freeze()
        result: Result = super().run(tmp, task_vars)
        arguments = plain(self._task.args)
        phase = str(arguments.pop("phase", ""))
        task = Task(self, task_vars or {}, str(arguments.pop("run", "")))
        if phase not in PHASES:
            return {**result, "failed": True, "msg": f"phase: must be one of {', '.join(PHASES)}, not '{phase}'"}
        if "wave" in arguments:
            arguments["wave"] = int(arguments["wave"])
        # Before the current folder changes, which a variable may refer to.
        task.render((*CONNECTION_SPEC, *_RENDERED.get(phase, ())))
        try:
            with self.module_environment():
                result |= PHASES[phase](task, **arguments)
        except (RecordError, SettingError) as exc:
            result |= {"failed": True, "msg": str(exc)}
        for key in ("msg", "message"):
            if isinstance(result.get(key), str):
                result[key] = escape_lines(result[key])
        if "warnings" in result:
            # Ansible shows a warning once, even if it is about several managers.
            host = f"{task.host}: " if task.number_of_hosts > 1 else ""
            result["warnings"] = [host + escape_controls(warning) for warning in result["warnings"]]
        # Ansible copies a result several times, and a wave may have thousands of differences.
        return result if self._task.diff else {key: value for key, value in result.items() if key != "diff"}


class Task:
    """The task, as the phases see it."""

    def __init__(self, action: RotationAction, variables: dict[str, t.Any], run_file: str) -> None:
        self._action = action
        self._rendered: dict[str, t.Any] = {}
        self.run_file = run_file
        self.variables = variables
        # Ansible carries out each task in a child of its own process.
        self.controller_pid = os.getppid()
        self.host = str(variables.get("inventory_hostname", ""))
        self.number_of_hosts = len(variables.get("ansible_play_hosts_all") or (self.host,))
        self.check_mode = bool(action._task.check_mode)
        self.temporary_folder = str(constants.DEFAULT_LOCAL_TMP)
        self.tags = frozenset(map(str, variables.get("ansible_run_tags") or ()))
        self.skip_tags = frozenset(map(str, variables.get("ansible_skip_tags") or ()))
        self.own_tags = frozenset(map(str, action._task.tags)) - {"always"}

    @cached_property
    def access(self) -> ManagerAccess:
        modules = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO)
        options = {name: self._connection(name) for name in modules}
        if self._action.why_as_module(self.variables) is None:
            return ManagerAccess(options)

        def run_module(name: str, given: Mapping[str, t.Any], check_mode: bool) -> Result:
            return self._action.run_module(f"{_COLLECTION}.{name}", given, self.variables, check_mode=check_mode)

        return ManagerAccess(options, run_module)

    @cached_property
    def files(self) -> Files:
        if self.on_controller:
            return self.controller_files
        return HostFiles(partial(self._action.run_builtin, variables=self.variables))

    @property
    def on_controller(self) -> bool:
        return self._action.on_controller

    @property
    def controller_files(self) -> ControllerFiles:
        return ControllerFiles(self._action._loader.get_basedir())

    @property
    def manager_url(self) -> str:
        return str(self._connection(CERTIFICATE_INFO).get("url") or os.environ.get("APINIZER_URL", ""))

    @property
    def variable_names(self) -> list[str]:
        return list(self.variables)

    def render(self, names: Iterable[str]) -> None:
        """Render variables of the role now, rather than when a phase asks for them."""
        omitted = str(self.variables.get("omit"))
        for name in names:
            try:
                value = plain(self._action._templar.template(self.variables.get(PREFIX + name)))
                self._rendered[name] = without_omitted(value, omitted)
            except AnsibleError as exc:
                self._rendered[name] = SettingError(name, f"cannot be rendered: {' '.join(str(exc).split())}")

    def variable(self, name: str) -> t.Any:
        """The value of a variable of the role.

        :raises SettingError: where it cannot be rendered.
        """
        if name not in self._rendered:
            self.render((name,))
        value = self._rendered[name]
        if isinstance(value, SettingError):
            raise value
        return value

    def variable_is_set(self, name: str) -> bool:
        return bool(str(self.variables.get(PREFIX + name) or "").strip())

    def hook_problem(self, file: str) -> str | None:
        """What is wrong with a file of tasks; None where it can be included."""
        return task_file_problem(self._action._loader, self.variables.get("role_path", ""), file, _OWN_TASKS)

    def failure(self) -> str:
        """The message of the task that has failed; empty where none has."""
        result = self.variables.get("ansible_failed_result") or {}
        items = [item for item in result.get("results") or () if isinstance(item, Mapping) and item.get("failed")]
        messages = [str(item.get("msg")) for item in items or (result,) if item.get("msg")]
        return join_sentences(*messages) if messages else ""

    def show(self, line: str) -> None:
        # On standard error, since standard output may be read by a program (the callback json).
        Display().display(escape_controls(line), stderr=True)

    def _connection(self, module: str) -> dict[str, t.Any]:
        """The connection options of a module: module_defaults of the play, then the role's variables."""
        layers: dict[str, t.Any] = {}
        for layer in self._action._task.module_defaults or ():
            layers.update(layer)
        given = {**(layers.get(f"group/{_COLLECTION}.apinizer") or {}), **(layers.get(f"{_COLLECTION}.{module}") or {})}
        options = plain(self._action._templar.template(given))
        own = {name: value for name in CONNECTION_SPEC if (value := self.variable(name)) not in (None, "")}
        if own.keys() & set(_CREDENTIALS):
            options = {name: value for name, value in options.items() if name not in _CREDENTIALS}
        return {name: value for name, value in {**options, **own}.items() if name in CONNECTION_SPEC}
