# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The job templates and the workflow, run by ansible-runner with the input that AWX would pass to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from integration.awx.fake_controller import EXTENSION, FakeController, Job
from integration.certificate_fixture import calls
from integration.machine import Machine
from integration.role.conftest import Issue, MakeCase
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

MAX_EVENT_SIZE = 700_000 // 30
"""The size limit of an event for one certificate in three environments, in characters. AWX empties results of more than
700,000 characters, and with --diff, results grow with the number of certificates. With this limit, AWX shows 30 of them."""


def _answers(case: RotationFixture, **more: str) -> dict[str, str]:
    """Return survey answers with one certificate, given as YAML text with the PEM text inside."""
    certificates = [{"project": PROJECT, "name": NAME, "content": case.new.pem}]
    return {"certificate_rotation_certificates": json.dumps(certificates), **more}


def _workflow_answers(case: RotationFixture, **more: str) -> dict[str, str]:
    """Return answers to the survey of the workflow: one canary environment, and two production waves."""
    return _answers(case, apinizer_canary=DEVELOPMENT, apinizer_production=f"{STAGING}\n{PRODUCTION}", **more)


def _environments_with_new(case: RotationFixture, name: str = NAME) -> list[str]:
    """Return the environments whose gateways hold the new certificate."""
    return [one for one in ENVIRONMENTS if manager_state(case.manager)[PROJECT, name, one].gateway == case.new.sha1]


def _assert_clean(job: Job, *secrets: str) -> None:
    """Assert that no event, output, artifact, or variable contains a secret, and that no event is too large."""
    assert job.events
    for event in job.events:
        assert len(json.dumps(event)) <= MAX_EVENT_SIZE, event["event"]
    for file in sorted(job.artifacts_folder.rglob("*")):
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            if file.name == "command":
                # The runner records its environment here. AWX censors it before it stores it.
                command = json.loads(text)
                command["env"] = {
                    key: value for key, value in command["env"].items() if not key.startswith("APINIZER_")
                }
                text = json.dumps(command)
            for secret in secrets:
                assert secret not in text, file.name
    arguments = "".join((job.folder / "env" / name).read_text(encoding="utf-8") for name in ("extravars", "cmdline"))
    assert not [secret for secret in secrets if secret in arguments]


def _backups(controller: FakeController) -> list[Path]:
    """Return the backup folders of all runs, oldest first."""
    template = controller.definitions.all("job_template")["Apinizer rotate"]
    return sorted(Path(template["extra_vars"]["certificate_rotation_backup_dir"]).iterdir())


def test_workflow_rotates_canary_then_production(case: RotationFixture, controller: FakeController) -> None:
    """Each stage writes to its own environments only, and adds no certificate to an environment that did not have it.

    One certificate comes from a file in the project, and one answer looks like a Jinja template. Afterwards, a rotation
    has nothing to do, and the backup of the canary stage can be restored.
    """
    case.add_certificate(OTHER, {PRODUCTION: case.old})
    path = str(Path("new") / Path(case.desired()["path"]).name)
    description = '{{ lookup("pipe", "id") }}'
    certificates = [
        {"project": PROJECT, "name": NAME, "path": path, "description": description},
        {"project": PROJECT, "name": OTHER, "content": case.new.pem},
    ]
    answers = {"certificate_rotation_certificates": yaml.safe_dump(certificates)}
    observed: list[list[str]] = []
    run = controller.run_workflow(
        {**_workflow_answers(case), **answers},
        canary=lambda: observed.append(calls(case.manager.journal.writes())),
        approval=lambda: observed.append(_environments_with_new(case)),
    )

    assert run.successful, [job.text for job in run.jobs.values()]
    assert list(run.jobs) == ["plan", "canary", "production", "report"]
    assert observed == [[], [DEVELOPMENT]]
    assert _environments_with_new(case) == list(ENVIRONMENTS)
    assert case.manager.holds(PROJECT, OTHER) == {PRODUCTION: [case.new.der]}
    assert case.manager.state.certificates[PROJECT, NAME].description == description
    lists = [request.fields["environmentList"] for request in case.manager.journal.writes()]
    assert lists == [DEVELOPMENT, STAGING, PRODUCTION, PRODUCTION]
    stages = run.jobs["production"].artifacts["apinizer_stages"]
    outcomes = {name: recorded["outcome"] for name, recorded in stages.items()}
    assert outcomes == {"plan": "planned", "canary": "rotated", "production": "rotated"}
    assert [Path(stages[name]["backup"]) for name in ("canary", "production")] == _backups(controller)
    result = run.jobs["production"].artifacts["certificate_rotation"]["localhost"]
    assert [wave["environments"] for wave in result["waves"]] == [[STAGING], [PRODUCTION]]
    for name in ("canary", "production"):
        assert f"{name}: rotated. {stages[name]['message']}" in run.jobs["report"].text
    for job in run.jobs.values():
        _assert_clean(job, case.manager.token)

    again = controller.launch("Apinizer rotate", answers)
    assert (again.status, again.changed) == ("successful", 0)
    assert again.artifacts["certificate_rotation"]["localhost"]["outcome"] == "nothing_to_do"
    assert len(case.manager.journal.writes()) == len(lists)

    restored = controller.launch("Apinizer restore", {"certificate_restore_dir": stages["canary"]["backup"]})
    assert restored.status == "successful", restored.text
    assert case.manager.holds(PROJECT, NAME) == {name: [case.old.der] for name in ENVIRONMENTS}


