# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables: misspelled names, files and folders, values to leave out, and the connection in all its forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.machine import COLLECTION
from integration.role.conftest import Issue
from integration.role.rotation_fixture import (
    ENVIRONMENTS,
    NAME,
    NOT_HERE,
    OTHER,
    PROJECT,
    THREE_WAVES,
    RotationFixture,
    manager_state,
)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("misspelled", "meant"),
    [
        ("wave", "waves"),
        ("enviroments", "environments"),
        ("renew_befor", "renew_before"),
        ("rollbak", "rollback"),
    ],
)
def test_misspelled_variable_is_refused(case: RotationFixture, misspelled: str, meant: str) -> None:
    """certificate_rotation_wave must not mean "all environments in one wave"."""
    rotate = case.rotate if misspelled == "wave" else case.rotate_in_process

    rotation = rotate(**{misspelled: THREE_WAVES})

    assert rotation.outcome == "refused"
    text = " ".join(rotation.text.split())
    assert f"certificate_rotation_{misspelled}: the role has no such variable" in text
    assert f"Did you mean certificate_rotation_{meant}?" in text
    assert "?." not in text
    assert not len(case.manager.journal)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_unknown_variable_causes_a_warning(case: RotationFixture) -> None:
    rotation = case.rotate_in_process(check=True, contact_address="ops@example.com")

    assert rotation.outcome == "planned"
    assert "certificate_rotation_contact_address is not a variable of the role" in " ".join(rotation.text.split())


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize("variable", ["obtain_tasks", "before_wave_tasks", "verify_tasks", "after_run_tasks"])
@pytest.mark.parametrize("check", [True, False], ids=["check mode", "real"])
def test_missing_task_file_is_found_before_the_first_write(case: RotationFixture, variable: str, check: bool) -> None:
    rotation = case.rotate_in_process(check=check, renew_before_days=30, **{variable: "no/such/tasks.yml"})

    assert rotation.outcome == "refused"
    assert f"certificate_rotation_{variable}: the file no/such/tasks.yml does not exist" in rotation.message
    assert not rotation.writes


@pytest.mark.exhaustive
@pytest.mark.parametrize("arguments", [["--check"], []], ids=["check mode", "real"])
def test_play_without_its_task_file_fails(case: RotationFixture, arguments: list[str]) -> None:
    variable = "after_run_tasks" if arguments else "verify_tasks"
    playbook = case.write_playbook({"certificates": [case.desired()], variable: "no/such/tasks.yml"})

    run = case.ansible("ansible-playbook", playbook, *arguments)

    assert run.status != 0
    assert f"certificate_rotation_{variable}: the file no/such/tasks.yml does not exist" in " ".join(run.text.split())
    assert not any(request.writes for request in case.manager.journal)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_task_file_that_is_not_a_list_of_tasks_is_refused(case: RotationFixture) -> None:
    rotation = case.rotate_in_process(verify_tasks=case.machine.file("verify.yml", "name: no list\n"))

    assert rotation.outcome == "refused"
    assert "certificate_rotation_verify_tasks: " in rotation.message


@pytest.mark.exhaustive
def test_relative_task_file_is_found_beside_the_playbook(case: RotationFixture) -> None:
    case.machine.file("verify-here.yml", "- name: Verify\n  ansible.builtin.debug:\n    msg: verified by my tasks\n")

    rotation = case.rotate(verify_tasks="verify-here.yml")

    assert rotation.outcome == "rotated"
    assert "verified by my tasks" in rotation.text


@pytest.mark.exhaustive
@pytest.mark.parametrize("variable", ["backup_dir", "report_dir"])
@pytest.mark.parametrize("check", [True, False], ids=["check mode", "real"])
def test_folder_that_cannot_be_made_is_found_before_the_first_write(
    case: RotationFixture, variable: str, check: bool
) -> None:
    occupied = Path(case.machine.file("occupied", "a file, where the folder should be"))
    playbook = case.write_playbook({"certificates": [case.desired()], variable: str(occupied / "folder")})

    run = case.ansible("ansible-playbook", playbook, *(["--check"] if check else []))

    assert run.status != 0
    assert f"certificate_rotation_{variable}: the folder {occupied}/folder cannot be created" in " ".join(
        run.text.split()
    )
    assert not any(request.writes for request in case.manager.journal)


