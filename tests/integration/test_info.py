# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info modules: what they return, what they leave out, and how many requests they send."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration.certificate_fixture import (
    ALIAS,
    DEPLOYED,
    DESCRIPTION,
    ENVIRONMENTS,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
    assert_error,
    calls,
    expected_facts,
    reported_facts,
)
from integration.machine import ENVIRONMENT_INFO, INFO, Outcome, task

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")


def _names(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["project"], one["name"]) for one in outcome["certificates"]]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_each_project_takes_one_request(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)
    case.manager.add_project("Another", ["test"])
    case.manager.add_certificate("Another", "z", {"test": case.new})
    case.manager.add_certificate("Another", "a", {"test": case.new})

    run = case.machine.playbook(task("all", INFO, url=case.manager.url, token=case.manager.token))

    assert _names(run["all"]) == [("Another", "a"), ("Another", "z"), (PROJECT, NAME)]
    assert not run["all"].changed
    assert calls(case.manager.journal) == ["projects", "list", "list", "list"]
    assert len(case.manager.journal.connections()) == 1
    assert reported_facts(run["all"]["certificates"][2]) == expected_facts(case.manager)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_result_has_every_field(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation)

    (found,) = case.info(project=PROJECT, name=NAME)["certificates"]

    assert found["description"] == (None if generation == "2024.09" else DESCRIPTION)
    assert [entry["name"] for entry in found["environments"]] == sorted(DEPLOYED)
    assert found["environments"][0] == {
        "name": "development",
        "alias": ALIAS,
        "subject": "CN=www.example.com,O=Example Inc,C=US",
        "issuer": "CN=Example CA,O=Example Inc,C=US",
        "serial_number": f"{case.old.certificate.serial_number:x}",
        "not_before": found["environments"][0]["not_before"],
        "not_after": found["environments"][0]["not_after"],
        "days_remaining": 363,
        "percent_remaining": 99,
        "expired": False,
        "fingerprint_sha256": case.old.sha256,
        "fingerprint_sha1": case.old.sha1,
        "public_key_sha256": case.old.public_key_sha256,
        "entries": 1,
        "chain": [],
    }
    assert calls(case.manager.journal) == ["list"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_details_complete_the_list(make_case: MakeCase, generation: str) -> None:
    case = make_case(generation, list_content=False)
    case.manager.add_certificate(PROJECT, "another", {"production": case.new})

    listed, detailed = case.info(project=PROJECT), case.info(project=PROJECT, details=True)

    for outcome, known in ((listed, False), (detailed, True)):
        entries = [entry for one in outcome["certificates"] for entry in one["environments"]]
        assert [entry["fingerprint_sha256"] is not None for entry in entries] == [known] * 3
        assert [entry["issuer"] is not None for entry in entries] == [known] * 3
        assert [entry["fingerprint_sha1"] for entry in entries] == [case.new.sha1, case.old.sha1, case.old.sha1]
        assert [entry["days_remaining"] for entry in entries] == [363] * 3
    assert calls(case.manager.journal) == ["list", "list", "get", "get"]


def test_details_take_no_request_if_the_list_has_them(case: CertificateFixture) -> None:
    case.info(project=PROJECT, details=True)

    assert calls(case.manager.journal) == ["list"]


def test_details_are_requested_for_the_given_name_only(make_case: MakeCase) -> None:
    case = make_case(list_content=False)
    case.manager.add_certificate(PROJECT, "another", {"production": case.new})

    outcome = case.info(project=PROJECT, name=NAME, details=True)

    assert _names(outcome) == [(PROJECT, NAME)]
    assert calls(case.manager.journal) == ["list", "get"]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (0, ["expired"]),
        (9, ["expired"]),
        (10, ["expired", "in-ten-days"]),
        (30, ["expired", "in-ten-days"]),
        (3650, ["expired", "in-ten-days", NAME]),
    ],
)
def test_expiring_within_filters_by_days(make_case: MakeCase, days: int, found: list[str]) -> None:
    """A certificate with ten days left is found with ten, not with nine; an expired one is always found."""
    case = make_case(list_content=False)
    now = datetime.now(timezone.utc)
    begin = now - timedelta(days=99)
    expired = case.authority.issue("e.example.com", not_before=begin, not_after=now - timedelta(seconds=1))
    soon = case.authority.issue("s.example.com", not_before=begin, not_after=now + timedelta(days=10))
    case.manager.add_certificate(PROJECT, "expired", {"staging": expired})
    case.manager.add_certificate(PROJECT, "in-ten-days", {"staging": soon, "production": case.new})

    outcome = case.info(project=PROJECT, expiring_within=days)

    assert [name for _unused, name in _names(outcome)] == sorted(found)
    by_name = {one["name"]: one["environments"] for one in outcome["certificates"]}
    assert [(entry["expired"], entry["days_remaining"]) for entry in by_name["expired"]] == [(True, -1)]
    if "in-ten-days" in by_name:
        # All environments of the certificate are returned, including those that were renewed already.
        assert [entry["days_remaining"] for entry in by_name["in-ten-days"]] == [363, 9]


