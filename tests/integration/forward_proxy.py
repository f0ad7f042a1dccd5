# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A forward proxy on this machine: HTTP requests in absolute form, and CONNECT tunnels."""

from __future__ import annotations

import socket
import socketserver
import threading
from types import TracebackType
from urllib.parse import urlsplit

_SECONDS = 10


class ForwardProxy:
    """Runs inside its `with` block. `seen` holds the method and the target of each request."""

    def __init__(self) -> None:
        """Bind a free port."""
        self.seen: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.seen = self.seen
        self._thread = threading.Thread(target=self._server.serve_forever, name="proxy", daemon=True)

    @property
    def url(self) -> str:
        """The value for HTTP_PROXY."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ForwardProxy:
        """Start the proxy."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the proxy."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    seen: list[str]


class _Handler(socketserver.BaseRequestHandler):
    """Handles one request per connection, and asks both sides to close it."""

    server: _Server

    def handle(self) -> None:
        head, rest = self._read_head()
        if not head:
            return
        line, _unused, headers = head.partition(b"\r\n")
        method, target, version = line.decode().split(" ")
        self.server.seen.append(f"{method} {target}")
        if method == "CONNECT":
            with _connect(target) as upstream:
                self.request.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                self._pipe(upstream)
            return
        parts = urlsplit(target)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        kept = [header for header in headers.split(b"\r\n") if not header.lower().startswith(b"connection:")]
        with _connect(parts.netloc) as upstream:
            lines = [f"{method} {path} {version}".encode(), b"Connection: close", *kept]
            upstream.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + rest)
            self._pipe(upstream)

    def _read_head(self) -> tuple[bytes, bytes]:
        data = b""
        while b"\r\n\r\n" not in data:
            received = self.request.recv(65536)
            if not received:
                return b"", b""
            data += received
        head, _unused, rest = data.partition(b"\r\n\r\n")
        return head, rest

    def _pipe(self, upstream: socket.socket) -> None:
        """Forward bytes in both directions until the server closes the connection."""
        forward = threading.Thread(target=_pump, args=(self.request, upstream), daemon=True)
        forward.start()
        _pump(upstream, self.request)


def _connect(netloc: str) -> socket.socket:
    host, _unused, port = netloc.partition(":")
    return socket.create_connection((host, int(port or 80)), timeout=_SECONDS)


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        # The other side closed the connection.
        return
