# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the ZIP archive of a truststore in memory. Pure.

The archive has one file for each trusted certificate, C(<alias>.cer) (vendor: Export Truststore File).
"""

from __future__ import annotations

import base64
import io
import lzma
import typing as t
import zipfile
import zlib

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ShapeError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import parse_stored

# A truststore with all public certificate authorities has about 150 files of 2 KiB.
_MOST_FILES = 20_000
_LARGEST_FILE = 1024 * 1024
_LARGEST_TOTAL = 32 * 1024 * 1024
_SUFFIX = ".cer"
# What zipfile raises for an archive that is damaged, encrypted, or compressed in an unknown way.
_UNREADABLE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError),
    *(RuntimeError, NotImplementedError),
)


def is_archive(data: bytes) -> bool:
    """Whether bytes look like a ZIP archive; an empty one has no local file header (APPNOTE.TXT, section 4.3)."""
    return data[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def truststore_entries(environment: str, data: bytes) -> tuple[Entry, ...]:
    """Return the trusted certificates of an archive. Of a file that is not a certificate, only the alias is known.

    :raises ShapeError: if the archive cannot be read, or is larger than a truststore can be.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = [file for file in archive.infolist() if file.filename.lower().endswith(_SUFFIX)]
            if len(files) > _MOST_FILES:
                raise ShapeError(f"the archive has {len(files)} files, more than {_MOST_FILES}")
            return tuple(_entries(environment, archive, files))
    except _UNREADABLE as exc:
        if isinstance(exc, ShapeError):
            raise
        raise ShapeError("the ZIP archive is damaged or encrypted") from exc


def _entries(environment: str, archive: zipfile.ZipFile, files: list[zipfile.ZipInfo]) -> t.Iterator[Entry]:
    total = 0
    for file in files:
        with archive.open(file) as opened:
            # The sizes that the archive itself states can be wrong.
            data = opened.read(_LARGEST_FILE + 1)
        total += len(data)
        if len(data) > _LARGEST_FILE or total > _LARGEST_TOTAL:
            raise ShapeError("the ZIP archive is too large when unpacked")
        text = data.decode("latin-1") if data.lstrip().startswith(b"-----") else base64.b64encode(data).decode("ascii")
        yield Entry(environment, file.filename[: -len(_SUFFIX)], parse_stored(text) if data else None)
