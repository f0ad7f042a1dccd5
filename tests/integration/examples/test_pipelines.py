# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts of the example pipelines: the plan becomes a comment, and the rotation leaves a report."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.eda.receiver import Receiver
from integration.examples.conftest import EXAMPLES, Example
from manager.demo_data import ENVIRONMENTS, NAME, PROJECT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

GITOPS = EXAMPLES / "gitops"
GITLAB = yaml.safe_load((GITOPS / ".gitlab-ci.yml").read_text(encoding="utf-8"))
WORKFLOW = GITOPS / ".github" / "workflows" / "certificates.yml"
# PyYAML reads the key "on" as true.
GITHUB = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
NOTES = "/projects/7/merge_requests/3/notes"


def _steps(job: str) -> dict[str, dict[str, Any]]:
    """The named steps of a job of the workflow."""
    return {step["name"]: step for step in GITHUB["jobs"][job]["steps"] if "name" in step}


@pytest.fixture
def repository(example: Example) -> Example:
    """A repository in which the file of a certificate was renewed."""
    example.copy("gitops")
    path = f"certificates/{PROJECT},{NAME}.pem"
    example.machine.file(path, example.renewals[NAME].pem)
    certificates = [{"project": PROJECT, "name": NAME, "path": path}]
    example.machine.file("certificates.yml", json.dumps({"certificate_rotation_certificates": certificates}))
    return example


def _gitlab(url: str) -> dict[str, str]:
    return {"CI_API_V4_URL": url, "CI_PROJECT_ID": "7", "CI_MERGE_REQUEST_IID": "3", "COMMENT_TOKEN": "glpat-secret"}


def test_gitlab_comments_the_plan_and_rotates(repository: Example) -> None:
    plan, rotate = GITLAB["plan"], GITLAB["rotate"]
    responses = {("GET", NOTES): [], ("POST", NOTES): {"id": 11}}

    repository.shell("\n".join(plan["script"]))
    assert not list(repository.manager.journal.writes())
    with Receiver(responses) as gitlab:
        output = repository.shell("\n".join(plan["after_script"]), **_gitlab(gitlab.url))

    assert "glpat-secret" not in output
    assert [request[:2] for request in gitlab.received] == [("GET", NOTES), ("POST", NOTES)]
    comment = gitlab.received[-1][2]["body"]
    assert comment.startswith("<!-- certificate plan -->\n# ")
    assert "Planned, nothing written" in comment
    assert "TASK [apinizer.apiops.certificate_rotation : Show the plan]" in comment
    assert repository.manager.token not in comment

    repository.shell("\n".join(rotate["script"]))
    assert repository.renewed() == list(ENVIRONMENTS)
    for path in rotate["artifacts"]["paths"]:
        assert list((repository.folder / path).iterdir())


def test_github_comments_a_plan_that_was_refused(repository: Example, program: Callable[[str], Path]) -> None:
    """The certificate was replaced by one that expires earlier."""
    repository.manager.set_entry(PROJECT, NAME, "production", repository.renewals[NAME].pem)
    repository.machine.file(f"certificates/{PROJECT},{NAME}.pem", repository.renewals["expired"].pem)
    calls = program("gh")
    steps = _steps("plan")
    path = os.pathsep.join((str(calls.parent / "bin"), repository.environment()["PATH"]))

    repository.shell(steps["Plan"]["run"], fails=True)
    repository.shell(steps["Comment"]["run"], PATH=path, PULL_REQUEST="42")

    assert calls.read_text(encoding="utf-8").split()[:3] == ["pr", "comment", "42"]
    comment = (repository.folder / "comment.md").read_text(encoding="utf-8")
    assert "Refused, nothing written" in comment
    assert "require_same_subject" in comment
    assert not list(repository.manager.journal.writes())


def test_comment_is_updated_and_says_that_there_is_no_report(repository: Example) -> None:
    earlier = [{"id": 5, "body": "Looks good"}, {"id": 9, "body": "<!-- certificate plan -->\n# Rotation"}]

    with Receiver({("GET", NOTES): earlier, ("PUT", f"{NOTES}/9"): {"id": 9}}) as gitlab:
        repository.shell("\n".join(GITLAB["plan"]["after_script"]), **_gitlab(gitlab.url))

    assert [request[:2] for request in gitlab.received] == [("GET", NOTES), ("PUT", f"{NOTES}/9")]
    assert "No report was written." in gitlab.received[-1][2]["body"]


def test_both_pipelines_run_the_same_commands() -> None:
    github = {name: step["run"].strip() for job in ("plan", "rotate") for name, step in _steps(job).items()}
    gitlab = {name: "\n".join(GITLAB[name.lower()]["script"]) for name in ("Plan", "Rotate")}

    assert gitlab["Plan"] == f"set -o pipefail\n{github['Plan']}"
    assert gitlab["Rotate"] == github["Rotate"]
    assert GITHUB["defaults"]["run"]["shell"] == "bash"


def test_rotation_waits_for_an_approval_and_runs_alone() -> None:
    job = GITHUB["jobs"]["rotate"]
    assert (job["environment"], job["concurrency"]["cancel-in-progress"]) == ("production", False)
    rotate = GITLAB["rotate"]
    assert (rotate["environment"]["name"], rotate["resource_group"]) == ("production", "apinizer")
    assert [rule["when"] for rule in rotate["rules"]] == ["manual"]


def test_actions_are_pinned_to_a_commit() -> None:
    uses = re.findall(r"uses: (\S+)(.*)", WORKFLOW.read_text(encoding="utf-8"))
    assert len(uses) == 6
    for action, comment in uses:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_tokens_are_given_only_to_the_steps_that_need_them() -> None:
    for job in GITHUB["jobs"].values():
        assert "env" not in job
        with_secrets = [step.get("name") for step in job["steps"] if "secrets." in str(step)]
        assert with_secrets in (["Plan"], ["Rotate"])
