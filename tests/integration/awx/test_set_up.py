# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""set_up.yml: the real modules of awx.awx accept every task, and the tasks pass the variables on unchanged."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.awx.conftest import SetUp
from integration.awx.fake_controller import EXTENSION
from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

NAME_KEYS = {"name", "description", "organization"}
NOTIFICATION_KEYS = {f"notification_templates_{when}" for when in ("started", "success", "error")}
SURVEY_KEYS = {"survey_enabled", "survey_spec", "allow_simultaneous"}
# The keys that infra.aap_configuration documents for the items of its variables, as far as they are used here.
ITEM_KEYS = {
    "controller_credential_types": {"name", "description", "kind", "inputs", "injectors"},
    "controller_credentials": NAME_KEYS | {"credential_type", "inputs", "update_secrets"},
    "controller_execution_environments": NAME_KEYS | {"image", "pull"},
    "controller_instance_groups": {"name", "is_container_group", "pod_spec_override"},
    "controller_projects": NAME_KEYS | {"scm_type", "scm_url", "scm_branch", "scm_update_on_launch", "wait"},
    "controller_inventories": NAME_KEYS | {"variables"},
    "controller_hosts": NAME_KEYS - {"organization"} | {"inventory", "variables"},
    "controller_notifications": NAME_KEYS | {"notification_type", "notification_configuration"},
    "controller_templates": NAME_KEYS
    | NOTIFICATION_KEYS
    | SURVEY_KEYS
    | {
        "inventory",
        "project",
        "playbook",
        "execution_environment",
        "credentials",
        "job_type",
        "diff_mode",
        "extra_vars",
    }
    | {"job_slice_count", "forks", "instance_groups"}
    | {f"ask_{what}_on_launch" for what in ("job_type", "job_slice_count", "variables")},
    "controller_workflows": NAME_KEYS
    | NOTIFICATION_KEYS
    | SURVEY_KEYS
    | {"ask_variables_on_launch", "notification_templates_approvals", "workflow_nodes"},
    "controller_schedules": NAME_KEYS | {"unified_job_template", "rrule", "extra_data", "enabled"},
}
OPTIONAL: dict[str, Any] = {
    "apinizer_awx_notification_url": "https://chat.example.com/hook",
    "apinizer_awx_backup_volume_claim": "apinizer-backups",
    "apinizer_awx_instance_groups": ["mesh"],
}
"""Settings that add objects."""


def _tasks() -> list[dict[str, Any]]:
    """Return the tasks of set_up.yml."""
    (play,) = yaml.safe_load((EXTENSION / "set_up.yml").read_text(encoding="utf-8"))
    tasks: list[dict[str, Any]] = play["tasks"]
    return tasks


def _module(task: dict[str, Any]) -> str:
    """Return the name of the module of awx.awx that a task calls."""
    (module,) = (key for key in task if key.startswith("awx.awx."))
    return module


def test_awx_accepts_all_tasks(set_up: SetUp) -> None:
    done, definitions = set_up(**OPTIONAL)

    assert done.returncode == 0, done.stdout + done.stderr
    assert Counter(call["module"] for call in definitions.calls) == {
        "credential_type": 1,
        "credential": 1,
        "execution_environment": 1,
        "instance_group": 1,
        "project": 1,
        "inventory": 1,
        "host": 1,
        "notification_template": 1,
        "job_template": 9,
        "workflow_job_template": 1,
        "schedule": 1,
    }
    assert {task["loop"] for task in _tasks()} == {f"{{{{ {variable} }}}}" for variable in ITEM_KEYS}
    assert "token-for-set-up" in str(definitions.one("credential"))
    assert "token-for-set-up" not in done.stdout + done.stderr
    notified = definitions.one("workflow_job_template")["notification_templates_approvals"]
    assert notified == list(definitions.all("notification_template"))
    pod = yaml.safe_load(definitions.one("instance_group")["pod_spec_override"])
    assert pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"] == "/var/lib/apinizer/backups"
    assert pod["spec"]["volumes"][0]["persistentVolumeClaim"] == {"claimName": "apinizer-backups"}
    assert {tuple(one["instance_groups"]) for one in definitions.all("job_template").values()} == {("Apinizer", "mesh")}


