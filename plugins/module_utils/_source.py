# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the certificate of a task from a file or from text. Every error names the option."""

from __future__ import annotations

import os
import stat
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    CertificateError,
    InputError,
    PrivateKeyError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import (
    Bundle,
    check_validity,
    encode_text,
    parse_input,
    parse_stored,
)

# Bytes. Real chains are about ten kilobytes.
_LARGEST = 1024 * 1024
_EXPECTED = {"path": "a PEM or DER file", "content": "the text of a PEM file"}

PEM_AS_PATH = "contains the text of a certificate instead of the path of a file; use content for the text"
"""The message about a path for which C(is_text) is true. It does not show the path, which may contain a private key."""


def read_certificate(
    path: str | None, content: str | None, *, now: datetime, allow_expired: bool, validate_chain: bool = True
) -> Bundle | None:
    """Read the certificate from C(path) or C(content). Return None if neither is set.

    :arg now: the time to check the validity period against.
    :arg allow_expired: accept a certificate outside its validity period.
    :arg validate_chain: whether the issuers must be those of the certificate. A manager may hold a chain that is wrong.
    :raises InputError: if there is no certificate that can be deployed. The message never repeats any of the content.
    """
    for option, given in (("path", path), ("content", content)):
        if given == "":
            raise InputError(option, f"is empty; set it to {_EXPECTED[option]}, or omit the option")
    try:
        if path is not None:
            bundle = _parse(read_file(path), validate_chain=validate_chain)
        elif content is not None:
            bundle = _parse(encode_text(content), validate_chain=validate_chain)
        else:
            return None
        if not allow_expired:
            check_validity(bundle.leaf, now)
    except CertificateError as exc:
        option, where = ("content", "") if path is None else ("path", f"{path}: ")
        raise InputError(option, f"{where}{exc}") from exc
    return bundle


def _parse(data: bytes, *, validate_chain: bool) -> Bundle:
    try:
        return parse_input(data)
    except PrivateKeyError:
        raise
    except CertificateError:
        stored = None if validate_chain else parse_stored(data.decode("latin-1"))
        if stored is None:
            raise
        return stored


def read_file(path: str) -> bytes:
    """Read a regular file.

    :raises InputError: if it cannot be read, or is too large for a certificate.
    """
    if not path:
        raise InputError("path", "is empty; it must be the path of a file")
    if is_text(path):
        raise InputError("path", PEM_AS_PATH)
    shown = _with_absolute(path)
    try:
        # Reading from a pipe or a device could block forever.
        if not stat.S_ISREG(os.stat(path).st_mode):
            kind = "a directory" if os.path.isdir(path) else "not a regular file"
            raise InputError("path", f"{shown} is {kind}; use a PEM or DER file")
        with open(path, "rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or str(exc)
        raise InputError("path", f"{shown} cannot be read on the host that runs the module: {reason}") from exc
    if len(data) > _LARGEST:
        raise InputError("path", f"{shown} is larger than 1 MiB, which is too large for a certificate with its issuers")
    return data


def _with_absolute(path: str) -> str:
    """The path, and where it leads: the folder in which a relative path starts depends on where the module runs."""
    try:
        absolute = os.path.abspath(path)
    except OSError:  # the current folder no longer exists
        return path
    return path if os.path.isabs(path) else f"{path} ({absolute})"


def is_text(path: str) -> bool:
    """Whether a path is the text of a certificate or of a key rather than the path of a file."""
    return "-----BEGIN " in path
