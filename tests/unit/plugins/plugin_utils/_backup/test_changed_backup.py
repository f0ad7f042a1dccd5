# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that someone has changed: each is refused before any request, in one line that names what is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore import RESTORE_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles, FakeTask
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    NAME,
    PROD,
    PROJECT,
    STAGE,
    RunBuilder,
    bundle,
    holding,
    issued,
)

SAVED, OTHER = bundle(days=30_000), bundle(days=30_001)
FILE = f"{PROJECT},{NAME},{STAGE}.pem"
HIDDEN = "hidden-text"
Change = Callable[[Path], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a backup of one certificate in three environments."""
    files = FakeFiles()
    folder = tmp_path / "backup"
    folder.mkdir()
    run = RunBuilder(
        holding(dict.fromkeys([DEV, PROD, STAGE], SAVED)), desired=DesiredCertificate(PROJECT, NAME, path="new.pem")
    )
    write_backup(run.build(), files, str(folder))
    for path, data in files.contents.items():
        Path(path).write_bytes(data)
    return folder


def refusal(folder: Path, manager: str = FakeTask.manager_url) -> str:
    """The message of a restore that is refused. It has no access to a manager, so it cannot send a request."""
    task: Any = FakeTask(folder.parent, None, ControllerFiles("/"), {})
    task.manager_url = manager
    with pytest.raises(SettingError) as raised:
        RESTORE_PHASES["restore_plan"](task, settings={"dir": str(folder)})
    message = str(raised.value)
    assert message.startswith("certificate_restore_dir: ")
    assert message.isprintable()
    assert HIDDEN not in message
    return message


def text(old: str, new: str) -> Change:
    """Replace text in the manifest."""

    def change(folder: Path) -> None:
        manifest = folder / "manifest.json"
        before = manifest.read_text(encoding="utf-8")
        assert old in before
        manifest.write_text(before.replace(old, new), encoding="utf-8")

    return change


def data(changed: Callable[[bytes], bytes], name: str = FILE) -> Change:
    """Change the bytes of a file."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(changed((folder / name).read_bytes()))

    return change


def manifest(changed: Callable[[bytes], bytes]) -> Change:
    return data(changed, "manifest.json")


def values(**changes: Any) -> Change:
    """Change values of an environment in the manifest."""

    def change(folder: Path) -> None:
        file = folder / "manifest.json"
        found = json.loads(file.read_text(encoding="utf-8"))
        found["certificates"][0]["environments"][2].update(changes)
        file.write_text(json.dumps(found), encoding="utf-8")

    return change


def link(make: Callable[[Path, Path], object], name: str = FILE) -> Change:
    def change(folder: Path) -> None:
        other = folder.parent / "other"
        shutil.move(folder / name, other)
        make(other, folder / name)

    return change


def replaced_by(make: Callable[[Path], object]) -> Change:
    def change(folder: Path) -> None:
        (folder / FILE).unlink()
        make(folder / FILE)

    return change


def with_new_digest(folder: Path) -> None:
    """Another certificate, whose digest is in the manifest as well."""
    (folder / FILE).write_text(OTHER.pem, encoding="ascii")
    values(sha256=hashlib.sha256(OTHER.pem.encode("ascii")).hexdigest())(folder)


ENVIRONMENT = "certificates[0].environments[2]"
NAME_OF_A_FILE = f"{ENVIRONMENT}.file must be the name of a file in the folder of the backup, without a path"
CHANGES: dict[str, tuple[Change, str]] = {
    "empty": (manifest(lambda _data: b""), "it is not valid JSON (line 1)"),
    "cut short": (manifest(lambda data: data[: len(data) // 2]), "it is not valid JSON (line "),
    "not UTF-8": (manifest(lambda data: data.replace(b"web", b"w\xffb")), "it is not UTF-8 text"),
    "other JSON": (manifest(lambda _data: b'["hidden-text"]'), "it must be a JSON object, not a list"),
    "nested": (text('"schema": 1', '"schema": ' + "[" * 100_000), "its JSON is nested too deeply"),
    "huge": (manifest(lambda data: data + b" " * 33 * 1024**2), "manifest.json is larger than 32 MiB"),
    "schema": (text('"schema": 1', '"schema": 2'), "it has schema 2, not 1. Restore the backup with the version of"),
    "long number": (text('"schema": 1', '"schema": ' + "9" * 5000), "it is not valid JSON"),
    "not a number": (text('"schema": 1', '"schema": NaN'), "schema must be a whole number, not a decimal number"),
    "type": (text(f'"{PROJECT}"', "7"), "certificates[0].project must be text, not a number"),
    "key": (text('"alias"', '"hidden-text"'), "certificates[0].environments[0].alias is missing"),
    "twice": (values(name=DEV), f"it lists {PROJECT}/{NAME} in {DEV} more than once"),
    "date": (values(not_after=HIDDEN), f"{ENVIRONMENT}.not_after must be a date such as"),
    "no digest": (
        values(sha256=None, fingerprint_sha256=None),
        "has a file, but neither sha256 nor fingerprint_sha256",
    ),
    "control characters": (values(name="a\x1b[31m"), f"{ENVIRONMENT}.name must contain visible characters"),
    "right to left": (values(name="a\u202eb"), f"{ENVIRONMENT}.name must contain visible characters"),
    "surrogate": (values(name="a\ud800"), f"{ENVIRONMENT}.name is not valid Unicode text"),
    "long name": (values(name="ü" * 1001), f"{ENVIRONMENT}.name has more than 1,000 characters"),
    "parent": (values(file=f"../{FILE}"), NAME_OF_A_FILE),
    "absolute": (values(file="/etc/passwd"), NAME_OF_A_FILE),
    "backslash": (values(file="..\\other"), NAME_OF_A_FILE),
    "folder itself": (values(file="."), NAME_OF_A_FILE),
    "null character": (values(file="a\0b"), f"{ENVIRONMENT}.file must contain visible characters"),
    "variable": (values(file="$HOME"), "$HOME cannot be read: No such file or directory"),
    "the manifest": (values(file="manifest.json"), "manifest.json contains something other than certificates"),
    "linked manifest": (link(lambda other, file: file.symlink_to(other), "manifest.json"), "is a symbolic link"),
    "symbolic link": (link(lambda other, file: file.symlink_to(other)), f"{FILE} is a symbolic link"),
    "hard link": (link(os.link), f"{FILE} is a hard link: the same file has 2 names"),
    "missing": (replaced_by(lambda _file: None), f"{FILE} cannot be read: No such file or directory"),
    "folder": (replaced_by(Path.mkdir), f"{FILE} cannot be read"),
    "pipe": (replaced_by(os.mkfifo), f"{FILE} is not a regular file"),
    "nothing": (data(lambda _data: b""), f"{FILE} contains something other than certificates"),
    "text": (data(lambda data: data + HIDDEN.encode()), f"{FILE} contains something other than certificates"),
    "text before": (data(lambda data: HIDDEN.encode() + data), f"{FILE} contains something other than certificates"),
    "line breaks": (data(lambda data: data.replace(b"\n", b"\r\n")), f"{FILE} has changed since the backup"),
    "another certificate": (data(lambda _data: OTHER.pem.encode()), f"{FILE} has changed since the backup"),
    "another digest": (with_new_digest, f"{FILE} contains another certificate than manifest.json says"),
    "private key": (
        data(lambda data: data + issued(days=20).key_pem.encode()),
        f"{FILE} contains a private key, which no backup contains",
    ),
    "large": (data(lambda data: data * 3000), f"{FILE} is larger than 1 MiB"),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_backup_that_was_changed_is_refused_before_any_request(folder: Path, kind: str) -> None:
    change, expected = CHANGES[kind]
    change(folder)

    message = refusal(folder)

    assert expected in message
    assert not [line for line in issued(days=20).key_pem.splitlines() if line in message]


def test_a_backup_of_another_manager_is_refused_without_its_password(folder: Path) -> None:
    text(FakeTask.manager_url, f"https://joe:{HIDDEN}@other.example.com/x")(folder)

    assert "the backup is of the manager https://other.example.com/x, and the connection is to" in refusal(folder)
