# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow of a fleet, with three managers in two slices, with the input that AWX would pass to its jobs."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.awx.conftest import MANAGERS
from integration.awx.fake_controller import Definitions, FakeController, Job
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    ENVIRONMENTS,
    NAME,
    NOT_HERE,
    PRODUCTION,
    PROJECT,
    RotationFixture,
    manager_state,
)
from manager import Fault

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

ANSWERS = {"apinizer_managers": "all", "apinizer_canary_managers": "manager-b"}


@dataclass(frozen=True)
class PlaybookJob(Job):
    """A job that ansible-playbook ran without ansible-runner."""

    output: str = ""

    @property
    def text(self) -> str:
        """The output of the job."""
        return self.output

    @property
    def artifacts(self) -> dict[str, Any]:
        """The statistics (set_stats)."""
        shown = re.findall(r"^\s+RUN: (\{.*\})$", self.output, re.MULTILINE)
        return dict(json.loads(shown[0])) if shown else {}


class PlaybookController(FakeController):
    """Runs jobs with ansible-playbook in the fork server, which takes a third of the time of ansible-runner."""

    def __init__(self, definitions: Definitions, case: RotationFixture, credential: Mapping[str, Any]) -> None:
        """Set up. The case lends its machine."""
        super().__init__(definitions, case.machine, credential)
        self._case = case

    def _run(
        self,
        folder: Path,
        template: Mapping[str, Any],
        injected: Mapping[str, str],
        cancel_when: Callable[[], object] | None,
    ) -> Job:
        assert cancel_when is None
        options = (folder / "env" / "cmdline").read_text(encoding="utf-8").split()
        inventory, variables = folder / "inventory" / "hosts", folder / "env" / "extravars"
        words = [*options, "-i", str(inventory), "-e", f"@{variables}", str(folder / "project" / template["playbook"])]
        done = self._case.ansible("ansible-playbook", *words, env={**NOT_HERE, **injected})
        return PlaybookJob(folder, "failed" if done.status else "successful", template["name"], output=done.text)


class Fleet:
    """The managers of the fleet by host, and a controller with their addresses and tokens."""

    def __init__(self, definitions: Definitions, make_case: MakeCase, backup_dir: Path) -> None:
        """Start the managers. Each has a token of its own."""
        for earlier in backup_dir.iterdir():
            shutil.rmtree(earlier)
        self.cases = {name: make_case() for name in MANAGERS}
        for case in self.cases.values():
            case.add_certificate()
        first = self.cases[MANAGERS[0]]
        urls = {name: {"certificate_rotation_url": case.manager.url} for name, case in self.cases.items()}
        calls = [
            {**call, "arguments": {**call["arguments"], "variables": urls[call["arguments"]["name"]]}}
            if call["module"] == "host"
            else call
            for call in definitions.calls
        ]
        tokens = {name: case.manager.token for name, case in self.cases.items()}
        self.backup_dir = backup_dir
        self.controller = PlaybookController(Definitions(calls), first, {"tokens": yaml.safe_dump(tokens)})
        certificates = [{"project": PROJECT, "name": NAME, "content": first.new.pem}]
        self.answers = {**ANSWERS, "certificate_rotation_certificates": json.dumps(certificates)}

    def rotated(self) -> list[str]:
        """Return the managers whose gateways all hold the new certificate."""
        return [name for name, case in self.cases.items() if _on_gateways(case) == {case.new.sha1}]

    @property
    def run_dir(self) -> Path:
        """The folder of the only run."""
        (folder,) = (self.backup_dir / "runs").iterdir()
        return folder

    def outcomes(self, stage: str) -> dict[str, str]:
        """Return the outcome of each manager that has a report of a stage."""
        reports = self.run_dir.glob(f"{stage}/*/rotation.json")
        return {file.parent.name: json.loads(file.read_text(encoding="utf-8"))["outcome"] for file in sorted(reports)}


@pytest.fixture
def fleet(fleet_definitions: Definitions, make_case: MakeCase, backup_dir: Path) -> Fleet:
    """The fleet, with the old certificate on all managers."""
    return Fleet(fleet_definitions, make_case, backup_dir)


def _on_gateways(case: RotationFixture) -> set[str | None]:
    return {manager_state(case.manager)[PROJECT, NAME, environment].gateway for environment in ENVIRONMENTS}


def _jobs(job: Job) -> tuple[Job, ...]:
    return job.slices or (job,)


