# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that a task gives, from a file or from text, with the option named in every error."""

from __future__ import annotations

import os
import stat
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    CertificateError,
    check_validity,
    parse_input,
)

# The longest chain in the field is some ten kilobytes.
_LARGEST = 1024 * 1024


def read_certificate(path: str | None, content: str | None, *, now: datetime, allow_expired: bool) -> Bundle | None:
    """The certificate of C(path) or C(content); None where neither is given.

    :raises InputError: where it is no certificate to deploy; no part of it is repeated.
    """
    if path is not None:
        option, where, data = "path", f"{path}: ", read_file(path)
    elif content is not None:
        option, where, data = "content", "", content.encode("utf-8", "surrogateescape")
    else:
        return None
    try:
        bundle = parse_input(data)
        if not allow_expired:
            check_validity(bundle.leaf, now)
    except CertificateError as exc:
        raise InputError(option, f"{where}{exc}") from exc
    return bundle


def read_file(path: str) -> bytes:
    """What a regular file holds.

    :raises InputError: where it cannot be read, or is too large to be a certificate.
    """
    try:
        # A pipe or a device would make the task hang or never end.
        if not stat.S_ISREG(os.stat(path).st_mode):
            what = "a directory" if os.path.isdir(path) else "no regular file"
            raise InputError("path", f"{path} is {what}; give a PEM or DER file")
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InputError("path", f"{path} cannot be read on the host that runs the module: {reason}") from exc
    if len(data) > _LARGEST:
        raise InputError("path", f"{path} is larger than 1 MiB, which no certificate with its issuers is")
    return data
