# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The limits of an exchange: its time as a whole, and the size of its response."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _exchange, _response
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from exchanges import BODY, EXPECTED, READABLE, Serve, client_of, error_of, failure_of
from raw_server import Part, RawServer, response

pytestmark = pytest.mark.usefixtures("no_environment")

# Time

OK = b"HTTP/1.1 200 OK\r\n"
SLOW: dict[str, Callable[[], Iterable[Part]]] = {
    "nothing": lambda: [5.0],
    "status line": lambda: itertools.cycle([b"H", 0.05]),
    "endless Continue": lambda: itertools.cycle([b"HTTP/1.1 100 Continue\r\n\r\n", 0.001]),
    "fast Continue": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\nX: y\r\n\r\n" * 10),
    "headers": lambda: [OK, *[b"X: y\r\n", 0.05] * 90],
    "body": lambda: [OK + b"Content-Length: 1000\r\n\r\n", *[b"x", 0.05] * 500],
    "body without a length": lambda: [OK + b"\r\n", *[b"x", 0.05] * 500],
    "chunks": lambda: [OK + b"Transfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n", 0.05] * 500],
    "size of a chunk": lambda: [OK + b"Transfer-Encoding: chunked\r\n\r\n", *[b"0", 0.05] * 500],
}


def in_time(server: RawServer | str, method: str = "GET", **options: Any) -> RequestError:
    """Send a request with a timeout of 0.5 seconds, and return its error, which must come in time.

    Without the timeout, each of the servers would take more than 4 seconds. A busy machine may take one or two.
    """
    with closing(client_of(server, timeout=0.5, **options)) as client:
        start = time.monotonic()
        error = error_of(client, method)
    assert 0.45 < time.monotonic() - start < 3.5
    assert isinstance(error, RequestError)
    assert "within 0.5 seconds (option timeout, APINIZER_TIMEOUT)" in str(error)
    assert error.retryable
    return error


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("kind", SLOW)
def test_timeout_bounds_the_whole_exchange(kind: str, method: str) -> None:
    with RawServer(lambda _request: SLOW[kind]()) as server:
        error = in_time(server, method)
    assert error.maybe_applied == (method == "PUT")


def test_timeout_bounds_a_request_that_the_server_does_not_read() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        start = time.monotonic()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            closing(client_of(url, timeout=0.3)) as client,
            pytest.raises(RequestError, match=r"within 0\.3 seconds") as caught,
        ):
            client.write("PUT", "projects", form={"alias": (None, "x" * 12_000_000)})
        assert time.monotonic() - start < 2.5
        assert caught.value.maybe_applied


def test_timeout_is_not_used_up_by_earlier_exchanges(serve: Serve) -> None:
    server = serve(0.4, response(BODY), keep_alive=True)
    with closing(client_of(server, timeout=1.2)) as client:
        for _unused in range(4):
            assert client.get("projects") == EXPECTED
    assert server.connections == 1


@pytest.mark.parametrize("kind", ["endless Continue", "headers", "body"])
def test_timeout_bounds_an_exchange_over_tls(tls: ssl.SSLContext, ca_path: str, kind: str) -> None:
    with RawServer(lambda _request: SLOW[kind](), tls=tls) as server:
        assert in_time(server, "PUT", ca_path=ca_path).maybe_applied


