# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates and the workflow, run by ansible-runner with what AWX would give it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from integration.awx.controller import Controller, Job
from integration.certificate_fixture import calls
from integration.role.conftest import SetStage
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    Stage,
    truth,
)
from manager import Authority, Fault, Issued, Tls

pytestmark = [pytest.mark.exhaustive, pytest.mark.one_way]

LARGEST = 700_000 // 30
"""AWX empties a result of more than 700,000 characters. What is noted of each certificate adds up, so a job with thirty
of them in three environments each is shown whole, if an event for one has no more than that."""


def _answers(stage: Stage, **more: str) -> dict[str, str]:
    """The answers to a survey: the certificates are YAML in a text, each with its PEM as text in it."""
    certificates = [{"project": PROJECT, "name": NAME, "content": stage.new.pem}]
    return {"certificate_rotation_certificates": json.dumps(certificates), **more}


def _stages(stage: Stage, **more: str) -> dict[str, str]:
    """The answers to the workflow's survey."""
    return _answers(stage, apinizer_canary=DEVELOPMENT, apinizer_production=f"{STAGING}\n{PRODUCTION}", **more)


def _serving_new(stage: Stage, name: str = NAME) -> list[str]:
    """The environments whose gateways serve the new certificate."""
    return [one for one in ENVIRONMENTS if truth(stage.manager)[PROJECT, name, one].gateway == stage.new.sha1]


def _assert_clean(job: Job, *secrets: str) -> None:
    """No event, nothing printed, nothing handed on and no file but the job's input holds a secret; no event is too big."""
    assert job.events
    for event in job.events:
        assert len(json.dumps(event)) <= LARGEST, event["event"]
    for file in sorted(job.artifacts_folder.rglob("*")):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            if file.name == "command":
                # The runner's own note of the environment that it was given: AWX blanks that before it keeps it.
                command = json.loads(text)
                command["env"] = {
                    key: value for key, value in command["env"].items() if not key.startswith("APINIZER_")
                }
                text = json.dumps(command)
            for secret in secrets:
                assert secret not in text, file.name
    arguments = "".join((job.folder / "env" / name).read_text(encoding="utf-8") for name in ("extravars", "cmdline"))
    assert not [secret for secret in secrets if secret in arguments]


def _backups(controller: Controller) -> list[Path]:
    template = controller.definitions.all("job_template")["Apinizer rotate"]
    return sorted(Path(template["extra_vars"]["certificate_rotation_backup_dir"]).iterdir())


def test_canary_approval_production(stage: Stage, controller: Controller) -> None:
    """Each stage writes to its own environments, and certificates that are not in the canary's are not brought there.

    One certificate comes from a file of the project, and an answer looks like a template. Afterwards there is nothing to
    do, and a backup can be put back.
    """
    stage.hold(OTHER, {PRODUCTION: stage.old})
    path = str(Path("new") / Path(stage.wanted()["path"]).name)
    tricky = '{{ lookup("pipe", "id") }}'
    certificates = [
        {"project": PROJECT, "name": NAME, "path": path, "description": tricky},
        {"project": PROJECT, "name": OTHER, "content": stage.new.pem},
    ]
    answers = {"certificate_rotation_certificates": yaml.safe_dump(certificates)}
    seen: list[list[str]] = []
    run = controller.run_workflow(
        {**_stages(stage), **answers},
        canary=lambda: seen.append(calls(stage.manager.journal.writes())),
        approval=lambda: seen.append(_serving_new(stage)),
    )

    assert run.successful, [job.text for job in run.jobs.values()]
    assert list(run.jobs) == ["plan", "canary", "production", "report"]
    assert seen == [[], [DEVELOPMENT]]
    assert _serving_new(stage) == list(ENVIRONMENTS)
    assert stage.manager.holds(PROJECT, OTHER) == {PRODUCTION: [stage.new.der]}
    assert stage.manager.state.certificates[PROJECT, NAME].description == tricky
    lists = [request.fields["environmentList"] for request in stage.manager.journal.writes()]
    assert lists == [DEVELOPMENT, STAGING, PRODUCTION, PRODUCTION]
    stages = run.jobs["production"].artifacts["apinizer_stages"]
    outcomes = {name: one["outcome"] for name, one in stages.items()}
    assert outcomes == {"plan": "planned", "canary": "rotated", "production": "rotated"}
    assert [Path(stages[name]["backup"]) for name in ("canary", "production")] == _backups(controller)
    result = run.jobs["production"].artifacts["certificate_rotation"]["localhost"]
    assert [wave["environments"] for wave in result["waves"]] == [[STAGING], [PRODUCTION]]
    assert run.jobs["report"].text.count("rotated. Done, and verified") == 2
    for job in run.jobs.values():
        _assert_clean(job, stage.manager.token)

    again = controller.launch("Apinizer rotate", answers)
    assert (again.status, again.changed) == ("successful", 0)
    assert again.artifacts["certificate_rotation"]["localhost"]["outcome"] == "nothing_to_do"
    assert len(stage.manager.journal.writes()) == len(lists)

    restored = controller.launch("Apinizer restore", {"certificate_restore_dir": stages["canary"]["backup"]})
    assert restored.status == "successful", restored.text
    assert stage.manager.holds(PROJECT, NAME) == {name: [stage.old.der] for name in ENVIRONMENTS}


def _somebody_else(stage: Stage, changed: dict[str, Issued]) -> None:
    """Somebody else writes, after the stages have put back what was theirs."""
    assert _serving_new(stage) == [DEVELOPMENT]
    stage.hold(NAME, changed)


