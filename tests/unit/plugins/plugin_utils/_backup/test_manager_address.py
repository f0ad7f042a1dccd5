# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address


@pytest.mark.parametrize(
    "url",
    [
        "https://manager.example.com",
        "https://manager.example.com/",
        "HTTPS://Manager.Example.COM",
        "https://manager.example.com:443",
        "https://manager.example.com/apiops",
        "https://manager.example.com:443/apiops/",
        " https://manager.example.com//\n",
        "https://user:secret@manager.example.com",
    ],
)
def test_forms_of_the_same_address_are_equal(url: str) -> None:
    assert normalized_address(url) == "https://manager.example.com"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://manager.example.com:80", "http://manager.example.com"),
        ("http://manager.example.com:443", "http://manager.example.com:443"),
        ("https://manager.example.com:8443/", "https://manager.example.com:8443"),
        ("https://example.com/Prefix/apiops", "https://example.com/Prefix"),
        ("https://example.com/prefix", "https://example.com/prefix"),
        ("https://example.com/myapiops", "https://example.com/myapiops"),
        ("https://[2001:DB8::1]:443/", "https://[2001:db8::1]"),
        ("https://10.0.0.1:9443", "https://10.0.0.1:9443"),
    ],
)
def test_other_addresses_stay_different(url: str, expected: str) -> None:
    assert normalized_address(url) == expected


@pytest.mark.parametrize("text", ["", "manager", "https://", "https://a:port", "https://a:99999", "http://[::1"])
def test_text_that_is_not_an_address_is_empty(text: str) -> None:
    assert normalized_address(text) == ""
