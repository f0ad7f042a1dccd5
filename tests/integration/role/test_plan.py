# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role plans, what it refuses and why: all of it before anything is written, and in check mode just the same."""

from __future__ import annotations

from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.role.conftest import Issue, SetStage
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    Stage,
)
from manager import Fault

SECOND_PROJECT = "Second Project"


@pytest.mark.exhaustive
def test_every_reason_from_one_list_of_each_project(stage: Stage, issue: Issue) -> None:
    """One request for each project says what is due; what is due is looked at in detail, in one more for each."""
    stage.manager.add_project(SECOND_PROJECT, ENVIRONMENTS)
    stage.manager.add_certificate(SECOND_PROJECT, NAME, {DEVELOPMENT: issue(200)})
    stage.hold(holds={DEVELOPMENT: stage.old, STAGING: issue(-2), PRODUCTION: issue(90)})
    stage.hold(OTHER, {DEVELOPMENT: stage.new, STAGING: [stage.new, stage.new]})
    certificates = [
        stage.wanted(),
        stage.wanted(OTHER, environments=list(ENVIRONMENTS)),
        {**stage.wanted(), "project": SECOND_PROJECT, "renew_before_days": ""},
        {**stage.wanted("Absent"), "project": SECOND_PROJECT, "environments": DEVELOPMENT, "renew_before_days": "30"},
    ]
    for certificate in certificates[:2]:
        certificate["renew_before_days"] = 30

    rotation = stage.rotate(*certificates, check=True, strategy="per_environment")

    assert {key: planned[1:3] for key, planned in rotation.plan().items()} == {
        (PROJECT, NAME, DEVELOPMENT): ("update", "expires_soon"),
        (PROJECT, NAME, STAGING): ("update", "expired"),
        (PROJECT, NAME, PRODUCTION): ("none", "not_due"),
        (PROJECT, OTHER, DEVELOPMENT): ("none", "in_sync"),
        (PROJECT, OTHER, STAGING): ("none", "duplicate_entries"),
        (PROJECT, OTHER, PRODUCTION): ("create", "absent"),
        (SECOND_PROJECT, NAME, DEVELOPMENT): ("update", "differs"),
        (SECOND_PROJECT, "Absent", DEVELOPMENT): ("create", "absent"),
    }
    assert rotation.outcome == "planned"
    asked = [(call, request.segments[1]) for call, request in zip(calls(rotation.requests), rotation.requests)]
    assert {project for call, project in asked[:2]} == {PROJECT, SECOND_PROJECT}
    assert [call for call, _unused in asked[:2]] == ["list", "list"]
    looked_at = [request.segments[3] for request in rotation.requests if len(request.segments) == 4]
    assert sorted(looked_at) == ["Absent", NAME, NAME, OTHER]


PROBLEMS = [
    (
        "2025",
        {"waves": "auto"},
        [
            "certificate_rotation_waves: auto needs the stage of each environment (TEST, SANDBOX, PRODUCTION)",
            f"{DEVELOPMENT} (type KUBERNETES), {PRODUCTION} (type KUBERNETES), {STAGING} (type KUBERNETES)",
            "List the waves instead",
        ],
    ),
    (
        "2026",
        {"waves": TWO_WAVES, "strategy": "replace"},
        ["certificate_rotation_strategy: replace", "2 waves", "per_environment", "single wave"],
    ),
    (
        "2026",
        {"waves": f"{DEVELOPMENT}", "strategy": "replace"},
        [f"due in {PRODUCTION}, {STAGING}, which is in no wave", "certificate_rotation_waves"],
    ),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("generation", "variables", "words"), PROBLEMS, ids=["no stages", "no big bang", "no wave"])
def test_a_plan_that_cannot_be_carried_out(
    set_stage: SetStage, generation: Any, variables: dict[str, Any], words: list[str]
) -> None:
    """It is refused for real as in check mode, after the plan was shown."""
    stage = set_stage(generation)
    stage.hold()

    check = stage.rotate(check=True, **variables)
    rotation = stage.rotate(**variables)

    assert (check.outcome, check.message) == (rotation.outcome, rotation.message)
    assert rotation.outcome == "refused"
    assert rotation.message.startswith("Nothing was written. ")
    for part in words:
        assert part in rotation.message
    assert f"{PROJECT}/{NAME}" in rotation.text.partition("Preflight")[0]
    assert set(calls(rotation.requests)) <= {"list", "environments"}


@pytest.mark.exhaustive
def test_an_environment_that_replace_would_take_it_from(stage: Stage) -> None:
    """The list of environments is no way to lose one by accident."""
    rotation = stage.rotate(stage.wanted(environments=f"{DEVELOPMENT}\n{STAGING}"), strategy="replace")

    assert rotation.outcome == "refused"
    assert f"{PROJECT}/{NAME} is also in {PRODUCTION}" in rotation.message
    assert "per_environment" in rotation.message


def _guarded(stage: Stage, issue: Issue) -> list[dict[str, Any]]:
    """Certificates that the guards have something against, each for a reason of its own, and one that is fine."""
    new = {
        "too-short": issue(21),
        "too-early": issue(19, not_before=None),
        "other-subject": issue(364, "api.example.com"),
        "fewer-names": issue(364, dns_names=["example.com", "new.example.com"]),
        NAME: stage.new,
    }
    for name in new:
        stage.hold(name, {PRODUCTION: stage.old})
    return [stage.wanted(name, issued) for name, issued in new.items()]


