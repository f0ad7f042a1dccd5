# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Responses that break the rules: every exception of the libraries becomes an error of the collection."""

from __future__ import annotations

import gzip
import random
import re
from contextlib import closing

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from exchanges import BODY, EXPECTED, RAW, READABLE, Serve, client_of, failure_of, send
from raw_server import RawServer, chunked, response

pytestmark = pytest.mark.usefixtures("no_environment")

# Responses that cannot be read

UNREADABLE = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "its first line is not one of HTTP"),
    "no status": (b"HTTP/1.1 abc OK\r\n\r\n", "its first line is not one of HTTP"),
    "long header": (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000, "one of its header lines is too long"),
    "many headers": (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n", "it has too many header lines"),
    "unknown encoding": (response(BODY, "Content-Encoding: br"), "its Content-Encoding is not one that was requested"),
    "damaged gzip": (response(BODY, "Content-Encoding: gzip"), "its compressed content is damaged"),
    "gzip that is cut off": (
        response(gzip.compress(BODY)[:-12], "Content-Encoding: gzip"),
        "its compressed content is damaged",
    ),
    "deep JSON": (response(b"[" * 100_000 + b"]" * 100_000), "its JSON is nested too deeply"),
}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("kind", UNREADABLE)
def test_an_unreadable_response_is_a_request_error(serve: Serve, kind: str, method: str) -> None:
    answer, reason = UNREADABLE[kind]
    error = failure_of(serve(answer), method)
    assert isinstance(error, RequestError)
    assert str(error) == f"The manager's response to {method} could not be read: {reason}"
    assert (error.maybe_applied, error.retryable) == (method != "GET", False)


INTERRUPTED = {
    "nothing": b"",
    "part of the headers": b"HTTP/1.1 200 OK\r\nX",
    "part of the body": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + BODY,
    "part of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n" + BODY,
    "no size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nlarge\r\n" + BODY,
}


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("kind", INTERRUPTED)
def test_an_incomplete_response_is_an_interruption(serve: Serve, kind: str, method: str) -> None:
    error = failure_of(serve(INTERRUPTED[kind]), method)
    assert isinstance(error, RequestError)
    assert error.maybe_applied == (method == "PUT")
    if kind != "part of the headers":
        assert str(error).startswith(f"The connection to the manager was interrupted during {method}: ")
        assert error.retryable


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("kind", READABLE)
def test_an_unusual_response_is_read(serve: Serve, kind: str, method: str) -> None:
    with closing(client_of(serve(READABLE[kind]))) as client:
        assert send(client, method) == EXPECTED


@pytest.mark.parametrize("name", ["a\\ud800b", "\\udc00", "a\\udc00\\ud800b"])
def test_a_lone_surrogate_is_replaced(serve: Serve, name: str) -> None:
    body = '{"success": true, "resultList": [{"name": "NAME", "NAME": ["\\ud83d\\ude00"]}]}'.replace("NAME", name)
    with closing(client_of(serve(response(body.encode())))) as client:
        found = client.get("projects")
    assert str(found).encode("utf-8")
    (item,) = found["resultList"]
    assert item["name"] == re.sub(r"\\ud[8c]00", "\ufffd", name)
    assert ["😀"] in item.values()


def test_a_name_with_a_lone_surrogate_is_not_sent(serve: Serve) -> None:
    server = serve(response(BODY))
    with closing(client_of(server)) as client, pytest.raises(RequestError, match="a name is not valid Unicode"):
        client.get("projects", "a\ud800b")
    with (
        closing(client_of(server)) as client,
        pytest.raises(RequestError, match="a value is not valid Unicode") as caught,
    ):
        client.write("PUT", "projects", form={"alias": (None, "a\ud800b")})
    assert not caught.value.maybe_applied
    assert server.requests == []


