# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Get the collection awx.awx, so that tasks can be checked against its modules. Prints the folder that holds it."""

from __future__ import annotations

import tempfile
import zipfile
from pathlib import Path

import project

PACKAGE = "ansible==11.13.0"
"""The package that brings awx.awx 24.6.1. Galaxy, where the collection lives, need not be reachable."""

PLACE = Path("ansible_collections", "awx", "awx")


def fetch() -> Path:
    """Return a folder in which Ansible finds awx.awx. It is downloaded unless it is there already."""
    folder = project.CACHE / "awx" / PACKAGE
    if not (folder / PLACE).is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            _download(Path(scratch))
            # Two that do this at the same time have the same result: the second finds the place taken.
            try:
                (Path(scratch) / "unpacked").rename(folder)
            except OSError:
                if not (folder / PLACE).is_dir():
                    raise
    return folder


def _download(scratch: Path) -> None:
    """Download the package, and unpack the part that is wanted into the folder "unpacked"."""
    pip = (project.BIN / "python", "-m", "pip", "--disable-pip-version-check", "--quiet")
    project.run(*pip, "download", "--no-deps", "--only-binary", ":all:", "--dest", scratch, PACKAGE)
    (wheel,) = scratch.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if Path(name).is_relative_to(PLACE)]
        archive.extractall(scratch / "unpacked", wanted)


if __name__ == "__main__":
    print(fetch())
