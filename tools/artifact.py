# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Build the artifact for Galaxy so that the same commit always gives the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from pathlib import Path

import project


def build() -> Path:
    """Build the artifact in dist from the files of the project, and return its path."""
    for old in project.DIST.glob("*.tar.gz"):
        old.unlink()
    artifact = _build(project.copy_tree("build"), project.DIST)
    artifact.write_bytes(reproducible(artifact.read_bytes(), _commit_time()))
    return artifact


def unpacked(user: str) -> Path:
    """Return a folder with the files of the artifact, as they are when it is installed.

    :arg user: the part that uses the folder; parts that run in parallel need separate ones.
    """
    tree = project.copy_tree(user)
    with tempfile.TemporaryDirectory() as folder:
        archive = _build(tree, Path(folder))
        shutil.rmtree(tree)
        with tarfile.open(archive) as built:
            built.extractall(tree, filter="data")
    return tree


def _build(tree: Path, folder: Path) -> Path:
    """Build the artifact of a copy of the project in a folder that has none yet, and return its path."""
    project.run(project.BIN / "ansible-galaxy", "collection", "build", "--output-path", folder, tree)
    (archive,) = folder.glob("*.tar.gz")
    return archive


def reproducible(archive: bytes, time: int) -> bytes:
    """Return the artifact with everything sorted, and nothing that depends on when and where it was built.

    ansible-galaxy lists the files in the order of the file system.

    :arg time: the time of all files, in seconds since 1970 (see reproducible-builds.org, SOURCE_DATE_EPOCH).
    """
    with tarfile.open(fileobj=io.BytesIO(archive)) as built:
        members = {member.name: member for member in built.getmembers()}
        contents = {name: file.read() for name, one in members.items() if (file := built.extractfile(one))}
    files = json.loads(contents["FILES.json"])
    files["files"].sort(key=lambda one: one["name"])
    contents["FILES.json"] = _json(files)
    manifest = json.loads(contents["MANIFEST.json"])
    manifest["file_manifest_file"]["chksum_sha256"] = hashlib.sha256(contents["FILES.json"]).hexdigest()
    contents["MANIFEST.json"] = _json(manifest)
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, member in sorted(members.items()):
            content = contents.get(name)
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime, entry.size = member.type, member.mode, time, len(content or b"")
            tar.addfile(entry, io.BytesIO(content) if content is not None else None)
    return gzip.compress(made.getvalue(), mtime=0)


def _json(value: object) -> bytes:
    return json.dumps(value, indent=4).encode()


def _commit_time() -> int:
    """Return the time of the newest commit; 0 outside a repository."""
    if not (project.ROOT / ".git").exists():
        return 0
    return int(project.output("git", "-C", project.ROOT, "log", "-1", "--format=%ct"))
