# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The run file decides: what was written is known, rolled back and reported, whatever Ansible does with the tasks of the role."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from integration.machine import COLLECTION
from integration.role.conftest import Issue
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    LISTING,
    NAME,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    RotationFixture,
    manager_state,
)
from manager import Fault, Manager

ROLE = f"{COLLECTION}.certificate_rotation"


def _holds_new(case: RotationFixture) -> dict[str, bool]:
    """Whether the gateway of each environment holds the new certificate."""
    state = manager_state(case.manager)
    return {name: state[PROJECT, NAME, name].gateway == case.new.sha1 for name in ENVIRONMENTS}


def _modify_wave_1(case: RotationFixture, issue: Issue) -> None:
    """Let someone else write to the first wave's environment before it is verified."""
    theirs = issue(200)
    case.manager.faults.add(
        Fault(
            "other_writer",
            method="GET",
            path=LISTING,
            skip=1,
            action=lambda manager: manager.set_entry(PROJECT, NAME, DEVELOPMENT, theirs),
        )
    )


@pytest.mark.exhaustive
@pytest.mark.parametrize("on_block", [False, True], ids=["on the play", "on a block"])
def test_ignore_errors_does_not_let_a_run_continue(case: RotationFixture, issue: Issue, on_block: bool) -> None:
    """The role stops, rolls back and reports; only the play goes on."""
    _modify_wave_1(case, issue)
    reports = case.machine.folder / "reports"
    variables = {
        "certificate_rotation_certificates": [case.desired()],
        "certificate_rotation_waves": THREE_WAVES,
        "certificate_rotation_report_dir": str(reports),
    }
    include = {"name": "Rotate", "ansible.builtin.include_role": {"name": ROLE}, "vars": variables}
    block = {"name": "Rotate and go on", "ignore_errors": True, "block": [include]}
    after = {"name": "Go on", "ansible.builtin.debug": {"msg": "the play went on"}}
    play: dict[str, Any] = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [block if on_block else include, after],
    }
    if not on_block:
        play["ignore_errors"] = True

    run = case.ansible("ansible-playbook", case.machine.file("play.yml", json.dumps([play])))

    result = json.loads((reports / "rotation.json").read_text(encoding="utf-8"))
    assert result["outcome"] == "rollback_failed"
    assert [wave["outcome"] for wave in result["waves"]] == ["failed", "not_started", "not_started"]
    assert "Modified" in result["message"] or "modified" in result["message"]
    assert "the play went on" in run.text
    assert _holds_new(case) == {DEVELOPMENT: False, STAGING: False, PRODUCTION: False}


@pytest.mark.exhaustive
def test_timeout_of_a_write_is_rolled_back(case: RotationFixture) -> None:
    """The write that was in flight is known, and restored; without the time limit, the same run succeeds."""
    before = case.snapshot()
    case.manager.faults.add(Fault("delay", path=IMPORT, skip=1, seconds=8, after=True))

    rotation = case.rotate(waves=THREE_WAVES, env={"ANSIBLE_TASK_TIMEOUT": "5", "APINIZER_TIMEOUT": "30"})

    assert rotation.outcome == "rolled_back"
    assert rotation.waves == ["rolled_back", "rolled_back", "not_started"]
    assert case.snapshot() == before


@pytest.mark.exhaustive
def test_timeout_of_the_plan_is_reported(case: RotationFixture) -> None:
    """The run file is not known then. Nothing was written, and the report says so."""
    case.manager.faults.add(Fault("delay", method="GET", seconds=8))

    rotation = case.rotate(env={"ANSIBLE_TASK_TIMEOUT": "3", "APINIZER_TIMEOUT": "30"})

    assert (rotation.outcome, rotation.writes) == ("refused", [])
    assert rotation.message.startswith("Nothing was written. ")
    assert "3" in rotation.message


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "arguments", [["--tags", "plan"], ["--tags", "discover"], ["--tags", "preflight"]], ids=" ".join
)
def test_tags_that_only_read(case: RotationFixture, arguments: Sequence[str]) -> None:
    rotation = case.rotate(waves=THREE_WAVES, arguments=arguments)

    assert rotation.outcome == "planned"
    assert "Nothing was written" in rotation.message
    assert not rotation.writes


