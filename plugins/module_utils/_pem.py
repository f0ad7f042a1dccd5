# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PEM text (RFC 7468): finds the certificates in it. Pure."""

from __future__ import annotations

import base64
import binascii
import re

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError
from ansible_collections.apinizer.apiops.plugins.module_utils._formats import explain_labels

_BEGIN = re.compile(rb"-----BEGIN ([A-Za-z0-9 #]+)-----")
_END = b"-----END CERTIFICATE-----"


def is_pem(data: bytes) -> bool:
    """Whether there is a PEM block in the data."""
    return _BEGIN.search(data) is not None


def certificate_blocks(data: bytes) -> list[bytes]:
    """Return the DER of each CERTIFICATE block.

    :raises CertificateError: if there is none, or if one of them is damaged.
    """
    begins = list(_BEGIN.finditer(data))
    ders: list[bytes] = []
    others = []
    for begin, following in zip(begins, [*begins[1:], None]):
        label = begin.group(1)
        if label != b"CERTIFICATE":
            others.append(label.decode("ascii"))
            continue
        body, end, _rest = data[begin.end() : following.start() if following else None].partition(_END)
        number = len(ders) + 1
        if not end:
            raise CertificateError(f"CERTIFICATE block {number} has no END line, so the text is incomplete")
        if b"\\n" in body or b"\\r" in body:
            # Environment variables and JSON that was not parsed often contain them.
            raise CertificateError(
                f"CERTIFICATE block {number} contains the two characters \\n instead of line breaks. Replace them, for "
                "example with the filter replace('\\\\n', '\\n')"
            )
        try:
            ders.append(base64.b64decode(b"".join(body.split()), validate=True))
        except binascii.Error as exc:
            raise CertificateError(
                f"CERTIFICATE block {number} is not valid base64, so the text is damaged or incomplete"
            ) from exc
    if not ders:
        raise CertificateError(explain_labels(others))
    return ders
