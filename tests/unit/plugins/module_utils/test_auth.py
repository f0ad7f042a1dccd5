# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._auth import Auth


def test_a_token_that_was_given_needs_no_login() -> None:
    assert Auth("given").token(lambda: pytest.fail("logged in")) == "given"


def test_a_login_brings_one_token_to_all_who_wait_for_it() -> None:
    authorization = Auth(None)
    tokens: Iterator[int] = count()
    begun, all_wait = threading.Event(), threading.Event()

    def log_in() -> str:
        begun.set()
        assert all_wait.wait(10)
        return f"token-{next(tokens)}"

    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(authorization.token, log_in) for _unused in range(4)]
        assert begun.wait(10)
        all_wait.set()

    assert [one.result() for one in found] == ["token-0"] * 4
    assert authorization.scheme_is_settled


def test_a_token_is_replaced_once() -> None:
    authorization = Auth("old")

    assert [authorization.token(lambda: "new", instead_of="old") for _unused in range(2)] == ["new", "new"]
    assert authorization.known == "new"


def test_a_login_that_fails_is_tried_again_by_the_next() -> None:
    authorization = Auth(None)

    def fail() -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        authorization.token(fail)
    assert authorization.token(lambda: "token") == "token"
