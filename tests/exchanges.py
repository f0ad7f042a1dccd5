# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Exchanges of the client with a server that breaks the rules, for the unit tests."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from raw_server import RawServer, chunked, response

BODY = b'{"success": true, "resultList": [{"name": "web"}]}'
EXPECTED = {"success": True, "resultList": [{"name": "web"}]}
# What Python, http.client, urllib3 and requests say, and no user should read.
RAW = re.compile(
    r"Errno|0x|object at|Traceback|codec|HTTPConnection|Max retries|\(b?'|\bargs\b|maximum recursion|Expecting"
)

Serve = Callable[..., RawServer]

READABLE = {
    "charset that does not exist": response(BODY, "Content-Type: application/json; charset=klingon"),
    "codec that is no charset": response(BODY, "Content-Type: application/json; charset=zlib_codec"),
    "byte order mark": response(b"\xef\xbb\xbf" + BODY, "Content-Type: application/json"),
    "UTF-16": response(BODY.decode().encode("utf-16"), "Content-Type: application/json"),
    "charset": response(BODY.decode().encode("utf-16-le"), 'Content-Type: application/json;charset="UTF-16LE"'),
    "gzip": response(gzip.compress(BODY), "Content-Encoding: gzip"),
    "deflate": response(zlib.compress(BODY), "Content-Encoding: deflate"),
    "deflate without a header": response(zlib.compress(BODY)[2:-4], "Content-Encoding: Deflate"),
    "identity": response(BODY, "Content-Encoding: identity"),
    "chunks": chunked(BODY[:20], BODY[20:]),
    "one Continue": b"HTTP/1.1 100 Continue\r\n\r\n" + response(BODY),
    "no length": b"HTTP/1.0 200 OK\r\n\r\n" + BODY,
}


def client_of(server: RawServer | str, **options: Any) -> Client:
    url = server if isinstance(server, str) else server.url
    return Client(Connection(**{"url": url, "token": "token", "timeout": 5.0, "retries": 0, **options}))


def send(client: Client, method: str) -> dict[str, Any]:
    if method == "GET":
        return client.get("projects")
    return client.write(method, "projects", form={"alias": (None, "web")})


def failure_of(server: RawServer | str, method: str = "GET", **options: Any) -> ApinizerError:
    """Send a request over a new client, and return its error."""
    with closing(client_of(server, **options)) as client:
        return error_of(client, method)


def error_of(client: Client, method: str) -> ApinizerError:
    """Send a request, and return its error."""
    with pytest.raises(ApinizerError) as caught:
        send(client, method)
    message = str(caught.value)
    assert not RAW.search(message), message
    assert message == escape_controls(message)
    return caught.value
