# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of the role, its guards and invalid variables: the same in check mode, and always before the first write."""

from __future__ import annotations

from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.role.conftest import Issue, MakeCase
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
    RotationFixture,
)
from manager import Fault

SECOND_PROJECT = "Second Project"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_plan_gives_a_reason_from_one_list_per_project(case: RotationFixture, issue: Issue) -> None:
    """One request per project shows what is due; each due certificate takes one more request for its details."""
    case.manager.add_project(SECOND_PROJECT, ENVIRONMENTS)
    case.manager.add_certificate(SECOND_PROJECT, NAME, {DEVELOPMENT: issue(200)})
    case.add_certificate(holds={DEVELOPMENT: case.old, STAGING: issue(-2), PRODUCTION: issue(90)})
    case.add_certificate(OTHER, {DEVELOPMENT: case.new, STAGING: [case.new, case.new]})
    certificates = [
        case.desired(),
        case.desired(OTHER, environments=list(ENVIRONMENTS)),
        {**case.desired(), "project": SECOND_PROJECT, "renew_before_days": ""},
        {**case.desired("Absent"), "project": SECOND_PROJECT, "environments": DEVELOPMENT, "renew_before_days": "30"},
    ]
    for certificate in certificates[:2]:
        certificate["renew_before_days"] = 30

    rotation = case.rotate_in_process(*certificates, check=True, strategy="per_environment")

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
            "certificate_rotation_waves: auto needs the type of each environment (TEST, SANDBOX, PRODUCTION)",
            f"{DEVELOPMENT} (type KUBERNETES), {PRODUCTION} (type KUBERNETES), {STAGING} (type KUBERNETES)",
            "List the waves instead",
        ],
    ),
    (
        "2026.09",
        {"waves": TWO_WAVES, "strategy": "replace"},
        ["certificate_rotation_strategy: replace", "2 waves", "per_environment", "single wave"],
    ),
    (
        "2026.09",
        {"waves": f"{DEVELOPMENT}", "strategy": "replace"},
        [f"due in environments that are in no wave: {PRODUCTION}, {STAGING}", "certificate_rotation_waves"],
    ),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("generation", "variables", "words"), PROBLEMS, ids=["no stages", "no big bang", "no wave"])
def test_invalid_plan_is_refused(
    make_case: MakeCase, generation: Any, variables: dict[str, Any], words: list[str]
) -> None:
    """A real run refuses it as check mode does, after showing the plan."""
    case = make_case(generation)
    case.add_certificate()
    # Ansible shows every plan in the same way.
    rotate = case.rotate if generation == "2025" else case.rotate_in_process

    check = rotate(check=True, **variables)
    rotation = rotate(**variables)

    assert (check.outcome, check.message) == (rotation.outcome, rotation.message)
    assert rotation.outcome == "refused"
    assert rotation.message.startswith("Nothing was written. ")
    for part in words:
        assert part in rotation.message
    assert f"{PROJECT}/{NAME}" in rotation.text.partition("Preflight")[0]
    assert set(calls(rotation.requests)) <= {"list", "environments"}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_replace_refuses_to_remove_an_unlisted_environment(case: RotationFixture) -> None:
    """A list of environments never removes one by accident."""
    rotation = case.rotate_in_process(case.desired(environments=f"{DEVELOPMENT}\n{STAGING}"), strategy="replace")

    assert rotation.outcome == "refused"
    assert f"{PROJECT}/{NAME} is also in {PRODUCTION}" in rotation.message
    assert "per_environment" in rotation.message


