# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of the manager, or of a proxy before it, during a write: the result is accurate, and nothing is lost.

The same invariants are checked for every fault and every operation; tests below cover what is specific to a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from integration.certificate_fixture import (
    ALIAS,
    DEPLOYED,
    ENVIRONMENTS,
    NAME,
    PROJECT,
    CertificateFixture,
    MakeCase,
    assert_accurate,
    assert_error,
    calls,
    expected_facts,
)
from integration.machine import Outcome
from manager import Fault, Manager

pytestmark = pytest.mark.any_mode

RETRIES = 1
AT_ONCE = {"Retry-After": "0"}
ELSEWHERE = "https://sign-in.example.com/login"


@dataclass(frozen=True)
class Operation:
    """A write operation: its HTTP method, the task's options, and the certificate of each environment afterwards."""

    method: str
    options: Mapping[str, Any]
    holds: Mapping[str, str]
    exists: bool = True


_NEW = dict.fromkeys(DEPLOYED, "new")
OPERATIONS = {
    "create": Operation("POST", {"environments": [*DEPLOYED]}, _NEW, exists=False),
    "update": Operation("PUT", {}, _NEW),
    "import": Operation(
        "POST",
        {"environments": ["staging"], "unlisted_environments": "keep"},
        {"development": "old", "staging": "new"},
    ),
    "delete": Operation("DELETE", {"state": "absent"}, {}),
}


def _run(case: CertificateFixture, operation: Operation, **options: Any) -> Outcome:
    """Run the writing task, and wait until the manager has finished."""
    certificate = {} if operation.options.get("state") == "absent" else {"content": case.new.pem}
    given = {"retries": RETRIES, **certificate, **operation.options, **options}
    outcome = case.run(**given)
    case.manager.settle()
    return outcome


def _expected_der(case: CertificateFixture, operation: Operation) -> dict[str, bytes]:
    der = {"old": case.old.der, "new": case.new.der}
    return {environment: der[which] for environment, which in operation.holds.items()}


def _writes(case: CertificateFixture) -> list[str]:
    return calls(case.manager.journal.writes())


def _applied(case: CertificateFixture) -> list[str]:
    return calls(request for request in case.manager.journal if request.applied)


def _assert_invariants(
    case: CertificateFixture, operation: Operation, outcome: Outcome, before: Mapping[str, bytes]
) -> None:
    """Assert the invariants that hold after every fault."""
    manager, expected = case.manager, _expected_der(case, operation)
    assert len(_applied(case)) <= 1, "a write was repeated although it had been applied"
    assert len(_writes(case)) <= 1 + RETRIES
    assert "<html" not in outcome.text
    assert manager.token not in outcome.text
    assert_accurate(outcome, manager)
    assert outcome.changed == (expected_facts(manager) != _facts_before(case, before))
    if outcome.failed:
        assert_error(outcome)
    else:
        assert case.gateway_certificates() == expected
        assert case.record_certificates() == {environment: [der] for environment, der in expected.items()}
    if operation.method != "DELETE":
        assert set(case.gateway_certificates()) >= set(before), "an environment lost its certificate"
    elif not _applied(case):
        assert case.gateway_certificates() == before


def _facts_before(case: CertificateFixture, before: Mapping[str, bytes]) -> dict[str, Any] | None:
    entries = dict.fromkeys(before, (ALIAS, case.old.sha1, 1))
    return {"name": NAME, "project": PROJECT, "environments": entries} if before else None


