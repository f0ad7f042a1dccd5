# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in certificates."""

from __future__ import annotations

import re

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import find
from unit.plugins.plugin_utils._report.test_samples import (
    audited,
    certificates_at_gateways,
    certificates_with_findings,
    environment_entry,
    gateway,
)


def findings(*certificates: object, threshold: int | None = 30) -> list[tuple[str, str, list[str]]]:
    found = find(read_certificates(list(certificates)), threshold)
    return [(one["kind"], one["name"], one["environments"]) for one in found]


def test_every_kind_in_order_of_urgency():
    everywhere = ["development", "staging", "production"]
    assert findings(*certificates_with_findings()) == [
        ("expired", "shop", ["production"]),
        ("expires_soon", "api", everywhere),
        ("drift", "shop", ["production", "staging"]),
        ("duplicate_entries", "mobile", ["production"]),
    ]


def test_the_threshold_is_exclusive():
    def at(left: int) -> object:
        return audited("api", environment_entry("production", left=left))

    assert findings(at(29)) == [("expires_soon", "api", ["production"])]
    assert findings(at(30)) == []
    assert findings(at(0), threshold=None) == []
    assert findings(at(-1), threshold=None) == [("expired", "api", ["production"])]
    assert findings(at(-1), threshold=0) == [("expired", "api", ["production"])]


def test_gateways_without_the_certificate_of_the_record_are_a_finding():
    (found,) = find(read_certificates(certificates_at_gateways()), None)
    assert (found["kind"], found["project"], found["name"]) == ("not_on_gateway", "Payments", "api")
    assert found["environments"] == ["staging", "production"]
    other = environment_entry("production", "api", left=8)["fingerprint_sha256"]
    assert found["message"] == (
        "The gateways do not hold the certificate of the record: those of staging do not hold it; those of production hold "
        f"SHA-256 {other} instead."
    )


def test_gateways_are_less_urgent_than_expired_certificates_only():
    def at(left: int) -> object:
        return audited("api", gateway(environment_entry("production", left=left), "missing"))

    assert [kind for kind, *_rest in findings(at(-1))] == ["expired", "not_on_gateway"]
    assert [kind for kind, *_rest in findings(at(8))] == ["not_on_gateway", "expires_soon"]


def test_drift_is_detected_by_sha1():
    nameless = environment_entry("staging", fingerprint_sha256=None)
    assert (
        findings(
            audited("api", environment_entry("production", left=100), environment_entry("staging", left=100)),
            nameless | audited("b"),
        )
        == []
    )
    different = audited(
        "api",
        environment_entry("production", left=100),
        environment_entry("staging", left=101, fingerprint_sha256=None),
    )
    assert findings(different) == [("drift", "api", ["production", "staging"])]
    unknown = audited(
        "api", environment_entry("production", left=100), environment_entry("staging", left=101, fingerprint_sha1=None)
    )
    assert findings(unknown) == []


def test_an_unknown_date_is_not_a_finding():
    assert findings(audited("api", environment_entry("production", days_remaining=None, not_after=None))) == []


def test_messages_contain_the_values():
    messages = [one["message"] for one in find(read_certificates(certificates_with_findings()), 30)]
    assert messages[0] == "Expired: production on 2026-11-01 11:00:00 UTC."
    assert messages[1].startswith(
        "Expires in less than 30 days: development on 2026-12-05 11:00:00 UTC, in 12 days; staging on"
    )
    assert messages[2].startswith("2 different certificates: production: SHA-256 ")
    assert messages[2].count("valid until") == 2
    assert messages[3] == "More than one entry for an environment: production has 2."


def test_a_fingerprint_in_a_message_is_sha256_or_labeled():
    def message(*entries: object) -> str:
        [finding] = find(read_certificates([audited("api", *entries)]), None)
        return finding["message"]

    new, old = environment_entry("production", left=100), environment_entry("staging", left=9)
    for entries in ((new, old), (new, old | {"fingerprint_sha256": None}, old | {"name": "test"})):
        assert re.findall(r"SHA-\d+ \w+", message(*entries)) == [
            f"SHA-256 {new['fingerprint_sha256']}",
            f"SHA-256 {old['fingerprint_sha256']}",
        ]
    assert re.findall(r"SHA-\d+ \w+", message(new, old | {"fingerprint_sha256": None})) == [
        f"SHA-256 {new['fingerprint_sha256']}",
        f"SHA-1 {old['fingerprint_sha1']}",
    ]
