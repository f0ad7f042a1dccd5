# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event filter: what it passes on to rules, and what it rejects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.extensions.eda.plugins.event_filter.certificate_issued import main

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n"
NAMES = {"project": "MyProject", "name": "my-certificate"}


@pytest.mark.parametrize(
    ("more", "issued", "managers"),
    [
        ({}, {}, None),
        ({"name": "1.10", "project": "Ödeme / API"}, {"name": "1.10", "project": "Ödeme / API"}, None),
        ({"environments": ["staging", "production"]}, {"environments": ["staging", "production"]}, None),
        ({"content": PEM + "\n" + PEM}, {"content": PEM + "\n" + PEM}, None),
        ({"path": "web/www.example.com 2027.pem"}, {"path": "web/www.example.com 2027.pem"}, None),
        ({"managers": ["manager-eu", "manager-us.example.com"]}, {}, "manager-eu,manager-us.example.com"),
    ],
)
def test_a_valid_payload_becomes_an_item_of_certificate_rotation_certificates(
    more: dict[str, Any], issued: dict[str, Any], managers: str | None
):
    event = main({"payload": {**NAMES, **more}, "meta": {"endpoint": "x"}})

    assert event["issued"] == {**NAMES, **issued}
    assert event.get("managers") == managers
    assert event["message"].startswith(f"{event['issued']['project']} / {event['issued']['name']}")
    assert event["meta"] == {"endpoint": "x"}
    assert not {"payload", "rejected"} & set(event)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (None, "the payload must be a JSON object"),
        ([NAMES], "the payload must be a JSON object"),
        ({"name": "x"}, "project must be text"),
        ({**NAMES, "name": " "}, "name must be text"),
        ({**NAMES, "name": 1.1}, "name must be text"),
        ({**NAMES, "name": "x" * 1025}, "name must be text"),
        ({**NAMES, "name": "{{ lookup('pipe', 'id') }}"}, "name contains the start of a template"),
        ({**NAMES, "project": "a{% b"}, "project contains the start of a template"),
        ({**NAMES, "project": "a\nb"}, "project contains the start of a template or a control character"),
        ({**NAMES, "environments": "production"}, "environments must be a list"),
        ({**NAMES, "environments": []}, "environments must be a list"),
        ({**NAMES, "environments": ["{# x"]}, "environments contains the start of a template"),
        ({**NAMES, "enviroments": ["production"]}, "1 keys are unknown. Use only project, name, environments"),
        ({**NAMES, "content": PEM, "path": "x"}, "content and path exclude each other"),
        ({**NAMES, "content": PEM + KEY}, "content must be certificates as PEM text, and nothing else"),
        ({**NAMES, "content": "{{ x }}" + PEM}, "content must be certificates as PEM text, and nothing else"),
        ({**NAMES, "content": PEM * 10_000}, "content must be certificates as PEM text, and nothing else"),
        ({**NAMES, "content": None}, "content must be certificates"),
        ({**NAMES, "path": "/etc/shadow"}, "path must be a relative path"),
        ({**NAMES, "path": "../secret.pem"}, "path must be a relative path"),
        ({**NAMES, "path": "web/../../secret.pem"}, "path must be a relative path"),
        ({**NAMES, "path": "~/secret.pem"}, "path must be a relative path"),
        ({**NAMES, "path": "$HOME/secret.pem"}, "path must be a relative path"),
        ({**NAMES, "path": "web/.hidden.pem"}, "path must be a relative path"),
        ({**NAMES, "path": "web.pem\n"}, "path must be a relative path"),
        ({**NAMES, "managers": ["all:!x"]}, "managers must be a list of host names"),
        ({**NAMES, "managers": "all"}, "managers must be a list"),
    ],
)
def test_an_invalid_payload_is_rejected_and_removed(payload: Any, reason: str):
    """Only the reason is left. Nothing of the payload reaches a rule."""
    event = main({"payload": payload, "meta": {}})

    assert reason in event["rejected"]
    assert event["message"] == f"The event was rejected: {event['rejected']}"
    assert set(event) == {"meta", "rejected", "message"}
    for secret in ("MIIE", "lookup", "shadow"):
        assert secret not in json.dumps(event)
