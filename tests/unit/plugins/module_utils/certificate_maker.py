# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes certificates with any names, issuers and signatures, also those that the cryptography library refuses to make."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import cryptography_vectors
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate, parse_der, parse_input

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)

VECTORS = Path(cryptography_vectors.__file__).parent
"""Published certificates and files in other formats."""
PKITS = VECTORS / "x509" / "PKITS_data" / "certs"
"""The certificates of NIST's test suite for path validation."""

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


@lru_cache
def key(name: str) -> Any:
    """The private key of this name, which is always the same."""
    return ec.generate_private_key(ec.SECP256R1())


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)] if text else [])


def make_certificate(
    subject: str,
    issuer: str | None = None,
    *,
    own_key: Any = None,
    issuer_key: Any = None,
    serial: int = 1,
    end: datetime = END,
    identifiers: bool = False,
    extensions: Sequence[x509.ExtensionType] = (),
    patches: Sequence[tuple[bytes, bytes]] = (),
    **sign_options: Any,
) -> Certificate:
    """Make a certificate with these common names; without an issuer, it is self-signed.

    :arg own_key, issuer_key: by default, the keys of the two names.
    :arg identifiers: add the identifiers of both keys.
    :arg extensions: as C(usage_extensions) returns them, or any others.
    :arg patches: bytes of the signed part to replace before it is signed, by as many other bytes.
    """
    owner = own_key or key(subject)
    signer = issuer_key or (key(issuer) if issuer else owner)
    builder = (
        x509.CertificateBuilder()
        .subject_name(common_name(subject))
        .issuer_name(common_name(subject if issuer is None else issuer))
        .public_key(owner.public_key())
        .serial_number(serial)
        .not_valid_before(START)
        .not_valid_after(end)
    )
    if identifiers:
        own = x509.SubjectKeyIdentifier.from_public_key(owner.public_key())
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
        builder = builder.add_extension(own, critical=False).add_extension(authority, critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    ed25519 = not hasattr(signer, "key_size")
    certificate = builder.sign(signer, None if ed25519 else hashes.SHA256(), **sign_options)
    if not patches:
        return parse_der(certificate.public_bytes(serialization.Encoding.DER))
    tbs = certificate.tbs_certificate_bytes
    for before, after in patches:
        assert before in tbs
        assert len(before) == len(after)
        tbs = tbs.replace(before, after)
    return parse_der(sign(tbs, signer))


KEY_USAGES = {
    "digitalSignature": "digital_signature",
    "nonRepudiation": "content_commitment",
    "keyEncipherment": "key_encipherment",
    "dataEncipherment": "data_encipherment",
    "keyAgreement": "key_agreement",
    "keyCertSign": "key_cert_sign",
    "cRLSign": "crl_sign",
    "encipherOnly": "encipher_only",
    "decipherOnly": "decipher_only",
}
PURPOSES = {
    "serverAuth": "1.3.6.1.5.5.7.3.1",
    "clientAuth": "1.3.6.1.5.5.7.3.2",
    "codeSigning": "1.3.6.1.5.5.7.3.3",
    "anyExtendedKeyUsage": "2.5.29.37.0",
}


def usage_extensions(
    ca: bool | None = None, key_usage: str | None = None, purposes: str | None = None
) -> list[x509.ExtensionType]:
    """The extensions for the usage of a certificate, by the names of RFC 5280; without one for None.

    :arg purposes: names, or object identifiers in dotted form.
    """
    made: list[x509.ExtensionType] = []
    if ca is not None:
        made.append(x509.BasicConstraints(ca=ca, path_length=None))
    if key_usage is not None:
        assert set(key_usage.split()) <= set(KEY_USAGES)
        made.append(x509.KeyUsage(**{flag: name in key_usage.split() for name, flag in KEY_USAGES.items()}))
    if purposes is not None:
        made.append(x509.ExtendedKeyUsage([x509.ObjectIdentifier(PURPOSES.get(one, one)) for one in purposes.split()]))
    return made


def sign(tbs: bytes, signer: Any) -> bytes:
    """Return the DER of a certificate with this TBSCertificate."""
    signature = b"\0" + signer.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return element(0x30, tbs + _ECDSA_WITH_SHA256 + element(0x03, signature))


def element(tag: int, content: bytes) -> bytes:
    """Return a DER element."""
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(size)]) + size + content


def pem_of(*certificates: Certificate) -> bytes:
    return "".join(certificate.pem for certificate in certificates).encode()


def published(path: Path) -> Certificate:
    return parse_input(path.read_bytes()).leaf


def read_chain(*certificates: Certificate) -> Bundle:
    """Read PEM text with these certificates."""
    return parse_input(pem_of(*certificates))
