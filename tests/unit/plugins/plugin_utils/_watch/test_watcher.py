# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch: its schedule, its errors, its state file, and how it ends. The tests control the clock."""

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

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    InputError,
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch import watcher
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.watcher import Clock, Stopped, backoff_delay, watch
from unit.plugins.conftest import FakeApi

SECRET = "secret-token"
START = datetime(
    2026, 12, 1, tzinfo=timezone.utc
)  # 30 days, 23 hours, 59 minutes and 59 seconds before the certificate expires
UNREACHABLE = RequestError("The manager cannot be reached", retryable=True)
Events = list[dict[str, Any]]


class EndOfTest(BaseException):
    """Ends the watch, which runs until it is cancelled."""


class WatchRunner:
    """Runs a watch against a fake manager, with a fake clock."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.time = 0.0
        self.slept: list[float] = []
        self.events: Events = []

    def run(self, sleeps: int, **arguments: Any) -> Events:
        """Watch until it has slept this often. Return the events except heartbeats."""
        self.events, self.slept = [], []

        async def emit(event: dict[str, Any]) -> None:
            self.events.append(event)

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.time += seconds
            if len(self.slept) == sleeps:
                raise EndOfTest

        clock = Clock(
            now=lambda: START + timedelta(seconds=self.time),
            monotonic=lambda: self.time,
            sleep=sleep,
            jitter=lambda: 1.0,
        )
        given = {"url": "https://apinizer.example.com", "token": SECRET, "heartbeat": 0, **arguments}
        with pytest.raises(EndOfTest):
            asyncio.run(watch(emit, given, clock))
        return [event for event in self.events if event["kind"] != "heartbeat"]

    @property
    def kinds(self) -> list[str]:
        return [event["kind"] for event in self.events]


@pytest.fixture
def runner(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> WatchRunner:
    """A watch of a fake manager with one certificate."""
    monkeypatch.setattr(watcher, "CertificateApi", lambda _client: api)
    return WatchRunner(api)


def test_it_reads_at_the_interval_and_reports_a_threshold_when_it_is_crossed(runner: WatchRunner):
    events = runner.run(30, interval=3600)
    assert runner.slept == [3600] * 30
    assert runner.api.calls == ["projects", "list MyProject"] * 30
    assert [(event["kind"], event["threshold"], event["observed_at"]) for event in events] == [
        ("threshold_crossed", 60, "2026-12-01T00:00:00Z"),
        ("threshold_crossed", 30, "2026-12-02T00:00:00Z"),
    ]


def test_it_keeps_running_after_every_kind_of_error_and_reads_less_often(
    runner: WatchRunner, caplog: pytest.LogCaptureFixture
):
    def crash() -> None:
        raise KeyError("a bug of the collection")

    runner.api.reads = [
        None,
        None,
        UNREACHABLE,
        RequestError("HTTP 401", status=401),
        UNREACHABLE,
        UNREACHABLE,
        UNREACHABLE,
    ]
    runner.api.before_read = [lambda: None] * 7 + [crash]
    events = runner.run(9, interval=100)
    assert [event["kind"] for event in events] == [
        "threshold_crossed",
        *["manager_unreachable"] * 4,
        "manager_reachable",
    ]
    assert [event["status"] for event in events[1:5]] == [None, 401, None, None]
    assert runner.slept == [100, 100, 200, 400, 800, 900, 900, 100, 100]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Certificates cannot be read: The manager cannot be reached",
        "Certificates still cannot be read: HTTP 401",
        "Certificates still cannot be read: The manager cannot be reached",
        "Certificates still cannot be read: unexpected error KeyError; please report it as a bug",
    ]


def test_an_unexpected_error_is_reported_without_its_message(runner: WatchRunner):
    def crash() -> None:
        raise ValueError(SECRET)

    runner.api.before_read = [crash]
    (event,) = runner.run(1)
    assert event["message"] == ("Certificates cannot be read: unexpected error ValueError; please report it as a bug")


def test_no_event_contains_a_secret(runner: WatchRunner):
    runner.api.reads = [RequestError(f"The manager says:\n{SECRET} is\r\nwrong", status=401)]
    (event,) = runner.run(1)
    assert event["message"] == "Certificates cannot be read: The manager says:\\n******** is\\r\\nwrong"
    assert event["status"] == 401


def test_heartbeats_are_emitted_while_the_manager_is_unreachable(runner: WatchRunner):
    runner.api.reads = [UNREACHABLE] * 100
    runner.run(12, interval=100, heartbeat=150)
    beats = [event for event in runner.events if event["kind"] == "heartbeat"]
    moments = [START + timedelta(seconds=150 * number) for number in range(len(beats))]
    assert len(beats) == 10
    assert [event["observed_at"] for event in beats] == [moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in moments]
    assert {event["reachable"] for event in beats} == {False}


@pytest.mark.parametrize(
    ("failures", "interval", "retry_after", "jitter", "seconds"),
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
def test_the_delay_until_the_next_reading(
    failures: int, interval: float, retry_after: float | None, jitter: float, seconds: float
):
    assert backoff_delay(failures, interval, retry_after, jitter) == seconds


def test_the_system_clock_has_jitter():
    factors = {Clock().jitter() for _number in range(20)}
    assert len(factors) > 1
    assert all(0.75 <= factor <= 1.25 for factor in factors)


def test_an_invalid_argument_ends_it_before_the_first_request(runner: WatchRunner):
    for arguments, message in (
        ({"threshold": 1}, "^threshold: is not an argument"),
        ({"token": "two words"}, "^token: contains characters"),
        ({"ca_path": "/none/ca.pem"}, "^ca_path: /none/ca.pem cannot be read"),
        ({"state_file": "/none/state"}, "^state_file: /none/state cannot be written"),
    ):
        with pytest.raises(InputError, match=message):
            runner.run(1, **arguments)
    assert runner.api.calls == []


def test_the_error_that_ends_it_contains_no_secret(runner: WatchRunner):
    key = "-----BEGIN PRIVATE KEY-----\nMIGsecret\n-----END PRIVATE KEY-----"
    for arguments in ({"ca_path": key}, {"validate_certs": SECRET}, {"state_file": f"/none/{SECRET}"}, {SECRET: 1}):
        with pytest.raises(InputError) as caught:
            runner.run(1, **arguments)
        message = str(caught.value)
        assert "********" in message
        assert "\n" not in message
        assert not any(secret in message for secret in (SECRET, "MIGsecret"))
        assert caught.value.__cause__ is None


def test_an_input_error_ends_it_during_the_first_reading_but_not_later(runner: WatchRunner):
    def refuse_ca_path() -> None:
        raise InputError("ca_path", "(or client_cert, client_key) cannot be used: no certificate")

    runner.api.before_read = [refuse_ca_path]
    with pytest.raises(InputError, match=r"^ca_path: "):
        runner.run(1)
    runner.api.before_read = [lambda: None, lambda: None, refuse_ca_path]
    events = runner.run(3)
    assert [event["kind"] for event in events] == ["threshold_crossed", "manager_unreachable", "manager_reachable"]


def test_a_restart_repeats_events_only_without_a_state_file(
    runner: WatchRunner, tmp_path: Path, held: Callable[..., StoredCertificate], old: Bundle, new: Bundle
):
    runner.api.stored["MyProject", "web"] = held({"production": [old, old], "staging": new})
    file = str(tmp_path / "state.json")
    first = runner.run(2, state_file=file)
    assert [event["kind"] for event in first] == ["threshold_crossed", "duplicates_started", "drift_started"]
    runner.api.reads = [UNREACHABLE]
    assert [event["kind"] for event in runner.run(1, state_file=file)] == ["manager_unreachable"]
    runner.api.reads = [UNREACHABLE]
    assert runner.run(1, state_file=file) == []
    assert [event["kind"] for event in runner.run(1, state_file=file)] == ["manager_reachable"]
    assert runner.run(2, state_file=file) == []
    assert [event["kind"] for event in runner.run(2)] == [event["kind"] for event in first]


def test_an_event_that_was_not_emitted_is_emitted_after_a_restart(runner: WatchRunner, tmp_path: Path):
    file = str(tmp_path / "state.json")

    async def refuse(_event: dict[str, Any]) -> None:
        raise EndOfTest

    with pytest.raises(EndOfTest):
        asyncio.run(watch(refuse, {"url": "https://apinizer.example.com", "token": SECRET, "state_file": file}))
    assert [event["kind"] for event in runner.run(1, state_file=file)] == ["threshold_crossed"]


def test_a_state_file_that_becomes_unwritable_is_logged_once(
    runner: WatchRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    file = tmp_path / "state.json"
    full = threading.Event()
    sync = os.fsync

    def fail_while_full(handle: int) -> None:
        if full.is_set():
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", fail_while_full)
    # A reading sends two requests: one for the projects, one for the certificates of the only project.
    runner.api.before_read = [full.set, *[lambda: None] * 5, full.clear]
    runner.run(4, state_file=str(file))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        f"state_file: {file} cannot be written: No space left on device"
    ]
    assert '"told": 60' in file.read_text()


async def cancel_during_request(requested: asyncio.Event, then: Callable[[], object]) -> None:
    """Watch with the system clock, call `then` during the first request, and cancel the watch."""
    given = {"url": "https://apinizer.example.com", "token": SECRET}
    task = asyncio.create_task(watch(asyncio.Queue().put, given))
    await requested.wait()
    then()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_a_request_does_not_block_the_event_loop(runner: WatchRunner):
    answered = threading.Event()

    async def drive() -> None:
        requested, loop = asyncio.Event(), asyncio.get_running_loop()

        def respond_late() -> None:
            loop.call_soon_threadsafe(requested.set)
            assert answered.wait(5), "the request blocked the event loop"

        runner.api.before_read = [respond_late]
        await cancel_during_request(requested, answered.set)

    asyncio.run(drive())
    assert answered.is_set()


def test_cancelling_does_not_wait_for_a_delayed_retry(runner: WatchRunner, monkeypatch: pytest.MonkeyPatch):
    clients: list[Any] = []
    monkeypatch.setattr(watcher, "CertificateApi", lambda client: clients.append(client) or runner.api)
    ended = threading.Event()

    async def drive() -> None:
        requested, loop = asyncio.Event(), asyncio.get_running_loop()

        def wait_for_retry() -> None:
            loop.call_soon_threadsafe(requested.set)
            try:
                clients[0].sleep(60)
            except Stopped:
                ended.set()
                raise

        runner.api.before_read = [wait_for_retry]
        await cancel_during_request(requested, lambda: None)

    start = time.monotonic()
    asyncio.run(drive())
    assert ended.is_set()
    assert time.monotonic() - start < 10


def test_gateways_are_asked_once_for_each_environment_and_reading(runner: WatchRunner):
    runner.run(2, verify_gateways=True)
    assert (
        runner.api.calls
        == [
            *("projects", "list MyProject", "truststore production", "truststore staging"),
        ]
        * 2
    )


def test_a_gateway_without_the_certificate_is_reported(runner: WatchRunner):
    runner.api.truststores["production"] = []
    events = runner.run(2, verify_gateways=True, thresholds=1)
    assert [(event["kind"], event["environments"]) for event in events] == [("gateway_stale", ["production"])]


def test_each_reading_asks_anew_which_requests_the_manager_offers(runner: WatchRunner, monkeypatch: pytest.MonkeyPatch):
    """A watch runs for months, and the manager may be upgraded meanwhile."""
    made: list[object] = []
    monkeypatch.setattr(watcher, "CertificateApi", lambda client: made.append(client) or runner.api)
    runner.run(3, verify_gateways=True)
    assert len(made) == 3
    assert len(set(map(id, made))) == 1, "the connection is kept"


def test_gateways_that_cannot_be_asked_are_logged_once(runner: WatchRunner, caplog: pytest.LogCaptureFixture):
    for environment in ("production", "staging"):
        error = TruststoreUnavailableError(f"The truststore of {environment} cannot be read: {SECRET}", status=404)
        runner.api.truststores[environment] = error
    assert runner.run(3, verify_gateways=True, thresholds=1) == []
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "What the gateways of production, staging hold is unknown. The truststore of production cannot be read: ********"
    ]
