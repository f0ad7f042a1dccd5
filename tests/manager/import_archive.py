# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the ZIP archive of an export that is uploaded to import-file (vendor: import-certificate-file)."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping

from .errors import ApiError, Problem
from .pem import Upload, read_pem_or_der

_SUFFIX = ".cer"


def is_archive(content: bytes) -> bool:
    """Whether an uploaded file is a ZIP archive."""
    return zipfile.is_zipfile(io.BytesIO(content))


def read_mapping(text: str) -> dict[str, str]:
    """Parse `environmentMapping`: a JSON object of environment names. Raises ApiError."""
    try:
        mapping = json.loads(text or "{}")
    except ValueError as error:
        raise ApiError(Problem.VALUE_INVALID, "environmentMapping") from error
    if not isinstance(mapping, dict) or not all(isinstance(value, str) for value in mapping.values()):
        raise ApiError(Problem.VALUE_INVALID, "environmentMapping")
    return mapping


def read_archive(content: bytes, name: str, mapping: Mapping[str, str]) -> tuple[dict[str, Upload], list[str]]:
    """Return the certificate of each environment, and the reasons for which others are omitted.

    An entry is named `<certificateName>-<environmentName>.cer`. The mapping gives an environment of the archive another
    name; an empty one leaves it out. Raises ApiError if nothing remains, and the exceptions of `read_pem`.
    """
    uploads: dict[str, Upload] = {}
    left_out = []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.namelist():
            source = entry.removeprefix(f"{name}-").removesuffix(_SUFFIX)
            if entry != f"{name}-{source}{_SUFFIX}" or not source:
                left_out.append(
                    f"Archive entry ({entry}) does not name an environment of certificate ({name}) and was not imported."
                )
            elif not mapping.get(source, source):
                left_out.append(f"Environment ({source}) was deliberately left out by the caller's mapping.")
            else:
                uploads[mapping.get(source, source)] = read_pem_or_der(archive.read(entry))
    if not uploads:
        raise ApiError(Problem.ARCHIVE_EMPTY, name)
    return uploads, left_out
