# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse an uploaded certificate file as strictly as the real manager does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")


class UnusableFile(ValueError):
    """The file is not a certificate."""


class PrivateKeyFound(ValueError):
    """The file contains a private key, which must never be uploaded as a certificate."""


@dataclass(frozen=True)
class Upload:
    """The content of a file: its PEM text, and its first certificate (the leaf) as DER."""

    pem: str
    der: bytes

    def leaf_only(self) -> Upload:
        """Return the upload without its chain and without any other text."""
        return Upload(pem_of(self.der), self.der)


def pem_of(der: bytes) -> str:
    """Return the PEM text of one certificate."""
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode()


def read_pem(content: bytes) -> Upload:
    """Parse PEM. Raises UnusableFile if a block is invalid, and PrivateKeyFound if one is a private key."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UnusableFile("not text") from error
    if _PRIVATE_KEY.search(text):
        raise PrivateKeyFound("contains a private key")
    try:
        chain = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise UnusableFile("not PEM") from error
    return Upload(text, chain[0].public_bytes(Encoding.DER))


def read_pem_or_der(content: bytes) -> Upload:
    """Parse DER or PEM. Raises the same exceptions as `read_pem`."""
    try:
        certificate = x509.load_der_x509_certificate(content)
    except ValueError:
        return read_pem(content)
    return Upload(certificate.public_bytes(Encoding.PEM).decode(), content)