# Temporary faults: the task succeeds in the end. `applied` says whether the manager had applied the write.
PASSING = {
    "503": Fault("status", headers=AT_ONCE),
    "503 after it was applied": Fault("status", headers=AT_ONCE, after=True),
    "429": Fault("status", status=429, headers=AT_ONCE),
    "429 in the words of 2025": Fault("status", status=429, body={"error": "rate_limit_exceeded", "retry_after": 0}),
    "502 with an HTML page": Fault("html", status=502, headers=AT_ONCE),
    "504 after it was applied": Fault("html", status=504, headers=AT_ONCE, after=True),
    "connection dropped": Fault("drop_before"),
    "connection dropped after it was applied": Fault("drop_after"),
    "answer cut off after it was applied": Fault("malformed", after=True),
    "empty answer after it was applied": Fault("empty", after=True),
    "HTML with 200 after it was applied": Fault("html", after=True),
    "slow to apply": Fault("delay", seconds=1.8),
    "slow to answer": Fault("delay", seconds=1.8, after=True),
}


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("fault", PASSING)
def test_temporary_fault_is_overcome(make_case: MakeCase, fault: str, kind: str) -> None:
    operation = OPERATIONS[kind]
    case = make_case(with_certificate=operation.exists)
    before = case.gateway_certificates()
    case.manager.faults.add(_aimed(PASSING[fault], operation))

    # A busy machine can take a second for any request. The slow request ends before the client, which waits for half a
    # second after the timeout, reads back.
    outcome = _run(case, operation, timeout=1.5 if PASSING[fault].kind == "delay" else 30)

    assert not case.manager.faults, "the fault did not strike"
    assert not outcome.failed, outcome
    assert outcome.changed
    assert outcome["operation"] == kind
    _assert_invariants(case, operation, outcome, before)
    assert len(_applied(case)) == 1
    if case.manager.journal.writes()[0].applied:
        assert len(_writes(case)) == 1
        # The deployment result was lost with the response: the result claims none, and a warning says so.
        assert outcome["deployment"]["success"] is None
        assert ["the response with the deployment result was lost" in warning for warning in outcome.warnings] == [True]
    else:
        assert len(_writes(case)) == 2
        assert outcome["deployment"]["success"] is (None if kind == "import" else True)


# Permanent faults, and a part of the resulting message.
LASTING = {
    "503": (Fault("status", headers=AT_ONCE), "HTTP 503: the text 'Service Unavailable'"),
    "429 with too long a wait": (Fault("status", status=429, headers={"Retry-After": "3600"}), "wait 3600 seconds"),
    "connection dropped": (Fault("drop_before"), "connection to the manager was interrupted"),
    "400 with the manager's words": (
        Fault("status", status=400, body={"status": "FAILURE", "resultMessage": "Takma ad kullanılıyor!"}),
        "Takma ad kullanılıyor!",
    ),
    "403": (Fault("status", status=403, body={"error": "forbidden"}), "The token lacks a permission"),
    "500": (Fault("status", status=500), "HTTP 500"),
    "500 after it was applied": (Fault("status", status=500, after=True), "HTTP 500"),
    "HTML with 200": (Fault("html"), "an HTML page titled 'Sign in'"),
    "HTML with 404": (Fault("html", status=404), "an HTML page titled 'Sign in'"),
    "redirect": (Fault("redirect", location=ELSEWHERE), ELSEWHERE),
    "redirect that keeps the method": (Fault("redirect", status=307, location=ELSEWHERE), ELSEWHERE),
    "redirect after it was applied": (Fault("redirect", location=ELSEWHERE, after=True), ELSEWHERE),
    "answer cut off": (Fault("malformed"), "instead of JSON"),
    "empty answer": (Fault("empty"), "an empty body"),
    "JSON of another kind": (Fault("status", status=200, body={"hello": "world"}), "JSON in an unknown format"),
    "success for nothing": (Fault("lost_update"), "does not hold what was written"),
}


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("fault", LASTING)
def test_permanent_fault_fails_the_task(make_case: MakeCase, fault: str, kind: str) -> None:
    operation, (lasting, message) = OPERATIONS[kind], LASTING[fault]
    case = make_case(with_certificate=operation.exists)
    before = case.gateway_certificates()
    case.manager.faults.add(_aimed(lasting, operation, times=None))

    outcome = _run(case, operation)

    _assert_invariants(case, operation, outcome, before)
    assert_error(outcome, message)
    if fault == "403":
        assert_error(outcome, "EXPORT_IMPORT" if kind == "import" else "DEPLOY_UNDEPLOY")
    assert outcome["operation"] == kind


