# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""X.509 certificates: bytes in, values out. Pure: no files, no network, no Ansible.

The front of the files about certificates: other files import everything about them from here.
"""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache

from ansible_collections.apinizer.apiops.plugins.module_utils._certificate import (
    Bundle,
    Certificate,
    check_validity,
    iso,
    parse_der,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._chain import order_chain
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError
from ansible_collections.apinizer.apiops.plugins.module_utils._formats import (
    HOLDS_PRIVATE_KEY,
    explain,
    explain_block,
    has_private_key,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._identifiers import covering_wildcard, subject_names
from ansible_collections.apinizer.apiops.plugins.module_utils._pem import certificate_blocks, is_pem
from ansible_collections.apinizer.apiops.plugins.module_utils._trust import trust_problem
from ansible_collections.apinizer.apiops.plugins.module_utils._usage import LostUsage, Usage, lost_usages, usage_of

__all__ = [
    "Bundle",
    "Certificate",
    "LostUsage",
    "Usage",
    "check_validity",
    "covering_wildcard",
    "iso",
    "lost_usages",
    "parse_certificates",
    "parse_der",
    "parse_input",
    "parse_stored",
    "parse_text",
    "subject_names",
    "trust_problem",
    "usage_of",
]


def parse_input(data: bytes) -> Bundle:
    """Parse the input of a user: a DER certificate, or text with PEM certificates.

    Text around the PEM blocks, CRLF line ends, a missing final newline, other kinds of blocks, and repeated certificates
    are accepted. Several certificates must be one certificate and its issuers, in any order, and the signatures must
    verify.

    :raises PrivateKeyError: if there is a private key anywhere in the input.
    :raises CertificateError: if the input is not one certificate with its issuers for any other reason.
    """
    return order_chain(parse_certificates(data))


def parse_certificates(data: bytes) -> list[Certificate]:
    """Parse the same input as C(parse_input), whose certificates may be unrelated, such as trust anchors.

    :returns: the certificates in the order of the input, each once.
    :raises PrivateKeyError, CertificateError: as C(parse_input), but not for what the certificates have to do with each other.
    """
    if not data.strip():
        raise CertificateError("is empty")
    if has_private_key(data):
        raise PrivateKeyError(HOLDS_PRIVATE_KEY)
    if not is_pem(data):
        return [_parse_der_input(data)]
    certificates: dict[bytes, Certificate] = {}
    for number, der in enumerate(certificate_blocks(data), start=1):
        try:
            certificates[der] = parse_der(der)
        except CertificateError as exc:
            raise CertificateError(explain_block(der, number) or f"CERTIFICATE block {number} is {exc}") from exc
    return list(certificates.values())


def parse_text(text: str) -> Bundle:
    """Parse the input of a user that arrives as text. See C(parse_input) for the errors."""
    return parse_input(encode_text(text))


def encode_text(text: str) -> bytes:
    """Return the bytes of a text. Ansible decodes files with C(surrogateescape), so even a DER certificate may be text."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # other surrogates, which JSON can contain
        return text.encode("utf-8", "replace")


def _parse_der_input(data: bytes) -> Certificate:
    try:
        return parse_der(data)
    except CertificateError as exc:
        raise explain(data) from exc


@lru_cache(maxsize=16)
def parse_stored(content: str) -> Bundle | None:
    """Parse what a manager returns as C(base64EncodedContent).

    That is base64 of the DER (2025 and newer), or base64 of a whole PEM text (2024.09); PEM without base64 is accepted
    as well. The result is cached, because most environments of a list hold the same certificate.

    :returns: the bundle, or None if there is no certificate. Of a certificate that does not parse, only the fingerprints
        are known. A chain whose signatures do not verify is read as well, because the manager holds it.
    """
    text = content.encode("utf-8", "replace")
    if not is_pem(text):
        try:
            text = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            return None
    if not text:
        return None
    ders = [text]
    if is_pem(text):
        try:
            ders = certificate_blocks(text)
        except CertificateError:
            return None
    certificates = [_parse_if_possible(der) for der in dict.fromkeys(ders)]
    for verify in (True, False):
        try:
            return order_chain(certificates, verify=verify)
        except CertificateError:
            pass
    return Bundle(certificates[0], tuple(certificates[1:]))


def _parse_if_possible(der: bytes) -> Certificate:
    try:
        return parse_der(der)
    except CertificateError:
        return Certificate(der)
