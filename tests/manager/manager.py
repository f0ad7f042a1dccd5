# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake manager: an installation, its API over HTTP, the faults, and the journal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any
from urllib.parse import quote

from .access import token_name
from .api import Api
from .dialect import Generation
from .faults import ActiveFaults, Faults
from .http_types import HttpRequest, HttpResponse
from .installation import InstallationFixture
from .journal import Journal
from .options import Options
from .server import HOST, Server, Tls, TlsFiles

ALL_RIGHTS = "all-rights"
"""The name of the token that every manager has from the start."""


class Manager(InstallationFixture):
    """A manager that listens on 127.0.0.1 inside its `with` block.

    - `generation` and other traits: see `Options`.
    - `tls`: paths of PEM files: certificate, key, and optionally a CA that client certificates must be issued by.
    - `prefix`: the prefix of the URL's path, such as `/gw`.
    - `latency`: the delay of every request, in seconds.
    - `port`: the TCP port; 0 chooses a free one.

    The methods are safe to call at any time; use `state` and `gateways` only while no request is in progress.
    """

    def __init__(
        self,
        generation: Generation = "2026.09",
        *,
        tls: TlsFiles | None = None,
        latency: float = 0.0,
        prefix: str = "",
        port: int = 0,
        **traits: Any,
    ) -> None:
        """Prepare a manager with the project `admin` and a token with all rights."""
        self.options = Options(generation, **traits)
        super().__init__(self.options.dialect)
        self.faults = Faults()
        self.journal = Journal()
        self.token = self.add_token(ALL_RIGHTS)
        self._latency = latency
        self._prefix = prefix
        self._scheme = "http" if tls is None else "https"
        self._api = Api(self.options, prefix)
        self._server = Server(self._serve, port, None if tls is None else Tls(*tls))
        self._observers: list[Callable[[HttpRequest], object]] = []
        self._in_progress = 0
        self._settled = threading.Condition()

    def __enter__(self) -> Manager:
        """Start the server. Raises OSError if the port or a TLS file cannot be used."""
        self._server.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the server and abort the requests in progress. State and journal stay readable."""
        self._server.stop()

    @property
    def url(self) -> str:
        """The URL of the manager with its prefix, without a trailing slash."""
        return f"{self._scheme}://{HOST}:{self._server.port}{self._prefix}"

    def url_of(self, *names: str) -> str:
        """Return the URL of `/apiops/` followed by these names, each encoded, with a trailing slash."""
        return "/".join([self.url, "apiops", *(quote(name, safe="") for name in names), ""])

    def observe(self, observer: Callable[[HttpRequest], object]) -> None:
        """Call the observer after each request, before it is answered. Until it returns, nothing else changes."""
        self._observers.append(observer)

    def settle(self, timeout: float = 5.0) -> None:
        """Wait until no request is in progress, not even one whose client has disconnected. Raises TimeoutError."""
        with self._settled:
            if not self._settled.wait_for(lambda: self._in_progress == 0, timeout):
                raise TimeoutError(f"requests still in progress after {timeout} seconds")

    async def _serve(self, request: HttpRequest, connection: int) -> HttpResponse | None:
        """Return the response to a request, with its faults applied; None drops the connection."""
        segments = self._api.below_base(request.segments) or request.segments
        token = token_name(self.state, request.headers.get("Authorization", ""))
        recorded = self.journal.open(request, connection=connection, segments=segments, token=token)
        faults = self.faults.take(request)
        with self._progress():
            await asyncio.sleep(self._latency)
            delay = faults.delay
            if delay is not None and not delay.after:
                await asyncio.sleep(delay.seconds)
            response, applied = self._carry_out(request, faults)
            if delay is not None and delay.after:
                await asyncio.sleep(delay.seconds)
            self.journal.close(
                recorded, status=None if response is None else response.status, faults=faults.kinds, applied=applied
            )
        return response

    def _carry_out(self, request: HttpRequest, faults: ActiveFaults) -> tuple[HttpResponse | None, bool]:
        """Return the response (None: drop the connection), and whether the request changed the record."""
        writer = faults.writer.action if faults.writer else None
        after = faults.writer is not None and faults.writer.after
        with self._lock:
            if writer is not None and not after:
                writer(self)
            result = self._apply(request, faults)
            if writer is not None and after:
                writer(self)
            for observer in self._observers:
                observer(request)
            return result

    def _apply(self, request: HttpRequest, faults: ActiveFaults) -> tuple[HttpResponse | None, bool]:
        fault = faults.response
        if fault is not None and not fault.applies_request:
            return fault.response(), False
        if fault is not None and fault.kind == "lost_update":
            return self._api.handle(self.installation.copy(), request, faults.failing).response, False
        outcome = self._api.handle(self.installation, request, faults.failing)
        return (outcome.response if fault is None else fault.response()), outcome.applied

    @contextmanager
    def _progress(self) -> Iterator[None]:
        """Count a request as in progress."""
        with self._settled:
            self._in_progress += 1
        try:
            yield
        finally:
            with self._settled:
                self._in_progress -= 1
                self._settled.notify_all()
