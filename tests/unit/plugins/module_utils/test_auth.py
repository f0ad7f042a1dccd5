# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth, request_token
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import LoginError, RequestError


def test_a_given_token_needs_no_login() -> None:
    assert Auth("given").token(lambda: pytest.fail("logged in")) == "given"


def test_threads_that_wait_for_a_token_share_one_login() -> None:
    auth = Auth(None)
    tokens: Iterator[int] = count()
    begun, all_wait = threading.Event(), threading.Event()

    def log_in() -> str:
        begun.set()
        assert all_wait.wait(10)
        return f"token-{next(tokens)}"

    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(auth.token, log_in) for _unused in range(4)]
        assert begun.wait(10)
        all_wait.set()

    assert [one.result() for one in found] == ["token-0"] * 4
    assert auth.scheme_is_settled


def test_a_token_is_replaced_once() -> None:
    auth = Auth("old")

    assert [auth.token(lambda: "new", instead_of="old") for _unused in range(2)] == ["new", "new"]
    assert auth.known_token == "new"


def test_a_failed_login_is_repeated_by_the_next_caller() -> None:
    auth = Auth(None)

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        auth.token(fail)
    assert auth.token(lambda: "token") == "token"


# Sending requests


class Manager:
    """Answers requests with the next of `statuses`, and records their Authorization headers."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.headers: list[str] = []
        self.secrets: list[str] = []
        self._tokens = iter(["first", "second"])

    def ask(self, auth: Auth) -> int:
        """Send a request, and return the status of its response."""
        status: int = auth.send(
            self._send, log_in=lambda: next(self._tokens), add_secret=self.secrets.append
        ).status_code
        return status

    def _send(self, header: str) -> Any:
        self.headers.append(header)
        return SimpleNamespace(status_code=self.statuses.pop(0))


def test_a_given_token_is_tried_bare_once_and_never_renewed() -> None:
    manager = Manager(401, 200, 401)
    auth = Auth("given")
    assert [manager.ask(auth), manager.ask(auth)] == [200, 401]
    assert manager.headers == ["Bearer given", "given", "given"]
    assert manager.secrets == []


def test_a_requested_token_that_has_expired_is_renewed_once() -> None:
    manager = Manager(200, 401, 401)
    auth = Auth(None)
    assert [manager.ask(auth), manager.ask(auth)] == [200, 401]
    assert manager.headers == ["Bearer first", "Bearer first", "Bearer second"]
    assert manager.secrets == ["first", "first", "second"]


def test_a_requested_token_that_was_never_accepted_is_not_renewed() -> None:
    manager = Manager(401)
    assert manager.ask(Auth(None)) == 401
    assert manager.headers == ["Bearer first"]


def test_a_failed_token_request_is_a_login_error_that_names_the_user() -> None:
    def fail(_form: object) -> dict[str, Any]:
        raise RequestError("HTTP 503", status=503, retryable=True)

    with pytest.raises(LoginError, match=r"^Could not get a token for user robot: HTTP 503$") as caught:
        request_token(Connection("https://apinizer.example.com", username="robot", password="s3cr3t"), fail)
    assert (caught.value.status, caught.value.retryable) == (None, False)


@pytest.mark.parametrize("token", ["a\x00", "a\r\n X-Header: b", "a b", "\N{EURO SIGN}", "a\x7f"])
def test_a_requested_token_that_no_header_can_carry_is_refused(token: str) -> None:
    connection = Connection("https://apinizer.example.com", username="robot", password="s3cr3t")
    with pytest.raises(LoginError, match=r"contains characters that a token cannot have$") as caught:
        request_token(connection, lambda _form: {"access_token": token})
    assert token not in str(caught.value)
