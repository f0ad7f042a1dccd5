# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook rotate, by its name: with a survey's answers, and over several managers, each a host of an inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import SetStage
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    NOT_HERE,
    PRODUCTION,
    PROJECT,
    STAGING,
    Stage,
    statistics,
    truth,
)
from manager import Fault

PLAYBOOK = "apinizer.apiops.rotate"


def test_a_survey_answers_in_text(stage: Stage) -> None:
    """Every value is a string: YAML for the certificates, a line for each wave, and empty where nothing was said."""
    certificates = f"- project: {PROJECT}\n  name: {NAME}\n  path: {stage.wanted()['path']}\n  alias: ''\n"
    answers = {
        "certificates": certificates,
        "waves": f"{DEVELOPMENT}, {STAGING}\n{PRODUCTION}\n",
        "strategy": "auto",
        "renew_before_days": "30",
        "minimum_remaining_days": "",
        "require_same_names": "no",
        "force": "False",
        "soak_seconds": "1",
        "update_scope": "",
        "rollback": "yes",
        "validate_certs": "",
        "timeout": "15",
        "report_dir": "reports",
        "backup_dir": "backups",
        "url": stage.manager.url,
        "token": stage.manager.token,
    }
    given = json.dumps({f"certificate_rotation_{name}": answer for name, answer in answers.items()})

    run = stage.ansible("ansible-playbook", PLAYBOOK, "-e", given, env=NOT_HERE)

    assert run.status == 0, run.text
    result = json.loads((stage.machine.folder / "reports" / "rotation.json").read_text(encoding="utf-8"))
    assert result["outcome"] == "rotated"
    assert [wave["environments"] for wave in result["waves"]] == [[DEVELOPMENT, STAGING], [PRODUCTION]]
    assert calls(stage.manager.journal.writes()) == ["import", "import"]
    assert {truth(stage.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {stage.new.sha1}
    assert statistics(run)["certificate_rotation"]["localhost"] == result
    assert stage.manager.token not in run.text
    assert len(list(stage.backups.glob("*-localhost/*.pem"))) == len(ENVIRONMENTS)


def _three_managers(set_stage: SetStage) -> dict[str, Stage]:
    """Managers of three generations, in the order in which they are to be taken."""
    stages = {"manager-dev": set_stage("2026"), "manager-test": set_stage("openapi"), "manager-prod": set_stage("2025")}
    for stage in stages.values():
        stage.hold()
    return stages


def _rotate_all(stages: Mapping[str, Stage], *arguments: str) -> tuple[Run, dict[str, Any]]:
    """Run the playbook over all managers; return the results that it handed over, by host."""
    first = next(iter(stages.values()))
    hosts = {
        host: {"certificate_rotation_url": stage.manager.url, "certificate_rotation_token": stage.manager.token}
        for host, stage in stages.items()
    }
    common = {
        "certificate_rotation_certificates": [first.wanted()],
        "certificate_rotation_report_dir": "reports/{{ inventory_hostname }}",
    }
    inventory = first.machine.file("managers.yml", json.dumps({"managers": {"hosts": hosts, "vars": common}}))
    words = ["-i", inventory, "-e", "certificate_rotation_hosts=managers", *arguments]
    run = first.ansible("ansible-playbook", PLAYBOOK, *words, env=NOT_HERE)
    results = statistics(run)["certificate_rotation"]
    for host, result in results.items():
        report = first.machine.folder / "reports" / host / "rotation.json"
        assert json.loads(report.read_text(encoding="utf-8")) == result
        assert result["host"] == host
        assert result["manager"] == stages[host].manager.url
        assert stages[host].manager.token not in run.text
    return run, results


def _served(stage: Stage) -> set[str | None]:
    return {truth(stage.manager)[PROJECT, NAME, environment].gateway for environment in ENVIRONMENTS}


@pytest.mark.exhaustive
def test_one_manager_after_the_other(set_stage: SetStage) -> None:
    stages = _three_managers(set_stage)

    run, results = _rotate_all(stages)

    assert run.status == 0, run.text
    assert {host: result["outcome"] for host, result in results.items()} == dict.fromkeys(stages, "rotated")
    for stage in stages.values():
        assert calls(stage.manager.journal.writes()) == ["update"]
        assert _served(stage) == {stage.new.sha1}
    plays = [line for line in run.text.splitlines() if line.startswith("PLAY [Rotate certificates]")]
    assert len(plays) == len(stages)


@pytest.mark.exhaustive
def test_the_first_manager_that_fails_stops_the_rest(set_stage: SetStage) -> None:
    """What was done before it stays, it is rolled back itself, and those after it are not even read."""
    stages = _three_managers(set_stage)
    dev, test, prod = stages.values()
    test.manager.faults.add(Fault("deployment_failure", environments=(STAGING,)))

    run, results = _rotate_all(stages)

    assert run.status != 0
    outcomes = {host: result["outcome"] for host, result in results.items()}
    assert outcomes == {"manager-dev": "rotated", "manager-test": "rolled_back"}
    assert _served(dev) == {dev.new.sha1}
    assert _served(test) == {test.old.sha1}
    assert not len(prod.manager.journal)
