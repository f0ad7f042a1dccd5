# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that accepts JSON and returns fixed responses: a fake webhook and a fake automation controller."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


class Receiver:
    """Runs within its `with` block. `received` has the requests: method, path without query, body (JSON, or text)."""

    def __init__(self, responses: Mapping[tuple[str, str], Any]) -> None:
        """Respond by method and path, with JSON or, for None, with the text `ok`. Other paths return HTTP 404."""
        self.received: list[tuple[str, str, Any]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            """Stores the request and sends the response."""

            def do_GET(self) -> None:
                """Handle a request of any method."""
                path = self.path.partition("?")[0]
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                is_text = self.headers.get("Content-Type", "").startswith("text/")
                content = body.decode() if is_text else json.loads(body) if body else None
                received.append((self.command, path, content))
                known = (self.command, path) in responses
                response = responses.get((self.command, path))
                text = b"ok" if response is None else json.dumps(response).encode()
                self.send_response(200 if known else 404)
                self.send_header("Content-Type", "text/plain" if response is None else "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_POST = do_PUT = do_PATCH = do_GET  # noqa: N815

            def log_message(self, *_arguments: Any) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Receiver:
        """MakeCase the server."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
