# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError

URL = "https://apinizer.example.com:8443"


def refusal(**options: Any) -> str:
    with pytest.raises(InputError) as caught:
        Connection(**{"url": URL, "token": "token", **options}).check()
    return str(caught.value)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"url": "http://127.0.0.1"},
        {"url": "https://[::1]:8443/prefix/apiops/"},
        {"token": None, "username": "user", "password": "password"},
        {"timeout": 0.1, "retries": 0},
        {"validate_certs": False, "ca_path": "/nowhere"},
    ],
)
def test_a_valid_connection_is_accepted(options: dict[str, Any]) -> None:
    assert Connection(**{"url": URL, "token": "token", **options}).check() is None


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://host", "https://host/apiops/"),
        ("https://host/", "https://host/apiops/"),
        ("https://host/apiops", "https://host/apiops/"),
        ("https://host/apiops//", "https://host/apiops/"),
        ("https://host/prefix", "https://host/prefix/apiops/"),
        ("https://host/myapiops-1", "https://host/myapiops-1/apiops/"),
    ],
)
def test_all_paths_follow_the_base(url: str, base: str) -> None:
    assert Connection(url, token="token").base == base


@pytest.mark.parametrize(
    ("options", "verify"),
    [
        ({}, True),
        ({"ca_path": "ca.pem"}, "ca.pem"),
        ({"validate_certs": False}, False),
        ({"validate_certs": False, "ca_path": "ca.pem"}, False),
    ],
)
def test_the_verify_argument_of_requests(options: dict[str, Any], verify: bool | str) -> None:
    assert Connection(URL, token="token", **options).verify == verify


@pytest.mark.parametrize(
    "url",
    [
        *(
            "",
            "apinizer.example.com",
            "apinizer.example.com:8443",
            "//apinizer.example.com",
            "ftp://host",
            "file:///etc",
        ),
        *("https://", "https://:8443", "https://host:port", "https://host:70000", "https://[::1", "https:///apiops"),
        *("https://ho st", "https://host ", " https://host", "https://host\n", "https://host/a\tb"),
    ],
)
def test_an_invalid_address_is_rejected(url: str) -> None:
    assert refusal(url=url) == "url: must be the manager's address, such as https://apinizer.example.com:8443"


@pytest.mark.parametrize("url", ["https://user@host", "https://user:s3cr3t@host", "https://:s3cr3t@host"])
def test_credentials_in_the_address_are_rejected_and_not_shown(url: str) -> None:
    assert refusal(url=url) == (
        "url: must not contain a username or a password; set token, or username and password, instead"
    )


@pytest.mark.parametrize("url", ["https://host?token=s3cr3t", "https://host/#fragment"])
def test_an_address_with_a_query_or_a_fragment_is_rejected(url: str) -> None:
    assert refusal(url=url) == "url: must not contain a query (?) or a fragment (#)"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "token: missing; set token (APINIZER_TOKEN), or username and password"),
        ({"username": "user"}, "password: missing; set both username and password"),
        ({"password": "s3cr3t"}, "username: missing; set both username and password"),
    ],
)
def test_credentials_are_required(options: dict[str, Any], message: str) -> None:
    assert refusal(token=None, **options) == message


@pytest.mark.parametrize("token", ["to ken", "token\n", "to\tken", "tökën", "\x00"])
def test_a_token_that_does_not_fit_into_a_header_is_rejected_and_not_shown(token: str) -> None:
    assert (
        refusal(token=token)
        == "token: contains characters that a token cannot have (a space, a line break, or non-ASCII text)"
    )


@pytest.mark.parametrize("timeout", [0, -1, 0.0, float("nan"), float("inf")])
def test_a_timeout_must_be_positive(timeout: float) -> None:
    assert refusal(timeout=timeout) == f"timeout: must be a number of seconds greater than 0, not {timeout:g}"


def test_negative_retries_are_rejected() -> None:
    assert refusal(retries=-1) == "retries: must be 0 or greater, not -1"


# Files


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    path = tmp_path / "client.pem"
    path.write_text("-----BEGIN CERTIFICATE-----\n")
    return path


def test_files_that_can_be_read_are_accepted(certificate: Path) -> None:
    path = str(certificate)
    assert Connection(URL, token="token", ca_path=path, client_cert=path, client_key=path).check() is None


def test_a_key_requires_its_certificate(certificate: Path) -> None:
    assert (
        refusal(client_key=str(certificate)) == "client_cert: missing; client_cert is required when client_key is set"
    )


@pytest.mark.parametrize("option", ["ca_path", "client_cert", "client_key"])
def test_a_file_must_be_readable(option: str, certificate: Path, tmp_path: Path) -> None:
    options = {"client_cert": str(certificate)}
    missing = str(tmp_path / "missing.pem")
    assert refusal(**{**options, option: missing}) == f"{option}: {missing} cannot be read: No such file or directory"
    assert refusal(**{**options, option: str(tmp_path)}) == f"{option}: {tmp_path} is a directory, not a file"


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n",
    ],
)
def test_a_key_with_a_passphrase_is_rejected(text: str, certificate: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.pem"
    key.write_text(text)
    message = f"{key} contains an encrypted private key; use one without a passphrase"
    assert refusal(client_cert=str(certificate), client_key=str(key)) == f"client_key: {message}"
    assert refusal(client_cert=str(key)) == f"client_cert: {message}"


def test_secrets_stay_out_of_messages() -> None:
    assert "s3cr3t" not in repr(Connection(URL, token="s3cr3t", username="user", password="s3cr3t"))