def _guarded(case: RotationFixture, issue: Issue) -> list[dict[str, Any]]:
    """Add certificates that fail a guard, each for a different reason, and one that passes."""
    new = {
        "too-short": issue(21),
        "too-early": issue(19, not_before=None),
        "other-subject": issue(364, "api.example.com"),
        "fewer-names": issue(364, dns_names=["example.com", "new.example.com"]),
        NAME: case.new,
    }
    for name in new:
        case.add_certificate(name, {PRODUCTION: case.old})
    return [case.desired(name, issued) for name, issued in new.items()]


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_all_guards_are_checked_before_the_first_write(case: RotationFixture, issue: Issue) -> None:
    """One failed guard stops the run. Each message names the certificate, the environment and both values."""
    certificates = _guarded(case, issue)

    check = case.rotate_in_process(*certificates, check=True, minimum_remaining_days="21", waves=THREE_WAVES)
    rotation = case.rotate_in_process(*certificates, minimum_remaining_days="21", waves=THREE_WAVES)

    assert (check.outcome, check.failed_guards()) == (rotation.outcome, rotation.failed_guards())
    assert rotation.outcome == "refused"
    assert rotation.failed_guards() == [
        ("too-early", "minimum_remaining_days", None),
        ("too-early", "require_later_expiry", PRODUCTION),
        ("other-subject", "require_same_subject", PRODUCTION),
        ("fewer-names", "require_same_names", PRODUCTION),
    ]
    current = case.old.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    for words in (
        f"{PROJECT}/too-early: the new certificate is valid until",
        "(19 days), and certificate_rotation_minimum_remaining_days requires 21",
        f"{PROJECT}/too-early in {PRODUCTION}: the current certificate is valid until {current}, the new one until",
        f"{PROJECT}/other-subject in {PRODUCTION}: the current subject is ",
        "CN=api.example.com",
        f"{PROJECT}/fewer-names in {PRODUCTION}: the current names are ",
        "www.example.com would be lost",
    ):
        assert words in rotation.message
        assert words.partition(":")[0] in rotation.text
    assert rotation.waves == ["not_started"] * 3


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_certificates_with_failed_guards_can_be_skipped(case: RotationFixture, issue: Issue) -> None:
    """The other certificates are rotated, and the report names the skipped ones."""
    rotation = case.rotate_in_process(*_guarded(case, issue), minimum_remaining_days=21, on_guard_failure="skip")

    assert rotation.outcome == "rotated"
    assert {name for _unused, name, _unused in rotation.written} == {"too-short", NAME}
    outcomes = {certificate["name"]: certificate["outcome"] for certificate in rotation.result["certificates"]}
    skipped = dict.fromkeys(["too-early", "other-subject", "fewer-names"], "skipped")
    assert outcomes == {"too-short": "rotated", NAME: "rotated", **skipped}
    assert "The guards left out 3 of them" in rotation.message


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_guards_can_be_disabled(case: RotationFixture, issue: Issue) -> None:
    """The values are text, as a survey returns them."""
    off = dict.fromkeys(["require_later_expiry", "require_same_subject", "require_same_names"], "false")

    rotation = case.rotate_in_process(*_guarded(case, issue), minimum_remaining_days="0", check=True, **off)

    assert rotation.outcome == "planned"
    assert rotation.failed_guards() == []


@pytest.mark.exhaustive
def test_invalid_new_certificates_are_refused(case: RotationFixture) -> None:
    """One message names all of them with their file, and shows nothing of its content."""
    case.add_certificate("a-key")
    case.add_certificate("garbage")
    missing = {**case.desired(), "path": "/nowhere/new.pem"}
    key = case.desired("a-key", case.new.pem + case.new.key_pem)
    garbage = case.desired("garbage", "hardly a certificate")

    rotation = case.rotate(missing, key, garbage)

    assert rotation.outcome == "refused"
    assert f"The new certificate of {PROJECT}/{NAME} (/nowhere/new.pem) cannot be used" in rotation.message
    assert f"The new certificate of {PROJECT}/a-key ({key['path']}) cannot be used" in rotation.message
    assert f"The new certificate of {PROJECT}/garbage ({garbage['path']}) cannot be used" in rotation.message
    assert "private key" in rotation.message
    assert "hardly" not in rotation.text
    assert case.new.key_pem.splitlines()[1] not in rotation.text


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
def test_invalid_variable_is_refused(case: RotationFixture, variables: dict[str, Any], words: str) -> None:
    """It is named before any request."""
    run = case.ansible("ansible-playbook", case.write_playbook({"certificates": [case.desired()], **variables}))

    assert run.status != 0
    assert words in " ".join(run.text.split())
    assert "Traceback" not in run.text
    assert not len(case.manager.journal)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_unreadable_project_fails_the_run(case: RotationFixture) -> None:
    """The message quotes the manager once; nothing is written, and the report says so."""
    rotation = case.rotate_in_process({**case.desired(), "project": "Nowhere"}, case.desired())

    assert rotation.outcome == "refused"
    assert rotation.message.count("Project (Nowhere) is not found") == 1
    assert "Traceback" not in rotation.text


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_all_unreadable_projects_are_reported_together(case: RotationFixture) -> None:
    """Each has its own reason, and its name where the manager does not mention it."""
    case.manager.add_project("Closed", ENVIRONMENTS)
    case.manager.faults.add(Fault("status", path="/Closed/", status=403, body={"message": "No!"}))
    rotation = case.rotate_in_process(
        *({**case.desired(), "project": project} for project in ("Nowhere", "Closed", PROJECT))
    )

    assert rotation.outcome == "refused"
    assert rotation.message.startswith("Nothing was written. Closed: The manager answered GET with HTTP 403: No!")
    assert rotation.message.count("Project (Nowhere) is not found") == 1
