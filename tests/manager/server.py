# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP server: it runs in its own thread, listens on 127.0.0.1, and passes requests to a handler."""

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

from .http_types import BINARY, HttpRequest, HttpResponse
from .request_parser import parse_request

HOST = "127.0.0.1"
_START_SECONDS = 10
_GRACE_SECONDS = 0.01

PathName = str | Path


class Tls(NamedTuple):
    """PEM files: the server's certificate with its chain, and its key. `client_ca` makes client certificates required."""

    certificate: PathName
    key: PathName
    client_ca: PathName | None = None

    def context(self) -> ssl.SSLContext:
        """Return an SSL context for the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        if self.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.client_ca)
        return context


TlsFiles = Tls | tuple[PathName, PathName] | tuple[PathName, PathName, PathName | None]
"""`Tls`, or the same as a tuple."""

Handler = Callable[[HttpRequest, int], Awaitable[HttpResponse | None]]
"""Takes a request and the number of its TCP connection. Returns the response, or None to abort the connection."""


class Server:
    """A server that passes every request to a handler, from `start` to `stop`."""

    def __init__(self, handler: Handler, port: int = 0, tls: Tls | None = None) -> None:
        """Prepare the server. Port 0 chooses a free one."""
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
        """Start, and return when connections are accepted. `port` is then the real one. Raises OSError."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS):
            raise TimeoutError("the fake manager did not start")
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Close every connection, abort the requests in progress, and end the thread."""
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
        # Like a servlet container, carry out a request even if its client disconnects.
        http = web.Server(self._handle, handler_cancellation=False)
        context = self._tls.context() if self._tls else None
        listener = await self._loop.create_server(lambda: self._accept(http), HOST, self.port, ssl=context)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        listener.close()
        # Closing a TLS connection properly would wait for its client, even after the loop has ended.
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
        response = await self._handler(await parse_request(request), connection)
        if response is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()
        charset = "" if response.content_type == BINARY else ";charset=UTF-8"
        headers = {**response.headers, "Content-Type": response.content_type + charset}
        return web.Response(status=response.status, body=response.body, headers=headers)
