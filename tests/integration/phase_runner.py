# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the phases of the role and of the playbooks in this process, over real HTTP, without Ansible."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.task_files import task_file_problem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from manager import Manager
from unit.plugins.plugin_utils._rotation.fakes import FakeTask, result_file

Json = dict[str, Any]

_ROLE = Path(__file__).resolve().parents[2] / "roles" / "certificate_rotation"
_OWN_TASKS = [path.name for path in (_ROLE / "tasks").glob("*.yml")]


class PhaseRunner:
    """The phases of one run, each in a task of its own."""

    def __init__(
        self,
        manager: Manager,
        folder: Path,
        variables: Mapping[str, Any],
        *,
        check: bool = False,
        retries: int = 0,
        before: Callable[[str], object] = lambda _title: None,
        checks_task_files: bool = False,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        """Prepare a run with these variables of the role, named without their prefix.

        `folder` is the working directory. `before` is called before each phase with its title, such as `verify 2`.
        `checks_task_files`: whether files with tasks of the user must exist in the folder. `others` are variables that are not
        those of the role.
        """
        connection = {"url": manager.url, "token": manager.token, "retries": retries}
        modules = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO)
        self.results: dict[str, Json] = {}
        """The results of the phases so far, by their titles."""
        self._access = ManagerAccess(dict.fromkeys(modules, connection))
        self._manager_url = manager.url
        self._folder = folder
        self._variables = dict(variables)
        self._check = check
        self._before = before
        self._others = dict(others or {})
        self._run_file = ""
        self._loader = DataLoader() if checks_task_files else None
        if self._loader:
            self._loader.set_basedir(str(folder))

    @property
    def warnings(self) -> list[str]:
        """The warnings of all phases so far."""
        return [warning for result in self.results.values() for warning in result.get("warnings", ())]

    @property
    def text(self) -> str:
        """Everything that the phases have returned so far."""
        return "\n".join(json.dumps(result, ensure_ascii=False) for result in self.results.values())

    def phase(self, name: str, *, failed: str = "", **arguments: Any) -> Json:
        """Carry out a phase and return its result. `failed` is the message of the task that failed before."""
        key = arguments.get("wave", arguments.get("key"))
        title = name if key is None else f"{name} {key}"
        self._before(title)
        files = ControllerFiles(str(self._folder))
        task: Any = FakeTask(
            self._folder,
            self._access,
            files,
            self._variables,
            run_file=self._run_file,
            check_mode=self._check,
            failed=failed,
        )
        task.manager_url, task.variables = self._manager_url, self._others
        if self._loader:
            task.hook_problem = partial(task_file_problem, self._loader, str(_ROLE), own=_OWN_TASKS)
        result: Json = PHASES[name](task, **arguments)
        self._run_file = result.get("run_file", self._run_file)
        self.results[title] = result
        return result

    def _attempt(self, name: str, **arguments: Any) -> Json:
        """Carry out a phase, and return an error of the user as a failed result, as the action does."""
        try:
            return self.phase(name, **arguments)
        except (RecordError, SettingError) as exc:
            result = {"failed": True, "msg": str(exc)}
            self.results[f"{name} failed"] = result
            return result

    def run_role(
        self,
        *,
        obtain: Callable[[Json], str] | None = None,
        hook: str = "",
        failing: Mapping[str, str] | None = None,
    ) -> Json:
        """Run the role as its tasks do, and return its result.

        `obtain` returns the PEM of a certificate that is to be obtained. `hook` is the message of a task of the user that
        fails after the last wave; `failing` are such messages by the title of the phase before.
        """
        for made in self._until_the_end(obtain, hook, failing or {}):
            if made.get("failed"):
                self._attempt("rollback", failed=made["msg"])
                break
        reported = self._attempt("report")
        result: Json = json.loads(result_file(reported).read_text(encoding="utf-8"))
        return result

    def run_restore(self, **settings: Any) -> Json:
        """Run the playbook restore as its tasks do, and return the result of its report, or of a plan that was refused.

        `settings` are the variables of the playbook, named without their prefix.
        """
        made = self._attempt("restore_plan", settings=settings)
        for wave in made.get("waves", ()):
            for name in ("restore_write",) if self._check else ("restore_write", "restore_verify"):
                if not made.get("failed"):
                    made = self._attempt(name, wave=wave["number"])
        return self._attempt("restore_report") if self._run_file else made

    def _until_the_end(
        self, obtain: Callable[[Json], str] | None, hook: str, failing: Mapping[str, str]
    ) -> Iterator[Json]:
        planned = self._attempt("plan")
        yield planned
        if obtain:
            for item in planned["to_obtain"]:
                self._variables["obtained"] = {"content": obtain(item)}
                yield self._attempt("obtain", key=item["key"])
        if not planned["pending"]:
            return
        ready = self._attempt("preflight")
        yield ready
        if self._variables.get("backup_dir") and (ready["waves"] or ready["retire"]):
            yield self._attempt("backup")
        for wave in ready["waves"]:
            for name in ("write",) if self._check else ("write", "verify"):
                yield self._attempt(name, wave=wave["number"])
                if message := failing.get(f"{name} {wave['number']}"):
                    yield {"failed": True, "msg": message}
        if hook:
            yield {"failed": True, "msg": hook}
        elif ready["retire"]:
            # What goes wrong there does not fail the run.
            self._attempt("retire")
