# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold, in words."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.wording import found_instead, unknown_lines


@pytest.mark.parametrize(
    ("gateway", "text"),
    [
        (Gateway("production", "stale", "ab12"), "those of production hold SHA-256 ab12 instead"),
        (Gateway("production", "stale"), "those of production hold another certificate instead"),
        (Gateway("production", "missing"), "those of production do not hold it"),
    ],
)
def test_what_the_gateways_hold_instead(gateway: Gateway, text: str):
    assert found_instead(gateway) == text


def test_gateways_with_the_same_cause_share_a_line():
    gateways = [
        Gateway("staging", "unknown", reason="The truststore of staging cannot be read: HTTP 404."),
        Gateway("production", "unknown", reason="The truststore of production cannot be read: HTTP 404."),
        Gateway("production", "unknown", reason="The truststore of production cannot be read: HTTP 404."),
        Gateway("development", "unknown", reason="The workers do not respond"),
        Gateway("test", "confirmed", "ab12"),
        Gateway("apimanager", "unknown", reason="no request returns it"),
    ]
    assert unknown_lines(gateways) == [
        "What the gateways of production, staging hold is unknown. The truststore of production cannot be read: HTTP 404.",
        "What the gateways of development hold is unknown. The workers do not respond",
    ]


def test_nothing_is_said_about_the_manager_itself():
    assert unknown_lines([Gateway("apimanager", "unknown", reason="no request returns it")]) == []
