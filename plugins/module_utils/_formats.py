# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What input without a certificate is instead, and what its user can do about it. Pure.

A certificate travels in many formats, and files of most of them have similar names. Each message names the format and
the command that converts it.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import re
import typing as t
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError

HOLDS_PRIVATE_KEY = "contains a private key. Provide only the certificate; the key was not sent anywhere"
_NEITHER = "contains no certificate: it is neither PEM (there is no '-----BEGIN CERTIFICATE-----') nor a single DER certificate"

_PRIVATE_KEY = re.compile(rb"begin [a-z0-9 ]*private key|putty-user-key-file")
"""For lower-case text: a case-insensitive pattern takes ten times as long."""
_BEGIN = "-----BEGIN "

_REQUEST_REMEDY = "Provide the certificate that the certificate authority issues for it"
_PUBLIC_KEY_REMEDY = "Provide the certificate that was issued for it"
_PKCS7_REMEDY = "Convert it with: openssl pkcs7 -inform {form} -in new.p7b -print_certs -out new.pem"

_REMEDIES_BY_LABEL = {
    "CERTIFICATE REQUEST": _REQUEST_REMEDY,
    "NEW CERTIFICATE REQUEST": _REQUEST_REMEDY,
    "PUBLIC KEY": _PUBLIC_KEY_REMEDY,
    "RSA PUBLIC KEY": _PUBLIC_KEY_REMEDY,
    "PKCS7": _PKCS7_REMEDY.format(form="PEM"),
    "PKCS #7 SIGNED DATA": _PKCS7_REMEDY.format(form="PEM"),
    "TRUSTED CERTIFICATE": "Convert it with: openssl x509 -in new.crt -out new.pem",
}
"""What to do with PEM text whose blocks have these labels."""


@dataclass(frozen=True)
class _Format:
    name: str
    remedy: str


_PKCS12 = _Format("a PKCS #12 file (.p12, .pfx)", "Convert it with: openssl pkcs12 -in new.p12 -nokeys -out new.pem")
_PKCS7 = _Format("a PKCS #7 file (.p7b, .p7c)", _PKCS7_REMEDY.format(form="DER"))
_REQUEST = _Format("a certificate request (CSR)", _REQUEST_REMEDY)
_PUBLIC_KEY = _Format("a public key", _PUBLIC_KEY_REMEDY)

# The DER inside the outermost SEQUENCE.
_STARTS_PKCS12 = b"\x02\x01\x03\x30"
"""The version 3 and a SEQUENCE (RFC 7292, section 4)."""
_STARTS_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
"""The object identifier of signed data (RFC 5652, section 5.1)."""
_STARTS_PRIVATE_KEY = re.compile(
    rb"\x02\x01[\x00\x01]\x30"  # PKCS #8 (RFC 5958, section 2)
    rb"|\x02\x01\x00\x02"  # RSA (RFC 8017, appendix A.1.2)
    rb"|\x02\x01\x01\x04"  # elliptic curves (RFC 5915, section 3)
    rb"|\x30.\x06.\x2a\x86\x48\x86\xf7\x0d\x01(\x05|\x0c)",  # encrypted (RFC 5958, section 3)
    re.DOTALL,
)


def has_private_key(data: bytes) -> bool:
    """Whether there is a private key anywhere in a text."""
    return _PRIVATE_KEY.search(data.lower()) is not None


def explain_labels(labels: t.Iterable[str]) -> str:
    """Return the message about PEM text with blocks of these labels and no certificate."""
    distinct = list(dict.fromkeys(labels))
    remedies = dict.fromkeys(_REMEDIES_BY_LABEL[label] for label in distinct if label in _REMEDIES_BY_LABEL)
    return ". ".join(["contains no certificate, only: " + ", ".join(distinct), *remedies])


def explain_block(der: bytes, number: int) -> str | None:
    """Return the message about a CERTIFICATE block that contains something else, or None if that is unknown.

    :raises PrivateKeyError: if it contains a private key.
    """
    found = _recognize(der)
    return f"CERTIFICATE block {number} contains {found.name} instead of a certificate" if found else None


def explain(data: bytes) -> CertificateError:
    """Return the error that says what data is that is neither PEM nor a DER certificate.

    :raises PrivateKeyError: if there is a private key in it.
    """
    encoding, text = _utf_16(data)
    if encoding:
        if has_private_key(text.encode("utf-8", "replace")):
            raise PrivateKeyError(HOLDS_PRIVATE_KEY)
        return CertificateError(
            f"is text in {encoding}. Save it in UTF-8, for example with: "
            f"iconv -f {encoding} -t UTF-8 new.pem > new-utf-8.pem"
        )
    if found := _recognize(data):
        return CertificateError(f"is {found.name}. {found.remedy}")
    return CertificateError(_explain_base64(data) or _NEITHER)


def _utf_16(data: bytes) -> tuple[str, str]:
    """Return the encoding and the text of UTF-16; both are empty for other data."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16", data.decode("utf-16", "replace")
    at = data.find(_BEGIN.encode("utf-16-le")[:-1])
    if at < 0:
        return "", ""
    # The bytes of a character of ASCII are a zero and the character, in either order.
    encoding = "UTF-16BE" if at % 2 else "UTF-16LE"
    return encoding, data.decode(encoding, "replace")


def _explain_base64(data: bytes) -> str | None:
    try:
        decoded = base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        return None
    if has_private_key(decoded):
        raise PrivateKeyError(HOLDS_PRIVATE_KEY)
    if _BEGIN.encode() in decoded:
        return "is PEM text that is encoded in base64 once more. Decode it first, for example with the filter b64decode"
    if _is_certificate(decoded):
        return (
            "is base64 without the lines around it. Add the line '-----BEGIN CERTIFICATE-----' before it and the line "
            "'-----END CERTIFICATE-----' after it"
        )
    found = _recognize(decoded)
    return f"is the base64 of {found.name}. Decode it first. {found.remedy}" if found else None


def _recognize(der: bytes) -> _Format | None:
    """Return the format of DER data that is not a certificate.

    :raises PrivateKeyError: if it is a private key.
    """
    start = _inside_sequence(der)
    if _STARTS_PRIVATE_KEY.match(start):
        raise PrivateKeyError(HOLDS_PRIVATE_KEY)
    if start.startswith(_STARTS_PKCS12):
        return _PKCS12
    if start.startswith(_STARTS_PKCS7):
        return _PKCS7
    if not start:
        return None
    return _REQUEST if _is_request(der) else _PUBLIC_KEY if _is_public_key(der) else None


def _inside_sequence(der: bytes) -> bytes:
    """Return how the content of a SEQUENCE starts, whose length may be indefinite; empty for other data."""
    if der[:1] != b"\x30" or len(der) < 2:
        return b""
    at = 2 + (der[1] & 0x7F if der[1] > 0x80 else 0)
    return der[at : at + 32]


def _is_certificate(der: bytes) -> bool:
    from cryptography import x509

    return _loads(lambda: x509.load_der_x509_certificate(der))


def _is_request(der: bytes) -> bool:
    from cryptography import x509

    return _loads(lambda: x509.load_der_x509_csr(der))


def _is_public_key(der: bytes) -> bool:
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    return _loads(lambda: load_der_public_key(der))


def _loads(load: t.Callable[[], object]) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import InvalidVersion

    try:
        load()
    except (ValueError, TypeError, UnsupportedAlgorithm, InvalidVersion):
        return False
    return True
