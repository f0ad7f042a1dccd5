# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same files always give the same artifact."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[3] / "tools"
CONTENTS = {"README.md": b"# Read me\n", "plugins/modules/one.py": b"#!/usr/bin/python\n"}

Reproducible = Callable[[bytes, int], bytes]


@pytest.fixture
def reproducible(monkeypatch: pytest.MonkeyPatch) -> Reproducible:
    monkeypatch.syspath_prepend(str(TOOLS))
    made: Reproducible = importlib.import_module("artifact").reproducible
    return made


def _built(order: Sequence[str], *, time: int, user: str) -> bytes:
    """Build an artifact as ansible-galaxy does, with the files in an order that depends on the file system."""
    entries = [
        {
            "name": name,
            "ftype": "file",
            "chksum_type": "sha256",
            "chksum_sha256": hashlib.sha256(CONTENTS[name]).hexdigest(),
        }
        for name in order
    ]
    files = json.dumps({"files": [{"name": ".", "ftype": "dir"}, *entries], "format": 1}).encode()
    manifest = {"file_manifest_file": {"name": "FILES.json", "chksum_sha256": hashlib.sha256(files).hexdigest()}}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in (
            ("MANIFEST.json", json.dumps(manifest).encode()),
            ("FILES.json", files),
            *((name, CONTENTS[name]) for name in order),
        ):
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.uname = len(content), time, user
            tar.addfile(member, io.BytesIO(content))
    return archive.getvalue()


def test_order_time_and_owner_of_the_files_do_not_matter(reproducible: Reproducible) -> None:
    first = _built(list(CONTENTS), time=1_700_000_000, user="root")
    second = _built(list(reversed(CONTENTS)), time=1_800_000_000, user="runner")
    assert first != second

    assert reproducible(first, 1_750_000_000) == reproducible(second, 1_750_000_000)


def test_contents_and_checksums_are_kept(reproducible: Reproducible) -> None:
    made = reproducible(_built(list(reversed(CONTENTS)), time=1_800_000_000, user="root"), 1_750_000_000)

    with tarfile.open(fileobj=io.BytesIO(made)) as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
        assert {member.mtime for member in tar.getmembers()} == {1_750_000_000}
    assert {name: found[name] for name in CONTENTS} == CONTENTS
    manifest, files = json.loads(found["MANIFEST.json"]), json.loads(found["FILES.json"])
    assert manifest["file_manifest_file"]["chksum_sha256"] == hashlib.sha256(found["FILES.json"]).hexdigest()
    for entry in files["files"][1:]:
        assert entry["chksum_sha256"] == hashlib.sha256(found[entry["name"]]).hexdigest()
