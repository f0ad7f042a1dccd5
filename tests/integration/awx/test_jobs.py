# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates and the workflow, run by ansible-runner with the input that AWX would give it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from integration.awx.controller import Controller, Job
from integration.certificate_fixture import calls
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    RotationFixture,
    manager_state,
)
from manager import Authority, Fault, Issued, Tls

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

LARGEST = 700_000 // 30
"""The largest event for one certificate.

AWX discards a result of more than 700,000 characters, and results grow with each certificate. With this limit, AWX shows
the results of a job with thirty certificates in three environments each."""


def _answers(case: RotationFixture, **more: str) -> dict[str, str]:
    """Return survey answers; the certificates are YAML text, with the PEM of each as text inside."""
    certificates = [{"project": PROJECT, "name": NAME, "content": case.new.pem}]
    return {"certificate_rotation_certificates": json.dumps(certificates), **more}


def _stages(case: RotationFixture, **more: str) -> dict[str, str]:
    """Return the answers to the survey of the workflow."""
    return _answers(case, apinizer_canary=DEVELOPMENT, apinizer_production=f"{STAGING}\n{PRODUCTION}", **more)


def _environments_with_new(case: RotationFixture, name: str = NAME) -> list[str]:
    """Return the environments whose gateways hold the new certificate."""
    return [one for one in ENVIRONMENTS if manager_state(case.manager)[PROJECT, name, one].gateway == case.new.sha1]


def _assert_clean(job: Job, *secrets: str) -> None:
    """Assert that only the job's input files contain a secret, and that no event is too large."""
    assert job.events
    for event in job.events:
        assert len(json.dumps(event)) <= LARGEST, event["event"]
    for file in sorted(job.artifacts_folder.rglob("*")):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            if file.name == "command":
                # The runner records the environment that it received; AWX censors that before it stores it.
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


def test_workflow_rotates_canary_then_production_after_approval(case: RotationFixture, controller: Controller) -> None:
    """Each stage writes to its own environments, and never adds a certificate to an environment.

    One certificate comes from a file of the project, and one answer looks like a template. A second run has nothing to
    do, and the backup can be restored.
    """
    case.add_certificate(OTHER, {PRODUCTION: case.old})
    path = str(Path("new") / Path(case.desired()["path"]).name)
    tricky = '{{ lookup("pipe", "id") }}'
    certificates = [
        {"project": PROJECT, "name": NAME, "path": path, "description": tricky},
        {"project": PROJECT, "name": OTHER, "content": case.new.pem},
    ]
    answers = {"certificate_rotation_certificates": yaml.safe_dump(certificates)}
    seen: list[list[str]] = []
    run = controller.run_workflow(
        {**_stages(case), **answers},
        canary=lambda: seen.append(calls(case.manager.journal.writes())),
        approval=lambda: seen.append(_environments_with_new(case)),
    )

    assert run.successful, [job.text for job in run.jobs.values()]
    assert list(run.jobs) == ["plan", "canary", "production", "report"]
    assert seen == [[], [DEVELOPMENT]]
    assert _environments_with_new(case) == list(ENVIRONMENTS)
    assert case.manager.holds(PROJECT, OTHER) == {PRODUCTION: [case.new.der]}
    assert case.manager.state.certificates[PROJECT, NAME].description == tricky
    lists = [request.fields["environmentList"] for request in case.manager.journal.writes()]
    assert lists == [DEVELOPMENT, STAGING, PRODUCTION, PRODUCTION]
    stages = run.jobs["production"].artifacts["apinizer_stages"]
    outcomes = {name: one["outcome"] for name, one in stages.items()}
    assert outcomes == {"plan": "planned", "canary": "rotated", "production": "rotated"}
    assert [Path(stages[name]["backup"]) for name in ("canary", "production")] == _backups(controller)
    result = run.jobs["production"].artifacts["certificate_rotation"]["localhost"]
    assert [wave["environments"] for wave in result["waves"]] == [[STAGING], [PRODUCTION]]
    assert run.jobs["report"].text.count("rotated. Done, and verified") == 2
    for job in run.jobs.values():
        _assert_clean(job, case.manager.token)

    again = controller.launch("Apinizer rotate", answers)
    assert (again.status, again.changed) == ("successful", 0)
    assert again.artifacts["certificate_rotation"]["localhost"]["outcome"] == "nothing_to_do"
    assert len(case.manager.journal.writes()) == len(lists)

    restored = controller.launch("Apinizer restore", {"certificate_restore_dir": stages["canary"]["backup"]})
    assert restored.status == "successful", restored.text
    assert case.manager.holds(PROJECT, NAME) == {name: [case.old.der] for name in ENVIRONMENTS}


