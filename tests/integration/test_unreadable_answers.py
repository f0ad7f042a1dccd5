# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""After a write, the record is read back regardless of the response, and the result says what it contains."""

from __future__ import annotations

import gzip
import socket
from collections.abc import Iterable

import pytest

from integration.certificate_fixture import DEPLOYED, CertificateFixture, assert_accurate, calls
from raw_server import Answer, Part, RawServer, chunked, response

SUCCESS = b'{"success": true, "deploymentResult": {"success": true}}'

ANSWERS: dict[str, list[Part]] = {
    "deep JSON": [response(b"[" * 100_000)],
    "deep JSON in an envelope": [response(b'{"success": true, "a": ' + b"[" * 100_000)],
    "nested deployment results": [
        response(
            b'{"success": true, "deploymentResult": {"detailList": [' + b'{"detailList": [' * 400 + b"]}" * 400 + b"]}}"
        )
    ],
    "absurd time zone": [
        response(b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 +99999999999999999999", status="503 Busy")
    ],
    "wait for centuries": [response(b"", "Retry-After: " + "9" * 400, status="503 Busy")],
    "unknown compression": [response(SUCCESS, "Content-Encoding: br")],
    "damaged compression": [response(SUCCESS, "Content-Encoding: gzip")],
    "bomb": [response(gzip.compress(bytes(40 << 20), 1), "Content-Encoding: gzip")],
    "no HTTP": [b"SSH-2.0-OpenSSH_9.6\r\n"],
    "bad chunk": [chunked(SUCCESS).replace(b"\r\n\r\n", b"\r\n\r\n-", 1)],
    "lone surrogates": [response(b'{"success": false, "message": "\\ud800\\u001b[31m"}', status="500 Error")],
    "slow body": [b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", *[b" ", 0.05] * 900],
}


def relay(case: CertificateFixture, instead: Iterable[Part]) -> Answer:
    """Forward each request to the manager, and its response to the client; that of an update is replaced."""
    host, port = case.manager.url.removeprefix("http://").split(":")

    def answer(request: bytes) -> Iterable[Part]:
        with socket.create_connection((host, int(port))) as manager:
            manager.sendall(request.replace(b"Connection: keep-alive", b"Connection: close"))
            received = b"".join(iter(lambda: manager.recv(65536), b""))
        return instead if request.startswith(b"PUT") else [received]

    return answer


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ANSWERS)
def test_unreadable_answer_does_not_hide_what_was_written(case: CertificateFixture, kind: str) -> None:
    # A read may meet a connection that is just being closed. A deployment that failed would be repeated as well.
    retries = 0 if kind == "nested deployment results" else 1
    with RawServer(relay(case, ANSWERS[kind])) as server:
        outcome = case.run(url=server.url, content=case.new.pem, retries=retries, timeout=4)

    assert outcome.changed
    assert case.gateway_certificates() == dict.fromkeys(DEPLOYED, case.new.der)
    # If the record is as desired, only the deployment is unknown, so the gateways are asked as well.
    asked = [] if outcome.failed else ["truststore"] * len(DEPLOYED)
    assert calls(case.manager.journal) == ["get", "jwks", "update", "get", *asked]
    assert_accurate(outcome, case.manager)
    assert "Traceback" not in outcome.text
    assert "\x1b[31m" not in outcome.text.replace("\x1b[0;31m", "")
