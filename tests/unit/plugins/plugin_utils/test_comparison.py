# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Published certificates of all kinds are compared with each other; none of them causes an exception."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from datetime import datetime, timezone

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    Certificate,
    parse_stored,
    trust_problem,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._comparison import comparisons
from unit.plugins.module_utils.certificate_maker import PKITS, VECTORS, key, make_certificate, published

NOW = datetime(2026, 6, 1, tzinfo=timezone.utc)
PKITS_NOW = datetime(2020, 1, 1, tzinfo=timezone.utc)


def published_certificates() -> list[Certificate]:
    """Each published certificate as a manager could hold it; of one that does not parse, only the DER is known."""
    files = sorted(file for file in (VECTORS / "x509").rglob("*") if file.suffix in (".pem", ".der", ".crt", ".cer"))
    stored = (parse_stored(base64.b64encode(file.read_bytes()).decode()) for file in files)
    return [bundle.leaf for bundle in stored if bundle]


@pytest.fixture(scope="module")
def certificates() -> list[Certificate]:
    return published_certificates()


@pytest.mark.parametrize("name", comparisons())
def test_published_certificates_are_compared_without_exceptions(certificates: list[Certificate], name: str) -> None:
    compare, usual = comparisons()[name], make_certificate("web", "CA")
    found = Counter(
        compare(current, new).passed
        for certificate in certificates
        for current, new in ((certificate, usual), (usual, certificate), (certificate, certificate))
    )

    assert len(certificates) > 500
    assert found.total() == 3 * len(certificates)
    assert found[True] >= 500


def test_published_certificates_are_followed_to_their_issuers_without_exceptions(
    certificates: list[Certificate],
) -> None:
    anchor = published(PKITS / "TrustAnchorRootCertificate.crt")
    authorities = tuple(certificate for certificate in certificates if "Good CA" in (certificate.subject or ""))

    found = {
        certificate.subject: trust_problem(Bundle(certificate, authorities), [anchor], PKITS_NOW)
        for certificate in certificates
    }

    assert found["CN=Valid EE Certificate Test1,O=Test Certificates 2011,C=US"] is None
    assert "is not signed by the key" in str(found["CN=Invalid EE Signature Test3,O=Test Certificates 2011,C=US"])
    assert all(problem is None or problem.isprintable() for problem in found.values())


def test_certificates_have_the_same_key_if_and_only_if_its_digest_is_the_same(certificates: list[Certificate]) -> None:
    """It is known for every readable certificate, regardless of the type of its key."""
    assert all(one.public_key_sha256 for one in certificates if one.not_after)
    info = key("web").public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert make_certificate("web", "CA").public_key_sha256 == hashlib.sha256(info).hexdigest()
    first, renewed = make_certificate("web", "CA"), make_certificate("web", "another CA", serial=2)
    assert first.public_key_sha256 == renewed.public_key_sha256
    assert first.public_key_sha256 != make_certificate("api", "CA").public_key_sha256
