# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
    misplaced_secrets,
    resolve_connection,
    without_empty,
)

URL = "https://apinizer.example.com"


def connection(secrets: set[str] | None = None, **options: Any) -> Connection:
    """Resolve a connection from these options. All others are None. Secrets are added to `secrets`."""
    return resolve_connection(
        {**dict.fromkeys(CONNECTION_SPEC), **options}, (set() if secrets is None else secrets).add
    )


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets APINIZER_ variables."""

    def environ(**values: str) -> None:
        for option, value in values.items():
            monkeypatch.setenv(f"APINIZER_{option.upper()}", value)

    return environ


# Connection options from the task and from the environment


def test_missing_options_get_the_defaults() -> None:
    assert connection(url=URL, token="token") == Connection(URL, token="token")


def test_every_option_has_an_environment_variable(environ: Any) -> None:
    environ(
        url=URL,
        username="user",
        password="password",
        validate_certs="no",
        ca_path="ca.pem",
        client_cert="cert.pem",
        client_key="key.pem",
        timeout="1.5",
        retries="0",
    )
    assert connection() == Connection(
        url=URL,
        username="user",
        password="password",
        validate_certs=False,
        ca_path="ca.pem",
        client_cert="cert.pem",
        client_key="key.pem",
        timeout=1.5,
        retries=0,
    )


def test_the_task_wins_over_the_environment(environ: Any) -> None:
    environ(url="https://other.example.com", token="other", timeout="1", retries="9", validate_certs="true")
    options = {"url": URL, "token": "token", "timeout": 2.0, "retries": 0, "validate_certs": False}
    assert connection(**options) == Connection(URL, token="token", timeout=2.0, retries=0, validate_certs=False)


@pytest.mark.parametrize(
    ("task", "environment", "expected"),
    [
        pytest.param({}, {"token": "t"}, {"token": "t"}, id="token"),
        pytest.param({}, {"username": "u", "password": "p"}, {"username": "u", "password": "p"}, id="login"),
        pytest.param({"token": "t"}, {"username": "u", "password": "p"}, {"token": "t"}, id="token over login"),
        pytest.param(
            {"username": "u", "password": "p"},
            {"token": "t"},
            {"username": "u", "password": "p"},
            id="login over token",
        ),
        pytest.param({"username": "u"}, {"token": "t"}, {"username": "u"}, id="half a login over token"),
        pytest.param({"username": "u"}, {"password": "p"}, {"username": "u", "password": "p"}, id="login from both"),
        pytest.param({}, {"token": "t", "password": "p"}, {"token": "t", "password": "p"}, id="token, stray password"),
        pytest.param({}, {}, {}, id="nothing"),
    ],
)
def test_credentials_of_the_task_replace_those_of_the_environment(
    environ: Any, task: dict[str, str], environment: dict[str, str], expected: dict[str, str]
) -> None:
    environ(**environment)
    assert connection(url=URL, **task) == Connection(URL, **expected)


@pytest.mark.parametrize(
    ("task", "environment", "message"),
    [
        (
            {"token": "t", "username": "u"},
            {},
            "token: cannot be combined with username and password; choose one way to authenticate",
        ),
        (
            {"token": "t", "password": "p"},
            {},
            "token: cannot be combined with username and password; choose one way to authenticate",
        ),
        (
            {},
            {"token": "t", "username": "u"},
            "token: APINIZER_TOKEN and APINIZER_USERNAME are both set; unset one of them",
        ),
        ({"url": None, "token": "t"}, {}, "url: missing; set url or APINIZER_URL to the manager's address"),
        ({"url": None, "token": "t"}, {"url": ""}, "url: missing; set url or APINIZER_URL to the manager's address"),
        ({}, {"token": "t", "timeout": "long"}, "APINIZER_TIMEOUT: must be a value of type float"),
        ({}, {"token": "t", "retries": "1.5"}, "APINIZER_RETRIES: must be a value of type int"),
        ({}, {"token": "t", "validate_certs": "perhaps"}, "APINIZER_VALIDATE_CERTS: must be a value of type bool"),
    ],
)
def test_contradicting_or_missing_options_are_rejected(
    environ: Any, task: dict[str, Any], environment: dict[str, str], message: str
) -> None:
    environ(**environment)
    with pytest.raises(InputError) as caught:
        connection(**{"url": URL, **task})
    assert str(caught.value) == message


def test_an_empty_variable_counts_as_not_set(environ: Any) -> None:
    environ(username="", password="", timeout="", retries="", validate_certs="", ca_path="")
    assert connection(url=URL, token="token") == Connection(URL, token="token")


def test_secrets_from_the_environment_are_reported_as_secrets(environ: Any) -> None:
    environ(token="s3cr3t")
    secrets: set[str] = set()
    connection(secrets, url=URL)
    assert secrets == {"s3cr3t"}


def test_paths_in_environment_variables_are_expanded(
    environ: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CA_FOLDER", "authorities")
    environ(ca_path="~/$CA_FOLDER/ca.pem")
    assert connection(url=URL, token="token").ca_path == f"{tmp_path}/authorities/ca.pem"


@pytest.mark.parametrize("option", ["ca_path", "client_cert", "client_key"])
@pytest.mark.parametrize("from_environment", [False, True])
def test_an_empty_file_is_not_set(environ: Any, tmp_path: Path, from_environment: bool, option: str) -> None:
    """A credential injector writes an empty file for a field that the user left empty."""
    empty = tmp_path / "empty.pem"
    empty.touch()
    options = {option: str(empty)}
    if from_environment:
        environ(**options)
    assert connection(url=URL, token="token", **({} if from_environment else options)) == Connection(URL, token="token")


@pytest.mark.parametrize("token", ["token", "Bearer token", " token\n"])
def test_a_token_may_include_its_scheme_and_blanks(token: str) -> None:
    assert connection(url=URL, token=token).token == "token"


def test_a_token_without_its_scheme_is_a_secret_as_well() -> None:
    secrets: set[str] = set()
    connection(secrets, url=URL, token="Bearer token")
    assert "token" in secrets


@pytest.mark.parametrize("token", [" ", "Bearer", "Bearer \n"])
def test_a_scheme_without_a_token_is_no_token(token: str) -> None:
    secrets: set[str] = set()
    with pytest.raises(InputError, match=r"^token: missing"):
        connection(secrets, url=URL, token=token).check()
    assert "" not in secrets


# Values that are empty, and secrets in the wrong place


def test_an_empty_option_is_not_set() -> None:
    options = {"url": "", "alias": "", "name": "web", "force": False, "environments": [], "timeout": 0, "token": None}
    assert set(options) - set(without_empty(options)) == {"url", "alias"}


@pytest.mark.parametrize("option", ["path", "content"])
def test_an_empty_source_of_a_certificate_stays(option: str) -> None:
    assert without_empty({option: ""}) == {option: ""}


@pytest.mark.parametrize(
    "value",
    [
        "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----",
        "text\n-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIG",
        "-----begin rsa private key-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
    ],
)
def test_a_private_key_in_the_wrong_option_is_a_secret(value: str) -> None:
    assert list(misplaced_secrets([value, 7, None])) == [value]


@pytest.mark.parametrize(
    "value",
    [
        "key in HSM, no private key here",
        "Private Key Service",
        "BEGIN PRIVATE KEY",
        "-----BEGIN CERTIFICATE-----",
        "a@b:c",
    ],
)
def test_text_about_private_keys_is_not_a_secret(value: str) -> None:
    assert list(misplaced_secrets([value])) == []


def test_a_password_in_a_url_is_a_secret() -> None:
    assert list(misplaced_secrets(["https://user:a/s3cr3t@host"])) == ["a/s3cr3t"]


# Names


@pytest.mark.parametrize("name", ["web", "My Certificate", "a/b?c=d#e%2F", "şifre", "...", ".web", "-", "a,b"])
def test_a_name_that_fits_into_a_url_is_not_changed(name: str) -> None:
    assert check_name("name", name) == name


@pytest.mark.parametrize("name", [".", ".."])
def test_a_name_that_urls_resolve_is_rejected(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_name("project", name)
    assert str(caught.value) == f"project: '{name}' is not a valid name, because it cannot be part of a URL"


@pytest.mark.parametrize("name", [" ", "web\n", "a\tb", "a\x00b", "\u200b", "a\u2028b"])
def test_a_name_of_invisible_characters_is_rejected(name: str) -> None:
    with pytest.raises(InputError) as caught:
        check_name("name", name)
    assert str(caught.value) == (
        "name: must contain visible characters and no control characters (such as a line break or a tab)"
    )


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (None, None),
        (["staging"], {"staging"}),
        (["staging", "production", "staging"], {"production", "staging"}),
        ([" staging ", "staging\n"], {"staging"}),
        (["API Manager", "Üretim"], {"API Manager", "Üretim"}),
        (["staging", "", " "], {"staging"}),
    ],
)
def test_blanks_around_environments_are_removed(given: list[str] | None, names: set[str] | None) -> None:
    assert environment_names(given) == names


def test_an_empty_list_of_environments_does_not_mean_all_of_them() -> None:
    with pytest.raises(InputError) as caught:
        environment_names([])
    assert str(caught.value) == ("environments: the list is empty; name at least one environment, or omit the option")


@pytest.mark.parametrize("name", ["staging,production", "a\nb", "a\tb"])
def test_an_environment_that_does_not_fit_into_a_list_is_rejected(name: str) -> None:
    with pytest.raises(InputError) as caught:
        environment_names(["staging", name])
    assert (
        str(caught.value)
        == f"environments: {name!r} is not a valid name, because it contains a comma or a control character"
    )
