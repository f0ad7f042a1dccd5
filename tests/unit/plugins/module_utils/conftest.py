# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the tests of the client: servers that break the rules, and TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme

from exchanges import Serve
from raw_server import Part, RawServer


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Starts servers that give the same answer to each request."""
    with ExitStack() as stack:

        def serve(*parts: Part, **options: Any) -> RawServer:
            return stack.enter_context(RawServer(lambda _request: parts, **options))

        yield serve


@pytest.fixture
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def tls_authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_path(tls_authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    tls_authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.fixture
def tls(tls_authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls_authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