@pytest.mark.exhaustive
def test_keys_of_a_certificate_can_be_omitted(case: RotationFixture) -> None:
    """In every version of ansible-core."""
    omitted = "{{ not_given | default(omit) }}"
    desired = {**case.desired(), "alias": omitted, "environments": omitted, "renew_before_days": omitted}

    rotation = case.rotate(desired)

    assert rotation.outcome == "rotated"
    assert {entry["to"]["alias"] for entry in rotation.environments().values()} == {NAME}


@pytest.mark.exhaustive
def test_guards_that_leave_out_everything_end_as_skipped(case: RotationFixture, issue: Issue) -> None:
    """Not as "nothing to do": a certificate is due, and stays as it is. The play succeeds with a warning."""
    case.add_certificate(OTHER, dict.fromkeys(ENVIRONMENTS, case.new))

    rotation = case.rotate(
        case.desired(new=issue(10)), case.desired(OTHER), on_guard_failure="skip", backup_dir=str(case.backups)
    )

    assert rotation.outcome == "skipped"
    assert rotation.run.status == 0
    assert "[WARNING]" in rotation.text
    assert not rotation.writes
    assert not case.backups.exists()
    assert rotation.certificate()["outcome"] == "skipped"
    assert rotation.certificate(OTHER)["outcome"] == "in_sync"


@pytest.mark.exhaustive
@pytest.mark.parametrize("by", ["group", "names"])
def test_module_defaults_of_the_play_reach_the_role(case: RotationFixture, by: str) -> None:
    """Rendered where they are used; the role has no connection of its own here."""
    connection = {"url": "{{ the_manager }}", "token": "{{ the_token }}", "retries": 0}
    names = ("apinizer_certificate", "apinizer_certificate_info", "apinizer_environment_info")
    keys = ["group/apinizer.apiops.apinizer"] if by == "group" else [f"{COLLECTION}.{name}" for name in names]
    playbook = case.write_playbook(
        {"certificates": [case.desired()], "waves": "auto"}, module_defaults=dict.fromkeys(keys, connection)
    )
    variables = json.dumps({"the_manager": case.manager.url, "the_token": case.manager.token})

    run = case.ansible("ansible-playbook", playbook, "-e", variables, env=NOT_HERE)

    assert run.status == 0, run.text
    assert {manager_state(case.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}
    assert case.manager.token not in run.text


@pytest.mark.exhaustive
def test_variables_of_the_role_override_module_defaults_as_a_whole(case: RotationFixture) -> None:
    """A token of the role is not mixed with a user of the play."""
    defaults = {
        "group/apinizer.apiops.apinizer": {"username": "nobody", "password": "nothing", "url": case.manager.url}
    }
    playbook = case.write_playbook(
        {"certificates": [case.desired()], "token": case.manager.token}, module_defaults=defaults
    )

    run = case.ansible("ansible-playbook", playbook, env=NOT_HERE)

    assert run.status == 0, run.text


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "url"),
        ({"url": "not an address", "token": "some-token"}, "url"),
        ({"url": "https://127.0.0.1:1", "token": "some-token", "retries": -1}, "retries"),
        ({"url": "https://127.0.0.1:1", "token": "some-token", "client_key": "key.pem"}, "client_cert"),
    ],
    ids=["nothing", "address", "retries", "client certificate"],
)
def test_connection_error_names_the_variable(case: RotationFixture, variables: dict[str, Any], name: str) -> None:
    rotation = case.rotate(env=NOT_HERE, **variables)

    assert rotation.outcome == "refused"
    assert f"certificate_rotation_{name}: " in rotation.message