def _aimed(fault: Fault, operation: Operation, times: int | None = 1) -> Fault:
    """Return the fault, limited to the writes of this operation."""
    return replace(fault, method=operation.method, times=times)


class TestRetries:
    """How often and how long requests are retried, and which are not."""

    def test_retries_of_writes_are_bounded(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", method="PUT", headers=AT_ONCE, times=None))

        outcome = case.run(content=case.new.pem, retries=4)

        assert_error(outcome, f"The manager's record of certificate {NAME} is unchanged")
        assert calls(case.manager.journal) == ["get", "jwks", *["update", "get"] * 5]

    def test_zero_disables_retries(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", headers=AT_ONCE, times=None))

        outcome = case.run(content=case.new.pem, retries=0)

        assert_error(outcome, "HTTP 503")
        assert calls(case.manager.journal) == ["get"]

    def test_retries_of_reads_are_bounded(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", headers=AT_ONCE, times=None))

        outcome = case.run(content=case.new.pem, retries=3)

        assert_error(outcome, "HTTP 503")
        assert calls(case.manager.journal) == ["get"] * 4

    @pytest.mark.parametrize("fault", [Fault("drop_before"), Fault("status", headers=AT_ONCE)], ids=lambda f: f.kind)
    def test_failed_read_is_retried(self, case: CertificateFixture, fault: Fault) -> None:
        case.manager.faults.add(fault)

        outcome = case.run(content=case.new.pem, retries=1)

        assert not outcome.failed
        assert not outcome.warnings
        assert calls(case.manager.journal) == ["get", "get", "jwks", "update", "get"]

    @pytest.mark.parametrize(
        "fault",
        [
            Fault("status", status=500),
            Fault("html"),
            Fault("html", status=200),
            Fault("malformed"),
            Fault("empty"),
            Fault("redirect", location=ELSEWHERE),
        ],
        ids=lambda fault: f"{fault.kind}-{fault.status}",
    )
    def test_nothing_is_written_if_reading_fails(self, case: CertificateFixture, fault: Fault) -> None:
        case.manager.faults.add(replace(fault, method="GET", times=None))

        outcome = case.run(content=case.new.pem, retries=1)

        assert_error(outcome)
        assert not outcome.changed
        assert "operation" not in outcome
        assert not case.manager.journal.writes()

    @pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "HTTP date"])
    def test_retry_after_is_honored(self, case: CertificateFixture, as_date: bool) -> None:
        begin = datetime.now(timezone.utc)
        # An HTTP date has whole seconds, so this one is between 2 and 3 seconds away.
        asked = format_datetime(begin + timedelta(seconds=3), usegmt=True) if as_date else "2"
        case.manager.faults.add(Fault("status", method="PUT", status=429, headers={"Retry-After": asked}))

        outcome = case.run(content=case.new.pem, retries=1)

        took = (datetime.now(timezone.utc) - begin).total_seconds()
        assert not outcome.failed
        # Without the header, the delay is half a second.
        assert 2 <= took < 15

    def test_excessive_retry_after_fails_at_once(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", status=503, headers={"Retry-After": "61"}))

        outcome = case.run(content=case.new.pem, retries=3)

        assert_error(outcome, "61 seconds", "run again later")
        assert calls(case.manager.journal) == ["get"]


class TestReadBack:
    """The write succeeds, but reading it back fails."""

    def test_read_back_is_retried(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("status", method="GET", path=NAME, skip=1, headers=AT_ONCE))

        outcome = case.run(content=case.new.pem, retries=1)

        assert not outcome.failed
        assert calls(case.manager.journal) == ["get", "jwks", "update", "get", "get"]
        assert_accurate(outcome, case.manager)

    @pytest.mark.parametrize("status", [500, 503, 403])
    def test_failed_read_back_leaves_the_state_unknown(self, case: CertificateFixture, status: int) -> None:
        fault = Fault("status", method="GET", path="certificates", skip=1, times=None, status=status, headers=AT_ONCE)
        case.manager.faults.add(fault)

        outcome = case.run(content=case.new.pem, retries=1)

        assert_error(outcome, f"HTTP {status}", "unknown", "Run again")
        assert outcome.changed
        assert "certificate" not in outcome
        assert "diff" not in outcome
        assert outcome["deployment"]["success"] is True
        assert [entry["content"] for entry in outcome["previous"]["environments"]] == [case.old.pem] * 2
        assert _applied(case) == ["update"]

    def test_failed_write_and_failed_read_back_leave_the_state_unknown(self, case: CertificateFixture) -> None:
        case.manager.faults.add(
            Fault("drop_after", method="PUT"), Fault("status", method="GET", path=NAME, skip=1, status=500, times=None)
        )

        outcome = case.run(content=case.new.pem, retries=1)

        assert_error(outcome, "was interrupted during PUT", "HTTP 500", "unknown")
        assert outcome.changed
        assert "certificate" not in outcome
        assert _writes(case) == ["update"]

    def test_next_run_completes_the_change(self, case: CertificateFixture) -> None:
        case.manager.faults.add(
            Fault("drop_after", method="PUT"), Fault("status", method="GET", path=NAME, skip=1, status=500, times=2)
        )
        assert case.run(content=case.new.pem, retries=0).failed
        case.manager.faults.clear()

        again = case.run(content=case.new.pem)

        assert not again.changed
        assert_accurate(again, case.manager)


def _remove(manager: Manager) -> None:
    manager.remove_certificate(PROJECT, NAME)


def _overwrite(pem: str) -> Callable[[Manager], object]:
    def write(manager: Manager) -> None:
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(DEPLOYED, pem), alias=ALIAS, description="Theirs")

    return write


class TestAnotherWriter:
    """Another client writes at the same time."""

    @pytest.mark.parametrize("after", [False, True], ids=["just before", "just after"])
    def test_other_client_writes_another_certificate(self, case: CertificateFixture, after: bool) -> None:
        theirs = case.authority.issue("www.example.com")
        case.manager.faults.add(Fault("other_writer", method="PUT", after=after, action=_overwrite(theirs.pem)))

        outcome = case.run(content=case.new.pem)

        assert_accurate(outcome, case.manager)
        assert outcome.changed
        assert _writes(case) == ["update"]
        # The last write wins; only the client that was overwritten has a failure to report.
        assert outcome.failed is after
        assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, theirs.der if after else case.new.der)
        if after:
            assert_error(outcome, "someone else modified the certificate at the same time", theirs.sha256)

    def test_other_client_writes_the_same_certificate(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("other_writer", method="PUT", action=_overwrite(case.new.pem)))

        outcome = case.run(content=case.new.pem)

        assert not outcome.failed
        assert_accurate(outcome, case.manager)

    def test_other_client_creates_the_certificate_first(self, make_case: MakeCase) -> None:
        case = make_case(with_certificate=False)
        theirs = case.authority.issue("www.example.com")
        case.manager.faults.add(Fault("other_writer", method="POST", action=_overwrite(theirs.pem)))

        outcome = case.run(content=case.new.pem, environments=[*DEPLOYED])

        assert_error(outcome, "already exist")
        assert_accurate(outcome, case.manager)
        assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, theirs.der)
        assert _applied(case) == []

    def test_other_client_deletes_the_certificate_before_an_update(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("other_writer", method="PUT", action=_remove))

        outcome = case.run(content=case.new.pem)

        assert_error(outcome, "not found", "LOST THE CERTIFICATE", "previous")
        assert outcome["certificate"] is None
        assert _writes(case) == ["update"]

    def test_other_client_deletes_the_certificate_before_a_delete(self, case: CertificateFixture) -> None:
        case.manager.faults.add(Fault("other_writer", method="DELETE", action=_remove))

        outcome = case.run(state="absent")

        assert outcome["certificate"] is None
        assert _writes(case) == ["delete"]
        assert case.record_certificates() == {}

    def test_other_client_writes_between_a_lost_write_and_its_retry(self, case: CertificateFixture) -> None:
        theirs = case.authority.issue("www.example.com")
        case.manager.faults.add(
            Fault("status", method="PUT", headers=AT_ONCE),
            Fault("other_writer", method="PUT", after=True, action=_overwrite(theirs.pem)),
        )

        outcome = case.run(content=case.new.pem, retries=3)

        assert_error(outcome, "HTTP 503", theirs.sha256)
        assert_accurate(outcome, case.manager)
        assert _writes(case) == ["update"], "another's certificate was overwritten"
        assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, theirs.der)


