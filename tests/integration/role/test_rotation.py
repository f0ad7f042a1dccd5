# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Successful rotations on every generation: in check mode, as a real run, and again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.machine import COLLECTION
from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    LISTING,
    NAME,
    NOT_HERE,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    RotationFixture,
    RotationRun,
    manager_state,
)
from manager import Fault, Issued

ALL = ",".join(sorted(ENVIRONMENTS))


@dataclass(frozen=True)
class SuccessCase:
    """A successful rotation: the manager, the variables of the role, and the expected writes."""

    generation: Any
    names: tuple[str, ...]
    variables: dict[str, Any]
    writes: list[tuple[str, str, str]]
    waves: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    silent: bool = False


SUCCESSES = [
    SuccessCase("2024.09", (NAME,), {"strategy": "replace"}, [("update", NAME, ALL)]),
    SuccessCase(
        "2025",
        (NAME, OTHER),
        {"waves": [list(ENVIRONMENTS)], "update_referenced_jwks": True, "update_scope": "same_project"},
        [("update", NAME, ALL), ("update", OTHER, ALL)],
    ),
    SuccessCase(
        "2026.09",
        (NAME, OTHER),
        {"waves": TWO_WAVES},
        [
            ("import", NAME, f"{DEVELOPMENT},{STAGING}"),
            ("import", OTHER, f"{DEVELOPMENT},{STAGING}"),
            ("import", NAME, PRODUCTION),
            ("import", OTHER, PRODUCTION),
        ],
        waves=2,
        silent=True,
    ),
    SuccessCase(
        "openapi",
        (NAME,),
        {"waves": "auto"},
        [("import", NAME, DEVELOPMENT), ("import", NAME, STAGING), ("import", NAME, PRODUCTION)],
        waves=3,
        options={"import_reports_deployment": True},
    ),
]


@pytest.mark.parametrize(
    "success",
    [
        pytest.param(
            success, id=success.generation, marks=[] if success.generation == "2026.09" else [pytest.mark.exhaustive]
        )
        for success in SUCCESSES
    ],
)
def test_check_mode_predicts_the_rotation_and_a_second_run_changes_nothing(
    make_case: MakeCase, success: SuccessCase
) -> None:
    case = make_case(success.generation, **success.options)
    for name in success.names:
        case.add_certificate(name)
    case.manager.add_jwk(PROJECT, "my-jwk", NAME)
    certificates = [case.desired(name) for name in success.names]

    check = case.rotate(*certificates, check=True, **success.variables)
    real = case.rotate(*certificates, **success.variables)
    again = case.rotate(*certificates, **success.variables)

    assert (check.outcome, real.outcome, again.outcome) == ("planned", "rotated", "nothing_to_do")
    assert check.plan() == real.plan()
    assert {reason for _unused, _unused, reason, _unused, _unused in real.plan().values()} == {"differs"}
    assert check.requests
    assert real.written == success.writes
    assert real.waves == ["done"] * success.waves
    assert {key: (state.newest, state.gateway) for key, state in real.after.items() if key[1] in success.names} == {
        (PROJECT, name, environment): (case.new.sha1, case.new.sha1)
        for name in success.names
        for environment in ENVIRONMENTS
    }
    # A run with nothing to do requests one list, and the environments if the waves depend on their type.
    by_stage = success.variables.get("waves") == "auto"
    assert calls(again.requests) == ["list", "environments"][: 1 + by_stage]
    assert {reason for _unused, _unused, reason, _unused, _unused in again.plan().values()} == {"in_sync"}
    # What the manager did not report was verified at the gateways.
    assert ("and at the gateways" in real.message) is success.silent
    _assert_tells_its_plan_first(real)
    _assert_reports_agree(check, "planned")
    _assert_reports_agree(real, "rotated", "apinizer_rotation.prom")
    if success.variables.get("update_referenced_jwks"):
        assert all(request.query["updateScope"] == "SAME_PROJECT" for request in real.writes)
        assert case.manager.state.jwks[PROJECT, "my-jwk"].der == case.new.der


def _assert_tells_its_plan_first(rotation: RotationRun) -> None:
    """Assert that the plan is printed before the first wave: the strategy with its reason, and a line per environment."""
    plan, _unused, rest = rotation.text.partition("Check the plan, the manager, and the guards")
    assert f"Strategy {rotation.result['strategy']}, since {rotation.result['strategy_reason']}" in plan
    for (_unused, name, environment), (wave, action, reason, _unused, _unused) in rotation.plan().items():
        (line,) = (line for line in plan.splitlines() if f"{PROJECT}/{name} " in line and f" {environment} " in line)
        assert line.split()[0].strip('"') == str(wave)
        assert f" {action} " in line
        assert f" {reason} " in line
    assert "Write wave 1" in rest


