# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the files of a backup, which may have been changed since. No message repeats anything from a file."""

from __future__ import annotations

import hashlib
import os
import re

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import CertificateError, PrivateKeyError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_input, parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import MANIFEST, SavedEnvironment

LARGEST_FILE = 1024 * 1024
"""Bytes. Real chains are about ten kilobytes."""

_ONLY_CERTIFICATES = re.compile(rb"\s*(?:-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*)+")


def read_saved(files: Files, folder: str, saved: SavedEnvironment) -> Bundle | None:
    """Read the certificate of an environment, and compare it with the manifest.

    :returns: None where the manager did not return the certificate when the backup was made.
    :raises FileProblem: where the file is not the one that the backup wrote.
    """
    if saved.file is None:
        return None
    path = os.path.join(folder, saved.file)
    data = files.read_own(path, LARGEST_FILE)
    try:
        parse_input(data)
    except PrivateKeyError:
        raise FileProblem(f"{path} contains a private key, which no backup contains") from None
    except CertificateError:
        pass  # A manager may hold a certificate that this library does not parse.
    if not _ONLY_CERTIFICATES.fullmatch(data):
        raise FileProblem(f"{path} contains something other than certificates")
    if saved.sha256 is not None and hashlib.sha256(data).hexdigest() != saved.sha256:
        raise FileProblem(f"{path} has changed since the backup: its SHA-256 is not the one in {MANIFEST}")
    bundle = parse_stored(data.decode("ascii"))
    if bundle is None or saved.fingerprint_sha256 not in (None, bundle.leaf.fingerprint_sha256):
        raise FileProblem(f"{path} contains another certificate than {MANIFEST} says")
    return bundle
