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
from ansible.errors import AnsibleError

from ansible_collections.apinizer.apiops.plugins.action.rotation import ActionModule
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, HostFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import action as action_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import RotationAction, Task
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import RunError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._action.action_builder import FakeTemplar, build_action

Json = dict[str, Any]
URL = "https://manager.example.com"
OMIT = "__omit_place_holder__7"


def action_of(folder: Path, **values: Any) -> RotationAction:
    return build_action(RotationAction, folder, **values)


def task_of(folder: Path, variables: Json | None = None, **values: Any) -> Task:
    """A task with these variables of the role; others start with C(_)."""
    prefixed = {
        name[1:] if name.startswith("_") else f"certificate_rotation_{name}": value
        for name, value in (variables or {}).items()
    }
    return Task(action_of(folder, **values), prefixed, "run.jsonl")


def run_phase(
    folder: Path, monkeypatch: pytest.MonkeyPatch, result: Any = None, **arguments: Any
) -> tuple[Json, list[Any]]:
    """The result of the action for a phase C(plan) that returns or raises this, and what the phase was called with."""
    called: list[Any] = []

    def phase(task: Task, **given: Any) -> Json:
        called.append((task.run_file, given, os.getcwd()))
        if isinstance(result, Exception):
            raise result
        return result or {"changed": False}

    monkeypatch.setitem(PHASES, "plan", phase)
    return action_of(folder, args=arguments).run(task_vars={}), called


def test_the_plugin_is_the_action_of_the_engine() -> None:
    assert issubclass(ActionModule, RotationAction)


def test_a_phase_gets_its_arguments_and_the_folder_of_the_playbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.getcwd()

    result, called = run_phase(
        tmp_path, monkeypatch, {"changed": True}, phase="plan", run="run.jsonl", wave="2", key="p/a"
    )

    assert result == {"changed": True}
    assert called == [("run.jsonl", {"wave": 2, "key": "p/a"}, str(tmp_path))]
    assert os.getcwd() == folder


@pytest.mark.parametrize("error", [RunError("No run"), SettingError("force", "must be true or false")])
def test_what_stops_a_phase_is_a_failed_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    result, _called = run_phase(tmp_path, monkeypatch, error, phase="plan")

    assert result == {"failed": True, "msg": str(error)}


def test_a_bug_is_not_taken_for_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(LookupError):
        run_phase(tmp_path, monkeypatch, LookupError("a bug"), phase="plan")


@pytest.mark.parametrize("phase", ["", "other"])
def test_an_unknown_phase_is_refused(tmp_path: Path, phase: str) -> None:
    result = action_of(tmp_path, args={"phase": phase}).run(task_vars={})

    assert result["failed"]
    assert result["msg"] == (
        "phase: must be one of plan, obtain, preflight, backup, write, verify, retire, rollback, report, "
        "restore_plan, restore_write, restore_verify, restore_report, export, audit_check, audit_files, merge_reports, "
        f"not '{phase}'"
    )


def test_an_unknown_argument_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AnsibleError, match="other"):
        action_of(tmp_path, args={"phase": "plan", "other": 1}).run(task_vars={})


def test_a_task_knows_its_host_and_its_tags(tmp_path: Path) -> None:
    variables = {"_inventory_hostname": "localhost", "_ansible_run_tags": ["apply"], "_ansible_skip_tags": ("backup",)}

    task = task_of(tmp_path, variables, check_mode=True, tags=["always", "mine"])

    assert (task.host, task.check_mode, task.run_file) == ("localhost", True, "run.jsonl")
    assert [*task.tags, *task.skip_tags, *task.own_tags] == ["apply", "backup", "mine"]
    assert task.variable_names[0] == "inventory_hostname"


def test_a_task_without_these_variables_has_no_host_and_no_tags(tmp_path: Path) -> None:
    task = task_of(tmp_path)

    assert task.host == ""
    assert not task.tags | task.skip_tags | task.own_tags


def test_a_variable_is_rendered_and_made_plain(tmp_path: Path) -> None:
    task = task_of(tmp_path, {"waves": "{{ waves }}"}, templar=FakeTemplar(**{"{{ waves }}": (("a",), ["b"])}))

    assert task.variable("waves") == [["a"], ["b"]]
    assert task.variable("force") is None


