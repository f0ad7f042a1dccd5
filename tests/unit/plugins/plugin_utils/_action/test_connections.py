# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import connections
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.connections import shared_manager

URL = "https://apinizer.example.com"


@pytest.fixture(autouse=True)
def no_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_of_thread", connections._OfThread())
    monkeypatch.setattr(connections, "_auths", {})


def add_secret(_secret: str) -> None:
    """Accept and ignore a secret."""


def test_the_same_options_get_the_same_manager() -> None:
    with shared_manager(Connection(URL, token="token"), add_secret) as first:
        pass
    with shared_manager(Connection(URL, token="token"), add_secret) as second:
        assert second is first


@pytest.mark.parametrize("other", [{"token": "other"}, {"token": "token", "timeout": 1.0}])
def test_other_options_get_another_manager(other: dict[str, float]) -> None:
    with shared_manager(Connection(URL, token="token"), add_secret) as first:
        pass
    with shared_manager(Connection(URL, **other), add_secret) as second:  # type: ignore[arg-type]
        assert second is not first


def test_each_thread_has_a_manager_of_its_own_and_shares_the_login() -> None:
    connection = Connection(URL, username="user", password="password")

    def kept(_number: int) -> CertificateApi:
        with shared_manager(connection, add_secret) as api:
            return api

    here = kept(0)
    with ThreadPoolExecutor(1) as thread:
        elsewhere, again = thread.map(kept, range(2))

    assert elsewhere is again is not here
    assert elsewhere.client._auth is here.client._auth


def test_invalid_options_are_rejected_each_time() -> None:
    for _unused in range(2):
        with (
            pytest.raises(InputError, match="retries"),
            shared_manager(Connection(URL, token="token", retries=-1), add_secret),
        ):
            pass


def test_a_deleted_file_is_noticed(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("anything")
    connection = Connection(URL, token="token", ca_path=str(authorities))
    with shared_manager(connection, add_secret):
        pass
    authorities.unlink()
    with pytest.raises(InputError, match="ca_path"), shared_manager(connection, add_secret):
        pass