@pytest.mark.parametrize(("share", "found"), [("9%", []), ("10%", ["ten-of-a-hundred"])])
def test_expiring_within_filters_by_a_share_of_the_lifetime(make_case: MakeCase, share: str, found: list[str]) -> None:
    case = make_case(list_content=False)
    now = datetime.now(timezone.utc)
    soon = case.authority.issue(
        "s.example.com", not_before=now - timedelta(days=90), not_after=now + timedelta(days=10, seconds=-1)
    )
    case.manager.add_certificate(PROJECT, "ten-of-a-hundred", {"staging": soon})

    outcome = case.info(project=PROJECT, expiring_within=share)

    assert [name for _unused, name in _names(outcome)] == found
    assert all(one["environments"][0]["percent_remaining"] == 9 for one in outcome["certificates"])


def test_environments_filters_certificates(case: CertificateFixture) -> None:
    case.manager.add_certificate(PROJECT, "another", {"production": case.new})

    outcome = case.info(project=PROJECT, environments=["staging", "no-such-environment"])

    (found,) = outcome["certificates"]
    assert found["name"] == NAME
    assert [entry["name"] for entry in found["environments"]] == ["staging"]


def test_filters_are_combined(case: CertificateFixture) -> None:
    """Only the given environments are compared with `expiring_within`."""
    now = datetime.now(timezone.utc)
    soon = case.authority.issue("s.example.com", not_after=now + timedelta(days=5))
    case.manager.add_certificate(PROJECT, NAME, {"development": soon, "staging": case.new})

    assert _names(case.info(expiring_within=9, environments=["staging"])) == []
    assert _names(case.info(expiring_within=9, environments=["development"])) == [(PROJECT, NAME)]


def test_duplicate_entries_are_counted(case: CertificateFixture) -> None:
    newer = case.authority.issue("www.example.com", not_before=datetime.now(timezone.utc))
    case.manager.add_certificate(PROJECT, NAME, {"staging": [case.old, newer]})

    (found,) = case.info(project=PROJECT)["certificates"]

    (entry,) = found["environments"]
    assert (entry["entries"], entry["fingerprint_sha256"]) == (2, newer.sha256)


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_absent_certificate_is_empty_and_missing_project_is_an_error(
    make_case: MakeCase, generation: str, language: str
) -> None:
    """They are distinguished by a second request, not by the wording of the response."""
    case = make_case(generation, language=language)

    absent, wrong_case = case.info(project=PROJECT, name="absent"), case.info(project=PROJECT, name=NAME.upper())
    missing = case.info(project="myproject")

    assert not absent.failed
    assert (absent["certificates"], wrong_case["certificates"]) == ([], [])
    assert_error(missing, "project myproject", "option project", "case-sensitive")


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_missing_project_is_not_an_absent_certificate(
    make_case: MakeCase, generation: str, language: str, state: str
) -> None:
    case = make_case(generation, language=language)
    certificate = {} if state == "absent" else {"content": case.new.pem, "environments": [*ENVIRONMENTS]}

    outcome = case.run(project="myproject", state=state, **certificate)

    assert_error(outcome, "project myproject", "option project")
    assert not case.manager.journal.writes()


