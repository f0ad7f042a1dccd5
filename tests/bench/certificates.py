# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmark's certificates, as large as those of public authorities: a current and a new one for each name.

Generating thousands of keys would take longer than the benchmark itself, so all certificates share one key; nothing
that is measured depends on it. Issued certificates are cached for a week, well within their validity.
"""

from __future__ import annotations

import datetime
import fcntl
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

from .cases import certificate_name

_DAY = datetime.timedelta(days=1)
_CACHE_SECONDS = 7 * 24 * 3600.0
_PADDING = x509.ObjectIdentifier("1.3.6.1.4.1.32473.1")
"""An extension without a meaning: enterprise number 32473 is reserved for documentation (RFC 5612)."""
_PADDING_SIZE = 246
"""The size in bytes of the two signed certificate timestamps that public authorities embed (RFC 6962, section 3.3)."""


@dataclass(frozen=True)
class CertificatePairs:
    """PEM texts by index: the certificates that the manager holds, and the new ones that replace them."""

    old: tuple[str, ...]
    new: tuple[str, ...]


def load_pairs(size: int, cache: Path) -> CertificatePairs:
    """Return `size` pairs, from the cache folder if it has enough of them that are fresh; otherwise issue new ones.

    Processes that call this at the same time get the same pairs: one issues them, and the others wait for it.
    """
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "certificates.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _load_pairs(size, cache / "certificates.json")


def _load_pairs(size: int, file: Path) -> CertificatePairs:
    if file.exists() and time.time() - file.stat().st_mtime < _CACHE_SECONDS:
        cached = json.loads(file.read_text(encoding="ascii"))
        if len(cached["old"]) >= size:
            return CertificatePairs(tuple(cached["old"][:size]), tuple(cached["new"][:size]))
    pairs = issue_pairs(size)
    file.write_text(json.dumps({"old": pairs.old, "new": pairs.new}), encoding="ascii")
    return pairs


def issue_pairs(size: int) -> CertificatePairs:
    """Issue `size` pairs: the old certificates expire in 60 days, the new ones in a year."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    old = tuple(_pems(size, key, now - 300 * _DAY, now + 60 * _DAY))
    new = tuple(_pems(size, key, now - _DAY, now + 364 * _DAY))
    return CertificatePairs(old, new)


def _pems(
    size: int, key: rsa.RSAPrivateKey, not_before: datetime.datetime, not_after: datetime.datetime
) -> Iterator[str]:
    issuer = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Trust Services"),
            x509.NameAttribute(NameOID.COMMON_NAME, "Example TLS RSA Issuing CA 1"),
        ]
    )
    extensions = list(_extensions(key.public_key()))
    for index in range(size):
        host = f"{certificate_name(index)}.api.example.com"
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example Inc"),
                x509.NameAttribute(NameOID.COMMON_NAME, host),
            ]
        )
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(not_before)
            .not_valid_after(not_after)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host), x509.DNSName(f"www.{host}")]), False)
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        yield builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _extensions(key: rsa.RSAPublicKey) -> Iterator[tuple[x509.ExtensionType, bool]]:
    """Yield the extensions that a public authority adds to every certificate, and whether each is critical."""
    base = "http://pki.example.com/tls-rsa-issuing-ca-1"
    ocsp, issuers = AuthorityInformationAccessOID.OCSP, AuthorityInformationAccessOID.CA_ISSUERS
    yield x509.SubjectKeyIdentifier.from_public_key(key), False
    yield x509.AuthorityKeyIdentifier.from_issuer_public_key(key), False
    yield x509.BasicConstraints(ca=False, path_length=None), True
    yield x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), False
    yield (
        x509.AuthorityInformationAccess(
            [
                x509.AccessDescription(ocsp, x509.UniformResourceIdentifier("http://ocsp.example.com")),
                x509.AccessDescription(issuers, x509.UniformResourceIdentifier(f"{base}.crt")),
            ]
        ),
        False,
    )
    yield (
        x509.CRLDistributionPoints(
            [x509.DistributionPoint([x509.UniformResourceIdentifier(f"{base}.crl")], None, None, None)]
        ),
        False,
    )
    yield x509.UnrecognizedExtension(_PADDING, bytes(_PADDING_SIZE)), False
