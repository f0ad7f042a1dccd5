# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the task's host: new certificates, backups, exports and reports.

On the controller they are read and written directly. On another host, or as another user, Ansible's own modules do it.
"""

from __future__ import annotations

import base64
import errno
import os
import stat
import typing as t
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._source import read_file

RunBuiltin = t.Callable[..., Result]
"""Runs a module of ansible-core: its name, its options, and check_mode."""


class FileProblem(Exception):
    """A file or folder that cannot be used; the message says why."""


class Files(t.Protocol):
    """Files on the task's host. A relative path starts at the playbook's folder."""

    def read(self, path: str) -> bytes:
        """Read a file.

        :raises FileProblem: where it cannot be read.
        """

    def read_own(self, path: str, largest: int) -> bytes:
        """Read a regular file that is no link, neither a symbolic one nor one of several hard links.

        :arg path: an absolute path, which is taken literally.
        :arg largest: the largest size in bytes.
        :raises FileProblem: where it is anything else, is larger, or cannot be read.
        """

    def names(self, path: str) -> list[str]:
        """The names of the files in a folder, sorted; none where there is no such folder.

        :raises FileProblem: where it cannot be read.
        """

    def check_folder(self, path: str) -> None:
        """Check that a folder exists or can be made, and that files can be made in it.

        :raises FileProblem: where not.
        """

    def make_folder(self, path: str, mode: int) -> None:
        """Make a folder and those above it; one that exists is fine.

        :raises FileProblem: where it cannot be made.
        """

    def write(self, path: str, text: str, mode: int) -> None:
        """Write a file.

        :raises FileProblem: where it cannot be written.
        """


@dataclass(frozen=True)
class _FileKind:
    """What a path is. C(links) is the number of its hard links, and C(size) is in bytes."""

    is_symbolic_link: bool
    is_regular: bool
    links: int
    size: int

    def check(self, path: str, largest: int) -> None:
        """See C(read_own)."""
        if self.is_symbolic_link:
            raise FileProblem(f"{path} is a symbolic link, not a file")
        if not self.is_regular:
            raise FileProblem(f"{path} is not a regular file")
        if self.links > 1:
            raise FileProblem(f"{path} is a hard link: the same file has {self.links} names")
        if self.size > largest:
            raise FileProblem(f"{path} is larger than {largest // 1024**2} MiB")


class ControllerFiles:
    """Files on the controller.

    :arg folder: where relative paths start.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def path(self, path: str) -> str:
        return os.path.join(self._folder, os.path.expanduser(os.path.expandvars(path)))

    def unused(self, path: str) -> str:
        """The path, with a number where something is there already."""
        candidate, number = path, 1
        while os.path.lexists(candidate):
            number += 1
            candidate = f"{path}-{number}"
        return candidate

    def read(self, path: str) -> bytes:
        try:
            return read_file(self.path(path))
        except InputError as exc:
            raise FileProblem(str(exc)[len(exc.option) + 2 :]) from exc

    def read_own(self, path: str, largest: int) -> bytes:
        try:
            # Opened first, so that what is checked is what is read. A pipe must not block.
            with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                status = os.fstat(file.fileno())
                kind = _FileKind(False, stat.S_ISREG(status.st_mode), status.st_nlink, status.st_size)
                kind.check(path, largest)
                data = file.read(largest + 1)
        except (OSError, ValueError) as exc:
            if getattr(exc, "errno", None) == errno.ELOOP:
                _FileKind(True, False, 1, 0).check(path, largest)
            raise FileProblem(f"{path} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
        return data

    def names(self, path: str) -> list[str]:
        try:
            return sorted(os.listdir(self.path(path)))
        except FileNotFoundError:
            return []
        except OSError as exc:
            raise FileProblem(f"the folder {self.path(path)} cannot be read: {exc.strerror}") from exc

    def check_folder(self, path: str) -> None:
        folder = existing = self.path(path)
        while not os.path.lexists(existing) and os.path.dirname(existing) != existing:
            existing = os.path.dirname(existing)
        if not os.path.isdir(existing):
            raise FileProblem(f"the folder {folder} cannot be created: {existing} is not a folder")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise FileProblem(f"the folder {folder} cannot be written: no permission in {existing}")

    def make_folder(self, path: str, mode: int) -> None:
        try:
            os.makedirs(self.path(path), mode=mode, exist_ok=True)
        except OSError as exc:
            raise FileProblem(f"the folder {self.path(path)} cannot be created: {exc.strerror}") from exc

    def write(self, path: str, text: str, mode: int) -> None:
        target = self.path(path)
        try:
            # Write a file beside the target and rename it, so that no reader sees a partial file.
            part = f"{target}.part"
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(part, mode)
            os.replace(part, target)
        except OSError as exc:
            raise FileProblem(f"{target} cannot be written: {exc.strerror}") from exc


class HostFiles:
    """Files on another host, or those of another user.

    :arg run: runs a module of ansible-core.
    """

    def __init__(self, run: RunBuiltin) -> None:
        self._run = run

    def read(self, path: str) -> bytes:
        return base64.b64decode(self._done("ansible.legacy.slurp", src=path)["content"])

    def read_own(self, path: str, largest: int) -> bytes:
        found = self._done("ansible.legacy.stat", path=path, follow=False, get_checksum=False)["stat"]
        if not found["exists"]:
            raise FileProblem(f"{path} cannot be read: {os.strerror(errno.ENOENT)}")
        _FileKind(found["islnk"], found["isreg"], found["nlink"], found["size"]).check(path, largest)
        return self.read(path)

    def names(self, path: str) -> list[str]:
        # A folder that does not exist is skipped.
        found = self._done("ansible.legacy.find", paths=[path], file_type="any", hidden=True)["files"]
        return sorted(os.path.basename(file["path"]) for file in found)

    def check_folder(self, path: str) -> None:
        self._done("ansible.legacy.file", path=path, state="directory", check_mode=True)

    def make_folder(self, path: str, mode: int) -> None:
        self._done("ansible.legacy.file", path=path, state="directory", mode=f"{mode:04o}")

    def write(self, path: str, text: str, mode: int) -> None:
        self._done("ansible.legacy.copy", dest=path, content=text, mode=f"{mode:04o}")

    def _done(self, name: str, *, check_mode: bool = False, **options: t.Any) -> Result:
        result = self._run(name, options, check_mode=check_mode)
        if result.get("failed"):
            raise FileProblem(str(result.get("msg")))
        return result
