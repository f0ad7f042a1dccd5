# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in certificates."""

from __future__ import annotations

import re
import time

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
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
    found = find(read_certificates(list(certificates)), None if threshold is None else RenewalWindow(threshold))
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
    messages = [one["message"] for one in find(read_certificates(certificates_with_findings()), RenewalWindow(30))]
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


def test_an_expired_certificate_that_the_gateways_hold_is_a_finding():
    def at(state: str) -> object:
        return audited("api", gateway(environment_entry("production", left=-1), state))

    assert findings(at("confirmed")) == [
        ("expired", "api", ["production"]),
        ("expired_on_gateway", "api", ["production"]),
    ]
    assert findings(at("unknown")) == [("expired", "api", ["production"])]


# What certificates have to do with each other


def message_of(kind: str, name: str, *certificates: object) -> str:
    """The message of the only finding of this kind in a certificate."""
    found = find(read_certificates(list(certificates)), None)
    (message,) = [one["message"] for one in found if (one["kind"], one["name"]) == (kind, name)]
    return message


def test_the_same_certificate_under_several_names():
    one = environment_entry("production", "api", left=300)
    elsewhere = one | {"name": "staging", "fingerprint_sha256": None}
    certificates = [
        audited("api", one),
        audited("copy", elsewhere, environment_entry("test", "own", left=300)),
        audited("api", elsewhere, project="Cards"),
        audited("other", environment_entry("production", "other", left=300)),
    ]

    kinds = [(kind, name, places) for kind, name, places in findings(*certificates) if kind != "drift"]
    assert kinds == [
        ("same_certificate", "api", ["staging"]),
        ("same_certificate", "api", ["production"]),
        ("same_certificate", "copy", ["staging"]),
    ]
    assert message_of("same_certificate", "copy", *certificates) == (
        "The same certificate is also stored as: Cards/api, Payments/api."
    )


def test_environments_of_one_name_are_not_several_names():
    one = environment_entry("production", left=300)
    assert findings(audited("api", one, one | {"name": "staging"})) == []


def test_a_key_that_different_certificates_share():
    def keyed(name: str, key: str | None, **changes: object) -> object:
        return audited(name, environment_entry("production", name, left=300, public_key_sha256=key, **changes))

    certificates = [keyed("a", "k1"), keyed("b", "k1"), keyed("c", "k2"), keyed("d", None), keyed("e", None)]
    assert findings(*certificates) == [("shared_key", "a", ["production"]), ("shared_key", "b", ["production"])]
    assert message_of("shared_key", "a", *certificates) == "Other certificates have the same key: Payments/b."
    # The same certificate has the same key, which is no other finding.
    copy = [keyed("a", "k1"), keyed("b", "k1", fingerprint_sha1="f" * 40, fingerprint_sha256=None)]
    copy[0]["environments"][0]["fingerprint_sha1"] = "f" * 40
    assert {kind for kind, *_rest in findings(*copy)} == {"same_certificate"}


def test_a_renewal_with_the_same_key_is_drift_and_no_shared_key():
    entries = [environment_entry(place, left=left, public_key_sha256="k") for place, left in (("a", 300), ("b", 600))]
    assert [kind for kind, *_rest in findings(audited("api", *entries))] == ["drift"]


def issuer(subject: str, issuer: str) -> dict[str, str]:
    return {"subject": subject, "issuer": issuer, "fingerprint_sha256": "0" * 64}


def test_a_chain_with_a_gap():
    def stored(*chain: object, place: str = "production", subject: str = "CN=api", name: str = "api") -> object:
        entry = environment_entry(place, name, left=300, subject=subject, issuer="CN=Issuing CA")
        return audited(name, entry | {"chain": list(chain)})

    root, issuing = issuer("CN=Root", "CN=Root"), issuer("CN=issuing  ca", "CN=Root")
    assert findings(stored(root)) == [("incomplete_chain", "api", ["production"])]
    assert message_of("incomplete_chain", "api", stored(root)) == (
        "The chain has a gap, because an issuer is missing: production: CN=Issuing CA."
    )
    # A certificate that is stored alone, and a chain without its root, have no gap.
    for complete in (stored(), stored(issuing), stored(issuing, root)):
        assert findings(complete) == []
    # Another certificate of the same environment may be the issuer.
    ca = stored(subject="CN=Issuing CA", name="ca")
    assert findings(stored(root), ca) == []
    elsewhere = stored(subject="CN=Issuing CA", name="ca", place="staging")
    assert [kind for kind, *_rest in findings(stored(root), elsewhere)] == ["incomplete_chain"]


def test_jwks_are_a_finding_of_their_project():
    found = find(read_certificates([audited("api")]), None, [("Payments", ("b", "a")), ("Cards", ())])

    assert found == [
        {
            "kind": "referenced_by_jwks",
            "project": "Payments",
            "name": "",
            "environments": [],
            "message": (
                "JWKs were created from certificates of the project: b, a. The manager does not report from which. An update of a "
                "certificate updates its JWKs only if update_referenced_jwks is true."
            ),
        }
    ]


def test_a_message_names_a_few_of_many_certificates():
    one = environment_entry("production", left=300)
    certificates = [audited(f"copy-{number}", one) for number in range(8)]
    assert message_of("same_certificate", "copy-0", *certificates) == (
        "The same certificate is also stored as: Payments/copy-1, Payments/copy-2, Payments/copy-3, Payments/copy-4, "
        "Payments/copy-5, and more."
    )


def test_thousands_of_certificates_with_everything_in_common_take_linear_time():
    """A comparison of each with each would take minutes."""
    chain = [issuer("CN=Root", "CN=Root")]
    one = environment_entry("production", left=300, public_key_sha256="k", chain=chain)
    certificates = read_certificates(
        [audited(f"copy-{number}", one | {"fingerprint_sha1": f"{number % 2_000:040}"}) for number in range(4_000)]
    )

    begin = time.process_time()
    found = find(certificates, None)

    assert time.process_time() - begin < 10
    assert len(found) == 3 * len(certificates)
