# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with certificates."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import find
from unit.plugins.plugin_utils._report.test_samples import audited, estate, place


def findings(*certificates: object, threshold: int | None = 30) -> list[tuple[str, str, list[str]]]:
    found = find(read_certificates(list(certificates)), threshold)
    return [(one["kind"], one["name"], one["environments"]) for one in found]


def test_every_kind_in_its_order():
    everywhere = ["development", "staging", "production"]
    assert findings(*estate()) == [
        ("expired", "shop", ["production"]),
        ("expires_soon", "api", everywhere),
        ("drift", "shop", ["production", "staging"]),
        ("duplicate_entries", "mobile", ["production"]),
    ]


def test_the_threshold():
    def at(left: int) -> object:
        return audited("api", place("production", left=left))

    assert findings(at(29)) == [("expires_soon", "api", ["production"])]
    assert findings(at(30)) == []
    assert findings(at(0), threshold=None) == []
    assert findings(at(-1), threshold=None) == [("expired", "api", ["production"])]
    assert findings(at(-1), threshold=0) == [("expired", "api", ["production"])]


def test_drift_is_decided_by_sha1():
    nameless = place("staging", fingerprint_sha256=None)
    assert (
        findings(audited("api", place("production", left=100), place("staging", left=100)), nameless | audited("b"))
        == []
    )
    different = audited("api", place("production", left=100), place("staging", left=101, fingerprint_sha256=None))
    assert findings(different) == [("drift", "api", ["production", "staging"])]
    unknown = audited("api", place("production", left=100), place("staging", left=101, fingerprint_sha1=None))
    assert findings(unknown) == []


def test_unknown_dates_are_no_finding():
    assert findings(audited("api", place("production", days_remaining=None, not_after=None))) == []


def test_messages_name_the_values():
    messages = [one["message"] for one in find(read_certificates(estate()), 30)]
    assert messages[0] == "Expired: production on 2026-11-01 11:00:00 UTC."
    assert messages[1].startswith(
        "Expires in less than 30 days: development on 2026-12-05 11:00:00 UTC, in 12 days; staging on"
    )
    assert messages[2].startswith("2 different certificates: production: SHA-1 ")
    assert messages[2].count("valid until") == 2
    assert messages[3] == "More than one entry for an environment: production has 2."