class TestInterruptedUpdate:
    """The manager deletes the old certificate and then fails to create the new one."""

    @pytest.mark.parametrize(
        "fault", [Fault("drop_before", method="PUT"), Fault("status", method="PUT", status=500)], ids=lambda f: f.kind
    )
    def test_certificate_is_created_again_at_once(self, case: CertificateFixture, fault: Fault) -> None:
        case.manager.faults.add(fault, Fault("other_writer", method="PUT", after=True, action=_remove))

        outcome = case.run(content=case.new.pem, retries=1)

        assert not outcome.failed, outcome
        assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)
        assert case.aliases() == dict.fromkeys(DEPLOYED, ALIAS)
        assert _applied(case) == ["create"]
        assert_accurate(outcome, case.manager)

    def test_result_contains_the_deleted_certificate_if_that_fails(self, case: CertificateFixture) -> None:
        case.manager.faults.add(
            Fault("status", method="PUT", status=500),
            Fault("other_writer", method="PUT", after=True, action=_remove),
            Fault("status", method="POST", status=500, times=None),
        )

        outcome = case.run(content=case.new.pem, retries=1)

        assert_error(outcome, "development, staging LOST THE CERTIFICATE", "previous")
        assert outcome.changed
        assert outcome["certificate"] is None
        assert [entry["content"] for entry in outcome["previous"]["environments"]] == [case.old.pem] * 2
        assert len(_writes(case)) == 2


