# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers with bytes of the test's choice, at the pace of its choice. It runs on 127.0.0.1, on a free port."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from types import TracebackType

_SECONDS = 10.0

Part = bytes | float
"""Bytes to send, or seconds to wait."""
Answer = Callable[[bytes], Iterable[Part]]
"""Takes a request, and returns the parts of its response. They may be endless: the server stops at the end of the test."""


class RawServer:
    """Runs inside its `with` block. It closes each connection after an answer that ends, unless `keep_alive`.

    `requests` holds the requests that were read, and `connections` counts the connections.
    """

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None, keep_alive: bool = False) -> None:
        """Bind a free port."""
        self.requests: list[bytes] = []
        self.connections = 0
        self.answer = answer
        self._tls = tls
        self._keep_alive = keep_alive
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, name="raw server", daemon=True)
        self.host = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"

    def __enter__(self) -> RawServer:
        """Start the server."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the server, and all answers that it is still sending."""
        self._stopped.set()
        with suppress(OSError):
            # Closing alone does not wake up the thread that accepts connections.
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_SECONDS)

    def _accept(self) -> None:
        while True:
            try:
                connection, _address = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(_SECONDS)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # A client that gives up is what many tests are about.
        with suppress(OSError), connection:
            sock = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with sock, sock.makefile("rb") as file:
                while request := _read(file):
                    self.requests.append(request)
                    for part in self.answer(request):
                        if self._stopped.is_set():
                            return
                        if isinstance(part, float):
                            self._stopped.wait(part)
                        else:
                            sock.sendall(part)
                    if not self._keep_alive:
                        return


def _read(file: Iterable[bytes]) -> bytes:
    """Read one request; empty at the end of the connection."""
    head, length = b"", 0
    for line in file:
        head += line
        name, _colon, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
        if not line.strip():
            return head + file.read(length)  # type: ignore[attr-defined]
    return b""


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Return a response with a Content-Length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode("utf-8") + body


def chunked(*chunks: bytes) -> bytes:
    """Return a response in chunks."""
    sent = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent
