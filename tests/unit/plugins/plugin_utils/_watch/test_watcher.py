# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch: when it reads, what it survives, what it keeps, and how it ends. On a clock that the tests set."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch import watcher
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.watcher import Clock, Stopped, pause, watch
from unit.plugins.conftest import FakeApi

SECRET = "secret-token"
START = datetime(2026, 12, 1, tzinfo=timezone.utc)  # 30 days before the certificate expires, and 23:59:59
DOWN = RequestError("The manager cannot be reached", retryable=True)
Told = list[dict[str, Any]]


class Ended(BaseException):
    """The test has seen enough."""


class Watching:
    """A watch of a manager in memory, on a clock of its own."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.time = 0.0
        self.slept: list[float] = []
        self.told: Told = []

    def run(self, sleeps: int, **arguments: Any) -> Told:
        """Watch until it has slept so many times; return the events, but for the heartbeats."""
        self.told, self.slept = [], []

        async def put(event: dict[str, Any]) -> None:
            self.told.append(event)

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.time += seconds
            if len(self.slept) == sleeps:
                raise Ended

        clock = Clock(
            now=lambda: START + timedelta(seconds=self.time),
            monotonic=lambda: self.time,
            sleep=sleep,
            spread=lambda: 1.0,
        )
        given = {"url": "https://apinizer.example.com", "token": SECRET, "heartbeat": 0, **arguments}
        with pytest.raises(Ended):
            asyncio.run(watch(put, given, clock))
        return [event for event in self.told if event["kind"] != "heartbeat"]

    @property
    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.told]


@pytest.fixture
def watching(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> Watching:
    monkeypatch.setattr(watcher, "CertificateApi", lambda _client: api)
    return Watching(api)


def test_it_reads_in_its_interval_and_tells_a_threshold_when_it_is_crossed(watching: Watching):
    told = watching.run(30, interval=3600)
    assert watching.slept == [3600] * 30
    assert watching.api.calls == ["projects", "list MyProject"] * 30
    assert [(event["kind"], event["threshold"], event["observed_at"]) for event in told] == [
        ("threshold_crossed", 60, "2026-12-01T00:00:00Z"),
        ("threshold_crossed", 30, "2026-12-02T00:00:00Z"),
    ]


def test_it_goes_on_after_every_kind_of_error_and_asks_less_often(watching: Watching, caplog: pytest.LogCaptureFixture):
    def breaks() -> None:
        raise KeyError("an error of the collection itself")

    watching.api.reads = [None, None, DOWN, RequestError("HTTP 401", status=401), DOWN, DOWN, DOWN]
    watching.api.before_read = [lambda: None] * 7 + [breaks]
    told = watching.run(9, interval=100)
    assert [event["kind"] for event in told] == ["threshold_crossed", "manager_unreachable", "manager_reachable"]
    assert watching.slept == [100, 100, 200, 400, 800, 900, 900, 100, 100]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Certificates cannot be read: The manager cannot be reached"
    ]


def test_an_error_that_is_not_provided_for_is_told_without_what_it_holds(watching: Watching):
    def breaks() -> None:
        raise ValueError(SECRET)

    watching.api.before_read = [breaks]
    (told,) = watching.run(1)
    assert told["message"] == (
        "Certificates cannot be read: an error that is not provided for, ValueError; please report it"
    )


def test_no_secret_is_told(watching: Watching):
    watching.api.reads = [RequestError(f"The manager says:\n{SECRET} is\r\nwrong", status=401)]
    (told,) = watching.run(1)
    assert told["message"] == "Certificates cannot be read: The manager says: ******** is wrong"
    assert told["status"] == 401


def test_heartbeats_come_with_a_manager_that_is_down_as_well(watching: Watching):
    watching.api.reads = [DOWN] * 100
    watching.run(12, interval=100, heartbeat=150)
    beats = [event for event in watching.told if event["kind"] == "heartbeat"]
    moments = [START + timedelta(seconds=150 * number) for number in range(len(beats))]
    assert len(beats) == 10
    assert [event["observed_at"] for event in beats] == [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments]
    assert {event["reachable"] for event in beats} == {False}


@pytest.mark.parametrize(
    ("failures", "interval", "retry_after", "spread", "seconds"),
    [
        (0, 300, 60, 1.25, 300),
        (1, 300, None, 1, 300),
        (2, 300, None, 0.75, 450),
        (3, 300, None, 1.25, 1125),
        (10**6, 300, None, 1, 900),
        (3, 7200, None, 1, 7200),
        (1, 10, 60, 1, 60),
        (1, 10, 10**6, 1, 3600),
    ],
)
def test_pauses(failures: int, interval: float, retry_after: float | None, spread: float, seconds: float):
    assert pause(failures, interval, retry_after, spread) == seconds


def test_the_real_clock_spreads():
    spread = {Clock().spread() for _number in range(20)}
    assert len(spread) > 1
    assert all(0.75 <= factor <= 1.25 for factor in spread)


def test_a_wrong_argument_ends_it_before_it_asks_anything(watching: Watching):
    for wrong, said in (
        ({"threshold": 1}, "^threshold: is no argument"),
        ({"token": "two words"}, "^token: contains characters"),
        ({"ca_path": "/none/ca.pem"}, "^ca_path: /none/ca.pem cannot be read"),
        ({"state_file": "/none/state"}, "^state_file: /none/state cannot be written"),
    ):
        with pytest.raises(InputError, match=said):
            watching.run(1, **wrong)
    assert watching.api.calls == []


def test_no_secret_is_in_what_ends_it(watching: Watching):
    key = "-----BEGIN PRIVATE KEY-----\nMIGsecret\n-----END PRIVATE KEY-----"
    for wrong in ({"ca_path": key}, {"validate_certs": SECRET}, {"state_file": f"/none/{SECRET}"}, {SECRET: 1}):
        with pytest.raises(InputError) as caught:
            watching.run(1, **wrong)
        message = str(caught.value)
        assert "********" in message
        assert "\n" not in message
        assert not any(secret in message for secret in (SECRET, "MIGsecret"))
        assert caught.value.__cause__ is None


def test_an_argument_that_the_first_reading_shows_to_be_wrong_ends_it_and_later_ones_do_not(watching: Watching):
    def spoilt() -> None:
        raise InputError("ca_path", "(or client_cert, client_key) cannot be used: no certificate")

    watching.api.before_read = [spoilt]
    with pytest.raises(InputError, match=r"^ca_path: "):
        watching.run(1)
    watching.api.before_read = [lambda: None, lambda: None, spoilt]
    told = watching.run(3)
    assert [event["kind"] for event in told] == ["threshold_crossed", "manager_unreachable", "manager_reachable"]


def test_a_restart_repeats_nothing_with_a_state_file_and_all_without(
    watching: Watching, tmp_path: Path, held: Callable[..., StoredCertificate], old: Bundle, new: Bundle
):
    watching.api.stored["MyProject", "web"] = held({"production": [old, old], "staging": new})
    file = str(tmp_path / "state.json")
    first = watching.run(2, state_file=file)
    assert [event["kind"] for event in first] == ["threshold_crossed", "duplicates_started", "drift_started"]
    watching.api.reads = [DOWN]
    assert [event["kind"] for event in watching.run(1, state_file=file)] == ["manager_unreachable"]
    watching.api.reads = [DOWN]
    assert watching.run(1, state_file=file) == []
    assert [event["kind"] for event in watching.run(1, state_file=file)] == ["manager_reachable"]
    assert watching.run(2, state_file=file) == []
    assert [event["kind"] for event in watching.run(2)] == [event["kind"] for event in first]


def test_an_event_that_was_not_taken_is_told_again(watching: Watching, tmp_path: Path):
    file = str(tmp_path / "state.json")

    async def refuses(_event: dict[str, Any]) -> None:
        raise Ended

    with pytest.raises(Ended):
        asyncio.run(watch(refuses, {"url": "https://apinizer.example.com", "token": SECRET, "state_file": file}))
    assert [event["kind"] for event in watching.run(1, state_file=file)] == ["threshold_crossed"]


def test_a_state_file_that_cannot_be_written_later_on_is_said_once(
    watching: Watching, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "state.json"
    full = threading.Event()
    sync = os.fsync

    def fails_while_full(handle: int) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fails_while_full)
    # A reading asks twice: for the projects, and for the certificates of one.
    watching.api.before_read = [full.set, *[lambda: None] * 5, full.clear]
    watching.run(4, state_file=str(file))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"state_file: {file} cannot be written: No space left on device"
    ]
    assert '"told": 60' in file.read_text()


async def end_while_it_asks(asked: asyncio.Event, then: Callable[[], object]) -> None:
    """Watch on the real clock, do something while the manager is being asked, and end it."""
    given = {"url": "https://apinizer.example.com", "token": SECRET}
    task = asyncio.create_task(watch(asyncio.Queue().put, given))
    await asked.wait()
    then()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_the_event_loop_goes_on_while_the_manager_is_asked(watching: Watching):
    answered = threading.Event()

    async def drive() -> None:
        asked, loop = asyncio.Event(), asyncio.get_running_loop()

        def answers_late() -> None:
            loop.call_soon_threadsafe(asked.set)
            assert answered.wait(5), "the event loop stood still"

        watching.api.before_read = [answers_late]
        await end_while_it_asks(asked, answered.set)

    asyncio.run(drive())
    assert answered.is_set()


def test_ending_it_does_not_wait_until_the_manager_may_be_asked_again(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
):
    clients: list[Any] = []
    monkeypatch.setattr(watcher, "CertificateApi", lambda client: clients.append(client) or watching.api)
    ended = threading.Event()

    async def drive() -> None:
        asked, loop = asyncio.Event(), asyncio.get_running_loop()

        def is_asked_to_wait() -> None:
            loop.call_soon_threadsafe(asked.set)
            try:
                clients[0].sleep(60)
            except Stopped:
                ended.set()
                raise

        watching.api.before_read = [is_asked_to_wait]
        await end_while_it_asks(asked, lambda: None)

    start = time.monotonic()
    asyncio.run(drive())
    assert ended.is_set()
    assert time.monotonic() - start < 10
