# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event source: conversion from strings, and errors that name the argument."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.settings import Settings, read_settings

URL = "https://apinizer.example.com"


def settings(**given: Any) -> Settings:
    return read_settings({"url": URL, "token": "secret-token", **given}, lambda _secret: None)


def test_the_defaults():
    found = settings()
    assert found.windows == tuple(map(RenewalWindow, (60, 30, 14, 7, 1)))
    assert (found.interval, found.heartbeat, found.state_file) == (300, 3600, None)
    operation = found.operation
    assert (operation.project, operation.name, operation.environments) == (None, None, None)
    assert operation.details is False
    assert operation.verify_gateways == "never"


@pytest.mark.parametrize("thresholds", ["7, 30,7", [30, 7], ["30", "7"], (7, 30)])
def test_thresholds_are_accepted_in_every_form(thresholds: Any):
    windows = {RenewalWindow(30), RenewalWindow(7)}
    assert set(settings(expiring_within=thresholds).windows) == windows
    assert set(settings(thresholds=thresholds).windows) == windows
    assert settings(expiring_within=30).windows == (RenewalWindow(30),)
    assert settings(expiring_within="33%").windows == (RenewalWindow(33, is_share=True),)
    assert settings(expiring_within="33%, 7").windows == (RenewalWindow(33, is_share=True), RenewalWindow(7))


def test_both_names_of_the_thresholds_have_to_agree():
    assert settings(expiring_within=[7], thresholds=[7]).windows == (RenewalWindow(7),)
    with pytest.raises(InputError, match=r"^expiring_within: differs from thresholds, which is another name for it"):
        settings(expiring_within=[7], thresholds=[30])


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
    assert found.windows == tuple(map(RenewalWindow, (60, 30, 14, 7, 1)))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"threshold": 30}, "threshold: is not an argument of this event source. Use one of these: url, token"),
        *(
            ({name: value}, f"{name}: must be a number of days from 1 to 36500, .* or a share .*, not '{shown}'")
            for name in ("expiring_within", "thresholds")
            for value, shown in (("soon", "soon"), ([0], "0"), (["100%"], "100%"), ([30, "33 %"], "33 %"))
        ),
        ({"thresholds": []}, "thresholds: is an empty list"),
        ({"expiring_within": []}, "expiring_within: is an empty list"),
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
