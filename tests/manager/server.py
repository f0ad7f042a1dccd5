# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: a server in a thread of its own, on 127.0.0.1, which reads requests and hands them to a handler."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from .call import Answer, Call
from .http_request import read_call

HOST = "127.0.0.1"
_START_SECONDS = 10
_GRACE_SECONDS = 0.01

PathName = str | Path


class Tls(NamedTuple):
    """PEM files: the server's certificate (its chain after it) and key; with `client_ca`, clients must have one too."""

    certificate: PathName
    key: PathName
    client_ca: PathName | None = None

    def context(self) -> ssl.SSLContext:
        """Return the server's side of TLS with these files."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.client_ca)
        return context


TlsFiles = Tls | tuple[PathName, PathName] | tuple[PathName, PathName, PathName | None]
"""What may stand for Tls."""

Handler = Callable[[Call, int], Awaitable[Answer | None]]
"""Answers a call that came over the TCP connection of that number; None aborts the connection."""


class Server:
    """Serves a handler from `start` to `stop`."""

    def __init__(self, handler: Handler, port: int = 0, tls: Tls | None = None) -> None:
        """Keep what it needs to start. Port 0 takes a free one."""
        self._handler = handler
        self._tls = tls
        self._connections: dict[RequestHandler, int] = {}
        self._numbers = count(1)
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="manager", daemon=True)
        self.port = port

    def start(self) -> None:
        """Start, and return once connections are accepted; `port` is the real one then. Raises OSError."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the manager did not start")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Close every connection, give up the requests in progress, and end the thread."""
        if self._loop is not None and self._stopping is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        # Like a servlet container, go on with a request whose client has gone.
        http = web.Server(self._handle, handler_cancellation=False)
        context = self._tls.context() if self._tls else None
        listener = await self._loop.create_server(lambda: self._accept(http), HOST, self.port, ssl=context)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        listener.close()
        # A TLS connection that is closed politely would wait for its client to agree, past the end of the loop.
        for connection in http.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await http.shutdown(_GRACE_SECONDS)

    def _accept(self, http: web.Server) -> RequestHandler:
        connection = http()
        self._connections[connection] = next(self._numbers)
        return connection

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self._connections[request.protocol]
        answer = await self._handler(await read_call(request), connection)
        if answer is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        headers = {**answer.headers, "Content-Type": f"{answer.content_type};charset=UTF-8"}
        return web.Response(status=answer.status, body=answer.body, headers=headers)