def _assert_reports_agree(rotation: RotationRun, word: str, *metrics: str) -> None:
    """Assert that the files exist, that the reports name the certificate, and that all of them name the outcome."""
    reports = {f"rotation.{kind}" for kind in ("json", "html", "md")}
    assert {file.name for file in rotation.reports.iterdir()} == {*reports, *metrics}
    for file in rotation.reports.iterdir():
        text = file.read_text(encoding="utf-8")
        assert NAME in text or file.name in metrics
        assert word in text.lower()


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_previous_certificates_are_backed_up(case: RotationFixture, different: list[Issued]) -> None:
    """Each run that writes creates one folder that other users cannot read."""
    case.add_drifted_certificate(certificates=different)

    planned = case.rotate_in_process(check=True, backup_dir="backups")
    assert planned.result["backup"] is None
    assert not case.backups.exists()
    rotated = case.rotate_in_process(strategy="per_environment", backup_dir=str(case.backups))

    (folder,) = case.backups.iterdir()
    assert rotated.result["backup"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == len(ENVIRONMENTS) + 2
    for environment, issued in zip(ENVIRONMENTS, different):
        (file,) = folder.glob(f"*{environment}*.pem")
        assert file.read_text(encoding="utf-8") == issued.pem
    assert {"manifest.json", "run.jsonl"} <= modes.keys()


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_force_writes_certificates_in_sync(make_case: MakeCase) -> None:
    """It deploys them again."""
    case = make_case()
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new), deploy=False)

    rotation = case.rotate_in_process(force=True)

    assert rotation.outcome == "rotated"
    assert rotation.written == [("update", NAME, ALL)]
    assert {environment["reason"] for environment in rotation.environments().values()} == {"forced"}
    assert {rotation.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_absent_certificate_is_created(make_case: MakeCase) -> None:
    """With waves, the first wave creates it."""
    case = make_case()

    rotation = case.rotate_in_process(case.desired(environments=f"{DEVELOPMENT}, {PRODUCTION}"), waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.environments()[PRODUCTION]["reason"] == "absent"
    assert case.manager.holds(PROJECT, NAME) == {DEVELOPMENT: [case.new.der], PRODUCTION: [case.new.der]}
    assert case.manager.served(PRODUCTION, PROJECT, NAME) == case.new.der


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_duplicate_entries_are_rotated_with_import_file(make_case: MakeCase) -> None:
    """The environment has one entry afterwards, and the report gives the reason for the strategy."""
    case = make_case(duplicates=True)
    case.add_certificate(holds={**dict.fromkeys(ENVIRONMENTS, case.old), STAGING: [case.old, case.old]})

    rotation = case.rotate_in_process()

    assert rotation.result["strategy"] == "per_environment"
    assert "duplicate entries" in rotation.result["strategy_reason"]
    assert case.manager.holds(PROJECT, NAME) == {name: [case.new.der] for name in ENVIRONMENTS}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_lost_response_does_not_stop_the_rotation(case: RotationFixture) -> None:
    """The write took effect, as reading back shows; the report claims no deployment, and the gateways confirm it."""
    case.manager.faults.add(Fault("drop_after", path=IMPORT, skip=1))

    rotation = case.rotate_in_process(waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.written == [("import", NAME, environment) for environment in ENVIRONMENTS]
    assert rotation.environments()[STAGING]["gateway"]["state"] == "confirmed"
    assert not (rotation.environments()[STAGING]["deployment"] or {}).get("success")
    assert rotation.environments()[PRODUCTION]["deployment"]["success"] is True


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_write_by_another_client_after_verification_is_reported(case: RotationFixture, issue: Issue) -> None:
    """Another client replaces a verified certificate before the end: the report says so, and the play fails."""
    theirs = issue(200)
    case.manager.faults.add(
        Fault(
            "other_writer",
            method="GET",
            path=LISTING,
            skip=4,
            action=lambda manager: manager.set_entry(PROJECT, NAME, STAGING, theirs),
        )
    )

    rotation = case.rotate_in_process(waves=THREE_WAVES)

    assert rotation.outcome == "failed"
    assert f"{PROJECT}/{NAME} in {STAGING} holds SHA-256 {theirs.sha256}" in rotation.message
    assert "Modified by someone else after verification" in rotation.message
    assert case.manager.served(STAGING, PROJECT, NAME) == theirs.der


def test_only_due_certificates_are_obtained(case: RotationFixture, issue: Issue) -> None:
    """The tasks run for due certificates only, and the guards check what they return."""
    case.add_certificate(OTHER, dict.fromkeys(ENVIRONMENTS, issue(90)))
    obtain = case.machine.file(
        "obtain.yml",
        """
- name: Ask for a certificate
  ansible.builtin.debug:
    msg: "obtaining {{ certificate_rotation_item.name }} for {{ certificate_rotation_item.environments | map(attribute='reason') | unique }}"
- name: Hand it over
  ansible.builtin.set_fact:
    certificate_rotation_obtained: "{{ {'path': obtained} }}"
""",
    )
    desired = [{"project": PROJECT, "name": name} for name in (NAME, OTHER)]
    given = {"renew_before_days": "30", "obtain_tasks": obtain}
    arguments = ["-e", f"obtained={case.desired()['path']}"]

    check = case.rotate(*desired, check=True, arguments=arguments, **given)
    real = case.rotate(*desired, arguments=arguments, **given)

    assert "obtaining" not in check.text
    assert "to-be-obtained" in check.text
    assert real.outcome == "rotated"
    assert f"obtaining {NAME} for ['expires_soon']" in real.text
    assert f"obtaining {OTHER}" not in real.text
    assert real.written == [("update", NAME, ALL)]
    assert real.certificate(OTHER)["outcome"] == "not_due"


def test_renewal_is_requested(case: RotationFixture, issue: Issue) -> None:
    """renew obtains and rotates a certificate that is not due; the second time, the authority returns the same one."""
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))
    issued = case.desired(NAME, issue(400))["path"]
    obtain = case.machine.file(
        "obtain.yml",
        """
- name: Pass the certificate to the role
  ansible.builtin.set_fact:
    certificate_rotation_obtained: "{{ {'path': obtained} }}"
""",
    )
    given = {"renew_before": "33%", "obtain_tasks": obtain, "arguments": ["-e", f"obtained={issued}"]}
    desired = {"project": PROJECT, "name": NAME, "renew": "{{ 'revoked' == 'revoked' }}"}

    first = case.rotate(desired, **given)
    again = case.rotate(desired, **given)

    assert first.outcome == "rotated"
    assert {one["reason"] for one in first.certificate(NAME)["environments"]} == {"requested"}
    assert first.written == [("update", NAME, ALL)]
    assert (again.outcome, again.written) == ("nothing_to_do", [])
    assert "your tasks obtained the certificate that its environments hold already" in " ".join(again.text.split())


def test_new_certificate_that_would_be_due_again_at_once_is_refused_in_check_mode(
    case: RotationFixture, issue: Issue
) -> None:
    case.add_certificate()

    rotation = case.rotate(case.desired(NAME, issue(25)), check=True, renew_before=30)

    assert rotation.outcome == "refused"
    assert "with 25 days left, and renew_before is 30 days. It would be due again at once" in rotation.message
    assert "lower certificate_rotation_renew_before" in rotation.message


@pytest.mark.exhaustive
def test_two_rotations_in_one_play_are_independent(case: RotationFixture, issue: Issue) -> None:
    """The report covers the second rotation only."""
    case.add_certificate(OTHER)
    second = {"certificates": [case.desired(OTHER, issue(100))], "backup_dir": "", "waves": TWO_WAVES}

    rotation = case.rotate(case.desired(), times=[{"backup_dir": str(case.backups)}, second])

    assert [(call, name) for call, name, _unused in rotation.written] == [
        ("update", NAME),
        ("import", OTHER),
        ("import", OTHER),
    ]
    assert [certificate["name"] for certificate in rotation.result["certificates"]] == [OTHER]
    assert "Rotated 1 of 1 certificates in 3 environments" in rotation.message
    assert rotation.waves == ["done", "done"]
    assert rotation.result["backup"] is None


def test_module_defaults_of_the_play_apply_to_the_role(case: RotationFixture) -> None:
    """They are set for each module and rendered when used; the role has no connection of its own here."""
    connection = {"url": "{{ the_manager }}", "token": "{{ the_token }}", "retries": 0}
    names = ("apinizer_certificate", "apinizer_certificate_info", "apinizer_environment_info")
    defaults = {f"{COLLECTION}.{name}": connection for name in names}
    play = case.write_playbook({"certificates": [case.desired()], "waves": "auto"}, module_defaults=defaults)
    the_manager = json.dumps({"the_manager": case.manager.url, "the_token": case.manager.token})

    run = case.ansible("ansible-playbook", play, "-e", the_manager, env=NOT_HERE)

    assert run.status == 0, run.text
    assert {manager_state(case.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}
    assert case.manager.token not in run.text
