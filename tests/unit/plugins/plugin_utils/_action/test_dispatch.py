# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible import constants
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action.normal import ActionModule as NormalAction

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import dispatch
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.dispatch import DefinitionAction, InProcessAction
from unit.plugins.plugin_utils._action.action_builder import FakeTemplar, build_action

Json = dict[str, Any]


class PlainAction(InProcessAction):
    """An action that has only what all of them have."""

    def run(self, _tmp: object = None, _variables: object = None) -> Json:
        return {}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, None),
        ({"transport": "ansible.builtin.local"}, None),
        ({"transport": "ssh"}, "its connection is ssh"),
        ({"become": object()}, "it becomes another user"),
        ({"async_val": 30}, "it is asynchronous"),
    ],
)
def test_a_task_runs_in_process_unless_it_asks_for_something_else(
    tmp_path: Path, values: Json, reason: str | None
) -> None:
    assert build_action(PlainAction, tmp_path, **values).why_as_module({}) == reason


def test_a_task_whose_files_are_to_be_kept_runs_as_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "DEFAULT_KEEP_REMOTE_FILES", True)

    assert build_action(PlainAction, tmp_path).why_as_module({}) == "its files are to be kept"


def another_python(folder: Path) -> str:
    """A link to this Python in another folder, as a virtual environment has it."""
    (folder / "python").symlink_to(sys.executable)
    return str(folder / "python")


def test_a_task_with_this_interpreter_runs_in_process(tmp_path: Path) -> None:
    action = build_action(PlainAction, tmp_path)

    for interpreter in (sys.executable, "auto", "auto_silent", "auto_legacy", ""):
        assert action.why_as_module({"ansible_python_interpreter": interpreter}) is None


def test_a_task_with_another_interpreter_runs_as_a_module(tmp_path: Path) -> None:
    interpreter = another_python(tmp_path)

    reason = build_action(PlainAction, tmp_path).why_as_module({"ansible_python_interpreter": interpreter})

    assert reason == f"its interpreter is {interpreter}"


def test_the_interpreter_may_be_a_template(tmp_path: Path) -> None:
    templar = FakeTemplar(**{"{{ ansible_playbook_python }}": sys.executable})
    variables = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}

    assert build_action(PlainAction, tmp_path, templar=templar).why_as_module(variables) is None


def test_a_delegated_task_has_the_interpreter_of_its_host(tmp_path: Path) -> None:
    action = build_action(PlainAction, tmp_path, delegate_to="other")
    variables = {
        "ansible_python_interpreter": "/elsewhere/python",
        "ansible_delegated_vars": {"other": {"ansible_python_interpreter": sys.executable}},
    }

    assert action.why_as_module(variables) is None
    assert "its interpreter is /elsewhere/python" in str(build_action(PlainAction, tmp_path).why_as_module(variables))


def test_a_controller_without_the_libraries_runs_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "find_spec", lambda name: None if name == "requests" else object())

    assert build_action(PlainAction, tmp_path).why_as_module({}) == "the controller's Python lacks requests"


@pytest.mark.parametrize(
    ("values", "expected"), [({}, True), ({"transport": "ssh"}, False), ({"become": object()}, False)]
)
def test_files_are_on_the_controller_for_its_own_user(tmp_path: Path, values: Json, expected: bool) -> None:
    assert build_action(PlainAction, tmp_path, **values).on_controller is expected


def test_the_environment_of_a_module_lasts_as_long_as_the_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "before")
    action = build_action(PlainAction, tmp_path, environment=[{"KEPT": "within", "NUMBER": 7}])
    folder = os.getcwd()

    with action.module_environment():
        assert (os.environ["KEPT"], os.environ["NUMBER"]) == ("within", "7")
        assert os.getcwd() == str(tmp_path)
        os.environ["LEFT_BEHIND"] = "x"

    assert os.environ["KEPT"] == "before"
    assert not {"NUMBER", "LEFT_BEHIND"} & os.environ.keys()
    assert os.getcwd() == folder


def test_the_environment_is_restored_after_an_error(tmp_path: Path) -> None:
    action, folder = build_action(PlainAction, tmp_path, environment=[{"NUMBER": 7}]), os.getcwd()

    with pytest.raises(LookupError), action.module_environment():
        raise LookupError

    assert "NUMBER" not in os.environ
    assert os.getcwd() == folder


@pytest.mark.parametrize("broken", ["getcwd", "chdir"])
def test_a_folder_that_cannot_be_entered_again_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """As where the play was started in a folder that the user may not enter."""
    action, done, folder = build_action(PlainAction, tmp_path), [], os.getcwd()
    working = getattr(os, broken)

    def refuse(*arguments: str) -> None:
        if not arguments or arguments[0] == folder:
            raise PermissionError
        working(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, refuse)
        with action.module_environment():
            done.append(True)
    os.chdir(folder)

    assert done == [True]