def test_projects_without_access_are_left_out(case: CertificateFixture) -> None:
    case.manager.add_project("Hidden", ["test"])
    case.manager.add_certificate("Hidden", "secret", {"test": case.new})
    token = case.manager.add_token("limited", projects=[PROJECT], permissions=["read"])

    outcome = case.machine.module(INFO, url=case.manager.url, token=token)

    assert _names(outcome) == [(PROJECT, NAME)]


def test_check_mode_returns_the_same(case: CertificateFixture) -> None:
    options: dict[str, Any] = {"url": case.manager.url, "token": case.manager.token, "project": PROJECT}

    real, check = (case.machine.module(INFO, check=check, **options) for check in (False, True))

    assert check["certificates"] == real["certificates"]
    assert not check.changed


class TestEnvironments:
    """The module for the environments of a project."""

    @pytest.mark.parametrize(("generation", "kind"), [("2025", "KUBERNETES"), ("2026.09", "PRODUCTION")])
    def test_result_has_the_fields_of_each_environment(self, make_case: MakeCase, generation: str, kind: str) -> None:
        case = make_case(generation)

        outcome = self._run(case)

        assert [one["name"] for one in outcome["environments"]] == sorted(ENVIRONMENTS)
        assert outcome["environments"][1] == {
            "name": "production",
            "type": kind,
            "status": "PUBLISHED",
            "access_url": "https://production.example.com",
            "description": "",
        }
        assert not outcome.changed
        assert set(calls(case.manager.journal)) == {"environments"}

    @pytest.mark.parametrize("generation", ["2025", "2026.09", "openapi"])
    def test_missing_project_is_an_error(self, make_case: MakeCase, generation: str) -> None:
        outcome = self._run(make_case(generation), project="myproject")

        assert_error(outcome, "myproject")
        assert not outcome.changed

    def test_manager_without_a_list_of_environments_is_reported(self, make_case: MakeCase) -> None:
        case = make_case("2024.09")

        assert_error(self._run(case), "HTTP 404")

    def _run(self, case: CertificateFixture, project: str = PROJECT) -> Outcome:
        return case.machine.module(ENVIRONMENT_INFO, url=case.manager.url, token=case.manager.token, project=project)


# JWKs and chains


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("generation", "expected"), [("2024.09", []), ("2025", [{"project": PROJECT, "names": ["a-jwk", "my-jwk"]}])]
)
def test_jwks_take_one_request_for_each_project(make_case: MakeCase, generation: str, expected: Any) -> None:
    """A manager of 2024.09 does not list JWKs, which one request shows, and which is no problem."""
    case = make_case(generation)
    case.manager.add_project("Another", ["test"])
    case.manager.add_certificate("Another", "a", {"test": case.new})
    for name, source in (("my-jwk", NAME), ("a-jwk", NAME), ("generated", None)):
        case.manager.add_jwk(PROJECT, name, source)

    outcome = case.info(jwks=True)

    assert outcome["jwks"] == expected
    assert outcome.warnings == []
    assert calls(case.manager.journal).count("jwks") == (1 if generation == "2024.09" else 2)


@pytest.mark.exhaustive
def test_chain_is_what_the_record_contains_with_the_certificate(make_case: MakeCase) -> None:
    case = make_case("2024.09")
    case.manager.add_certificate(PROJECT, NAME, {"production": case.new.chain_pem})

    ((found,),) = [one["environments"] for one in case.info(project=PROJECT, name=NAME)["certificates"]]

    (issuer,) = found["chain"]
    assert issuer["subject"] == found["issuer"] == issuer["issuer"]
