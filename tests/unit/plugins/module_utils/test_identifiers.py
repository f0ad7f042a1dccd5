# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The names that a certificate is valid for, and the wildcards that cover them."""

from __future__ import annotations

import ipaddress

import pytest
from cryptography import x509

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import covering_wildcard, subject_names
from unit.plugins.module_utils.certificate_maker import make_certificate


def names(*alternatives: x509.GeneralName, subject: str = "Common Name") -> frozenset[str]:
    extensions = [x509.SubjectAlternativeName(list(alternatives))] if alternatives else []
    return subject_names(make_certificate(subject, "CA", extensions=extensions))


def test_every_kind_of_name_counts() -> None:
    assert names(
        x509.DNSName("www.example.com"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.1")),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier("spiffe://example.com/payment"),
        x509.RFC822Name("partner@example.com"),
    ) == {"www.example.com", "192.0.2.1", "2001:db8::1", "spiffe://example.com/payment", "partner@example.com"}


def test_the_common_name_counts_without_alternative_names_only() -> None:
    assert names(subject="www.Example.com") == {"www.example.com"}
    assert names(x509.UniformResourceIdentifier("spiffe://example.com/payment"), subject="www.example.com") == {
        "spiffe://example.com/payment"
    }


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (x509.DNSName("WWW.Example.COM"), "www.example.com"),
        (x509.UniformResourceIdentifier("SPIFFE://Example.com/Payment"), "spiffe://example.com/Payment"),
        (x509.UniformResourceIdentifier("https://User@Example.COM:8443?Q"), "https://User@example.com:8443?Q"),
        (x509.UniformResourceIdentifier("HTTP://Example.COM"), "http://example.com"),
        (x509.UniformResourceIdentifier("URN:uuid:F81D"), "urn:uuid:F81D"),
        (x509.UniformResourceIdentifier("https://[::1"), "https://[::1"),
        (x509.UniformResourceIdentifier("no-uri"), "no-uri"),
        (x509.RFC822Name("Partner@Example.COM"), "Partner@example.com"),
    ],
)
def test_only_what_is_not_case_sensitive_is_in_lower_case(name: x509.GeneralName, shown: str) -> None:
    assert names(name) == {shown}


@pytest.mark.parametrize(
    ("name", "wildcards", "covering"),
    [
        ("www.example.com", "*.example.com", "*.example.com"),
        ("www.example.com", "api.example.com *.example.org *.example.com", "*.example.com"),
        ("xn--wb-xka.example.com", "*.example.com", "*.example.com"),
        ("example.com", "*.example.com", None),
        ("a.b.example.com", "*.example.com", None),
        ("a.b.example.com", "*.*.example.com a.*.example.com", None),
        ("www.example.com", "w*.example.com", None),
        ("*.example.com", "*.example.com", None),
        ("w*.example.com", "*.example.com", None),
        (".example.com", "*.example.com", None),
        ("example.com", "*.com", None),
        ("localhost", "*.localhost *.", None),
        ("192.0.2.1", "*.0.2.1", None),
        ("spiffe://www.example.com", "*.example.com", None),
        ("partner@www.example.com", "*.example.com *.www.example.com", None),
        ("2001:db8::1", "*.example.com", None),
        ("", "*.example.com", None),
    ],
)
def test_a_wildcard_covers_one_label_of_a_dns_name(name: str, wildcards: str, covering: str | None) -> None:
    assert covering_wildcard(name, frozenset(wildcards.split())) == covering