def test_token_is_not_sent_to_the_target_of_a_redirect(case: CertificateFixture, make_case: MakeCase) -> None:
    """Redirects are not followed, so the other manager receives no request."""
    elsewhere = make_case()
    case.manager.faults.add(Fault("redirect", status=308, location=elsewhere.manager.url + "/apiops/", times=None))

    outcome = case.run(content=case.new.pem)

    assert_error(outcome, elsewhere.manager.url, "never followed", "APINIZER_URL")
    assert not len(elsewhere.manager.journal)
    assert calls(case.manager.journal) == ["get"]


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.09"])
@pytest.mark.parametrize(
    ("rights", "part"),
    [
        ({"permissions": ["read"]}, "permission"),
        ({"expires_in": -5}, "APINIZER_TOKEN"),
    ],
    ids=["may only read", "expired token"],
)
def test_missing_right_is_reported(make_case: MakeCase, generation: str, rights: dict[str, Any], part: str) -> None:
    case = make_case(generation)
    before = case.manager.snapshot()
    token = case.manager.add_token("limited", **rights)

    outcome = case.run(token=token, content=case.new.pem)

    assert_error(outcome, part)
    assert not outcome.changed
    assert case.manager.snapshot() == before
    assert token not in outcome.text


def test_unknown_environment_is_refused(case: CertificateFixture) -> None:
    outcome = case.run(environments=[*ENVIRONMENTS, "Staging"], check=True)

    assert_error(outcome, "environments", "Staging", "development", "production", "staging", "apimanager")
    assert not case.manager.journal.writes()


def test_long_responses_are_shortened(case: CertificateFixture) -> None:
    page = "<html><title>Gateway</title>" + "<p>blah</p>" * 2000 + "</html>"
    case.manager.faults.add(Fault("html", method="PUT", status=500, body=page))

    outcome = case.run(content=case.new.pem)

    assert_error(outcome, "an HTML page titled 'Gateway'")
    assert not re.search(r"blah", outcome.text)
    assert len(outcome.message) < 800