@pytest.mark.exhaustive
def test_plan_that_is_refused_is_refused_with_tags_as_well(case: RotationFixture) -> None:
    rotation = case.rotate(waves=[[DEVELOPMENT]], arguments=["--tags", "plan"])

    assert rotation.outcome == "refused"
    assert "that are in no wave" in rotation.message


SELECTIONS = [
    ["--skip-tags", "plan"],
    ["--skip-tags", "discover"],
    ["--skip-tags", "preflight"],
    ["--skip-tags", "apply"],
    ["--skip-tags", "plan,preflight"],
    ["--tags", "backup"],
    ["--start-at-task", "Check the plan, the manager, and the guards"],
    ["--start-at-task", "Back up the current certificates"],
    ["--start-at-task", "Report the rotation"],
    ["--start-at-task", "Show the result"],
    ["--start-at-task", "Fail if the rotation failed"],
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("arguments", SELECTIONS, ids=" ".join)
def test_selection_that_leaves_out_a_phase_is_refused(case: RotationFixture, arguments: Sequence[str]) -> None:
    before = case.snapshot()
    playbook = case.write_playbook({"certificates": [case.desired()], "waves": THREE_WAVES})

    run = case.ansible("ansible-playbook", playbook, *arguments)

    assert run.status != 0, run.text
    assert "must run in order" in run.text
    assert "undefined" not in run.text
    assert "Traceback" not in run.text
    assert not any(request.writes for request in case.manager.journal)
    assert case.snapshot() == before


@pytest.mark.exhaustive
def test_tags_of_other_tasks_do_not_concern_the_role(case: RotationFixture) -> None:
    playbook = case.write_playbook({"certificates": [case.desired()]})

    run = case.ansible("ansible-playbook", playbook, "--tags", "web-server")

    assert run.status == 0, run.text
    assert not len(case.manager.journal)
    assert "Nothing to do" not in run.text


@pytest.mark.exhaustive
def test_skipping_the_backup_is_allowed_with_a_warning(case: RotationFixture) -> None:
    rotation = case.rotate(backup_dir=str(case.backups), arguments=["--skip-tags", "backup"])

    assert rotation.outcome == "rotated"
    assert rotation.result["backup"] is None
    assert not case.backups.exists()
    assert "no backup was made" in " ".join(rotation.text.split())


@pytest.mark.exhaustive
def test_second_run_in_a_play_does_not_reuse_the_first(case: RotationFixture) -> None:
    """A phase that is left out is not replaced by that of an earlier run."""
    playbook = case.write_playbook(
        {"certificates": [case.desired()]},
        times=[{}, {"certificates": [{"project": PROJECT, "name": NAME, "content": case.old.pem}], "force": True}],
    )
    roles = json.loads(Path(playbook).read_text(encoding="utf-8"))
    roles[0]["roles"][0]["tags"] = ["first"]

    run = case.ansible("ansible-playbook", case.machine.file("play.yml", json.dumps(roles)), "--tags", "first,backup")

    assert run.status != 0, run.text
    assert "must run in order" in run.text
    assert set(_holds_new(case).values()) == {True}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_rollback_leaves_an_environment_alone_that_someone_else_modified(case: RotationFixture, issue: Issue) -> None:
    """Between the first wave and the failure of the second one."""
    theirs = issue(200)

    def write(manager: Manager) -> None:
        manager.set_entry(PROJECT, NAME, DEVELOPMENT, theirs)

    case.manager.faults.add(
        Fault("other_writer", path=IMPORT, skip=1, action=write), Fault("status", path=IMPORT, skip=1, status=400)
    )

    rotation = case.rotate_in_process(waves=THREE_WAVES)

    assert rotation.outcome == "rollback_failed"
    assert f"{PROJECT}/{NAME} in {DEVELOPMENT}: modified by someone else" in rotation.message
    assert case.manager.holds(PROJECT, NAME)[DEVELOPMENT] == [theirs.der]
    assert case.manager.holds(PROJECT, NAME)[STAGING] == [case.old.der]


@pytest.mark.single_mode
def test_run_file_is_private_and_stays_with_the_backup(case: RotationFixture) -> None:
    rotation = case.rotate(waves=THREE_WAVES, backup_dir=str(case.backups))

    (file,) = case.backups.rglob("run.jsonl")
    text = file.read_text(encoding="ascii")
    assert str(file.parent) == rotation.result["backup"]
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(re.findall(r'^\{"write"', text, re.MULTILINE)) == 2 * len(THREE_WAVES)
    assert case.manager.token not in text


def _tasks_that_end(case: RotationFixture, meta: str) -> str:
    tasks = [{"name": "Stop", "block": [{"name": "End", "ansible.builtin.meta": meta}]}]
    return case.machine.file("stop.yml", json.dumps(tasks))


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize("hook", ["before_wave_tasks", "verify_tasks", "after_run_tasks"])
@pytest.mark.parametrize("meta", ["end_host", "end_play", "end_role"])
def test_tasks_that_would_end_the_run_are_refused(case: RotationFixture, hook: str, meta: str) -> None:
    """Ansible would carry out no other task of the role: no rollback and no report, and the play would succeed."""
    file = _tasks_that_end(case, meta)

    rotation = case.rotate_in_process(waves=THREE_WAVES, **{hook: file})

    assert rotation.outcome == "refused"
    assert not rotation.writes
    assert f"certificate_rotation_{hook}: {file} has the task meta: {meta}" in rotation.message


@pytest.mark.exhaustive
@pytest.mark.parametrize(("hook", "meta"), [("verify_tasks", "end_host"), ("after_run_tasks", "end_play")])
def test_play_with_tasks_that_would_end_the_run_fails(case: RotationFixture, hook: str, meta: str) -> None:
    file = _tasks_that_end(case, meta)
    reports = case.machine.folder / "reports"
    variables = {"waves": THREE_WAVES, "report_dir": str(reports), hook: file}

    run = case.ansible("ansible-playbook", case.write_playbook({"certificates": [case.desired()], **variables}))

    assert run.status != 0, run.text
    assert not any(request.writes for request in case.manager.journal)
    assert f"certificate_rotation_{hook}: {file} has the task meta: {meta}" in " ".join(run.text.split())
    assert json.loads((reports / "rotation.json").read_text(encoding="utf-8"))["outcome"] == "refused"


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["soak.yml", "report.yml"])
def test_tasks_named_like_a_file_of_the_role_are_refused(case: RotationFixture, name: str) -> None:
    """Ansible finds the role's file first, which would include itself without end."""
    case.machine.file(name, "- name: Look\n  ansible.builtin.debug:\n    msg: looked\n")

    rotation = case.rotate_in_process(waves=THREE_WAVES, verify_tasks=name)

    assert rotation.outcome == "refused"
    assert f"certificate_rotation_verify_tasks: {name} is a file of the role itself" in rotation.message


