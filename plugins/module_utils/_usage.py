# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate may be used for, and what another one in its place may no longer be used for. Pure.

RFC 5280: BasicConstraints (section 4.2.1.9), KeyUsage (4.2.1.3) and ExtendedKeyUsage (4.2.1.12).
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import Certificate, read_der

if t.TYPE_CHECKING:
    from cryptography import x509

CA_FLAG = "CA flag"

_KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "dataEncipherment": "data_encipherment",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
}
"""The names of RFC 5280 and of cryptography. keyEncipherment and keyAgreement follow the type of the key, so a change from
RSA to an elliptic curve replaces them; encipherOnly and decipherOnly only restrict keyAgreement."""

ANY_PURPOSE = "2.5.29.37.0"
_SERVER, _CLIENT = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"
_PURPOSES = {
    _SERVER: "serverAuth",
    _CLIENT: "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    ANY_PURPOSE: "anyExtendedKeyUsage",
}

_EFFECTS = {
    CA_FLAG: "certificates that it has issued will be refused",
    "keyCertSign": "certificates that it has issued will be refused",
    "cRLSign": "revocation lists that it has signed will be refused",
    "digitalSignature": "TLS 1.3 handshakes and signatures with its key will be refused",
    "nonRepudiation": "signatures on documents will be refused",
    "dataEncipherment": "data that is encrypted with its key will be refused",
    "serverAuth": "TLS clients will refuse it as a server's certificate",
    "clientAuth": "mutual-TLS clients will be refused",
    "codeSigning": "code that is signed with its key will be refused",
    "emailProtection": "signed and encrypted email will be refused",
    "timeStamping": "time stamps will be refused",
    "OCSPSigning": "revocation answers (OCSP) will be refused",
}
"""What fails without a usage."""
_UNKNOWN_EFFECT = "applications that require this purpose will refuse the certificate"


@dataclass(frozen=True)
class Usage:
    """The usages that a certificate allows.

    :arg authority: whether it may issue certificates, the C(cA) flag of BasicConstraints.
    :arg key: the values of KeyUsage, without those that follow the type of the key; None without the extension.
    :arg purposes: the object identifiers of ExtendedKeyUsage; None without the extension.
    """

    authority: bool
    key: frozenset[str] | None
    purposes: frozenset[str] | None

    def __str__(self) -> str:
        key = "any KeyUsage" if self.key is None else " ".join(name for name in _KEY_USAGES if name in self.key)
        purposes = "any ExtendedKeyUsage" if self.purposes is None else " ".join(map(_name, sorted(self.purposes)))
        return ", ".join(part for part in ("CA" if self.authority else "", key, purposes) if part)


@dataclass(frozen=True)
class LostUsage:
    """A usage that the new certificate does not allow, and what fails without it."""

    usage: str
    effect: str


def usage_of(certificate: Certificate) -> Usage:
    """Read what a certificate may be used for.

    :raises CertificateError: if an extension cannot be read.
    """
    return read_der(certificate.der, _read, "its usage cannot be read")


def _read(parsed: x509.Certificate) -> Usage:
    from cryptography import x509

    found: list[t.Any] = []
    for extension in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage):
        try:
            found.append(parsed.extensions.get_extension_for_class(extension).value)
        except x509.ExtensionNotFound:
            found.append(None)
    constraints, key, purposes = found
    return Usage(
        authority=constraints is not None and constraints.ca,
        key=None if key is None else frozenset(name for name, flag in _KEY_USAGES.items() if getattr(key, flag)),
        purposes=None if purposes is None else frozenset(purpose.dotted_string for purpose in purposes),
    )


def lost_usages(current: Usage, new: Usage) -> list[LostUsage]:
    """Return what the current certificate may be used for and the new one may not.

    A certificate without an extension is not restricted by it. If the new one has it, it loses every usage that it does not
    list. What the current one is really used for is not known then, so the usages count that its peers check: signatures,
    or for an authority those of certificates and revocation lists, and TLS servers and clients. C(anyExtendedKeyUsage)
    says that the authority does not want to restrict the certificate, so it counts as no restriction.
    """
    lost = [CA_FLAG] if current.authority and not new.authority else []
    if new.key is not None:
        used = {"keyCertSign", "cRLSign"} if current.authority else {"digitalSignature"}
        expected = used if current.key is None else current.key
        lost += [name for name in _KEY_USAGES if name in expected - new.key]
    lost += [_name(purpose) for purpose in _lost_purposes(current, new)]
    return [LostUsage(name, _EFFECTS.get(name, _UNKNOWN_EFFECT)) for name in lost]


def _lost_purposes(current: Usage, new: Usage) -> Iterator[str]:
    if new.purposes is None or ANY_PURPOSE in new.purposes:
        return
    expected = {_SERVER, _CLIENT} if current.purposes is None else set(current.purposes)
    if ANY_PURPOSE in expected:
        expected = expected - {ANY_PURPOSE} | {_SERVER, _CLIENT}
    yield from sorted(expected - new.purposes, key=lambda purpose: [int(arc) for arc in purpose.split(".")])


def _name(purpose: str) -> str:
    """The name of a purpose in RFC 5280, or its object identifier in dotted form."""
    return _PURPOSES.get(purpose, purpose)