class ModuleRunner:
    """Stands in for C(_execute_module); records the module, its options and the check mode of the task."""

    def __init__(self, action: Any, result: Any) -> None:
        self.ran: list[tuple[str, Json, bool]] = []
        self._action = action
        self._result = result

    def __call__(self, *, module_name: str, module_args: Json, task_vars: Json) -> Json:
        self.ran.append((module_name, module_args, self._action._task.check_mode))
        if isinstance(self._result, Exception):
            raise self._result
        returned: Json = self._result
        return returned


def action_with_modules(folder: Path, result: Any, **values: Any) -> tuple[InProcessAction, ModuleRunner]:
    action = build_action(PlainAction, folder, **values)
    runner = ModuleRunner(action, result)
    action._execute_module = runner
    return action, runner


@pytest.mark.parametrize("in_check_mode", [True, False])
@pytest.mark.parametrize("asked", [True, False])
def test_a_module_runs_in_the_check_mode_it_is_asked_for(tmp_path: Path, in_check_mode: bool, asked: bool) -> None:
    action, runner = action_with_modules(tmp_path, {"changed": True}, check_mode=in_check_mode)

    assert action.run_module("a.b.c", {"x": 1}, {}, check_mode=asked) == {"changed": True}
    assert runner.ran == [("a.b.c", {"x": 1}, asked)]
    assert action._task.check_mode is in_check_mode


def test_a_host_that_cannot_be_reached_is_a_crashed_result(tmp_path: Path) -> None:
    """Something may have been changed before the connection was lost."""
    action, _runner = action_with_modules(tmp_path, AnsibleConnectionFailure("The host is gone"), check_mode=True)

    result = action.run_module("a.b.c", {}, {})

    assert (result["failed"], result["crashed"]) == (True, True)
    assert "The host is gone" in result["msg"]
    assert action._task.check_mode is True


def test_a_builtin_without_an_action_runs_as_a_module(tmp_path: Path) -> None:
    loader = SimpleNamespace(has_plugin=lambda _name: False)
    action, runner = action_with_modules(tmp_path, {"content": "eA=="}, action_loader=loader)

    assert action.run_builtin("ansible.legacy.slurp", {"src": "x"}, {}) == {"content": "eA=="}
    assert runner.ran == [("ansible.legacy.slurp", {"src": "x"}, False)]


class FakeBuiltin:
    """An action of ansible-core, in place of its loader as well; records the tasks that it gets."""

    def __init__(self, error: Exception | None = None) -> None:
        self.tasks: list[Any] = []
        self._error = error

    def has_plugin(self, _name: str) -> bool:
        return True

    def get(self, name: str, *, task: Any, **_given: Any) -> FakeBuiltin:
        self.tasks.append((name, task.args, task.check_mode))
        return self

    def run(self, task_vars: Json) -> Json:
        if self._error:
            raise self._error
        return {"changed": True, "dest": task_vars["where"]}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_builtin_runs_through_its_action_with_options_of_its_own(tmp_path: Path, check_mode: bool) -> None:
    builtin = FakeBuiltin()
    action = build_action(PlainAction, tmp_path, action_loader=builtin, args={"phase": "backup"})

    result = action.run_builtin("ansible.legacy.copy", {"dest": "x"}, {"where": "there"}, check_mode=check_mode)

    assert result == {"changed": True, "dest": "there"}
    assert builtin.tasks == [("ansible.legacy.copy", {"dest": "x"}, check_mode)]
    assert (action._task.args, action._task.check_mode) == ({"phase": "backup"}, False)


def test_an_action_of_a_builtin_that_fails_is_a_failed_result(tmp_path: Path) -> None:
    action = build_action(PlainAction, tmp_path, action_loader=FakeBuiltin(AnsibleError("No such file")))

    result = action.run_builtin("ansible.legacy.copy", {}, {})

    assert result["failed"]
    assert "No such file" in result["msg"]


class EchoAction(DefinitionAction):
    """An action whose operation returns its options."""

    definition = ModuleDefinition(
        {"name": {"type": "str"}},
        lambda context, _now: {"name": context.params["name"], "check_mode": context.check_mode, "cwd": os.getcwd()},
    )


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Builds such an action; modules of Ansible return C(as_module)."""
    monkeypatch.setattr(NormalAction, "run", lambda _self, _tmp, _variables: {"as_module": True})

    def build(**values: Any) -> EchoAction:
        action = build_action(EchoAction, tmp_path, args={"name": "web"}, **values)
        action._update_module_args = lambda _name, internal, _variables: internal.update(
            _ansible_inject_invocation=False
        )
        return action

    return build


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_definition_runs_in_process_in_the_folder_of_the_playbook(
    echo: Any, tmp_path: Path, check_mode: bool
) -> None:
    result = echo(check_mode=check_mode).run(task_vars={})

    assert result == {"name": "web", "check_mode": check_mode, "cwd": str(tmp_path)}


def test_a_definition_runs_as_a_module_where_the_task_asks_for_it(echo: Any) -> None:
    assert echo(transport="ssh").run(task_vars={}) == {"as_module": True}