@pytest.mark.exhaustive
@pytest.mark.parametrize("value", [None, " "], ids=["null", "blank"])
def test_variables_without_a_value_count_as_not_given(case: RotationFixture, value: str | None) -> None:
    files = ("before_wave_tasks", "verify_tasks", "after_run_tasks", "obtain_tasks", "backup_dir")

    variables = {"waves": THREE_WAVES, "soak_seconds": 1, **dict.fromkeys(files, value)}
    playbook = case.write_playbook({"certificates": [case.desired()], **variables})
    run = case.ansible("ansible-playbook", playbook)

    # Older versions of ansible-core refuse null before the first task of the role.
    refused = value is None and "unable to convert to str" in run.text
    assert refused or run.status == 0, run.text
    assert set(_holds_new(case).values()) == {not refused}
    assert not list(case.machine.folder.rglob("manifest.json"))


@pytest.mark.exhaustive
def test_lost_run_file_is_not_reported_as_nothing_written(case: RotationFixture) -> None:
    """Someone removes the backup folder, and with it the run file, before a wave fails."""
    tasks = f"""
- name: Clean up
  ansible.builtin.file:
    path: "{case.backups}"
    state: absent
- name: Fail
  ansible.builtin.fail:
"""
    variables = {"backup_dir": str(case.backups), "verify_tasks": case.machine.file("verify.yml", tasks)}
    playbook = case.write_playbook({"certificates": [case.desired()], "waves": THREE_WAVES, **variables})

    run = case.ansible("ansible-playbook", playbook)

    assert run.status != 0, run.text
    assert _holds_new(case)[DEVELOPMENT]
    assert "what the run has written is not known, and it is not rolled back" in " ".join(run.text.split())
    assert "Nothing was written" not in run.text
    assert "Traceback" not in run.text


