# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import SavedEnvironment
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.saved_files import read_saved
from unit.plugins.plugin_utils._rotation.run_builder import NEW, OLD, issued

FILE = "web.pem"


def saved(text: str = OLD.pem, *, old_format: bool = False) -> SavedEnvironment:
    digest = None if old_format else hashlib.sha256(text.encode()).hexdigest()
    return SavedEnvironment("production", "web-alias", None, OLD.leaf.fingerprint_sha256, FILE, digest)


def problem(folder: Path, expected: SavedEnvironment) -> str:
    with pytest.raises(FileProblem) as raised:
        read_saved(ControllerFiles("/"), str(folder), expected)
    return str(raised.value)


@pytest.mark.parametrize("old_format", [False, True])
def test_an_unchanged_file_is_read(tmp_path: Path, old_format: bool) -> None:
    (tmp_path / FILE).write_text(OLD.pem)

    assert read_saved(ControllerFiles("/"), str(tmp_path), saved(old_format=old_format)) == OLD


def test_a_certificate_that_the_manager_did_not_return_has_no_file(tmp_path: Path) -> None:
    expected = SavedEnvironment("production", None, None, None, None, None)

    assert read_saved(ControllerFiles("/"), str(tmp_path), expected) is None


@pytest.mark.parametrize("old_format", [False, True])
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (OLD.pem + issued(days=20).key_pem, "contains a private key, which no backup contains"),
        (issued(days=20).key_pem, "contains a private key, which no backup contains"),
        ("password: s3cret\n" + OLD.pem, "contains something other than certificates"),
        (OLD.pem + "password: s3cret\n", "contains something other than certificates"),
        ("password: s3cret\n", "contains something other than certificates"),
        ("", "contains something other than certificates"),
        (OLD.pem + "ü", "contains something other than certificates"),
        (OLD.pem.replace("CERTIFICATE", "PUBLIC KEY"), "contains something other than certificates"),
    ],
)
def test_a_file_with_anything_but_certificates_is_refused_without_quoting_it(
    tmp_path: Path, text: str, reason: str, old_format: bool
) -> None:
    (tmp_path / FILE).write_text(text)

    assert problem(tmp_path, saved(old_format=old_format)) == f"{tmp_path / FILE} {reason}"


@pytest.mark.parametrize(
    ("text", "old_format", "reason"),
    [
        (NEW.pem, False, "has changed since the backup: its SHA-256 is not the one in manifest.json"),
        (OLD.pem + "\n", False, "has changed since the backup: its SHA-256 is not the one in manifest.json"),
        (NEW.pem, True, "contains another certificate than manifest.json says"),
        (NEW.pem + OLD.pem, True, "contains another certificate than manifest.json says"),
    ],
)
def test_a_file_that_was_changed_is_refused(tmp_path: Path, text: str, old_format: bool, reason: str) -> None:
    (tmp_path / FILE).write_text(text)

    assert problem(tmp_path, saved(old_format=old_format)) == f"{tmp_path / FILE} {reason}"


def test_another_certificate_with_its_own_digest_is_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(NEW.pem)

    assert problem(tmp_path, saved(NEW.pem)).endswith("contains another certificate than manifest.json says")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert problem(tmp_path, saved()) == f"{tmp_path / FILE} cannot be read: No such file or directory"


@pytest.mark.parametrize("kind", ["symbolic link", "link to itself", "hard link", "folder", "pipe", "large"])
def test_only_a_regular_file_of_the_folder_is_read(tmp_path: Path, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    other, file = tmp_path / "elsewhere" / "other.pem", tmp_path / FILE
    other.write_text(OLD.pem)
    reasons = {
        "symbolic link": "is a symbolic link, not a file",
        "link to itself": "is a symbolic link, not a file",
        "hard link": "is a hard link: the same file has 2 names",
        "folder": "cannot be read: Is a directory",
        "pipe": "is not a regular file",
        "large": "is larger than 1 MiB",
    }
    make = {
        "symbolic link": lambda: file.symlink_to(other),
        "link to itself": lambda: file.symlink_to(file),
        "hard link": lambda: os.link(other, file),
        "folder": file.mkdir,
        "pipe": lambda: os.mkfifo(file),
        "large": lambda: file.write_bytes(b" " * (1024 * 1024 + 1)),
    }
    make[kind]()

    assert problem(tmp_path, saved()) == f"{file} {reasons[kind]}"


def test_a_variable_in_a_file_name_is_not_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / FILE).write_text(OLD.pem)
    monkeypatch.setenv("WHERE", f"{tmp_path}/elsewhere")
    expected = SavedEnvironment("production", None, None, OLD.leaf.fingerprint_sha256, "$WHERE", None)

    assert problem(tmp_path / "elsewhere" / "..", expected).endswith("cannot be read: No such file or directory")
