# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client, backoff_delay
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError, RequestError

TOKEN = "t0k3n-S3cr3t"
PASSWORD = "p4ss w0rd"
EMPTY_LIST = {"success": True, "resultList": []}


@dataclass(frozen=True)
class Reply:
    """A response of the server. A body that is not text is sent as JSON."""

    body: Any = field(default_factory=lambda: EMPTY_LIST)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None


DROP = Reply(status=0)
"""The server closes the connection without a response."""
HANG = Reply(status=-1)
"""The server does not answer while the test runs."""


@dataclass(frozen=True)
class Seen:
    """A request as the server received it."""

    line: str
    authorization: str | None
    body: bytes
    headers: dict[str, str]


class Server:
    """Answers with the next of `replies`, then with empty lists, and records the requests."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.replies: list[Reply] = []
        self.seen: list[Seen] = []
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._released.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def lines(self) -> list[str]:
        return [request.line for request in self.seen]

    @property
    def authorizations(self) -> list[str | None]:
        return [request.authorization for request in self.seen]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                line = f"{self.command} {self.path}"
                outer.seen.append(Seen(line, self.headers.get("Authorization"), body, dict(self.headers.items())))
                reply = outer.replies.pop(0) if outer.replies else Reply()
                reply.meanwhile()
                if reply is HANG:
                    outer._released.wait(10)
                if reply in (HANG, DROP):
                    self.close_connection = True
                    return
                data = (reply.body if isinstance(reply.body, str) else json.dumps(reply.body)).encode()
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                pass

        return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def sleeps() -> list[float]:
    """The seconds that clients slept."""
    return []


Connect = Callable[..., Client]


@pytest.fixture
def connect(server: Server, sleeps: list[float]) -> Iterator[Connect]:
    """Makes clients of the server, with a token unless the options contain a username."""
    with ExitStack() as opened:

        def connect(**options: Any) -> Client:
            if "username" not in options:
                options.setdefault("token", TOKEN)
            client = Client(Connection(**{"url": server.url, "timeout": 5.0, **options}), sleep=sleeps.append)
            opened.callback(client.close)
            return client

        yield connect


@pytest.fixture
def failure_of(connect: Connect) -> Callable[..., RequestError]:
    """Sends a request with the options of a connection, and returns its error."""

    def failure_of(method: str = "GET", **options: Any) -> RequestError:
        client = connect(**{"retries": 0, **options})
        with pytest.raises(RequestError) as caught:
            client.get("projects") if method == "GET" else client.write(method, "projects")
        assert "\n" not in str(caught.value)
        return caught.value

    return failure_of


# Addresses


@pytest.mark.parametrize(
    ("prefix", "base"),
    [("", "/apiops"), ("/", "/apiops"), ("/manager", "/manager/apiops"), ("/manager/apiops/", "/manager/apiops")],
)
def test_paths_follow_the_address_and_its_prefix(connect: Connect, server: Server, prefix: str, base: str) -> None:
    connect(url=server.url + prefix).get("projects", "MyProject", "certificates")
    assert server.lines == [f"GET {base}/projects/MyProject/certificates/"]


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("with space", "with%20space"),
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("100%", "100%25"),
        ("a%2Fb", "a%252Fb"),
        ("a+b&c=d;e", "a%2Bb%26c%3Dd%3Be"),
        ("şifre", "%C5%9Fifre"),
        ("...", "..."),
        ("a~b_c-d.e", "a~b_c-d.e"),
    ],
)
def test_names_are_encoded(connect: Connect, server: Server, name: str, encoded: str) -> None:
    connect().get("projects", name, "certificates")
    assert server.lines == [f"GET /apiops/projects/{encoded}/certificates/"]


def test_an_address_can_end_without_a_slash(connect: Connect, server: Server) -> None:
    connect().get("environments", "My Project", slash=False)
    assert server.lines == ["GET /apiops/environments/My%20Project"]


def test_a_write_sends_its_form_without_encoding_it(connect: Connect, server: Server) -> None:
    form = {"alias": (None, "şöyle"), "pemEncodedFile": ("certificate.pem", b"-----BEGIN", "application/x-pem-file")}
    connect().write("PUT", "projects", "p", params={"updateScope": "ALL_PROJECTS"}, form=form)
    (seen,) = server.seen
    assert seen.line == "PUT /apiops/projects/p/?updateScope=ALL_PROJECTS"
    assert seen.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert b'name="alias"\r\n\r\n\xc5\x9f\xc3\xb6yle\r\n' in seen.body
    assert b'filename="certificate.pem"\r\nContent-Type: application/x-pem-file\r\n\r\n-----BEGIN\r\n' in seen.body
    assert b"Content-Transfer-Encoding" not in seen.body


def test_a_success_envelope_is_returned(connect: Connect, server: Server) -> None:
    body = {"status": "SUCCESS", "resultList": [{"name": "ş"}], "resultCount": 1}
    server.replies = [Reply(body)]
    assert connect().get("projects") == body


@pytest.mark.parametrize("body", [{"success": True}, {"status": "SUCCESS"}, {"resultList": []}])
def test_every_success_envelope_is_one(connect: Connect, server: Server, body: dict[str, Any]) -> None:
    server.replies = [Reply(body)]
    assert connect().get("projects") == body


# Authentication

NOT_VALID = Reply({"status": "FAILURE", "resultMessage": "Token is not valid!"}, 401)
ISSUED = Reply({"access_token": "issued", "token_type": "Bearer", "expires_in": 3600})


def test_a_token_is_sent_as_bearer(connect: Connect, server: Server) -> None:
    connect().get("projects")
    assert server.authorizations == [f"Bearer {TOKEN}"]


def test_a_manager_that_requires_the_bare_token_gets_it_from_then_on(connect: Connect, server: Server) -> None:
    client = connect()
    server.replies = [NOT_VALID]
    client.get("projects")
    client.get("projects")
    assert server.authorizations == [f"Bearer {TOKEN}", TOKEN, TOKEN]


def test_a_token_that_is_invalid_with_both_schemes_is_reported_once(
    failure_of: Callable[..., RequestError], server: Server
) -> None:
    server.replies = [NOT_VALID, Reply({"error": "second"}, 401)]
    error = failure_of()
    assert server.authorizations == [f"Bearer {TOKEN}", TOKEN]
    assert str(error) == (
        "The manager answered GET with HTTP 401: Token is not valid! Check token (APINIZER_TOKEN) and the "
        "permissions: reading requires any permission in the project; writing requires SECRETS with MANAGE in the "
        "project and, where the console offers it, SECRETS with DEPLOY_UNDEPLOY"
    )


def test_a_token_that_was_accepted_once_is_not_tried_bare(connect: Connect, server: Server) -> None:
    client = connect()
    client.get("projects")
    server.replies = [NOT_VALID]
    with pytest.raises(RequestError):
        client.get("projects")
    assert server.authorizations == [f"Bearer {TOKEN}"] * 2


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_any_other_response_settles_the_scheme(connect: Connect, server: Server, status: int) -> None:
    client = connect()
    server.replies = [Reply({}, status), NOT_VALID]
    for _unused in range(2):
        with pytest.raises(RequestError):
            client.get("projects")
    assert server.authorizations == [f"Bearer {TOKEN}"] * 2


def test_a_token_is_requested_once_with_username_and_password(connect: Connect, server: Server) -> None:
    server.replies = [ISSUED]
    client = connect(username="user", password=PASSWORD)
    client.get("projects")
    client.get("projects")
    assert server.lines == ["POST /apiops/auth/token", "GET /apiops/projects/", "GET /apiops/projects/"]
    assert server.authorizations == [None, "Bearer issued", "Bearer issued"]
    assert server.seen[0].body == b"grant_type=client_credentials&client_id=user&client_secret=p4ss+w0rd"


def test_a_requested_token_is_reported_as_a_secret(server: Server) -> None:
    server.replies = [ISSUED]
    secrets: list[str] = []
    client = Client(Connection(server.url, username="user", password=PASSWORD), add_secret=secrets.append)
    client.get("projects")
    client.close()
    assert secrets == ["issued"]


def test_a_requested_token_is_not_tried_bare(failure_of: Callable[..., RequestError], server: Server) -> None:
    server.replies = [ISSUED, NOT_VALID]
    error = failure_of(username="user", password=PASSWORD)
    assert server.authorizations == [None, "Bearer issued"]
    assert "Check username and password (APINIZER_USERNAME, APINIZER_PASSWORD)" in str(error)


def test_the_token_request_is_retried_if_the_manager_is_busy(
    connect: Connect, server: Server, sleeps: list[float]
) -> None:
    server.replies = [Reply("", 503), DROP, ISSUED]
    connect(username="user", password=PASSWORD).get("projects")
    assert server.lines == ["POST /apiops/auth/token"] * 3 + ["GET /apiops/projects/"]
    assert sleeps == [0.5, 1.0]


def test_an_expired_token_is_requested_again(connect: Connect, server: Server) -> None:
    client = connect(username="user", password=PASSWORD)
    server.replies = [ISSUED, Reply(), NOT_VALID, Reply({"access_token": "renewed"}), Reply()]
    client.get("projects")
    client.write("DELETE", "projects", "p")
    assert server.lines[2:] == [
        "DELETE /apiops/projects/p/",
        "POST /apiops/auth/token",
        "DELETE /apiops/projects/p/",
    ]
    assert server.authorizations[2:] == ["Bearer issued", None, "Bearer renewed"]


def test_a_renewed_token_that_is_refused_as_well_is_an_error(connect: Connect, server: Server) -> None:
    client = connect(username="user", password=PASSWORD)
    server.replies = [ISSUED, Reply(), NOT_VALID, Reply({"access_token": "renewed"}), NOT_VALID, NOT_VALID]
    client.get("projects")
    for _unused in range(2):
        with pytest.raises(RequestError, match="Token is not valid!"):
            client.get("projects")
    assert server.lines.count("POST /apiops/auth/token") == 2


def test_the_next_operation_is_told_the_token_as_a_secret(connect: Connect, server: Server) -> None:
    server.replies = [ISSUED]
    client = connect(username="user", password=PASSWORD)
    client.get("projects")
    secrets: list[str] = []
    client.reuse(secrets.append)
    client.get("projects")
    assert secrets == ["issued"]
    assert server.lines.count("POST /apiops/auth/token") == 1


@pytest.fixture
def sharing(server: Server) -> Iterator[Callable[[Auth, list[str]], Client]]:
    """Makes clients with a username and a password that share the authentication in the first argument."""
    with ExitStack() as stack:

        def make(shared: Auth, secrets: list[str]) -> Client:
            connection = Connection(server.url, username="user", password=PASSWORD)
            client = Client(connection, add_secret=secrets.append, auth=shared)
            stack.callback(client.close)
            return client

        yield make


def test_clients_may_share_a_login(sharing: Callable[[Auth, list[str]], Client], server: Server) -> None:
    server.replies = [ISSUED, Reply(), Reply(), NOT_VALID, Reply({"access_token": "renewed"})]
    shared, secrets = Auth(None), ([], [])
    one, other = (sharing(shared, each) for each in secrets)
    for client in (one, other, one, other):
        client.get("projects")
    assert server.authorizations == [None, *["Bearer issued"] * 3, None, *["Bearer renewed"] * 2]
    assert [sorted(set(each)) for each in secrets] == [["issued", "renewed"]] * 2


def test_a_token_that_another_client_has_renewed_is_not_renewed_again(
    sharing: Callable[[Auth, list[str]], Client], server: Server
) -> None:
    shared = Auth(None)

    def renew() -> None:
        shared.token(lambda: "renewed", instead_of="issued")
        # As if that client's request with it had been refused.
        shared.token_was_accepted = False

    refusal = Reply(NOT_VALID.body, 401, meanwhile=renew)
    server.replies = [ISSUED, Reply(), refusal]
    client = sharing(shared, [])
    for _unused in range(2):
        client.get("projects")
    assert server.authorizations == [None, "Bearer issued", "Bearer issued", "Bearer renewed"]


def test_the_scheme_that_another_client_has_found_is_used(server: Server) -> None:
    shared = Auth(TOKEN)

    def find() -> None:
        shared.scheme, shared.scheme_is_settled = "", True

    server.replies = [Reply(NOT_VALID.body, 401, meanwhile=find)]
    client = Client(Connection(server.url, token=TOKEN), auth=shared)
    client.get("projects")
    client.close()
    assert server.authorizations == [f"Bearer {TOKEN}", TOKEN]


@pytest.mark.parametrize("token", [None, "", 7])
def test_a_response_without_a_token_is_an_error(
    failure_of: Callable[..., RequestError], server: Server, token: Any
) -> None:
    server.replies = [Reply({"status": "SUCCESS", "access_token": token})]
    error = failure_of(username="user", password=PASSWORD)
    assert str(error) == (
        "The response to the token request contains no access_token. Check that url (APINIZER_URL) "
        "is the address of the manager itself"
    )


def test_credentials_of_a_netrc_are_not_used(
    connect: Connect, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\ndefault login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.replies = [ISSUED]
    connect(username="user", password=PASSWORD).get("projects")
    connect().get("projects")
    assert server.authorizations == [None, "Bearer issued", f"Bearer {TOKEN}"]


# Error responses


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        pytest.param(
            Reply({"error": "bad_request", "error_description": "alias\n is  taken"}, 400),
            "The manager answered GET with HTTP 400: alias is taken",
            id="2025",
        ),
        pytest.param(
            Reply({"status": "FAILURE", "resultMessage": "Sertifika bulunamadı!"}, 400),
            "The manager answered GET with HTTP 400: Sertifika bulunamadı!",
            id="2026.09",
        ),
        pytest.param(
            Reply({"status": "FAILURE", "resultMessage": "no"}), "The manager refused GET: no", id="failure with 200"
        ),
        pytest.param(Reply({"success": False}), "The manager refused GET: no reason given", id="without a reason"),
        pytest.param(Reply("", 500), "The manager answered GET with HTTP 500: an empty body", id="empty"),
        pytest.param(Reply(" \n", 404), "The manager answered GET with HTTP 404: an empty body", id="blank"),
        pytest.param(
            Reply("upstream\n\tdown", 502),
            "The manager answered GET with HTTP 502: the text 'upstream down'",
            id="text",
        ),
        pytest.param(
            Reply("x" * 301, 502), f"The manager answered GET with HTTP 502: the text '{'x' * 299}…'", id="long text"
        ),
        pytest.param(
            Reply("<!DOCTYPE html><HTML><head><title>\n Sign  in </title></head><body>…", 404),
            "The manager answered GET with HTTP 404: an HTML page titled 'Sign in'",
            id="HTML page",
        ),
        pytest.param(
            Reply("<html><body><h1>Sign in", 404),
            "The manager answered GET with HTTP 404: an HTML page",
            id="HTML page without a title",
        ),
        pytest.param(
            Reply("<html><title>Sign in</title>"),
            "The manager answered GET with HTTP 200 and an HTML page titled 'Sign in' instead of JSON. Check that "
            "url (APINIZER_URL) is the address of the manager itself",
            id="HTML page with 200",
        ),
        pytest.param(
            Reply([]),
            "The manager answered GET with HTTP 200 and the text '[]' instead of JSON. Check that url "
            "(APINIZER_URL) is the address of the manager itself",
            id="list",
        ),
        pytest.param(
            Reply({"name": "web"}),
            "The manager answered GET with HTTP 200 and JSON in an unknown format. Check that url (APINIZER_URL) is "
            "the address of the manager itself",
            id="unknown envelope",
        ),
        pytest.param(
            Reply({"error": "forbidden"}, 403),
            "The manager answered GET with HTTP 403: forbidden. The token lacks a permission: reading requires any "
            "permission in the project. Ask the administrator of the manager to grant it to the user of the token",
            id="rights",
        ),
    ],
)
def test_the_response_is_summarized_in_one_line(
    failure_of: Callable[..., RequestError], server: Server, reply: Reply, message: str
) -> None:
    server.replies = [reply]
    error = failure_of()
    assert str(error) == message
    assert error.status == reply.status


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_redirect_is_reported_and_not_followed(
    failure_of: Callable[..., RequestError], server: Server, method: str, status: int
) -> None:
    server.replies = [Reply("", status, {"Location": f"{server.url}/login?next=1"})]
    error = failure_of(method)
    assert server.lines == [f"{method} /apiops/projects/"]
    assert str(error) == (
        f"The manager answered {method} with a redirect to {server.url}/login?next=1. Redirects are never followed; "
        "set url (APINIZER_URL) to the address of the manager itself"
    )
    assert (error.retryable, error.maybe_applied) == (False, False)


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply({"error_description": f"{TOKEN} {PASSWORD} issued"}, 400), id="JSON"),
        pytest.param(Reply({"success": False, "message": f"{TOKEN} {PASSWORD} issued"}), id="failure with 200"),
        pytest.param(Reply(f"{TOKEN} {PASSWORD} issued", 502), id="text"),
        pytest.param(Reply(f"<html><title>{TOKEN} {PASSWORD} issued</title>", 200), id="title"),
        pytest.param(Reply("", 302, {"Location": f"/?{TOKEN} {PASSWORD} issued"}), id="redirect"),
    ],
)
@pytest.mark.parametrize("login", [False, True])
def test_secrets_that_the_manager_repeats_are_redacted(
    failure_of: Callable[..., RequestError], server: Server, reply: Reply, login: bool
) -> None:
    server.replies = [ISSUED, reply] if login else [reply]
    message = str(failure_of(username="user", password=PASSWORD) if login else failure_of())
    assert "********" in message
    assert [secret in message for secret in (TOKEN, PASSWORD, "issued")] == (
        [True, False, False] if login else [False, True, True]
    )


@pytest.mark.parametrize("echo", ["a  secret/", "a%20%20secret%2F", "a++secret%2F"])
def test_a_password_is_redacted_in_every_encoding(
    failure_of: Callable[..., RequestError], server: Server, echo: str
) -> None:
    server.replies = [Reply({"error_description": f"unknown: {echo}"}, 401)]
    message = str(failure_of(username="user", password="a  secret/"))
    assert "unknown: ********" in message


# Retries


@pytest.mark.parametrize("reply", [*(Reply("", status) for status in (408, 425, 429, 502, 503, 504)), DROP])
def test_reading_is_retried_if_the_failure_may_be_temporary(
    connect: Connect, server: Server, sleeps: list[float], reply: Reply
) -> None:
    server.replies = [reply] * 3
    assert connect(retries=3).get("projects") == EMPTY_LIST
    assert len(server.seen) == 4
    assert sleeps == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("retries", [0, 2])
def test_reading_is_retried_up_to_retries_times(
    failure_of: Callable[..., RequestError], server: Server, sleeps: list[float], retries: int
) -> None:
    server.replies = [Reply("", 503)] * 4
    assert failure_of(retries=retries).status == 503
    assert len(server.seen) == retries + 1
    assert sleeps == [0.5, 1.0][:retries]


@pytest.mark.parametrize(
    "reply",
    [
        *(Reply("", status) for status in (302, 400, 403, 404, 405, 409, 500, 501)),
        Reply({"success": False}),
        Reply("<html>"),
        Reply({}),
    ],
)
def test_reading_is_not_retried_if_the_response_would_be_the_same(
    failure_of: Callable[..., RequestError], server: Server, sleeps: list[float], reply: Reply
) -> None:
    server.replies = [reply]
    assert not failure_of(retries=3).retryable
    assert (len(server.seen), sleeps) == (1, [])


def test_delays_grow_up_to_15_seconds() -> None:
    assert [backoff_delay(attempt) for attempt in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert [backoff_delay(attempt, 0.0) for attempt in range(2)] == [0.0, 0.0]
    assert backoff_delay(0, 42.0) == 42.0


@pytest.mark.parametrize(
    ("reply", "wait"),
    [
        (Reply("", 503, {"Retry-After": "7"}), 7.0),
        (Reply("", 429, {"Retry-After": "0"}), 0.0),
        (Reply("", 429, {"Retry-After": "60"}), 60.0),
        (Reply({"error": "rate_limit_exceeded", "retry_after": 7}, 429), 7.0),
        (Reply({"error": "rate_limit_exceeded", "retry_after": "7.5"}, 429), 7.5),
        (Reply({"retry_after": 9}, 429, {"Retry-After": "7"}), 7.0),
        (Reply("", 503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}), 0.0),
        (Reply("", 503, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 -0000"}), 0.0),
        (Reply("", 503, {"Retry-After": "soon"}), 0.5),
        (Reply("", 503, {"Retry-After": "-7"}), 0.5),
        (Reply({"retry_after": {"seconds": 7}}, 429), 0.5),
    ],
)
def test_retries_wait_as_long_as_the_manager_asks(
    connect: Connect, server: Server, sleeps: list[float], reply: Reply, wait: float
) -> None:
    server.replies = [reply]
    connect().get("projects")
    assert sleeps == [wait]


def test_a_retry_after_date_counts_from_now(connect: Connect, server: Server, sleeps: list[float]) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=30), usegmt=True)
    server.replies = [Reply("", 503, {"Retry-After": date})]
    connect().get("projects")
    assert sleeps == [pytest.approx(30, abs=5)]


@pytest.mark.parametrize("header", ["61", "9" * 400])
def test_a_wait_that_is_too_long_is_an_error(
    failure_of: Callable[..., RequestError], server: Server, sleeps: list[float], header: str
) -> None:
    server.replies = [Reply("", 503, {"Retry-After": header})]
    error = failure_of(retries=3)
    assert str(error) == (
        f"The manager answered GET with HTTP 503: an empty body. The manager asks to wait {float(header):.0f} "
        "seconds; run again later"
    )
    assert (error.retryable, len(server.seen), sleeps) == (False, 1, [])


# Writes


@pytest.mark.parametrize(
    ("reply", "maybe_applied", "retryable"),
    [
        pytest.param(Reply("", 400), False, False, id="400"),
        pytest.param(Reply("", 403), False, False, id="403"),
        pytest.param(Reply("", 409), False, False, id="409"),
        pytest.param(Reply("", 429), False, True, id="429"),
        pytest.param(Reply("", 500), True, False, id="500"),
        pytest.param(Reply("", 503), True, True, id="503"),
        pytest.param(Reply("", 504), True, True, id="504"),
        pytest.param(Reply({"success": False}), False, False, id="failure with 200"),
        pytest.param(Reply("<html>"), True, False, id="page with 200"),
        pytest.param(Reply({}), True, False, id="unknown envelope"),
        pytest.param(DROP, True, True, id="dropped"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_is_sent_once_and_tells_whether_it_may_have_been_applied(
    failure_of: Callable[..., RequestError],
    server: Server,
    sleeps: list[float],
    method: str,
    reply: Reply,
    maybe_applied: bool,
    retryable: bool,
) -> None:
    server.replies = [reply]
    error = failure_of(method, retries=3)
    assert (error.maybe_applied, error.retryable) == (maybe_applied, retryable)
    assert (len(server.seen), sleeps) == (1, [])


# No response


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_manager_that_does_not_answer(failure_of: Callable[..., RequestError], server: Server, method: str) -> None:
    server.replies = [HANG]
    error = failure_of(method, timeout=0.5)
    assert str(error) == (f"The manager did not answer {method} within 0.5 seconds (option timeout, APINIZER_TIMEOUT)")
    assert (error.retryable, error.maybe_applied) == (True, method == "PUT")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_an_interrupted_connection(failure_of: Callable[..., RequestError], server: Server, method: str) -> None:
    server.replies = [DROP]
    error = failure_of(method)
    assert str(error) == (
        f"The connection to the manager was interrupted during {method}: Remote end closed connection without response. "
        "If the manager expects TLS, use https in url (APINIZER_URL)"
    )
    assert (error.retryable, error.maybe_applied) == (True, method == "PUT")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_manager_that_is_not_running(
    failure_of: Callable[..., RequestError], sleeps: list[float], method: str
) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        error = failure_of(method, url=url, retries=2)
    assert str(error).startswith(f"The manager cannot be reached at {url} (option url, APINIZER_URL): ")
    assert str(error).endswith("Connection refused")
    assert (error.retryable, error.maybe_applied) == (True, False)
    assert sleeps == ([0.5, 1.0] if method == "GET" else [])


def test_a_host_without_an_address(failure_of: Callable[..., RequestError]) -> None:
    error = failure_of(url="http://manager.invalid")
    assert str(error).startswith("The manager cannot be reached at http://manager.invalid (option url, APINIZER_URL): ")
    assert (error.retryable, error.maybe_applied) == (True, False)


def test_a_proxy_that_is_not_running(
    failure_of: Callable[..., RequestError], server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    error = failure_of("PUT", url="http://manager.example.com")
    assert "cannot be reached at http://manager.example.com" in str(error)
    assert (error.retryable, error.maybe_applied) == (True, False)


def test_an_address_with_an_invalid_host_name(connect: Connect) -> None:
    with pytest.raises(InputError, match=r"^url: must be the manager's address, such as https://"):
        connect(url="http://.example.com").get("projects")


def test_invalid_values_are_rejected_before_any_request(server: Server) -> None:
    with pytest.raises(InputError, match=r"^token: missing"):
        Client(Connection(server.url))
    assert server.seen == []


# TLS


@pytest.fixture(scope="module")
def tls_authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_server(tls_authority: trustme.CA) -> Iterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_authority.issue_cert("127.0.0.1").configure_cert(context)
    with Server(context) as running:
        yield running


@pytest.fixture
def ca_path(tls_authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    tls_authority.cert_pem.write_to_path(str(path))
    return str(path)


def test_a_manager_is_trusted_through_ca_path(
    connect: Connect, tls_server: Server, ca_path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    connect(url=tls_server.url, ca_path=ca_path).get("projects")
    assert tls_server.lines == ["GET /apiops/projects/"]


def test_verification_can_be_turned_off(
    connect: Connect, tls_server: Server, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    connect(url=tls_server.url, validate_certs=False).get("projects")
    assert tls_server.lines == ["GET /apiops/projects/"]
    assert [str(warning.message) for warning in recwarn if "Unverified" in str(warning.message)] == []


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_manager_that_is_not_trusted_gets_no_request(
    failure_of: Callable[..., RequestError], tls_server: Server, sleeps: list[float], method: str
) -> None:
    error = failure_of(method, url=tls_server.url, retries=3)
    assert str(error).startswith(f"No trusted TLS connection to {tls_server.url}: certificate verify failed: ")
    assert "_ssl.c" not in str(error)
    assert str(error).endswith(
        ". Set ca_path (APINIZER_CA_PATH) to the certificate authority of the manager. If the manager requires a "
        "client certificate, set client_cert and client_key"
    )
    assert (error.retryable, error.maybe_applied) == (False, False)
    assert (tls_server.seen, sleeps) == ([], [])


def test_a_server_without_tls_is_named_as_such(failure_of: Callable[..., RequestError], server: Server) -> None:
    url = server.url.replace("http:", "https:")
    assert str(failure_of(url=url)) == (
        f"The server at {url} does not use TLS. Check the scheme and the port in url (APINIZER_URL)"
    )


def test_a_manager_with_another_host_name_is_not_trusted(
    failure_of: Callable[..., RequestError], tls_server: Server, ca_path: str
) -> None:
    error = failure_of(url=tls_server.url.replace("127.0.0.1", "localhost"), ca_path=ca_path)
    assert "No trusted TLS connection" in str(error)
    assert tls_server.seen == []


@pytest.mark.parametrize("option", ["ca_path", "client_cert"])
def test_a_file_that_is_not_pem_is_an_error_without_a_traceback(
    connect: Connect, tls_server: Server, ca_path: str, tmp_path: Path, option: str
) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("no PEM")
    client = connect(**{"url": tls_server.url, "ca_path": ca_path, option: str(broken), "retries": 0})
    with pytest.raises(ApinizerError, match=option):
        client.get("projects")
    assert tls_server.seen == []


# Using a client for several operations


def test_a_proxy_is_read_again_for_the_next_operation(
    connect: Connect, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    client = connect(url="http://manager.example.com", retries=0)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with pytest.raises(RequestError, match="cannot be reached"):
        client.get("projects")
    monkeypatch.setenv("http_proxy", server.url)
    client.reuse(lambda _secret: None)
    client.get("projects")
    assert server.lines == ["GET http://manager.example.com/apiops/projects/"]


def test_files_are_checked_again_for_the_next_operation(connect: Connect, tls_server: Server, ca_path: str) -> None:
    client = connect(url=tls_server.url, ca_path=ca_path)
    client.get("projects")
    Path(ca_path).unlink()
    with pytest.raises(InputError, match=r"^ca_path: .* cannot be read"):
        client.reuse(lambda _secret: None)


def test_cookies_are_sent_back(connect: Connect, server: Server) -> None:
    """A load balancer in front of several managers may rely on them."""
    client = connect()
    server.replies = [Reply(headers={"Set-Cookie": "node=a; Path=/"})]
    client.get("projects")
    client.write("PUT", "projects", "p", form={"alias": (None, "web")})
    assert [request.headers.get("Cookie") for request in server.seen] == [None, "node=a"]


def test_a_write_without_a_form_has_an_empty_body(connect: Connect, server: Server) -> None:
    connect().write("DELETE", "projects", "p", params={"jwkDeleteAction": "DELETE"})
    (seen,) = server.seen
    assert seen.line == "DELETE /apiops/projects/p/?jwkDeleteAction=DELETE"
    assert (seen.body, seen.headers["Content-Length"]) == (b"", "0")
