# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `merge_reports`: the reports that the role wrote for several managers become one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.machine import Machine, Run
from integration.phase_runner import PhaseRunner
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import NAME, PROJECT
from manager import Fault
from unit.plugins.plugin_utils._report.test_merged import SUMMARY

pytestmark = pytest.mark.single_mode

PLAYBOOK = "apinizer.apiops.merge_reports"


def _merge(machine: Machine, *arguments: str, **variables: Any) -> Run:
    given = {f"merge_reports_{name}": value for name, value in variables.items()}
    return machine.command("ansible-playbook", PLAYBOOK, "-e", json.dumps(given), *arguments)


def _contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def test_reports_of_several_managers_become_one(make_case: MakeCase, machine: Machine) -> None:
    """Check mode first, then a real run, then again. One manager has failed, one is missing, one sent a summary."""
    for host, fault in (("manager-a", None), ("manager-b", Fault("status", method="PUT", status=500))):
        case = make_case("2026.09")
        case.add_certificate()
        if fault:
            case.manager.faults.add(fault)
        certificate = {"project": PROJECT, "name": NAME, "content": case.new.pem}
        folder = str(machine.folder / "reports" / host)
        PhaseRunner(case.manager, machine.folder, {"certificates": [certificate], "report_dir": folder}).run_role()
        report = machine.folder / "reports" / host / "rotation.json"
        report.write_text(
            json.dumps({**json.loads(report.read_text(encoding="utf-8")), "host": host}), encoding="utf-8"
        )
    given = {"dir": "reports", "output_dir": "merged", "expected": ["manager-a", "manager-b", "manager-c"]}
    artifact = ("-e", json.dumps({"certificate_rotation": {"manager-d": SUMMARY}}))
    merged = machine.folder / "merged"

    check = _merge(machine, "--check", "--diff", *artifact, **given)
    assert not merged.exists()
    real = _merge(machine, *artifact, **given)
    written = _contents(merged)
    again = _merge(machine, *artifact, fail=False, **given)

    assert sorted(written) == ["apinizer_rotations.prom", "rotations.html", "rotations.json", "rotations.md"]
    assert _contents(merged) == written
    result = json.loads(written["rotations.json"])
    assert {one["host"]: one["outcome"] for one in result["managers"]} == {
        "manager-a": "rotated",
        "manager-b": "rolled_back",
        "manager-d": "rolled_back",
    }
    assert (result["missing"], result["unexpected"]) == (["manager-c"], ["manager-d"])
    assert b'<a href="../reports/manager-a/rotation.html">' in written["rotations.html"]
    assert "+++ after: " in check.text
    for run in (check, real):
        assert run.status != 0
        assert "Failed: manager-b, manager-d. Without a report: manager-c" in " ".join(run.text.split())
        assert "changed=1" in run.text
    assert again.status == 0, again.text
    assert "changed=0" in again.text


@pytest.mark.exhaustive
def test_a_misspelled_variable_is_refused(machine: Machine) -> None:
    run = _merge(machine, dir="reports", outputs_dir="merged")

    assert run.status != 0
    message = "merge_reports_outputs_dir: the playbook has no such variable. Did you mean merge_reports_output_dir?"
    assert message in " ".join(run.text.split())