def test_production_fails_and_the_canary_goes_back(stage: Stage, controller: Controller) -> None:
    """The role takes production back itself, the workflow the canary, and the workflow has failed.

    What somebody else has done meanwhile in an environment of another stage stays.
    """
    # After the writes of the canary and of staging; the module tries to deploy four times.
    stage.manager.faults.add(Fault("deployment_failure", environments=(PRODUCTION,), skip=2, times=4))

    changed = {DEVELOPMENT: stage.new, STAGING: stage.new, PRODUCTION: stage.old}
    run = controller.run_workflow(
        _stages(stage), start="canary", roll_back_canary=lambda: _somebody_else(stage, changed)
    )

    assert not run.successful
    assert {node: job.status for node, job in run.jobs.items()} == {
        "canary": "successful",
        "production": "failed",
        "roll-back-production": "successful",
        "roll-back-canary": "successful",
        "report": "failed",
    }
    assert stage.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [stage.old.der],
        STAGING: [stage.new.der],
        PRODUCTION: [stage.old.der],
    }
    assert "NOT PUT BACK" not in run.jobs["report"].text
    assert run.jobs["report"].text.count("Put back. The backup: ") == 2
    assert "Production was not rotated: rolled_back" in run.jobs["report"].text
    for job in run.jobs.values():
        _assert_clean(job, stage.manager.token)


def test_a_plan_that_cannot_be_carried_out_stops_the_workflow(stage: Stage, controller: Controller) -> None:
    """Here an environment was forgotten. Nothing is written, and nothing to be put back."""
    run = controller.run_workflow({**_stages(stage), "apinizer_production": PRODUCTION})

    assert not run.successful
    assert list(run.jobs) == ["plan", "report"]
    assert f"due in {STAGING}, which is in no wave" in run.jobs["plan"].text
    assert not stage.manager.journal.writes()
    assert not _backups(controller)


def test_cancelled_after_the_first_wave_and_launched_again(stage: Stage, controller: Controller) -> None:
    waves = {"certificate_rotation_waves": "\n".join(ENVIRONMENTS)}

    cancelled = controller.launch(
        "Apinizer rotate",
        _answers(stage, **waves, certificate_rotation_soak_seconds="60"),
        cancel_when=stage.manager.journal.writes,
    )
    stage.manager.settle()
    after_cancelling = _serving_new(stage)
    again = controller.launch("Apinizer rotate", _answers(stage, **waves))

    assert cancelled.status == "canceled"
    assert after_cancelling == [DEVELOPMENT]
    assert again.status == "successful", again.text
    assert _serving_new(stage) == list(ENVIRONMENTS)
    lists = [request.fields["environmentList"] for request in stage.manager.journal.writes()]
    assert lists == list(ENVIRONMENTS)
    for job in (cancelled, again):
        _assert_clean(job, stage.manager.token)


def test_a_variable_that_would_override_the_stage_stops_it(stage: Stage, controller: Controller) -> None:
    beyond = _stages(stage, certificate_rotation_waves=PRODUCTION)

    job = controller.launch("Apinizer workflow stage", {"apinizer_stage": "canary"}, beyond=beyond)

    assert job.status == "failed"
    assert "certificate_rotation_waves: leave it out" in job.text
    assert not len(stage.manager.journal)


def test_a_stage_that_was_cancelled_has_no_backup_to_name(stage: Stage, controller: Controller) -> None:
    job = controller.launch(
        "Apinizer workflow roll back", {"apinizer_stage": "canary"}, beyond={"apinizer_canary": DEVELOPMENT}
    )

    assert job.status == "failed"
    assert "The stage canary was ended before it could say where its backup is" in job.text
    assert not len(stage.manager.journal)


def test_a_backup_that_would_not_outlive_its_job_stops_it(
    stage: Stage, controller: Controller, backup_dir: Path
) -> None:
    backup_dir.rename(backup_dir.with_name("not-mounted"))
    try:
        job = controller.launch("Apinizer rotate", _answers(stage))
    finally:
        backup_dir.with_name("not-mounted").rename(backup_dir)

    assert job.status == "failed"
    assert "is no folder in the execution environment" in job.text
    assert not len(stage.manager.journal)


def test_an_audit_over_tls_with_a_user_name(set_stage: SetStage, controller: Controller, authority: Authority) -> None:
    """A box that nobody ticked leaves the verification on: without the authorities there is no connection."""
    issued = authority.issue("127.0.0.1", ip_addresses=["127.0.0.1"])
    machine = set_stage().machine
    files = [machine.file(f"pki/server.{kind}", text) for kind, text in (("pem", issued.pem), ("key", issued.key_pem))]
    secure = set_stage(tls=Tls(*files))
    secure.hold()
    password = "password-of-the-operator"
    secure.manager.add_user("operator", password)
    controller.credential = {"url": secure.manager.url, "username": "operator", "password": password}
    answers = {"certificate_audit_threshold_days": "25"}

    untrusted = controller.launch("Apinizer audit", answers)
    assert (untrusted.status, len(secure.manager.journal)) == ("failed", 0)
    assert "No trusted TLS connection" in untrusted.text
    controller.credential["ca_bundle"] = authority.pem
    urgent = controller.launch("Apinizer audit", answers)

    assert urgent.status == "failed"
    assert "expiring in less than 25 days" in urgent.text
    findings = urgent.artifacts["certificate_audit"]["localhost"]["findings"]
    assert {finding["kind"] for finding in findings} == {"expires_soon"}
    assert not secure.manager.journal.writes()
    for job in (untrusted, urgent):
        _assert_clean(job, password)
