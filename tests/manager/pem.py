# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an uploaded certificate file as strictly as the manager does."""

from __future__ import annotations

import re
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")


class UnusableFile(ValueError):
    """The file is no certificate."""


class HoldsPrivateKey(ValueError):
    """The file holds a private key, which must never be uploaded as a certificate."""


@dataclass(frozen=True)
class Upload:
    """What a file holds: its PEM text, with the first certificate (the leaf) as DER."""

    pem: str
    der: bytes

    def leaf_only(self) -> Upload:
        """The same without the chain and without whatever else the text says."""
        leaf = x509.load_der_x509_certificate(self.der)
        return Upload(leaf.public_bytes(Encoding.PEM).decode(), self.der)


def read_pem(content: bytes) -> Upload:
    """Read PEM. Raises UnusableFile unless every block parses, HoldsPrivateKey if one is a private key."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UnusableFile("not text") from error
    if _PRIVATE_KEY.search(text):
        raise HoldsPrivateKey("holds a private key")
    try:
        chain = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise UnusableFile("not PEM") from error
    return Upload(text, chain[0].public_bytes(Encoding.DER))


def read_pem_or_der(content: bytes) -> Upload:
    """Read DER, or else PEM. Raises like read_pem."""
    try:
        certificate = x509.load_der_x509_certificate(content)
    except ValueError:
        return read_pem(content)
    return Upload(certificate.public_bytes(Encoding.PEM).decode(), content)