@pytest.mark.exhaustive
def test_rollback_cannot_be_skipped(case: RotationFixture) -> None:
    """The rollback and the report have the tag always."""
    playbook = case.write_playbook({"certificates": [case.desired()], "waves": THREE_WAVES})

    run = case.ansible("ansible-playbook", playbook, "--skip-tags", "always")

    assert run.status != 0, run.text
    assert "--skip-tags always leaves out the rollback" in " ".join(run.text.split())
    assert not any(request.writes for request in case.manager.journal)


@pytest.mark.exhaustive
def test_check_mode_of_the_play_counts_as_check_mode(case: RotationFixture) -> None:
    """The tasks of the user are not run, as with --check."""
    tasks = case.machine.file("fail.yml", "- name: Fail\n  ansible.builtin.fail:\n")
    reports = case.machine.folder / "reports"
    variables = {"waves": THREE_WAVES, "report_dir": str(reports), "before_wave_tasks": tasks, "verify_tasks": tasks}
    playbook = case.write_playbook({"certificates": [case.desired()], **variables}, check_mode=True)

    run = case.ansible("ansible-playbook", playbook)

    assert run.status == 0, run.text
    assert json.loads((reports / "rotation.json").read_text(encoding="utf-8"))["outcome"] == "planned"
    assert not any(request.writes for request in case.manager.journal)


@pytest.mark.exhaustive
def test_role_that_writes_in_a_check_verifies_what_it_wrote(case: RotationFixture) -> None:
    playbook = case.write_playbook({"certificates": [case.desired()], "waves": THREE_WAVES}, check_mode=False)

    run = case.ansible("ansible-playbook", playbook, "--check")

    assert run.status == 0, run.text
    assert set(_holds_new(case).values()) == {True}


@pytest.mark.exhaustive
@pytest.mark.parametrize("home", ["~", "$HOME"])
def test_paths_in_the_home_folder_do_not_start_at_base_dir(case: RotationFixture, home: str) -> None:
    case.machine.file("home/new.pem", case.new.pem)
    certificate = {"project": PROJECT, "name": NAME, "path": f"{home}/new.pem"}
    folders = {"backup_dir": f"{home}/backups", "report_dir": f"{home}/reports"}
    base = str(case.machine.folder)

    run = case.ansible(
        "ansible-playbook", case.write_playbook({"certificates": [certificate], "base_dir": base, **folders})
    )

    assert run.status == 0, run.text
    assert set(_holds_new(case).values()) == {True}
    assert list(case.machine.home.glob("backups/*/manifest.json"))
    assert (case.machine.home / "reports" / "rotation.json").is_file()
    assert not (case.machine.folder / home).exists()
