# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for tests, the demo, and manual use. It uses elliptic-curve keys, which are fast to make."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)

_CA_USAGE = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key. PEM is str, DER is bytes. `chain_pem` is the certificate followed by its issuer."""

    der: bytes
    pem: str
    chain_pem: str
    key_pem: str = field(repr=False)

    @property
    def certificate(self) -> x509.Certificate:
        """The parsed certificate."""
        return x509.load_der_x509_certificate(self.der)

    @property
    def sha1(self) -> str:
        """The SHA-1 fingerprint, in lowercase hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA1()).hex()

    @property
    def public_key_sha256(self) -> str:
        """The SHA-256 of the SubjectPublicKeyInfo, in lowercase hexadecimal."""
        info = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return hashlib.sha256(info).hexdigest()

    @property
    def sha256(self) -> str:
        """The SHA-256 fingerprint, in lowercase hexadecimal."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()


class Authority:
    """A certificate authority with a self-signed certificate."""

    def __init__(self, common_name: str = "Example CA", organization: str = "Example Inc") -> None:
        """Generate the key and the certificate of the authority, valid from ten years ago for twenty years."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(common_name, organization)
        certificate = (
            _builder(self._name, self._name, self._key, now - 3650 * DAY, now + 3650 * DAY, x509.random_serial_number())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_CA_USAGE, critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.pem: str = certificate.public_bytes(serialization.Encoding.PEM).decode()
        self.der: bytes = certificate.public_bytes(serialization.Encoding.DER)

    def issue(
        self,
        common_name: str,
        *,
        organization: str = "Example Inc",
        dns_names: Sequence[str] = (),
        ip_addresses: Sequence[str] = (),
        not_before: datetime.datetime | None = None,
        not_after: datetime.datetime | None = None,
        serial: int | None = None,
        key_of: Issued | None = None,
        extensions: Sequence[x509.ExtensionType] = (),
    ) -> Issued:
        """Issue a certificate with a new key, or with that of another certificate.

        By default, it is valid from yesterday for a year. Dates must have a time zone. X.509 has no fractions of a
        second, so they are dropped.
        """
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        key = ec.generate_private_key(ec.SECP256R1())
        if key_of:
            known = serialization.load_pem_private_key(key_of.key_pem.encode(), None)
            assert isinstance(known, ec.EllipticCurvePrivateKey)
            key = known
        builder = _builder(
            _name(common_name, organization),
            self._name,
            key,
            not_before or now - DAY,
            not_after or now + 364 * DAY,
            serial or x509.random_serial_number(),
        )
        # Python 3.13 verifies strictly and rejects a certificate without the identifier of its issuer's key.
        issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = builder.add_extension(issuer_key, critical=False)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in dns_names]
        alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in ip_addresses]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
        return Issued(
            der=certificate.public_bytes(serialization.Encoding.DER),
            pem=pem,
            chain_pem=pem + self.pem,
            key_pem=key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
        )


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "US"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    not_before: datetime.datetime,
    not_after: datetime.datetime,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