def _other_client_writes(case: RotationFixture, changed: dict[str, Issued]) -> None:
    """Another client writes, after the failed stage has been rolled back."""
    assert _environments_with_new(case) == [DEVELOPMENT]
    case.add_certificate(NAME, changed)


def test_failed_production_stage_rolls_back_the_canary(case: RotationFixture, controller: Controller) -> None:
    """The role rolls back production, the workflow rolls back the canary, and the workflow fails.

    Changes by another client in an environment of another stage are kept.
    """
    # This follows the writes to the canary and to staging; the module makes four attempts to deploy.
    case.manager.faults.add(Fault("deployment_failure", environments=(PRODUCTION,), skip=2, times=4))

    changed = {DEVELOPMENT: case.new, STAGING: case.new, PRODUCTION: case.old}
    run = controller.run_workflow(
        _stages(case), start="canary", roll_back_canary=lambda: _other_client_writes(case, changed)
    )

    assert not run.successful
    assert {node: job.status for node, job in run.jobs.items()} == {
        "canary": "successful",
        "production": "failed",
        "roll-back-production": "successful",
        "roll-back-canary": "successful",
        "report": "failed",
    }
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.old.der],
        STAGING: [case.new.der],
        PRODUCTION: [case.old.der],
    }
    assert "NOT PUT BACK" not in run.jobs["report"].text
    assert run.jobs["report"].text.count("Put back. The backup: ") == 2
    assert "Production was not rotated: rolled_back" in run.jobs["report"].text
    for job in run.jobs.values():
        _assert_clean(job, case.manager.token)


def test_invalid_plan_stops_the_workflow(case: RotationFixture, controller: Controller) -> None:
    """An environment is missing in the waves: nothing is written, and nothing needs to be rolled back."""
    run = controller.run_workflow({**_stages(case), "apinizer_production": PRODUCTION})

    assert not run.successful
    assert list(run.jobs) == ["plan", "report"]
    assert f"due in {STAGING}, which is in no wave" in run.jobs["plan"].text
    assert not case.manager.journal.writes()
    assert not _backups(controller)


def test_job_canceled_after_the_first_wave_can_be_launched_again(case: RotationFixture, controller: Controller) -> None:
    waves = {"certificate_rotation_waves": "\n".join(ENVIRONMENTS)}

    cancelled = controller.launch(
        "Apinizer rotate",
        _answers(case, **waves, certificate_rotation_soak_seconds="60"),
        cancel_when=case.manager.journal.writes,
    )
    case.manager.settle()
    after_cancellation = _environments_with_new(case)
    again = controller.launch("Apinizer rotate", _answers(case, **waves))

    assert cancelled.status == "canceled"
    assert after_cancellation == [DEVELOPMENT]
    assert again.status == "successful", again.text
    assert _environments_with_new(case) == list(ENVIRONMENTS)
    lists = [request.fields["environmentList"] for request in case.manager.journal.writes()]
    assert lists == list(ENVIRONMENTS)
    for job in (cancelled, again):
        _assert_clean(job, case.manager.token)


def test_variable_that_overrides_the_stage_is_refused(case: RotationFixture, controller: Controller) -> None:
    beyond = _stages(case, certificate_rotation_waves=PRODUCTION)

    job = controller.launch("Apinizer workflow stage", {"apinizer_stage": "canary"}, beyond=beyond)

    assert job.status == "failed"
    assert "certificate_rotation_waves: leave it out" in job.text
    assert not len(case.manager.journal)


def test_canceled_stage_reports_no_backup(case: RotationFixture, controller: Controller) -> None:
    job = controller.launch(
        "Apinizer workflow roll back", {"apinizer_stage": "canary"}, beyond={"apinizer_canary": DEVELOPMENT}
    )

    assert job.status == "failed"
    assert "The stage canary was ended before it could say where its backup is" in job.text
    assert not len(case.manager.journal)


def test_backup_folder_inside_the_job_is_refused(
    case: RotationFixture, controller: Controller, backup_dir: Path
) -> None:
    backup_dir.rename(backup_dir.with_name("not-mounted"))
    try:
        job = controller.launch("Apinizer rotate", _answers(case))
    finally:
        backup_dir.with_name("not-mounted").rename(backup_dir)

    assert job.status == "failed"
    assert "is no folder in the execution environment" in job.text
    assert not len(case.manager.journal)


def test_audit_over_tls_with_a_login(make_case: MakeCase, controller: Controller, authority: Authority) -> None:
    """An unchecked box leaves the verification on, so the connection fails without the certificate authorities."""
    issued = authority.issue("127.0.0.1", ip_addresses=["127.0.0.1"])
    machine = make_case().machine
    files = [machine.file(f"pki/server.{kind}", text) for kind, text in (("pem", issued.pem), ("key", issued.key_pem))]
    secure = make_case(tls=Tls(*files))
    secure.add_certificate()
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