def test_invalid_arguments_are_found(set_up: SetUp) -> None:
    """Both those that the argument spec rejects, and those that only the documentation of list elements rejects."""
    workflow = {"name": "x", "workflow_nodes": [{"identifier": "a", "success": []}]}
    tasks = [
        {"awx.awx.schedule": {"name": "x", "enabled": "perhaps"}, "ignore_errors": True},
        {"awx.awx.job_template": {"name": "x", "job_type": "try"}, "ignore_errors": True},
        {"awx.awx.workflow_job_template": workflow, "ignore_errors": True},
    ]
    playbook = set_up.folder / "wrong.yml"
    playbook.write_text(
        yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]), encoding="utf-8"
    )

    done, definitions = set_up(playbook=playbook)

    assert f"ignored={len(tasks)} " in done.stdout
    assert not definitions.calls
    for error in ("enabled", "job_type must be one of", "workflow_nodes.success"):
        assert error in done.stdout


def test_the_real_modules_are_found(awx_collection: Path, set_up: SetUp) -> None:
    done, definitions = set_up("--syntax-check", collection=awx_collection)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not definitions.calls


def test_the_real_modules_run(awx_collection: Path, tmp_path: Path) -> None:
    """Without a controller at that address, the first task fails to connect."""
    env = {
        "PATH": os.defpath,
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(awx_collection),
        "CONTROLLER_HOST": "http://127.0.0.1:9",
        "CONTROLLER_OAUTH_TOKEN": "none",
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    done = subprocess.run(
        [str(program), str(EXTENSION / "set_up.yml")], env=env, capture_output=True, encoding="utf-8", check=False
    )

    assert done.returncode != 0
    assert "127.0.0.1:9" in done.stdout
    assert "Connection refused" in done.stdout


@pytest.mark.parametrize("task", _tasks(), ids=_module)
def test_a_task_passes_only_the_keys_of_its_variable(set_up: SetUp, task: dict[str, Any]) -> None:
    """The playbook sends what the roles of infra.aap_configuration read from the same variables."""
    variable = task["loop"].strip("{ }")
    arguments = task[_module(task)]

    assert arguments == {key: f"{{{{ apinizer_awx_item.{key} }}}}" for key in arguments}
    assert set(arguments) <= ITEM_KEYS[variable]
    assert task["loop_control"]["loop_var"] == "apinizer_awx_item"


def test_every_key_of_the_variables_is_used(set_up: SetUp) -> None:
    """A key that no task reads would take effect with infra.aap_configuration only."""
    managers = [{"name": "manager-a", "variables": {"certificate_rotation_url": "https://a.example.com"}}]
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(file) for file in sorted((EXTENSION / "vars").glob("*.yml"))],
            "vars": {**OPTIONAL, **more},
            "tasks": [
                {
                    "name": variable,
                    "ansible.builtin.assert": {
                        "that": f"{variable} | map('list') | flatten | difference(allowed) == []"
                    },
                    "vars": {"allowed": sorted(task[_module(task)])},
                }
                for task in _tasks()
                for variable in [task["loop"].strip("{ }")]
            ],
        }
        for more in ({}, {"apinizer_awx_managers": managers})
    ]
    playbook = set_up.folder / "check_keys.yml"
    playbook.write_text(yaml.safe_dump(play), encoding="utf-8")

    done, _unused = set_up(playbook=playbook)

    assert done.returncode == 0, done.stdout
    assert f"ok={2 * len(ITEM_KEYS)} " in done.stdout


def test_example_of_a_fleet_is_accepted(set_up: SetUp) -> None:
    (set_up.folder / "tokens.yml").write_text("manager-eu: token-of-eu\n", encoding="utf-8")

    done, definitions = set_up("-e", f"@{ROOT}/examples/awx_fleet/settings.yml")

    assert done.returncode == 0, done.stdout + done.stderr
    assert Counter(call["module"] for call in definitions.calls)["host"] == 3
    assert "token-of-eu" in str(definitions.calls)
    assert "token-of-eu" not in done.stdout + done.stderr