def _modify_after_rollback_of_production(case: RotationFixture, changed: dict[str, Issued]) -> None:
    """Modify the certificate as another user would, while only the canary environment holds the new one."""
    assert _environments_with_new(case) == [DEVELOPMENT]
    case.add_certificate(NAME, changed)


def test_failed_production_rolls_back_the_canary(case: RotationFixture, controller: FakeController) -> None:
    """The role rolls back production itself, the workflow rolls back the canary, and the workflow fails.

    A concurrent change in an environment of another stage is kept.
    """
    # Skip the writes of canary and staging. The module attempts the deployment four times.
    case.manager.faults.add(Fault("deployment_failure", environments=(PRODUCTION,), skip=2, times=4))

    changed = {DEVELOPMENT: case.new, STAGING: case.new, PRODUCTION: case.old}
    run = controller.run_workflow(
        _workflow_answers(case),
        start="canary",
        roll_back_canary=lambda: _modify_after_rollback_of_production(case, changed),
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
    assert "NOT ROLLED BACK" not in run.jobs["report"].text
    assert run.jobs["report"].text.count(": rolled back. Backup: ") == 2
    assert "Production was not rotated. Outcome: rolled_back" in run.jobs["report"].text
    for job in run.jobs.values():
        _assert_clean(job, case.manager.token)


def test_refused_plan_stops_the_workflow(case: RotationFixture, controller: FakeController) -> None:
    """A certificate is due in an environment that no stage covers. Nothing is written, so nothing is rolled back."""
    run = controller.run_workflow({**_workflow_answers(case), "apinizer_production": PRODUCTION})

    assert not run.successful
    assert list(run.jobs) == ["plan", "report"]
    assert f"due in environments that are in no wave: {STAGING}" in run.jobs["plan"].text
    assert not case.manager.journal.writes()
    assert not _backups(controller)


def test_report_fails_if_production_was_skipped(controller: FakeController) -> None:
    """A skipped stage is not done: guards left out every certificate that is due."""
    recorded = {
        "canary": {"outcome": "rotated", "message": "Rotated.", "backup": ""},
        "production": {"outcome": "skipped", "message": "Skipped.", "backup": ""},
    }

    job = controller.launch("Apinizer workflow report", workflow_variables={"apinizer_stages": recorded})

    assert job.status == "failed"
    assert "production: skipped. Skipped." in job.text
    assert "Production was not rotated. Outcome: skipped" in job.text


def test_report_succeeds_if_the_certificates_were_introduced_in_production(controller: FakeController) -> None:
    """The gateways trust the old and the new ones, and a later run promotes them. There is nothing to roll back."""
    recorded = {
        "canary": {"outcome": "nothing_to_do", "message": "Nothing to do.", "backup": ""},
        "production": {"outcome": "introduced", "message": "Introduced.", "backup": "/backups/one"},
    }

    job = controller.launch("Apinizer workflow report", workflow_variables={"apinizer_stages": recorded})

    assert job.status == "successful", job.text
    assert "production: introduced. Introduced." in job.text
    assert "ROLLED BACK" not in job.text


@pytest.mark.parametrize(
    ("outcome", "failed"),
    [("skipped", True), ("rotated", False), ("introduced", False), ("nothing_to_do", False), ("planned", False)],
)
def test_only_a_skipped_stage_fails_after_the_role(machine: Machine, outcome: str, failed: bool) -> None:
    """For the role, a run that skipped everything is no failure. For the workflow, it is."""
    run = machine.playbook(
        {"name": "check", "ansible.builtin.import_tasks": str(EXTENSION / "project" / "tasks" / "check_outcome.yml")},
        vars={"apinizer_stage": "canary", "certificate_rotation_result": {"outcome": outcome}},
        ignore_errors=False,
    )

    assert ("The stage canary is not done" in run.text) == failed
    assert (run.status != 0) == failed


def test_skipped_canary_stops_the_workflow(case: RotationFixture, controller: FakeController, issue: Issue) -> None:
    """A guard leaves out the only certificate. The canary stage fails, so production is not reached."""
    fewer_names = issue(364, dns_names=["example.com"])
    certificates = [{"project": PROJECT, "name": NAME, "content": fewer_names.pem}]
    answers = {
        **_workflow_answers(case, certificate_rotation_on_guard_failure="skip"),
        "certificate_rotation_certificates": json.dumps(certificates),
    }

    run = controller.run_workflow(answers, start="canary")

    assert not run.successful
    assert {node: job.status for node, job in run.jobs.items()} == {
        "canary": "failed",
        "roll-back-canary": "successful",
        "report": "failed",
    }
    assert "The stage canary is not done" in run.jobs["canary"].text
    assert "Nothing was written, so there is nothing to roll back" in run.jobs["roll-back-canary"].text
    assert "Production was not rotated. Outcome: not reached" in run.jobs["report"].text
    assert not case.manager.journal.writes()


def test_canceled_job_is_completed_by_the_next_one(case: RotationFixture, controller: FakeController) -> None:
    waves = {"certificate_rotation_waves": "\n".join(ENVIRONMENTS)}

    canceled = controller.launch(
        "Apinizer rotate",
        _answers(case, **waves, certificate_rotation_soak_seconds="60"),
        cancel_when=case.manager.journal.writes,
    )
    case.manager.settle()
    after_cancel = _environments_with_new(case)
    again = controller.launch("Apinizer rotate", _answers(case, **waves))

    assert canceled.status == "canceled"
    assert after_cancel == [DEVELOPMENT]
    assert again.status == "successful", again.text
    assert _environments_with_new(case) == list(ENVIRONMENTS)
    lists = [request.fields["environmentList"] for request in case.manager.journal.writes()]
    assert lists == list(ENVIRONMENTS)
    for job in (canceled, again):
        _assert_clean(job, case.manager.token)


def test_stage_refuses_a_variable_that_overrides_it(case: RotationFixture, controller: FakeController) -> None:
    variables = _workflow_answers(case, certificate_rotation_waves=PRODUCTION)

    job = controller.launch("Apinizer workflow stage", {"apinizer_stage": "canary"}, workflow_variables=variables)

    assert job.status == "failed"
    assert "certificate_rotation_waves: not supported here, because the workflow sets it" in job.text
    assert not len(case.manager.journal)


def test_rollback_of_a_canceled_stage_fails(case: RotationFixture, controller: FakeController) -> None:
    """A canceled stage has recorded no backup."""
    job = controller.launch(
        "Apinizer workflow roll back", {"apinizer_stage": "canary"}, workflow_variables={"apinizer_canary": DEVELOPMENT}
    )

    assert job.status == "failed"
    assert "The stage canary ended before it recorded its backup" in job.text
    assert not len(case.manager.journal)


def test_rollback_of_a_stage_that_wrote_nothing(controller: FakeController, case: RotationFixture) -> None:
    """A stage that was refused or skipped has no backup, and there is nothing to roll back."""
    recorded = {"canary": {"outcome": "refused", "message": "Refused.", "backup": ""}}

    job = controller.launch(
        "Apinizer workflow roll back",
        {"apinizer_stage": "canary"},
        workflow_variables={"apinizer_canary": DEVELOPMENT, "apinizer_stages": recorded},
    )

    assert job.status == "successful", job.text
    assert "Nothing was written, so there is nothing to roll back" in job.text
    assert not len(case.manager.journal)


def test_job_without_a_mounted_backup_folder_fails(
    case: RotationFixture, controller: FakeController, backup_dir: Path
) -> None:
    backup_dir.rename(backup_dir.with_name("not-mounted"))
    try:
        job = controller.launch("Apinizer rotate", _answers(case))
    finally:
        backup_dir.with_name("not-mounted").rename(backup_dir)

    assert job.status == "failed"
    assert "is not a folder in the execution environment" in job.text
    assert not len(case.manager.journal)


def test_audit_over_tls_with_username_and_password(
    make_case: MakeCase, controller: FakeController, authority: Authority
) -> None:
    """An unchecked checkbox leaves verification on: without the CA certificates, the connection fails."""
    issued = authority.issue("127.0.0.1", ip_addresses=["127.0.0.1"])
    machine = make_case().machine
    files = [machine.file(f"pki/server.{kind}", text) for kind, text in (("pem", issued.pem), ("key", issued.key_pem))]
    secure = make_case(tls=Tls(*files))
    secure.add_certificate()
    password = "password-of-the-operator"
    secure.manager.add_user("operator", password)
    controller.credential = {"url": secure.manager.url, "username": "operator", "password": password}
    answers = {"certificate_audit_expiring_within": "25"}

    untrusted = controller.launch("Apinizer audit", answers)
    assert (untrusted.status, len(secure.manager.journal)) == ("failed", 0)
    assert "No trusted TLS connection" in untrusted.text
    controller.credential["ca_bundle"] = authority.pem
    urgent = controller.launch("Apinizer audit", answers)

    assert urgent.status == "failed"
    assert "expiring in less than 25 days" in urgent.text
    findings = urgent.artifacts["certificate_audit"]["localhost"]["findings"]
    # The manager also holds the same certificate under another name.
    assert {finding["kind"] for finding in findings} == {"expires_soon", "same_certificate"}
    assert not secure.manager.journal.writes()
    for job in (untrusted, urgent):
        _assert_clean(job, password)


def test_audit_over_mutual_tls(make_case: MakeCase, controller: FakeController, authority: Authority) -> None:
    """The credential passes the client certificate and its key as files, and its timeout and retries as variables."""
    server = authority.issue("127.0.0.1", ip_addresses=["127.0.0.1"])
    client = authority.issue("client")
    machine = make_case().machine
    secure = make_case(
        tls=Tls(
            machine.file("pki/server.pem", server.pem),
            machine.file("pki/server.key", server.key_pem),
            machine.file("pki/ca.pem", authority.pem),
        )
    )
    secure.add_certificate()
    token = secure.manager.token
    inputs = {"url": secure.manager.url, "token": token, "ca_bundle": authority.pem, "timeout": "20", "retries": "0"}
    answers = {"certificate_audit_expiring_within": "1"}

    controller.credential = inputs
    anonymous = controller.launch("Apinizer audit", answers)
    assert (anonymous.status, len(secure.manager.journal)) == ("failed", 0)
    assert "client_cert" in anonymous.text
    controller.credential = {**inputs, "client_cert": client.pem, "client_key": client.key_pem}
    authenticated = controller.launch("Apinizer audit", answers)

    assert authenticated.status == "successful", authenticated.text
    for job in (anonymous, authenticated):
        _assert_clean(job, token, client.key_pem.splitlines()[1])
