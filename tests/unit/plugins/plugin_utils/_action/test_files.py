# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import (
    ControllerFiles,
    FileProblem,
    Files,
    HostFiles,
)


@pytest.fixture
def files(tmp_path: Path) -> ControllerFiles:
    """The files of a controller whose playbook is in C(tmp_path)."""
    return ControllerFiles(str(tmp_path))


@pytest.fixture
def no_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder can be written. (The superuser, as who tests may run, could write in any.)"""
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_both_kinds_are_files() -> None:
    kinds: list[Files] = [ControllerFiles(""), HostFiles(lambda *_arguments, **_options: {})]

    assert len(kinds) == 2


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("web.pem", "{folder}/web.pem"),
        ("/there/web.pem", "/there/web.pem"),
        ("~/web.pem", "/home/me/web.pem"),
        ("$WHERE/web.pem", "/elsewhere/web.pem"),
    ],
)
def test_a_relative_path_starts_at_the_playbook(
    files: ControllerFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: str
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("WHERE", "/elsewhere")

    assert files.path(path) == expected.format(folder=tmp_path)


def test_a_path_that_is_in_use_gets_a_number(files: ControllerFiles, tmp_path: Path) -> None:
    path = str(tmp_path / "backup")
    assert files.unused(path) == path

    (tmp_path / "backup").mkdir()
    assert files.unused(path) == f"{path}-2"

    (tmp_path / "backup-2").symlink_to("nowhere")
    assert files.unused(path) == f"{path}-3"


def test_a_file_is_read_as_bytes(files: ControllerFiles, tmp_path: Path) -> None:
    (tmp_path / "web.der").write_bytes(b"\x30\x82\xff")

    assert files.read("web.der") == files.read(str(tmp_path / "web.der")) == b"\x30\x82\xff"


@pytest.mark.parametrize("path", ["missing.pem", "folder", "large.pem"])
def test_a_file_that_cannot_be_read_is_a_problem_that_names_it(
    files: ControllerFiles, tmp_path: Path, path: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "large.pem").write_bytes(b"x" * (1024 * 1024 + 1))

    with pytest.raises(FileProblem, match=f"^{tmp_path / path} "):
        files.read(path)


@pytest.mark.parametrize("path", ["", "here", "new", "new/deeper/still"])
def test_a_folder_that_exists_or_can_be_made_passes_the_check(
    files: ControllerFiles, tmp_path: Path, path: str
) -> None:
    (tmp_path / "here").mkdir()

    files.check_folder(path)

    assert os.listdir(tmp_path) == ["here"]


@pytest.mark.parametrize(("path", "occupied"), [("file", "file"), ("file/new/deeper", "file"), ("link/new", "link")])
def test_a_folder_whose_place_is_occupied_does_not_pass_the_check(
    files: ControllerFiles, tmp_path: Path, path: str, occupied: str
) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")

    with pytest.raises(FileProblem) as raised:
        files.check_folder(path)
    assert str(raised.value) == (
        f"the folder {tmp_path / path} cannot be created: {tmp_path / occupied} is not a folder"
    )


@pytest.mark.usefixtures("no_permission")
@pytest.mark.parametrize(("path", "existing"), [("here", "here"), ("here/new/deeper", "here")])
def test_a_folder_without_permission_does_not_pass_the_check(
    files: ControllerFiles, tmp_path: Path, path: str, existing: str
) -> None:
    (tmp_path / "here").mkdir()

    with pytest.raises(FileProblem) as raised:
        files.check_folder(path)
    assert str(raised.value) == (
        f"the folder {tmp_path / path} cannot be written: no permission in {tmp_path / existing}"
    )


def test_a_folder_is_made_with_those_above_it_and_its_mode(files: ControllerFiles, tmp_path: Path) -> None:
    files.make_folder("a/b", 0o700)
    files.make_folder("a/b", 0o700)

    assert mode(tmp_path / "a/b") == 0o700


def test_a_folder_that_cannot_be_made_is_a_problem(files: ControllerFiles, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(FileProblem, match=f"^the folder {tmp_path}/file/a cannot be created: Not a directory$"):
        files.make_folder("file/a", 0o700)


@pytest.mark.parametrize("wanted", [0o600, 0o644])
def test_a_file_is_written_with_its_mode_whatever_the_umask(
    files: ControllerFiles, tmp_path: Path, wanted: int
) -> None:
    before = os.umask(0o077)
    try:
        files.write("web.pem", "text ü\n", wanted)
    finally:
        os.umask(before)

    assert (tmp_path / "web.pem").read_bytes() == "text ü\n".encode()
    assert mode(tmp_path / "web.pem") == wanted
    assert os.listdir(tmp_path) == ["web.pem"]


def test_a_file_is_replaced_as_a_whole(files: ControllerFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report").write_text("an older and longer text")
    seen: list[str] = []
    replace = os.replace

    def look_and_replace(source: str, target: str) -> None:
        seen.extend([Path(source).read_text(), Path(target).read_text()])
        replace(source, target)

    monkeypatch.setattr(os, "replace", look_and_replace)
    files.write("report", "new", 0o644)

    assert seen == ["new", "an older and longer text"]
    assert (tmp_path / "report").read_text() == "new"


def test_a_file_that_cannot_be_written_is_a_problem(files: ControllerFiles, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=f"^{tmp_path}/missing/web.pem cannot be written: No such file or directory$"):
        files.write("missing/web.pem", "", 0o600)


def test_the_names_in_a_folder_are_sorted(files: ControllerFiles, tmp_path: Path) -> None:
    for name in ("b", ".a", "c.pem"):
        (tmp_path / name).touch()

    assert files.names(str(tmp_path)) == [".a", "b", "c.pem"]
    assert files.names(str(tmp_path / "missing")) == []
    with pytest.raises(FileProblem, match=f"^the folder {tmp_path}/b cannot be read: Not a directory$"):
        files.names(str(tmp_path / "b"))


class FakeHost:
    """Records the modules that run on a host, and returns a result for each."""

    def __init__(self, **result: Any) -> None:
        self._result = result
        self.ran: list[tuple[str, dict[str, Any], bool]] = []

    def run_builtin(self, name: str, options: dict[str, Any], *, check_mode: bool) -> dict[str, Any]:
        self.ran.append((name, options, check_mode))
        return self._result


def test_a_file_of_another_host_is_fetched() -> None:
    host = FakeHost(content=base64.b64encode(b"\x30\x82").decode())

    assert HostFiles(host.run_builtin).read("/there/web.der") == b"\x30\x82"
    assert host.ran == [("ansible.legacy.slurp", {"src": "/there/web.der"}, False)]


def test_a_folder_of_another_host_is_checked_in_check_mode() -> None:
    host = FakeHost(changed=True)

    HostFiles(host.run_builtin).check_folder("backups")
    assert host.ran == [("ansible.legacy.file", {"path": "backups", "state": "directory"}, True)]


def test_the_names_in_a_folder_of_another_host_are_sorted() -> None:
    host = FakeHost(files=[{"path": "/there/b.pem"}, {"path": "/there/.a"}])

    assert HostFiles(host.run_builtin).names("/there") == [".a", "b.pem"]
    assert host.ran == [("ansible.legacy.find", {"paths": ["/there"], "file_type": "any", "hidden": True}, False)]


def test_folders_and_files_of_another_host_get_their_modes() -> None:
    host = FakeHost(changed=True)
    files = HostFiles(host.run_builtin)

    files.make_folder("backups", 0o700)
    files.write("backups/web.pem", "PEM", 0o600)

    assert host.ran == [
        ("ansible.legacy.file", {"path": "backups", "state": "directory", "mode": "0700"}, False),
        ("ansible.legacy.copy", {"dest": "backups/web.pem", "content": "PEM", "mode": "0600"}, False),
    ]


@pytest.mark.parametrize(
    "use",
    [
        lambda files: files.read("x"),
        lambda files: files.check_folder("x"),
        lambda files: files.make_folder("x", 0o700),
        lambda files: files.write("x", "", 0o600),
    ],
)
def test_a_module_that_fails_on_another_host_is_a_problem(use: Any) -> None:
    with pytest.raises(FileProblem, match=r"^file not found: x$"):
        use(HostFiles(FakeHost(failed=True, msg="file not found: x").run_builtin))


STAT = {"exists": True, "islnk": False, "isreg": True, "nlink": 1, "size": 2}


class FakeHostWithFile(FakeHost):
    """A host with one file."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(stat={**STAT, **changes}, content=base64.b64encode(b"ab").decode())