def test_a_variable_that_cannot_be_rendered_is_named(tmp_path: Path) -> None:
    templar = FakeTemplar(**{"{{ x }}": AnsibleError("'x' is\nundefined")})

    with pytest.raises(SettingError) as raised:
        task_of(tmp_path, {"waves": "{{ x }}"}, templar=templar).variable("waves")
    assert str(raised.value).startswith("certificate_rotation_waves: cannot be rendered: ")
    assert "'x' is undefined" in str(raised.value)


def test_omitted_keys_and_items_are_left_out(tmp_path: Path) -> None:
    """default(omit) within a variable, which older versions of ansible-core leave in place."""
    certificates = [{"project": "p", "name": "web", "alias": OMIT, "environments": ["a", OMIT]}, OMIT]

    task = task_of(tmp_path, {"certificates": certificates, "_omit": OMIT})

    assert task.variable("certificates") == [{"project": "p", "name": "web", "environments": ["a"]}]


@pytest.mark.parametrize(("value", "expected"), [("verify.yml", True), ("", False), (" \n", False), (None, False)])
def test_a_blank_variable_is_not_set(tmp_path: Path, value: Any, expected: bool) -> None:
    assert task_of(tmp_path, {"verify_tasks": value}).variable_is_set("verify_tasks") is expected
    assert not task_of(tmp_path).variable_is_set("verify_tasks")


@pytest.mark.parametrize("text", ["- name: x\n  ansible.builtin.debug:\n", "", "[]"])
def test_a_file_with_tasks_beside_the_playbook_can_be_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "hook.yml").write_text(text)

    assert task_of(tmp_path).hook_problem("hook.yml") is None


def test_a_file_with_tasks_of_the_role_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "role/tasks").mkdir(parents=True)
    (tmp_path / "role/tasks/hook.yml").write_text("[]")
    (tmp_path / "play").mkdir()

    assert task_of(tmp_path / "play", {"_role_path": str(tmp_path / "role")}).hook_problem("hook.yml") is None


def test_a_file_with_tasks_that_does_not_exist_is_a_problem(tmp_path: Path) -> None:
    assert task_of(tmp_path).hook_problem("hook.yml") == (
        f"the file hook.yml does not exist, neither in the role nor at {tmp_path}/hook.yml"
    )


@pytest.mark.parametrize(
    ("text", "problem"), [("name: x\n", "is not a list of tasks"), ("- a\n b: [", "cannot be read: ")]
)
def test_a_file_that_does_not_have_tasks_is_a_problem(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "hook.yml").write_text(text)

    assert f"{tmp_path}/hook.yml {problem}" in str(task_of(tmp_path).hook_problem("hook.yml"))


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, ""),
        ({}, ""),
        ({"failed": True}, ""),
        ({"failed": True, "msg": "HTTP 503."}, "HTTP 503."),
        ({"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "No."}]}, "No."),
        (
            {"msg": "x", "results": [{"failed": True, "msg": "No."}, {"failed": True, "msg": "Never"}, "y"]},
            "No. Never",
        ),
        ({"msg": "One or more items failed", "results": []}, "One or more items failed"),
    ],
)
def test_a_failure_is_the_message_of_the_task_that_failed(tmp_path: Path, result: Any, message: str) -> None:
    assert task_of(tmp_path, {"_ansible_failed_result": result}).failure() == message


def test_without_a_failed_task_there_is_no_failure(tmp_path: Path) -> None:
    assert task_of(tmp_path).failure() == ""


