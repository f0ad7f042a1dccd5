# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop of the event source: read the manager at intervals and emit events. It runs until it is cancelled."""

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
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import unknown_lines
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import run_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._text import with_escaped
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    ManagedCertificate,
    read_certificates,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import Event
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.observe import (
    Reading,
    heartbeat,
    observe,
    observe_failure,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.settings import Settings, read_settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_file import StateFile

# Seconds. The longest delay after failed readings, unless the interval is longer.
MAX_BACKOFF = 900.0
# Seconds. The longest delay that the manager can ask for with Retry-After.
MAX_RETRY_AFTER = 3600.0

_LOG = logging.getLogger("apinizer.apiops.certificate_expiry")
_REDACTED = "********"

Emit = Callable[[Event], Awaitable[object]]


class Stopped(Exception):
    """The watch was cancelled while its thread was waiting to repeat a request."""


@dataclass(frozen=True)
class Clock:
    """The source of time, which tests replace.

    :arg sleep: takes seconds.
    :arg jitter: returns a random factor around 1.
    """

    now: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    jitter: Callable[[], float] = lambda: random.SystemRandom().uniform(0.75, 1.25)


def backoff_delay(failures: int, interval: float, retry_after: float | None, jitter: float) -> float:
    """Return the seconds until the next reading: the interval, or after failures an exponential backoff.

    :arg failures: the number of failed readings in a row.
    :arg interval: seconds between two readings that succeed.
    :arg retry_after: the seconds that the manager asked to wait (RFC 9110, section 10.2.3); None if it did not.
    :arg jitter: a factor that keeps several event sources from retrying at the same moment.
    """
    if not failures:
        return interval
    doubled = interval * 2.0 ** min(failures - 1, 16)
    return max(min(doubled, max(interval, MAX_BACKOFF)) * jitter, min(retry_after or 0.0, MAX_RETRY_AFTER))


_SYSTEM_CLOCK = Clock()


async def watch(emit: Emit, arguments: Mapping[str, t.Any], clock: Clock = _SYSTEM_CLOCK) -> t.NoReturn:
    """Watch a manager until cancelled.

    :arg emit: receives each event. The state is saved only after it has returned.
    :arg arguments: as C(ARGUMENT_SPEC) describes them.
    :raises InputError: before or during the first reading, if an argument has to be corrected. The message is one line
        without secrets.
    """
    secrets: set[str] = set()
    stop = threading.Event()
    try:
        settings = read_settings(arguments, secrets.add)
        file = StateFile(settings.state_file, settings.connection.url) if settings.state_file else None
        state = file.read() if file else State()
        if file:
            file.check_writable(state)
        with closing(Client(settings.connection, sleep=_interruptible_sleep(stop), add_secret=secrets.add)) as client:
            await _Watcher(emit, settings, client, file, state, clock, secrets).run()
    except InputError as exc:
        message = str(exc).removeprefix(f"{exc.option}: ")
        # Not chained: the original message may contain a secret.
        raise InputError(_redact(exc.option, secrets), _redact(message, secrets)) from None
    finally:
        stop.set()


def _interruptible_sleep(stop: threading.Event) -> Callable[[float], None]:
    """Return a sleep that ends with the watch, so that cancelling never waits for a delayed retry."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    return sleep


def _redact(text: str, secrets: set[str]) -> str:
    """Return the text as one line without secrets."""
    for secret in sorted(filter(None, with_escaped(secrets)), key=len, reverse=True):
        text = text.replace(secret, _REDACTED)
    return " ".join(text.split())


class _Watcher:
    """A running watch: its state, its failures in a row, and its schedule."""

    def __init__(
        self,
        emit: Emit,
        settings: Settings,
        client: Client,
        file: StateFile | None,
        state: State,
        clock: Clock,
        secrets: set[str],
    ) -> None:
        self._emit = emit
        self._settings = settings
        self._client = client
        self._file = file
        self._state = state
        self._clock = clock
        self._secrets = secrets
        self._failures = 0
        self._is_first_reading = True
        self._save_failed = False
        self._unknown: list[str] = []

    async def run(self) -> t.NoReturn:
        """Read and emit heartbeats on schedule, forever."""
        clock, settings = self._clock, self._settings
        next_reading = next_heartbeat = clock.monotonic()
        while True:
            if clock.monotonic() >= next_reading:
                next_reading = clock.monotonic() + await self._read()
            if settings.heartbeat and clock.monotonic() >= next_heartbeat:
                await self._emit(heartbeat(self._state, settings.connection.url, clock.now()))
                next_heartbeat = clock.monotonic() + settings.heartbeat
            wake = min(next_reading, next_heartbeat) if settings.heartbeat else next_reading
            await clock.sleep(max(0.0, wake - clock.monotonic()))

    async def _read(self) -> float:
        """Read once, emit the events and save the state. Return the seconds until the next reading."""
        at = self._clock.now()
        manager = self._settings.connection.url
        retry_after = None
        try:
            certificates = await asyncio.to_thread(self._read_certificates, at)
            events, state = observe(self._state, Reading(manager, at, certificates), self._settings.windows)
            self._log_unknown_gateways(certificates)
            self._failures = 0
        except InputError as exc:
            if self._is_first_reading:
                raise
            events, state = self._fail(at, exc, str(exc))
        except ApinizerError as exc:
            retry_after = getattr(exc, "retry_after", None)
            events, state = self._fail(at, exc, str(exc), getattr(exc, "status", None))
        except Exception as exc:  # noqa: BLE001  (an unexpected response must not end the watch)
            _LOG.debug("Reading failed with an unexpected error", exc_info=exc)
            events, state = self._fail(at, exc, f"unexpected error {type(exc).__name__}; please report it as a bug")
        self._is_first_reading = False
        for event in events:
            await self._emit(event)
        await self._save(state)
        return backoff_delay(self._failures, self._settings.interval, retry_after, self._clock.jitter())

    def _read_certificates(self, at: datetime) -> list[ManagedCertificate]:
        """Read the manager, and its gateways if wanted. This blocks, so it runs in its own thread."""
        # A new one for each reading: it remembers which addresses the manager does not have, which an upgrade changes.
        api = CertificateApi(self._client)
        return read_certificates(run_info_operation(api, self._settings.operation, now=at))

    def _log_unknown_gateways(self, certificates: list[ManagedCertificate]) -> None:
        """Log which gateways could not be asked, unless the previous reading had the same problem."""
        gateways = (entry.gateway for certificate in certificates for entry in certificate.entries)
        lines = [_redact(line, self._secrets) for line in unknown_lines(filter(None, gateways))]
        for line in lines:
            if line not in self._unknown:
                _LOG.warning("%s", line)
        self._unknown = lines

    def _fail(
        self, at: datetime, error: Exception, reason: str, status: int | None = None
    ) -> tuple[list[Event], State]:
        """Count a failed reading. Return its events and the new state."""
        self._failures += 1
        line = _redact(reason, self._secrets)
        kind = type(error).__name__
        events, state = observe_failure(self._state, self._settings.connection.url, at, line, status, kind)
        if events:
            _LOG.warning("%s", events[0]["message"])
        return events, state

    async def _save(self, state: State) -> None:
        """Adopt a state whose events were emitted, and write it to the state file if there is one.

        An event that was not emitted before the watch ended is therefore emitted after a restart.
        """
        changed, self._state = state != self._state, state
        if self._file is None or not (changed or self._save_failed):
            return
        try:
            await asyncio.to_thread(self._file.write, state)
            self._save_failed = False
        except OSError as exc:
            if not self._save_failed:
                _LOG.warning("state_file: %s cannot be written: %s", self._settings.state_file, exc.strerror)
            self._save_failed = True