def test_failure_on_one_manager_is_reported_and_rolled_back_everywhere_after_an_approval(fleet: Fleet) -> None:
    """The canary is rotated before the others, and each slice writes to its own managers only.

    A deployment fails on manager-c. The role rolls it back, manager-a in the other slice keeps the new certificate until the
    rollback of all managers is approved, and the report names each manager.
    """
    fleet.cases["manager-c"].manager.faults.add(Fault("deployment_failure", environments=(PRODUCTION,), times=4))
    rotated: list[list[str]] = []

    run = fleet.controller.run_workflow(
        fleet.answers,
        approval=lambda: rotated.append(fleet.rotated()),
        rest=lambda: rotated.append(fleet.rotated()),
        roll_back_approval=lambda: rotated.append(fleet.rotated()),
    )

    assert not run.successful
    assert {node: (job.status, len(_jobs(job))) for node, job in run.jobs.items()} == {
        "start": ("successful", 1),
        "plan": ("successful", 2),
        "canary": ("successful", 1),
        "rest": ("failed", 2),
        "roll-back-rest": ("successful", 2),
        "roll-back-canary": ("successful", 1),
        "report": ("failed", 1),
    }, [job.text for job in run.jobs.values()]
    assert rotated == [[], ["manager-b"], ["manager-a", "manager-b"]]
    assert fleet.outcomes("plan") == dict.fromkeys(MANAGERS, "planned")
    assert fleet.outcomes("canary") == {"manager-b": "rotated"}
    assert fleet.outcomes("rest") == {"manager-a": "rotated", "manager-c": "rolled_back"}
    for case in fleet.cases.values():
        assert case.manager.holds(PROJECT, NAME) == {name: [case.old.der] for name in ENVIRONMENTS}
    merged = json.loads((fleet.run_dir / "rotations.json").read_text(encoding="utf-8"))
    assert (merged["outcome"], len(merged["managers"])) == ("rolled_back", len(MANAGERS))
    assert (fleet.run_dir / "rotations.html").exists()
    report = run.jobs["report"].text
    assert "rest: rolled_back. " in report
    for name in MANAGERS:
        assert f"fatal: [{name}]: FAILED! => " in report
    tokens = [case.manager.token for case in fleet.cases.values()]
    for job in (part for node in run.jobs.values() for part in _jobs(node)):
        assert not [token for token in tokens if token in job.text + json.dumps(job.artifacts)]
        assert len(json.dumps(job.artifacts)) <= 64 * 1024


def test_start_refuses_a_canary_that_is_not_one_of_the_managers(fleet: Fleet) -> None:
    variables = {**fleet.answers, "apinizer_managers": "manager-a,manager-c"}

    job = fleet.controller.launch("Apinizer fleet start", workflow_variables=variables)

    assert job.status == "failed"
    assert (
        "apinizer_canary_managers: 'manager-b' matches no host of the inventory that is one of the managers" in job.text
    )
    assert not (fleet.backup_dir / "runs").exists()


@pytest.mark.parametrize(("outcome", "status"), [("nothing_to_do", "successful"), (None, "failed")])
def test_report_is_about_the_managers_of_the_run(fleet: Fleet, outcome: str | None, status: str) -> None:
    """A manager without a report was not reached. A manager that does not belong to the run does not matter."""
    folder = fleet.backup_dir / "runs" / "run"
    outcomes = {"canary/manager-b": "rotated", "rest/manager-a": outcome, "rest/manager-c": "failed"}
    for stage in ("canary", "rest"):
        (folder / stage).mkdir(parents=True)
    for name, result in outcomes.items():
        if result:
            (folder / name).mkdir()
            report = {"outcome": result, "message": f"The outcome is {result}.", "backup": None}
            (folder / name / "rotation.json").write_text(json.dumps(report), encoding="utf-8")
    stages = {"plan": ["manager-a", "manager-b"], "canary": ["manager-b"], "rest": ["manager-a"]}
    (folder / "run.json").write_text(json.dumps(stages), encoding="utf-8")

    job = fleet.controller.launch("Apinizer fleet report", workflow_variables={"apinizer_run_dir": str(folder)})

    assert job.status == status, job.text
    assert "canary: rotated. The outcome is rotated." in job.text
    assert "fatal: [manager-c]" not in job.text
    assert ("There is no report of the stage rest" in job.text) == (outcome is None)