def test_lines_are_shown_on_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A program may read standard output, as with the callback json."""
    task_of(tmp_path).show("Wave 1: 10 of 100 certificates written")

    captured = capsys.readouterr()
    assert (captured.out, captured.err.strip()) == ("", "Wave 1: 10 of 100 certificates written")


@pytest.mark.parametrize(("values", "kind"), [({}, ControllerFiles), ({"transport": "ssh"}, HostFiles)])
def test_files_are_those_of_the_tasks_host(tmp_path: Path, values: Json, kind: type) -> None:
    task = task_of(tmp_path, **values)

    assert isinstance(task.files, kind)
    assert task.files is task.files


def test_files_of_another_host_are_read_with_its_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_builtin(_self: object, name: str, options: Json, variables: Json, *, check_mode: bool) -> Json:
        assert (name, options, check_mode) == ("ansible.legacy.slurp", {"src": "x"}, False)
        assert variables == {"certificate_rotation_url": URL}
        return {"content": "eA=="}

    monkeypatch.setattr(RotationAction, "run_builtin", run_builtin)

    assert task_of(tmp_path, {"url": URL}, transport="ssh").files.read("x") == b"x"


def connection_of(monkeypatch: pytest.MonkeyPatch, task: Task, module: str = "apinizer_certificate") -> Json:
    """The connection options that the task gives a module."""
    seen: list[Json] = []

    def access(options: Json, *_run_module: object) -> object:
        seen.append(options[module])
        return SimpleNamespace()

    monkeypatch.setattr(action_module, "ManagerAccess", access)
    assert task.access is task.access
    assert len(seen) == 1
    return seen[0]


def defaults(group: Json, **modules: Json) -> Json:
    """module_defaults of a play."""
    return {
        "module_defaults": [
            {"group/apinizer.apiops.apinizer": group},
            {f"apinizer.apiops.{name}": options for name, options in modules.items()},
        ]
    }


@pytest.mark.parametrize(
    ("variables", "values", "expected"),
    [
        ({}, {}, {}),
        ({"url": URL, "token": "t", "retries": "2", "ca_path": ""}, {}, {"url": URL, "token": "t", "retries": "2"}),
        ({}, defaults({"url": URL, "token": "t"}), {"url": URL, "token": "t"}),
        ({"token": "t"}, defaults({"url": URL, "timeout": 5}), {"url": URL, "timeout": 5, "token": "t"}),
        ({"url": "https://other"}, defaults({"url": URL}), {"url": "https://other"}),
        ({}, defaults({"url": "https://other"}, apinizer_certificate={"url": URL}), {"url": URL}),
        ({}, defaults({}, apinizer_certificate_info={"url": URL}), {}),
        ({}, defaults({"url": URL, "project": "p"}, apinizer_certificate={"force": True}), {"url": URL}),
        # One way to log in replaces the other.
        ({"token": "t"}, defaults({"username": "u", "password": "p"}), {"token": "t"}),
        ({"username": "u", "password": "p"}, defaults({"token": "t"}), {"username": "u", "password": "p"}),
    ],
)
def test_connection_options_come_from_the_role_and_then_from_module_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Json, values: Json, expected: Json
) -> None:
    assert connection_of(monkeypatch, task_of(tmp_path, variables, **values)) == expected


def test_later_module_defaults_replace_earlier_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [{"group/apinizer.apiops.apinizer": {"url": url}} for url in ("https://play", "https://block")]

    assert connection_of(monkeypatch, task_of(tmp_path, module_defaults=layers)) == {"url": "https://block"}


@pytest.mark.parametrize(
    ("variables", "environment", "expected"),
    [({"url": URL}, "https://other", URL), ({}, URL, URL), ({"url": ""}, "", "")],
)
def test_the_address_of_the_manager_may_come_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: Json, environment: str, expected: str
) -> None:
    monkeypatch.setenv("APINIZER_URL", environment)

    assert task_of(tmp_path, variables).manager_url == expected


def test_the_manager_is_asked_in_process_where_that_is_possible(tmp_path: Path) -> None:
    assert task_of(tmp_path, {"_ansible_python_interpreter": sys.executable}).access.in_process


def test_the_manager_is_asked_through_modules_where_the_task_needs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[Any] = []

    def run_module(_self: object, name: str, options: Json, _variables: Json, *, check_mode: bool) -> Json:
        ran.append((name, options, check_mode))
        return {"certificates": []}

    monkeypatch.setattr(RotationAction, "run_module", run_module)
    access = task_of(tmp_path, {"url": URL}, transport="ssh").access

    assert not access.in_process
    assert access.list_certificates(["p"]) == {"p": {"certificates": []}}
    assert ran == [("apinizer.apiops.apinizer_certificate_info", {"url": URL, "project": "p"}, False)]
