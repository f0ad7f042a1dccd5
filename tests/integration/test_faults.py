# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever a manager, or what stands before it, does to a write: the result tells the truth, and nothing gets lost.

The same laws are checked for every fault and every kind of write; what a fault demands beyond them has a test below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest

from integration.runners import Outcome
from integration.scene import (
    ALIAS,
    ENVIRONMENTS,
    HELD_IN,
    NAME,
    PROJECT,
    Scene,
    Start,
    assert_error,
    assert_truthful,
    calls,
    recorded,
)
from manager import Fault, Manager

pytestmark = pytest.mark.any_way

RETRIES = 1
AT_ONCE = {"Retry-After": "0"}
ELSEWHERE = "https://sign-in.example.com/login"


@dataclass(frozen=True)
class Operation:
    """A kind of write: its method, the options that ask for it, and the certificate it leaves in each environment."""

    method: str
    options: Mapping[str, Any]
    holds: Mapping[str, str]
    held: bool = True


_NEW = dict.fromkeys(HELD_IN, "new")
OPERATIONS = {
    "create": Operation("POST", {"environments": [*HELD_IN]}, _NEW, held=False),
    "update": Operation("PUT", {}, _NEW),
    "import": Operation(
        "POST",
        {"environments": ["staging"], "unlisted_environments": "keep"},
        {"development": "old", "staging": "new"},
    ),
    "delete": Operation("DELETE", {"state": "absent"}, {}),
}


def _run(scene: Scene, operation: Operation, **options: Any) -> Outcome:
    """Run the task that writes, and wait for whatever the manager is still doing."""
    certificate = {} if operation.options.get("state") == "absent" else {"content": scene.new.pem}
    given = {"retries": RETRIES, **certificate, **operation.options, **options}
    outcome = scene.run(**given)
    scene.manager.settle()
    return outcome


def _wanted(scene: Scene, operation: Operation) -> dict[str, bytes]:
    der = {"old": scene.old.der, "new": scene.new.der}
    return {environment: der[which] for environment, which in operation.holds.items()}


def _writes(scene: Scene) -> list[str]:
    return calls(scene.manager.journal.writes())


def _applied(scene: Scene) -> list[str]:
    return calls(request for request in scene.manager.journal if request.applied)


def _assert_laws(scene: Scene, operation: Operation, outcome: Outcome, before: Mapping[str, bytes]) -> None:
    """What has to be true after every single fault."""
    manager, wanted = scene.manager, _wanted(scene, operation)
    assert len(_applied(scene)) <= 1, "a write was repeated although it had been applied"
    assert len(_writes(scene)) <= 1 + RETRIES
    assert "<html" not in outcome.text
    assert manager.token not in outcome.text
    assert_truthful(outcome, manager)
    assert outcome.changed == (recorded(manager) != _recorded_before(scene, before))
    if outcome.failed:
        assert_error(outcome)
    else:
        assert scene.served() == wanted
        assert scene.holds() == {environment: [der] for environment, der in wanted.items()}
    if operation.method != "DELETE":
        assert set(scene.served()) >= set(before), "an environment lost its certificate"
    elif not _applied(scene):
        assert scene.served() == before


def _recorded_before(scene: Scene, before: Mapping[str, bytes]) -> dict[str, Any] | None:
    entries = dict.fromkeys(before, (ALIAS, scene.old.sha1, 1))
    return {"name": NAME, "project": PROJECT, "environments": entries} if before else None


# Faults that pass: the task goes on in the end. `applied` says whether the manager had carried the write out.
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
    "slow to apply": Fault("delay", seconds=0.7),
    "slow to answer": Fault("delay", seconds=0.7, after=True),
}


@pytest.mark.parametrize("kind", OPERATIONS)
@pytest.mark.parametrize("fault", PASSING)
def test_a_fault_that_passes(start: Start, fault: str, kind: str) -> None:
    operation = OPERATIONS[kind]
    scene = start(held=operation.held)
    before = scene.served()
    scene.manager.faults.add(_aimed(PASSING[fault], operation))

    outcome = _run(scene, operation, timeout=0.4)

    assert not scene.manager.faults, "the fault did not strike"
    assert not outcome.failed, outcome
    assert outcome.changed
    assert outcome["operation"] == kind
    _assert_laws(scene, operation, outcome, before)
    assert len(_applied(scene)) == 1
    if scene.manager.journal.writes()[0].applied:
        assert len(_writes(scene)) == 1
        # The deployment's result went with the answer: none is claimed, and the user learns of it.
        assert outcome["deployment"]["success"] is None
        assert ["the response with the deployment result was lost" in warning for warning in outcome.warnings] == [True]
    else:
        assert len(_writes(scene)) == 2
        assert outcome["deployment"]["success"] is (None if kind == "import" else True)