def test_an_own_file_of_another_host_is_fetched() -> None:
    host = FakeHostWithFile()

    assert HostFiles(host.run_builtin).read_own("/there/web.pem", 1024**2) == b"ab"
    assert [name for name, _options, _check_mode in host.ran] == ["ansible.legacy.stat", "ansible.legacy.slurp"]
    assert host.ran[0][1]["follow"] is False


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"exists": False}, "cannot be read: No such file or directory"),
        ({"islnk": True, "isreg": False}, "is a symbolic link, not a file"),
        ({"isreg": False}, "is not a regular file"),
        ({"nlink": 2}, "is a hard link: the same file has 2 names"),
        ({"size": 1024**2 + 1}, "is larger than 1 MiB"),
    ],
)
def test_any_other_file_of_another_host_is_not_fetched(changes: dict[str, Any], reason: str) -> None:
    host = FakeHostWithFile(**changes)

    with pytest.raises(FileProblem, match=f"^/there/web.pem {reason}$"):
        HostFiles(host.run_builtin).read_own("/there/web.pem", 1024**2)
    assert len(host.ran) == 1


def test_an_own_file_is_taken_literally(files: ControllerFiles, tmp_path: Path) -> None:
    (tmp_path / "$HOME ~").write_bytes(b"ab")

    assert files.read_own(str(tmp_path / "$HOME ~"), 2) == b"ab"
    with pytest.raises(FileProblem, match="is larger than 0 MiB"):
        files.read_own(str(tmp_path / "$HOME ~"), 1)
