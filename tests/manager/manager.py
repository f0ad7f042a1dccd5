# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in manager: an installation, the API to it over HTTP, the faults to meet and the journal of it all."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from urllib.parse import quote

from .access import token_name
from .api import Api
from .call import Answer, Call
from .context import Options
from .dialect import Generation
from .faults import Faults, Hazards
from .journal import Journal
from .record import Record
from .server import HOST, Server, Tls, TlsFiles
from .texts import Language

ALL_RIGHTS = "all-rights"
"""The name of the token that every manager starts with."""


class Manager(Record):
    """A manager that serves while its `with` block runs.

    `generation`: whose API it speaks. `language`: of its messages. `duplicates`: create and update add an entry
    unconditionally. `list_content`, `get_content`: whether list and get include `base64EncodedContent`.
    `bare_token_only`: takes `Authorization: TOKEN` and not `Bearer TOKEN`. `import_reports_deployment`: import-file's
    answer includes the deployment result. `unresolved_references`: what import-file's answer lists as such.
    `tls`: paths of PEM files: certificate, key and perhaps a CA for client certificates. `prefix`: of the URL's path,
    such as `/gw`. `latency`: seconds before each request is looked at. `port`: 0 takes a free one.

    The methods are safe to call at any time, `state` and `gateways` are safe to use while no request is in progress.
    """

    def __init__(
        self,
        generation: Generation = "2026",
        language: Language = "en",
        duplicates: bool = False,
        list_content: bool = True,
        bare_token_only: bool = False,
        tls: TlsFiles | None = None,
        latency: float = 0.0,
        *,
        get_content: bool = True,
        import_reports_deployment: bool = False,
        unresolved_references: Sequence[str] = (),
        prefix: str = "",
        port: int = 0,
    ) -> None:
        """Prepare a manager that has the project `admin`, a token with all rights, and nothing else."""
        self.options = Options(
            generation=generation,
            language=language,
            duplicates=duplicates,
            list_content=list_content,
            get_content=get_content,
            bare_token_only=bare_token_only,
            import_reports_deployment=import_reports_deployment,
            unresolved_references=tuple(unresolved_references),
        )
        super().__init__(self.options.dialect)
        self.faults = Faults()
        self.journal = Journal()
        self.token = self.add_token(ALL_RIGHTS)
        self._latency = latency
        self._prefix = prefix
        self._scheme = "http" if tls is None else "https"
        self._api = Api(self.options, prefix)
        self._server = Server(self._serve, port, None if tls is None else Tls(*tls))
        self._in_progress = 0
        self._settled = threading.Condition()

    def __enter__(self) -> Manager:
        """Start to serve. Raises OSError if the port or a TLS file cannot be used."""
        self._server.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop to serve, giving up the requests in progress. State and journal stay readable."""
        self._server.stop()

    @property
    def url(self) -> str:
        """The manager's address, its prefix included, without a final slash."""
        return f"{self._scheme}://{HOST}:{self._server.port}{self._prefix}"

    def url_of(self, *names: str) -> str:
        """The address of `/apiops/` and these path segments, each encoded, with a final slash."""
        return "/".join([self.url, "apiops", *(quote(name, safe="") for name in names), ""])

    def settle(self, timeout: float = 5.0) -> None:
        """Wait until no request is in progress, those included whose client has gone. Raises TimeoutError."""
        with self._settled:
            if not self._settled.wait_for(lambda: self._in_progress == 0, timeout):
                raise TimeoutError(f"requests still in progress after {timeout} seconds")

    async def _serve(self, call: Call, connection: int) -> Answer | None:
        """Answer a call, its faults included; None drops the connection."""
        segments = self._api.below_base(call.segments) or call.segments
        token = token_name(self.state, call.headers.get("Authorization", ""))
        request = self.journal.open(call, connection=connection, segments=segments, token=token)
        hazards = self.faults.take(call)
        with self._progress():
            await asyncio.sleep(self._latency)
            delay = hazards.delay
            if delay is not None and not delay.after:
                await asyncio.sleep(delay.seconds)
            answer, applied = self._carry_out(call, hazards)
            if delay is not None and delay.after:
                await asyncio.sleep(delay.seconds)
            self.journal.close(
                request, status=None if answer is None else answer.status, faults=hazards.kinds, applied=applied
            )
        return answer

    def _carry_out(self, call: Call, hazards: Hazards) -> tuple[Answer | None, bool]:
        """Return the answer (None: drop the connection), and whether the call changed the record."""
        writer = hazards.writer.action if hazards.writer else None
        after = hazards.writer is not None and hazards.writer.after
        with self._lock:
            if writer is not None and not after:
                writer(self)
            result = self._apply(call, hazards)
            if writer is not None and after:
                writer(self)
            return result

    def _apply(self, call: Call, hazards: Hazards) -> tuple[Answer | None, bool]:
        fault = hazards.answer
        if fault is not None and not fault.applies_request:
            return fault.answer(), False
        if fault is not None and fault.kind == "lost_update":
            return self._api.handle(self.installation.copy(), call, hazards.failing).answer, False
        outcome = self._api.handle(self.installation, call, hazards.failing)
        return (outcome.answer if fault is None else fault.answer()), outcome.applied

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