def test_timeout_bounds_the_tls_handshake() -> None:
    """The server accepts the connection and says nothing, as a server without TLS that waits for the end of a line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        error = in_time(url, "PUT")
    assert str(error).startswith(
        f"The manager cannot be reached at {url} (option url, APINIZER_URL): no TLS connection within"
    )
    assert "Check the scheme and the port in url" in str(error)
    assert not error.maybe_applied


def test_timeout_bounds_a_slow_proxy(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(b"HTTP/1.1 200 OK\r\n", *[b"X: y\r\n", 0.05] * 90)
    monkeypatch.setenv("https_proxy", f"http://user:s3cr3t@{proxy.host}")
    error = in_time("https://manager.example.com", "PUT")
    assert f"through the proxy http://********@{proxy.host} (environment variable https_proxy): " in str(error)
    assert not error.maybe_applied


def test_timeout_bounds_all_addresses_of_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 9))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_arguments, **_named: [address] * 20)

    class Unreachable(socket.socket):
        def connect(self, _address: object) -> None:
            time.sleep(min(self.gettimeout() or 9, 0.2))
            raise TimeoutError("timed out")

    monkeypatch.setattr(_exchange.socket, "socket", Unreachable)
    error = in_time("http://manager.example.com", "PUT")
    assert "no connection within" in str(error)
    assert not error.maybe_applied


# Size


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """A limit of 512 KiB, so that the tests are fast."""
    limit = 512 * 1024
    monkeypatch.setattr(_exchange, "LARGEST_RESPONSE", limit)
    monkeypatch.setattr(_response, "LARGEST_RESPONSE", limit)
    return limit


KIB = b" " * 1024
ENDLESS: dict[str, Callable[[], Iterator[Part]]] = {
    "body": lambda: itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(KIB * 64)),
    "body with a length": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"], itertools.repeat(KIB * 64)
    ),
    "chunks": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"400\r\n" + KIB + b"\r\n")
    ),
    # Every read of the client ends in the header of a chunk.
    "headers of chunks": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"], itertools.repeat(b"1;" + KIB + b"\r\nx\r\n")
    ),
    "negative chunk": lambda: itertools.chain(
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n"], itertools.repeat(KIB * 64)
    ),
    "gzip bomb": lambda: iter([response(gzip.compress(bytes(64 << 20), 1), "Content-Encoding: gzip")]),
    "deflate bomb": lambda: iter([response(zlib.compress(bytes(64 << 20), 1), "Content-Encoding: deflate")]),
    "body of a redirect": lambda: itertools.chain(
        [b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n"], itertools.repeat(KIB * 64)
    ),
    "headers": lambda: itertools.repeat(b"HTTP/1.1 100 Continue\r\nX: " + KIB * 32 + b"\r\n\r\n"),
}


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("kind", ENDLESS)
def test_a_response_that_is_too_large_is_refused(small_limit: int, kind: str, method: str) -> None:
    with RawServer(lambda _request: ENDLESS[kind]()) as server:
        error = failure_of(server, method)
    assert isinstance(error, RequestError)
    assert str(error) == f"The manager's response to {method} could not be read: it is larger than 32 MiB"
    assert (error.maybe_applied, error.retryable) == (method == "PUT", False)


def test_a_bomb_takes_little_memory(serve: Serve) -> None:
    server = serve(response(gzip.compress(bytes(128 << 20), 1), "Content-Encoding: gzip"))
    tracemalloc.start()
    try:
        failure_of(server)
        _current, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 80 << 20


def test_a_large_response_within_the_limit_is_read(serve: Serve) -> None:
    body = b'{"success": true, "resultList": []}' + b" " * (20 << 20)
    for answer in (response(body), response(gzip.compress(body, 1), "Content-Encoding: gzip")):
        with closing(client_of(serve(answer))) as client:
            assert client.get("projects") == {"success": True, "resultList": []}


@pytest.mark.parametrize("kind", ["gzip", "deflate", "chunks", "identity", "one Continue"])
def test_a_connection_is_used_again(serve: Serve, kind: str) -> None:
    server = serve(READABLE[kind], keep_alive=True)
    with closing(client_of(server)) as client:
        for _unused in range(5):
            assert client.get("projects") == EXPECTED
    assert (len(server.requests), server.connections) == (5, 1)


def test_a_client_works_after_a_failure(small_limit: int) -> None:
    answers = iter(
        [response(b" " * small_limit * 2), b"nonsense\r\n", response(BODY, "Content-Encoding: br"), response(BODY)]
    )
    with RawServer(lambda _request: [next(answers)], keep_alive=True) as server, closing(client_of(server)) as client:
        for _unused in range(3):
            with pytest.raises(RequestError):
                client.get("projects")
        assert client.get("projects") == EXPECTED
    assert server.connections == 4
