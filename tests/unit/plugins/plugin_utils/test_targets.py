# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason


def test_certificates_and_environments_with_the_same_reason_share_it() -> None:
    found = [
        ("p/web", "staging", "expired"),
        ("p/web", "production", "modified"),
        ("p/web", "test", "expired"),
        ("p/api", "staging", "expired"),
        ("p/api", None, "too short"),
        ("p/web", "staging", "expired"),
    ]

    assert by_reason(found) == [
        ("p/web in staging, test and p/api in staging", "expired"),
        ("p/web in production", "modified"),
        ("p/api", "too short"),
    ]
    assert by_reason([]) == []