# Faults that stay, and a part of the message that they lead to.
LASTING = {
    "503": (Fault("status", headers=AT_ONCE), "HTTP 503: the text 'Service Unavailable'"),
    "429 with too long a wait": (Fault("status", status=429, headers={"Retry-After": "3600"}), "wait 3600 seconds"),
    "connection dropped": (Fault("drop_before"), "connection to the manager was interrupted"),
    "400 with the manager's words": (
        Fault("status", status=400, body={"status": "FAILURE", "resultMessage": "Takma ad kullanılıyor!"}),
        "Takma ad kullanılıyor!",
    ),
    "403": (Fault("status", status=403, body={"error": "forbidden"}), "DEPLOY_UNDEPLOY"),
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
def test_a_fault_that_stays(start: Start, fault: str, kind: str) -> None:
    operation, (lasting, message) = OPERATIONS[kind], LASTING[fault]
    scene = start(held=operation.held)
    before = scene.served()
    scene.manager.faults.add(_aimed(lasting, operation, times=None))

    outcome = _run(scene, operation)

    _assert_laws(scene, operation, outcome, before)
    assert_error(outcome, message)
    assert outcome["operation"] == kind


def _aimed(fault: Fault, operation: Operation, times: int | None = 1) -> Fault:
    """The fault for this operation's writes."""
    return replace(fault, method=operation.method, times=times)


class TestRetries:
    """How often, how long, and what is never repeated."""

    def test_writes_are_bounded(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", method="PUT", headers=AT_ONCE, times=None))

        outcome = scene.run(content=scene.new.pem, retries=4)

        assert_error(outcome, "Nothing was changed on the manager")
        assert calls(scene.manager.journal) == ["get", "jwks", *["update", "get"] * 5]

    def test_none_with_zero(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", headers=AT_ONCE, times=None))

        outcome = scene.run(content=scene.new.pem, retries=0)

        assert_error(outcome, "HTTP 503")
        assert calls(scene.manager.journal) == ["get"]

    def test_reads_are_bounded(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", headers=AT_ONCE, times=None))

        outcome = scene.run(content=scene.new.pem, retries=3)

        assert_error(outcome, "HTTP 503")
        assert calls(scene.manager.journal) == ["get"] * 4

    @pytest.mark.parametrize("fault", [Fault("drop_before"), Fault("status", headers=AT_ONCE)], ids=lambda f: f.kind)
    def test_a_read_is_simply_repeated(self, scene: Scene, fault: Fault) -> None:
        scene.manager.faults.add(fault)

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert not outcome.failed
        assert not outcome.warnings
        assert calls(scene.manager.journal) == ["get", "get", "jwks", "update", "get"]

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
    def test_nothing_is_written_where_reading_fails(self, scene: Scene, fault: Fault) -> None:
        scene.manager.faults.add(replace(fault, method="GET", times=None))

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert_error(outcome)
        assert not outcome.changed
        assert "operation" not in outcome
        assert not scene.manager.journal.writes()

    @pytest.mark.parametrize("as_date", [False, True], ids=["seconds", "HTTP date"])
    def test_the_wait_that_the_manager_asks_for_is_honoured(self, scene: Scene, as_date: bool) -> None:
        begin = datetime.now(timezone.utc)
        # A date has whole seconds, so this one is between 2 and 3 seconds away.
        asked = format_datetime(begin + timedelta(seconds=3), usegmt=True) if as_date else "2"
        scene.manager.faults.add(Fault("status", method="PUT", status=429, headers={"Retry-After": asked}))

        outcome = scene.run(content=scene.new.pem, retries=1)

        took = (datetime.now(timezone.utc) - begin).total_seconds()
        assert not outcome.failed
        # Without the header the pause is half a second.
        assert 2 <= took < 15

    def test_a_wait_that_is_too_long_is_not_begun(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", status=503, headers={"Retry-After": "61"}))

        outcome = scene.run(content=scene.new.pem, retries=3)

        assert_error(outcome, "61 seconds", "run again later")
        assert calls(scene.manager.journal) == ["get"]


class TestReadBack:
    """A write that was answered with success, while reading it back has troubles of its own."""

    def test_it_is_repeated(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("status", method="GET", path=NAME, skip=1, headers=AT_ONCE))

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert not outcome.failed
        assert calls(scene.manager.journal) == ["get", "jwks", "update", "get", "get"]
        assert_truthful(outcome, scene.manager)

    @pytest.mark.parametrize("status", [500, 503, 403])
    def test_where_it_fails_for_good_nothing_is_claimed(self, scene: Scene, status: int) -> None:
        fault = Fault("status", method="GET", path="certificates", skip=1, times=None, status=status, headers=AT_ONCE)
        scene.manager.faults.add(fault)

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert_error(outcome, f"HTTP {status}", "unknown", "Run again")
        assert outcome.changed
        assert "certificate" not in outcome
        assert "diff" not in outcome
        assert outcome["deployment"]["success"] is True
        assert [entry["content"] for entry in outcome["previous"]["environments"]] == [scene.old.pem] * 2
        assert _applied(scene) == ["update"]

    def test_neither_write_nor_read_back_came_through(self, scene: Scene) -> None:
        scene.manager.faults.add(
            Fault("drop_after", method="PUT"), Fault("status", method="GET", path=NAME, skip=1, status=500, times=None)
        )

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert_error(outcome, "was interrupted during PUT", "HTTP 500", "unknown")
        assert outcome.changed
        assert "certificate" not in outcome
        assert _writes(scene) == ["update"]

    def test_the_next_run_finds_what_is_left_to_do(self, scene: Scene) -> None:
        scene.manager.faults.add(
            Fault("drop_after", method="PUT"), Fault("status", method="GET", path=NAME, skip=1, status=500, times=2)
        )
        assert scene.run(content=scene.new.pem, retries=0).failed
        scene.manager.faults.clear()

        again = scene.run(content=scene.new.pem)

        assert not again.changed
        assert_truthful(again, scene.manager)


def _remove(manager: Manager) -> None:
    manager.remove_certificate(PROJECT, NAME)


def _overwrite(pem: str) -> Callable[[Manager], object]:
    def write(manager: Manager) -> None:
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(HELD_IN, pem), alias=ALIAS, description="Theirs")

    return write


class TestAnotherWriter:
    """Somebody else writes at the same moment."""

    @pytest.mark.parametrize("after", [False, True], ids=["just before", "just after"])
    def test_another_certificate(self, scene: Scene, after: bool) -> None:
        theirs = scene.authority.issue("www.example.com")
        scene.manager.faults.add(Fault("other_writer", method="PUT", after=after, action=_overwrite(theirs.pem)))

        outcome = scene.run(content=scene.new.pem)

        assert_truthful(outcome, scene.manager)
        assert outcome.changed
        assert _writes(scene) == ["update"]
        # The last one to write wins, whoever it is; only a loser has something to report.
        assert outcome.failed is after
        assert scene.served() == dict.fromkeys(HELD_IN, theirs.der if after else scene.new.der)
        if after:
            assert_error(outcome, "someone else modified the certificate at the same time", theirs.sha256)

    def test_who_wrote_the_same(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("other_writer", method="PUT", action=_overwrite(scene.new.pem)))

        outcome = scene.run(content=scene.new.pem)

        assert not outcome.failed
        assert_truthful(outcome, scene.manager)

    def test_who_created_it_first(self, start: Start) -> None:
        scene = start(held=False)
        theirs = scene.authority.issue("www.example.com")
        scene.manager.faults.add(Fault("other_writer", method="POST", action=_overwrite(theirs.pem)))

        outcome = scene.run(content=scene.new.pem, environments=[*HELD_IN])

        assert_error(outcome, "already exist")
        assert_truthful(outcome, scene.manager)
        assert scene.served() == dict.fromkeys(HELD_IN, theirs.der)
        assert _applied(scene) == []

    def test_who_deleted_it_before_an_update(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("other_writer", method="PUT", action=_remove))

        outcome = scene.run(content=scene.new.pem)

        assert_error(outcome, "not found", "LOST THE CERTIFICATE", "previous")
        assert outcome["certificate"] is None
        assert _writes(scene) == ["update"]

    def test_who_deleted_it_before_a_deletion(self, scene: Scene) -> None:
        scene.manager.faults.add(Fault("other_writer", method="DELETE", action=_remove))

        outcome = scene.run(state="absent")

        assert outcome["certificate"] is None
        assert _writes(scene) == ["delete"]
        assert scene.holds() == {}

    def test_who_writes_between_a_lost_write_and_its_repetition(self, scene: Scene) -> None:
        theirs = scene.authority.issue("www.example.com")
        scene.manager.faults.add(
            Fault("status", method="PUT", headers=AT_ONCE),
            Fault("other_writer", method="PUT", after=True, action=_overwrite(theirs.pem)),
        )

        outcome = scene.run(content=scene.new.pem, retries=3)

        assert_error(outcome, "HTTP 503", theirs.sha256)
        assert_truthful(outcome, scene.manager)
        assert _writes(scene) == ["update"], "another's certificate was overwritten"
        assert scene.served() == dict.fromkeys(HELD_IN, theirs.der)


class TestAnUpdateThatStopsHalfWay:
    """The manager deletes the old certificate, and then fails to create the new one."""

    @pytest.mark.parametrize(
        "fault", [Fault("drop_before", method="PUT"), Fault("status", method="PUT", status=500)], ids=lambda f: f.kind
    )
    def test_it_is_put_back_at_once(self, scene: Scene, fault: Fault) -> None:
        scene.manager.faults.add(fault, Fault("other_writer", method="PUT", after=True, action=_remove))

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert not outcome.failed, outcome
        assert scene.served() == dict.fromkeys(HELD_IN, scene.new.der)
        assert scene.aliases() == dict.fromkeys(HELD_IN, ALIAS)
        assert _applied(scene) == ["create"]
        assert_truthful(outcome, scene.manager)

    def test_where_that_fails_the_user_has_all_that_it_takes(self, scene: Scene) -> None:
        scene.manager.faults.add(
            Fault("status", method="PUT", status=500),
            Fault("other_writer", method="PUT", after=True, action=_remove),
            Fault("status", method="POST", status=500, times=None),
        )

        outcome = scene.run(content=scene.new.pem, retries=1)

        assert_error(outcome, "development, staging LOST THE CERTIFICATE", "previous")
        assert outcome.changed
        assert outcome["certificate"] is None
        assert [entry["content"] for entry in outcome["previous"]["environments"]] == [scene.old.pem] * 2
        assert len(_writes(scene)) == 2


def test_the_token_stays_at_home(scene: Scene, start: Start) -> None:
    """A redirect is not followed, so the other manager never sees a request."""
    elsewhere = start()
    scene.manager.faults.add(Fault("redirect", status=308, location=elsewhere.manager.url + "/apiops/", times=None))

    outcome = scene.run(content=scene.new.pem)

    assert_error(outcome, elsewhere.manager.url, "never followed", "APINIZER_URL")
    assert not len(elsewhere.manager.journal)
    assert calls(scene.manager.journal) == ["get"]


@pytest.mark.parametrize("generation", ["2023", "2025", "2026"])
@pytest.mark.parametrize(
    ("rights", "part"),
    [
        ({"permissions": ["read"]}, "permission"),
        ({"expires_in": -5}, "APINIZER_TOKEN"),
    ],
    ids=["may only read", "expired token"],
)
def test_a_token_that_may_not(start: Start, generation: str, rights: dict[str, Any], part: str) -> None:
    scene = start(generation)
    before = scene.manager.snapshot()
    token = scene.manager.add_token("limited", **rights)

    outcome = scene.run(token=token, content=scene.new.pem)

    assert_error(outcome, part)
    assert not outcome.changed
    assert scene.manager.snapshot() == before
    assert token not in outcome.text


def test_an_environment_that_does_not_exist(scene: Scene) -> None:
    outcome = scene.run(environments=[*ENVIRONMENTS, "Staging"], check=True)

    assert_error(outcome, "environments", "Staging", "development", "production", "staging", "apimanager")
    assert not scene.manager.journal.writes()


def test_long_pages_are_not_pasted(scene: Scene) -> None:
    page = "<html><title>Gateway</title>" + "<p>blah</p>" * 2000 + "</html>"
    scene.manager.faults.add(Fault("html", method="PUT", status=500, body=page))

    outcome = scene.run(content=scene.new.pem)

    assert_error(outcome, "an HTML page titled 'Gateway'")
    assert not re.search(r"blah", outcome.text)
    assert len(outcome.message) < 800