@pytest.mark.parametrize(
    "date",
    [
        "Wed, 21 Oct 2015 07:28:00 +99999999999999999999",
        "Wed, 21 Oct 2015 07:28:00 -9959",
        "Wed, 21 Oct 0001 07:28:00 +2359",
        "Wed, 99 Oct 99999 99:99:99 GMT",
        "١٢",
    ],
)
def test_an_absurd_retry_after_is_ignored(serve: Serve, date: str) -> None:
    error = failure_of(serve(response(b"", f"Retry-After: {date}", status="503 Busy")), "PUT")
    assert isinstance(error, RequestError)
    assert (error.status, error.maybe_applied, error.retryable) == (503, True, True)


def test_deep_json_of_an_error_keeps_its_status(serve: Serve) -> None:
    error = failure_of(serve(response(b"[" * 100_000, status="503 Busy")), "PUT")
    assert isinstance(error, RequestError)
    assert (error.status, error.maybe_applied, error.retryable) == (503, True, True)


@pytest.mark.parametrize(
    "exception", [RuntimeError("\x1b object at 0x1"), MemoryError(), KeyError("x"), AssertionError()]
)
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_exception_that_nobody_expected_is_a_request_error(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, exception: Exception, method: str
) -> None:
    def fail(_response: object) -> None:
        raise exception

    server = serve(response(BODY))
    monkeypatch.setattr("ansible_collections.apinizer.apiops.plugins.module_utils._transport.read_response", fail)
    error = failure_of(server, method)
    assert isinstance(error, RequestError)
    assert str(error).startswith(f"The manager's response to {method} could not be read: ")
    assert error.maybe_applied == (method == "PUT")


def _mutated(random_: random.Random, answer: bytes) -> bytes:
    changed = bytearray(answer)
    for _unused in range(random_.randint(1, 8)):
        start = random_.randrange(len(changed) + 1)
        end = min(len(changed), start + random_.choice([0, 1, 1, 3, 20]))
        changed[start:end] = random_.choice(
            [b"", b"\r\n", b"\x00", b"\xff\xfe", b"-1", b"9" * 30, b":", b"[" * 3000, b'"']
        )
    return bytes(changed)


ANSWERS = [
    response(BODY, "Content-Type: application/json"),
    response(gzip.compress(BODY), "Content-Encoding: gzip"),
    chunked(BODY[:9], BODY[9:]),
    response(b'{"error": "x", "retry_after": 7}', "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT", status="503 Busy"),
    response(b"", "Location: https://user:secret@[::1]/x", status="302 Found"),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=["JSON", "gzip", "chunked", "busy", "redirect"])
def test_a_mutated_answer_never_ends_in_another_exception(answer: bytes) -> None:
    """With fixed seeds, so that a failure can be repeated."""
    answers = [_mutated(random.Random(seed), answer) for seed in range(150)]
    pending = iter(answers)
    with RawServer(lambda _request: [next(pending)]) as server, closing(client_of(server, timeout=2.0)) as client:
        for number in range(len(answers)):
            message = ""
            try:
                assert isinstance(send(client, "PUT"), dict)
            except RequestError as exc:
                message = str(exc)
            assert not RAW.search(message), (number, message)
            assert message == escape_controls(message), (number, message)


# Control characters


@pytest.mark.parametrize(
    "answer",
    [
        response(b'{"resultMessage": "a\\u001b[31m\\u0007\\u009b\\u202e\\u2066b"}', status="400 Bad Request"),
        response(b'{"success": false, "message": "a\\u001b[31m\\u0007\\u009b\\u202e\\u2066b"}'),
        response("a\x1b[31m\x07\x9b\u202e\u2066b".encode(), status="502 Bad Gateway"),
        response("<html><title>a\x1b[31m\x07\x9b\u202e\u2066b</title>".encode()),
    ],
    ids=["error", "failure", "text", "title"],
)
def test_control_characters_of_the_manager_are_shown_escaped(serve: Serve, answer: bytes) -> None:
    assert r"a\x1b[31m\x07\x9b\u202e\u2066b" in str(failure_of(serve(answer)))
