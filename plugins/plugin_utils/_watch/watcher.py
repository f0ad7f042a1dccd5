# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The watch itself: reads the manager again and again, and hands over what happened. Never ends by itself."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
import typing as t
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import run_info_operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import AuditedCertificate, read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.observe import (
    Event,
    Reading,
    heartbeat,
    observe,
    observe_failure,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.settings import Settings, read_settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_file import StateFile

# Seconds. A manager that is down is asked less and less often, but never less often than this.
LONGEST_PAUSE = 900.0
_LOG = logging.getLogger("apinizer.apiops.certificate_expiry")
_HIDDEN = "********"

Put = Callable[[Event], Awaitable[object]]


class Stopped(Exception):
    """The watch has ended while the manager was being asked."""


@dataclass(frozen=True)
class Clock:
    """The time, for tests to set. C(sleep) takes seconds; C(spread) is a factor around 1."""

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    spread: Callable[[], float] = lambda: random.SystemRandom().uniform(0.75, 1.25)


def pause(failures: int, interval: float, retry_after: float | None, spread: float) -> float:
    """Seconds until the next reading.

    :arg failures: how many readings in a row have failed.
    :arg retry_after: what the manager asks to wait.
    :arg spread: a factor that keeps many watches from asking at the same moment.
    """
    if not failures:
        return interval
    doubled = interval * 2.0 ** min(failures - 1, 16)
    return max(min(doubled, max(interval, LONGEST_PAUSE)) * spread, min(retry_after or 0.0, 3600.0))


_REAL = Clock()


async def watch(put: Put, arguments: Mapping[str, t.Any], clock: Clock = _REAL) -> t.NoReturn:
    """Watch a manager until cancelled.

    :arg put: takes each event, and may take its time.
    :raises InputError: before the first reading, or with it, where an argument has to be mended.
    """
    secrets: set[str] = set()
    stop = threading.Event()
    try:
        settings = read_settings(arguments, secrets.add)
        file = StateFile(settings.state_file, settings.connection.url) if settings.state_file else None
        state = file.read() if file else State()
        if file:
            file.check_writable(state)
        with closing(Client(settings.connection, sleep=_interruptible(stop), hide=secrets.add)) as client:
            await _Watch(put, settings, CertificateApi(client), file, state, clock, secrets).run()
    except InputError as exc:
        message = str(exc).removeprefix(f"{exc.option}: ")
        raise InputError(_line(exc.option, secrets), _line(message, secrets)) from None
    finally:
        stop.set()


def _interruptible(stop: threading.Event) -> Callable[[float], None]:
    """A sleep that ends with the watch, so that nobody waits for a thread that waits for the manager."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    return sleep


def _line(text: str, secrets: set[str]) -> str:
    """One line without secrets."""
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return " ".join(text.split())


class _Watch:
    """A watch that goes on: what it knows, and when it looks again."""

    def __init__(
        self,
        put: Put,
        settings: Settings,
        api: CertificateApi,
        file: StateFile | None,
        state: State,
        clock: Clock,
        secrets: set[str],
    ) -> None:
        self._put = put
        self._settings = settings
        self._api = api
        self._file = file
        self._state = state
        self._clock = clock
        self._secrets = secrets
        self._failures = 0
        self._has_read = False
        self._file_failed = False

    async def run(self) -> t.NoReturn:
        clock, settings = self._clock, self._settings
        next_reading = next_heartbeat = clock.monotonic()
        while True:
            if clock.monotonic() >= next_reading:
                next_reading = clock.monotonic() + await self._read()
            if settings.heartbeat and clock.monotonic() >= next_heartbeat:
                await self._put(heartbeat(self._state, settings.connection.url, clock.now()))
                next_heartbeat = clock.monotonic() + settings.heartbeat
            wake = min(next_reading, next_heartbeat) if settings.heartbeat else next_reading
            await clock.sleep(max(0.0, wake - clock.monotonic()))

    async def _read(self) -> float:
        """Read once, and tell what happened; return the seconds until the next reading."""
        at = self._clock.now()
        manager = self._settings.connection.url
        retry_after = None
        try:
            certificates = await asyncio.to_thread(self._ask, at)
            events, state = observe(self._state, Reading(manager, at, certificates), self._settings.thresholds)
            self._failures = 0
        except InputError as exc:
            if not self._has_read:
                raise
            events, state = self._failed(at, str(exc))
        except ApinizerError as exc:
            retry_after = getattr(exc, "retry_after", None)
            events, state = self._failed(at, str(exc), getattr(exc, "status", None))
        except Exception as exc:  # noqa: BLE001  (a watch that ends because of one odd answer watches nothing)
            _LOG.debug("Reading failed in a way that is not provided for", exc_info=exc)
            events, state = self._failed(
                at, f"an error that is not provided for, {type(exc).__name__}; please report it"
            )
        self._has_read = True
        for event in events:
            await self._put(event)
        await self._keep(state)
        return pause(self._failures, self._settings.interval, retry_after, self._clock.spread())

    def _ask(self, at: datetime) -> list[AuditedCertificate]:
        """Ask the manager. Runs in a thread of its own."""
        return read_certificates(run_info_operation(self._api, self._settings.task, now=at))

    def _failed(self, at: datetime, reason: str, status: int | None = None) -> tuple[list[Event], State]:
        self._failures += 1
        line = _line(reason, self._secrets)
        events, state = observe_failure(self._state, self._settings.connection.url, at, line, status)
        if events:
            _LOG.warning("%s", events[0]["message"])
        return events, state

    async def _keep(self, state: State) -> None:
        """Remember a state once its events are handed over: one that was not is told again after a restart."""
        changed, self._state = state != self._state, state
        if self._file is None or not (changed or self._file_failed):
            return
        try:
            await asyncio.to_thread(self._file.write, state)
            self._file_failed = False
        except OSError as exc:
            if not self._file_failed:
                _LOG.warning("state_file: %s cannot be written: %s", self._settings.state_file, exc.strerror)
            self._file_failed = True
