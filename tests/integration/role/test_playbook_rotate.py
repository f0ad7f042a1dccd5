# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `rotate`: with survey answers, and with several managers, each a host of an inventory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    NOT_HERE,
    PRODUCTION,
    PROJECT,
    STAGING,
    RotationFixture,
    assert_summarizes,
    manager_state,
    statistics,
)
from manager import Fault

PLAYBOOK = "apinizer.apiops.rotate"


def test_survey_answers_are_accepted_as_text(case: RotationFixture) -> None:
    """Every value is a string: YAML for the certificates, one line per wave, and empty if not answered."""
    certificates = f"- project: {PROJECT}\n  name: {NAME}\n  path: {case.desired()['path']}\n  alias: ''\n"
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
        "url": case.manager.url,
        "token": case.manager.token,
    }
    given = json.dumps({f"certificate_rotation_{name}": answer for name, answer in answers.items()})

    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", given, env=NOT_HERE)

    assert run.status == 0, run.text
    result = json.loads((case.machine.folder / "reports" / "rotation.json").read_text(encoding="utf-8"))
    assert result["outcome"] == "rotated"
    assert [wave["environments"] for wave in result["waves"]] == [[DEVELOPMENT, STAGING], [PRODUCTION]]
    assert calls(case.manager.journal.writes()) == ["import", "import"]
    assert {manager_state(case.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}
    assert_summarizes(
        statistics(run)["certificate_rotation"]["localhost"], case.machine.folder / "reports" / "rotation.json"
    )
    assert case.manager.token not in run.text
    assert len(list(case.backups.glob("*-localhost/*.pem"))) == len(ENVIRONMENTS)


def _three_managers(make_case: MakeCase) -> dict[str, RotationFixture]:
    """Start managers of three generations, in the order of the rotation."""
    cases = {
        "manager-dev": make_case("2026.09"),
        "manager-test": make_case("openapi"),
        "manager-prod": make_case("2025"),
    }
    for case in cases.values():
        case.add_certificate()
    return cases


def _rotate_all(cases: Mapping[str, RotationFixture], *arguments: str) -> tuple[Run, dict[str, Any]]:
    """Run the playbook on all managers; return its published results by host."""
    first = next(iter(cases.values()))
    hosts = {
        host: {"certificate_rotation_url": case.manager.url, "certificate_rotation_token": case.manager.token}
        for host, case in cases.items()
    }
    common = {
        "certificate_rotation_certificates": [first.desired()],
        "certificate_rotation_report_dir": "reports/{{ inventory_hostname }}",
    }
    inventory = first.machine.file("managers.yml", json.dumps({"managers": {"hosts": hosts, "vars": common}}))
    words = ["-i", inventory, "-e", "certificate_rotation_hosts=managers", *arguments]
    run = first.ansible("ansible-playbook", PLAYBOOK, *words, env=NOT_HERE)
    results = statistics(run)["certificate_rotation"]
    for host, result in results.items():
        report = first.machine.folder / "reports" / host / "rotation.json"
        assert_summarizes(result, report)
        assert json.loads(report.read_text(encoding="utf-8"))["host"] == host
        assert result["manager"] == cases[host].manager.url
        assert cases[host].manager.token not in run.text
    return run, results


def _on_gateways(case: RotationFixture) -> set[str | None]:
    return {manager_state(case.manager)[PROJECT, NAME, environment].gateway for environment in ENVIRONMENTS}


@pytest.mark.exhaustive
def test_managers_are_rotated_one_after_the_other(make_case: MakeCase) -> None:
    cases = _three_managers(make_case)

    run, results = _rotate_all(cases)

    assert run.status == 0, run.text
    assert {host: result["outcome"] for host, result in results.items()} == dict.fromkeys(cases, "rotated")
    for case in cases.values():
        assert calls(case.manager.journal.writes()) == ["update"]
        assert _on_gateways(case) == {case.new.sha1}
    plays = [line for line in run.text.splitlines() if line.startswith("PLAY [Rotate certificates]")]
    assert len(plays) == len(cases)


@pytest.mark.exhaustive
def test_failure_on_one_manager_stops_the_remaining_managers(make_case: MakeCase) -> None:
    """Previous managers keep the new certificate, this one is rolled back, and the others receive no request."""
    cases = _three_managers(make_case)
    dev, test, prod = cases.values()
    test.manager.faults.add(Fault("deployment_failure", environments=(STAGING,)))

    run, results = _rotate_all(cases)

    assert run.status != 0
    outcomes = {host: result["outcome"] for host, result in results.items()}
    assert outcomes == {"manager-dev": "rotated", "manager-test": "rolled_back"}
    assert _on_gateways(dev) == {dev.new.sha1}
    assert _on_gateways(test) == {test.old.sha1}
    assert not len(prod.manager.journal)
