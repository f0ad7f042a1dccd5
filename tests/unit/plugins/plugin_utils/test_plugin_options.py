# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validation of plugin options, conversion of errors, and the session with the manager."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _client
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC
from ansible_collections.apinizer.apiops.plugins.plugin_utils._plugin_options import (
    connect,
    convert_errors,
    validate_options,
)

SPEC: dict[str, dict[str, Any]] = {
    **CONNECTION_SPEC,
    "project": {"type": "str", "required": True},
    "field": {"type": "str", "choices": ["content", "alias"], "default": "content"},
    "projects": {"type": "list", "elements": "str"},
}


class FromVault:
    """A string from a vault as in ansible-core up to 2.18, where it is not a str."""

    __ENCRYPTED__ = True

    def __str__(self) -> str:
        return "decrypted"


# Options


def test_options_are_converted_like_those_of_a_module() -> None:
    values = validate_options(
        {"project": "P", "timeout": "1.5", "retries": "0", "validate_certs": "no", "projects": "a,b"}, SPEC
    )

    assert {key: value for key, value in values.items() if value is not None} == {
        "project": "P",
        "timeout": 1.5,
        "retries": 0,
        "validate_certs": False,
        "projects": ["a", "b"],
        "field": "content",
    }


def test_an_empty_string_counts_as_not_set() -> None:
    values = validate_options({"project": "P", "field": "", "validate_certs": "", "timeout": ""}, SPEC)
    assert (values["field"], values["validate_certs"], values["timeout"]) == ("content", None, None)


def test_a_string_from_a_vault_is_decrypted() -> None:
    assert validate_options({"project": "P", "token": FromVault()}, SPEC)["token"] == "decrypted"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"project": "P", "nmae": "x", "aa": 1},
            "aa: is not an option of this plugin. Use one of these: ca_path, client_cert",
        ),
        ({"project": ""}, "missing required arguments: project"),
        ({"project": "P", "validate_certs": "yse"}, "argument 'validate_certs' is of type "),
        ({"project": "P", "field": "x"}, "value of field must be one of: content, alias, got: x"),
    ],
)
def test_an_invalid_option_is_refused_with_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ApinizerError) as caught:
        validate_options(options, SPEC)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


# Errors


class AnsibleErrorStub(Exception):
    """An error class like those of Ansible."""


def test_an_error_is_converted_and_not_chained() -> None:
    with pytest.raises(AnsibleErrorStub, match=r"^url: missing$") as caught, convert_errors(AnsibleErrorStub, {}):
        raise InputError("url", "missing")
    assert caught.value.__cause__ is None


def test_secrets_are_redacted() -> None:
    options = {"ca_path": "-----BEGIN PRIVATE KEY-----\nsecret", "url": "https://user:pass@host"}

    def fail() -> None:
        with convert_errors(AnsibleErrorStub, options) as secrets:
            secrets.add("my-token")
            raise ApinizerError(f"ca_path: {options['ca_path']} of my-token with pass cannot be read")

    with pytest.raises(AnsibleErrorStub) as caught:
        fail()
    assert str(caught.value) == "ca_path: ******** of ******** with ******** cannot be read"


def test_other_exceptions_are_not_converted() -> None:
    with pytest.raises(ZeroDivisionError), convert_errors(AnsibleErrorStub, {}):
        raise ZeroDivisionError


# The manager


def test_the_session_is_closed_at_the_end_of_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []
    monkeypatch.setattr(_client.Client, "close", lambda _self: closed.append(True))

    with connect(Connection("https://apinizer.example.com", token="token")) as api:
        assert api.client.connection.url == "https://apinizer.example.com"
        assert not closed
    assert closed == [True]


@pytest.mark.parametrize("library", ["requests", "cryptography"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    manager = connect(Connection("https://apinizer.example.com", token="token"))
    with pytest.raises(ApinizerError, match=rf"required Python library \({library}\)"):
        manager.__enter__()


def test_showing_the_documentation_does_not_import_requests() -> None:
    package = "ansible_collections.apinizer.apiops.plugins"
    code = (
        f"import sys; sys.path[:0] = {sys.path!r}\n"
        f"import {package}.inventory.environments, {package}.lookup.certificate\n"
        "print('requests' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "False"