@pytest.mark.exhaustive
def test_all_guards_are_checked_before_the_first_write(stage: Stage, issue: Issue) -> None:
    """One certificate that fails is enough for all. Each refusal names certificate, environment and both values."""
    certificates = _guarded(stage, issue)

    check = stage.rotate(*certificates, check=True, minimum_remaining_days="21", waves=THREE_WAVES)
    rotation = stage.rotate(*certificates, minimum_remaining_days="21", waves=THREE_WAVES)

    assert (check.outcome, check.failed_guards()) == (rotation.outcome, rotation.failed_guards())
    assert rotation.outcome == "refused"
    assert rotation.failed_guards() == [
        ("too-early", "minimum_remaining_days", None),
        ("too-early", "require_later_expiry", PRODUCTION),
        ("other-subject", "require_same_subject", PRODUCTION),
        ("fewer-names", "require_same_names", PRODUCTION),
    ]
    current = stage.old.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    for words in (
        f"The new certificate of {PROJECT}/too-early is valid until",
        "(19 days); certificate_rotation_minimum_remaining_days asks for 21",
        f"{PROJECT}/too-early in {PRODUCTION}: the current certificate is valid until {current}, the new one until",
        f"{PROJECT}/other-subject in {PRODUCTION}: the current subject is ",
        "CN=api.example.com",
        f"{PROJECT}/fewer-names in {PRODUCTION}: the current names are ",
        "www.example.com would be lost",
    ):
        assert words in rotation.message
        assert words.partition(":")[0] in rotation.text
    assert rotation.waves == ["not_started"] * 3


@pytest.mark.exhaustive
def test_certificates_that_the_guards_are_against_can_be_skipped(stage: Stage, issue: Issue) -> None:
    """The others go on, and the report says which were left out."""
    rotation = stage.rotate(*_guarded(stage, issue), minimum_remaining_days=21, on_guard_failure="skip")

    assert rotation.outcome == "rotated"
    assert {name for _unused, name, _unused in rotation.written} == {"too-short", NAME}
    outcomes = {certificate["name"]: certificate["outcome"] for certificate in rotation.result["certificates"]}
    skipped = dict.fromkeys(["too-early", "other-subject", "fewer-names"], "skipped")
    assert outcomes == {"too-short": "rotated", NAME: "rotated", **skipped}
    assert "3 left out by their guards" in rotation.message


@pytest.mark.exhaustive
def test_guards_can_be_switched_off(stage: Stage, issue: Issue) -> None:
    """With words, as a survey gives them."""
    off = dict.fromkeys(["require_later_expiry", "require_same_subject", "require_same_names"], "false")

    rotation = stage.rotate(*_guarded(stage, issue), minimum_remaining_days="0", check=True, **off)

    assert rotation.outcome == "planned"
    assert rotation.failed_guards() == []


@pytest.mark.exhaustive
def test_new_certificates_that_are_none(stage: Stage) -> None:
    """All of them are named at once, with the file, and nothing of what is in it."""
    stage.hold("a-key")
    stage.hold("garbage")
    missing = {**stage.wanted(), "path": "/nowhere/new.pem"}
    key = stage.wanted("a-key", stage.new.pem + stage.new.key_pem)
    garbage = stage.wanted("garbage", "hardly a certificate")

    rotation = stage.rotate(missing, key, garbage)

    assert rotation.outcome == "refused"
    assert f"The new certificate of {PROJECT}/{NAME} (/nowhere/new.pem) cannot be used" in rotation.message
    assert f"The new certificate of {PROJECT}/a-key ({key['path']}) cannot be used" in rotation.message
    assert f"The new certificate of {PROJECT}/garbage ({garbage['path']}) cannot be used" in rotation.message
    assert "private key" in rotation.message
    assert "hardly" not in rotation.text
    assert stage.new.key_pem.splitlines()[1] not in rotation.text


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"strategy": "per-environment"}, "certificate_rotation_strategy"),
        (
            {"soak_seconds": "soon"},
            "certificate_rotation_soak_seconds: must be a whole number of 0 or more, not 'soon'",
        ),
        ({"certificates": [{"project": PROJECT, "name": NAME}]}, "certificate_rotation_obtain_tasks"),
    ],
    ids=["choice", "number", "no source"],
)
def test_a_variable_that_cannot_be_used(stage: Stage, variables: dict[str, Any], words: str) -> None:
    """It is named before a single request is sent."""
    run = stage.ansible("ansible-playbook", stage.play({"certificates": [stage.wanted()], **variables}))

    assert run.status != 0
    assert words in " ".join(run.text.split())
    assert "Traceback" not in run.text
    assert not len(stage.manager.journal)


@pytest.mark.exhaustive
def test_a_project_that_cannot_be_read(stage: Stage) -> None:
    """The manager's own words, once; nothing is written, and the report says so."""
    rotation = stage.rotate({**stage.wanted(), "project": "Nowhere"}, stage.wanted())

    assert rotation.outcome == "refused"
    assert rotation.message.count("Project (Nowhere) is not found") == 1
    assert "Traceback" not in rotation.text


@pytest.mark.exhaustive
def test_projects_that_cannot_be_read_are_told_all_at_once(stage: Stage) -> None:
    """Each with its own reason, and with its name where the manager does not say it."""
    stage.manager.add_project("Closed", ENVIRONMENTS)
    stage.manager.faults.add(Fault("status", path="/Closed/", status=403, body={"message": "No!"}))
    rotation = stage.rotate(*({**stage.wanted(), "project": project} for project in ("Nowhere", "Closed", PROJECT)))

    assert rotation.outcome == "refused"
    assert rotation.message.startswith("Nothing was written. Closed: The manager answered GET with HTTP 403: No!")
    assert rotation.message.count("Project (Nowhere) is not found") == 1
