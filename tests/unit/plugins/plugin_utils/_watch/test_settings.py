# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event source: conversion from strings, and errors that name the argument."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.settings import Settings, read_settings

URL = "https://apinizer.example.com"


def settings(**given: Any) -> Settings:
    return read_settings({"url": URL, "token": "secret-token", **given}, lambda _secret: None)


def test_the_defaults():
    found = settings()
    assert found.thresholds == (60, 30, 14, 7, 1)
    assert (found.interval, found.heartbeat, found.state_file) == (300, 3600, None)
    operation = found.operation
    assert (operation.project, operation.name, operation.environments) == (None, None, None)
    assert operation.details is False
    assert operation.verify_gateways == "never"


@pytest.mark.parametrize("thresholds", ["7, 30,7", [30, 7], ["30", "7"], (7, 30)])
def test_thresholds_are_accepted_in_every_form(thresholds: Any):
    assert settings(thresholds=thresholds).thresholds == (30, 7)
    assert settings(thresholds=30).thresholds == (30,)


def test_strings_are_converted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/eda")
    found = settings(
        interval="1.5",
        heartbeat="0",
        state_file="~/state",
        environments="a, b",
        validate_certs="no",
        timeout="5",
        retries="0",
        verify_gateways="yes",
    )
    assert found.operation.verify_gateways == "auto"
    assert (found.interval, found.heartbeat, found.state_file) == (1.5, 0, "/home/eda/state")
    assert found.operation.environments == {"a", "b"}
    connection = found.connection
    assert (connection.validate_certs, connection.timeout, connection.retries) == (False, 5, 0)


def test_empty_strings_and_null_count_as_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("APINIZER_TOKEN", "from-environment")
    found = settings(token="", thresholds="", interval=None, project="", state_file="")
    assert found.connection.token == "from-environment"
    assert found.thresholds == (60, 30, 14, 7, 1)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 30}, "threshold: is not an argument of this event source. Use one of these: url, token"),
        ({"thresholds": "soon"}, "thresholds: .*convert to int"),
        ({"thresholds": [0]}, "thresholds: must be whole numbers of days between 1 and 36500, not 0"),
        ({"thresholds": []}, "thresholds: is an empty list"),
        ({"interval": "often"}, "interval: .*convert to float"),
        ({"interval": 0.5}, "interval: must be a number of seconds, 1 or more, not 0.5"),
        ({"interval": "nan"}, "interval: must be a number of seconds, 1 or more, not nan"),
        ({"heartbeat": -1}, "heartbeat: must be a number of seconds, 0 or more, not -1"),
        ({"name": "web"}, "name: .*project"),
        ({"project": ".."}, "project: '..' is not a valid name"),
        ({"environments": []}, "environments: the list is empty"),
        ({"url": ""}, "url: missing"),
        ({"token": ""}, "token: missing"),
        ({"username": "robot"}, "token: cannot be combined with username"),
        ({"validate_certs": "perhaps"}, "validate_certs: .*bool"),
    ],
)
def test_an_invalid_argument_is_named(given: dict[str, Any], message: str):
    with pytest.raises(InputError) as caught:
        settings(**given).connection.check()
    assert re.match(message, str(caught.value)), caught.value
    assert "\n" not in str(caught.value)


def test_secrets_are_collected_before_the_first_error():
    secrets: set[str] = set()
    key = "-----BEGIN PRIVATE KEY-----\nMIG\n-----END PRIVATE KEY-----"
    with pytest.raises(InputError):
        read_settings({"token": "secret-token", "password": 12345, "ca_path": key, "unknown": 1}, secrets.add)
    assert secrets == {"secret-token", "12345", key}
