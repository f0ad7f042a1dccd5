# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lease: for a time, one run alone may write the certificates of a project of a manager. It is a file in a shared folder.

How it stays exclusive, on NFS as well:

- A lease begins when its file is created with O_EXCL. Of several runs that try, the file server lets one succeed, also when a
  request is repeated after a lost answer (open(2); RFC 1813 section 3.3.8, exclusive CREATE). No byte-range locks, which need
  another service, and no hard links, which SMB and many volumes of containers do not have.
- A lease is never overwritten by another run. To take over one that has expired, a run creates the file with the next number,
  which names the leases it replaces. Then it reads the folder again: if that contains anything but the expired leases it has
  seen, another run was faster, so it removes its own file and starts over. Of two runs that create different files, the second
  one to do so finds the file of the first.
- A run looks at its leases before every write, and stops if one was taken over or removed.

Clocks of hosts differ, so none of them counts: a lease is renewed by writing its file, which sets its modification time by the
clock of the file server, and the present time is the modification time of a new file in the same folder. Files are opened
before their times are read, since opening one makes an NFS client ask the server (nfs(5), close-to-open cache consistency).
The times in the file, for people, are those of its host.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import tempfile
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import Owner
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError, decode, dumps

LEASE_SECONDS = 1800
"""How long a lease lasts without being renewed, besides the pauses that a run plans.

Every phase and every write renews it, so only a task of the user's, such as one that waits for an approval, can take longer.
After a crash on another host or in another container, the next run has to wait for this time.
"""


class LeaseError(RecordError):
    """A lease that cannot be taken; the message is for the user."""


class NotAFileError(OSError):
    """Something else than a regular file has the name of a lease. No run has created it, and none removes it."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.EINVAL, f"{path} is not a regular file. Delete it, and run again")


@dataclass(frozen=True)
class Lease:
    """A lease, as its file describes it.

    :arg seconds: how long it lasts since it was renewed.
    :arg expires: the time at which it ends if it is not renewed, UTC, by the clock of its host.
    :arg replaces: the identifiers of the leases that it has taken over.
    """

    id: str
    manager: str = ""
    project: str = ""
    owner: Owner = field(default_factory=Owner)
    started: str = ""
    expires: str = ""
    seconds: int = LEASE_SECONDS
    replaces: tuple[str, ...] = ()

    def __str__(self) -> str:
        times = f", since {self.started} and until {self.expires} unless it renews it" if self.started else ""
        return f"the lease of project {self.project} on {self.manager} is held by {self.owner}{times}"

    def renewed(self, owner: Owner) -> Lease:
        now = datetime.now(timezone.utc)
        return replace(self, owner=owner, expires=iso(now + timedelta(seconds=self.seconds)))


@dataclass(frozen=True)
class LeaseFile:
    """A lease in its file. C(mtime) is when it was renewed, by the clock of the file server.

    :arg complete: whether the file can be read. Another run may be about to write it.
    """

    path: str
    lease: Lease
    mtime: float = 0.0
    complete: bool = True

    def has_ended(self, now: float) -> bool:
        return now - self.mtime > self.lease.seconds or self.lease.owner.has_ended()


class LeaseFolder:
    """The leases of one project of one manager, in a folder that exists.

    :arg manager: the normalized address.
    """

    def __init__(self, folder: str, manager: str, project: str) -> None:
        self.folder = folder
        self._manager = manager
        self._project = project
        # The digest is the key. The name is for people. It is hidden, since the folder may be the one with the backups.
        digest = hashlib.sha256(f"{manager}\n{project}".encode("utf-8", "surrogatepass")).hexdigest()[:16]
        self._stem = f".lease-{re.sub(r'[^A-Za-z0-9_-]+', '-', project)[:40]}-{digest}"
        self._pattern = re.compile(rf"{re.escape(self._stem)}\.(\d+)\.json")

    def take(self, owner: Owner, seconds: int) -> tuple[bool, LeaseFile]:
        """Take the lease if it is free.

        :returns: whether it was taken; and the file of this run, or that of the run which holds the lease.
        :raises OSError: where the folder cannot be read or written.
        """
        now = self._now()
        seen = self.files()
        held = [file for file in seen if not file.has_ended(now)]
        if held:
            return False, held[-1]
        begun = iso(datetime.now(timezone.utc))
        replaces = tuple(file.lease.id for file in seen)
        lease = Lease(uuid.uuid4().hex, self._manager, self._project, owner, begun, "", seconds, replaces).renewed(
            owner
        )
        number = 1 + max((self._number(file.path) for file in seen), default=0)
        path = os.path.join(self.folder, f"{self._stem}.{number}.json")
        try:
            self._write(path, lease, os.O_EXCL)
        except FileExistsError:
            return False, _read(path) or LeaseFile(path, Lease(""), complete=False)
        try:
            now = self._now()
            others = [file for file in self.files() if file.path != path]
            known = {(file.path, file.lease.id) for file in seen}
            same = {(file.path, file.lease.id) for file in others} == known
            if not same or not all(one.has_ended(now) for one in others):
                os.unlink(path)
                return False, others[-1] if others else LeaseFile(path, Lease(""), complete=False)
            for file in seen:
                # In a folder with the sticky bit, the file of another user stays. It has ended, so it does not block other runs.
                with suppress(OSError):
                    _remove(file.path)
        except BaseException:
            # Otherwise the file would stay, and block other runs as well as the next attempt of this one.
            with suppress(OSError):
                _remove(path)
            raise
        return True, LeaseFile(path, lease)

    def files(self) -> list[LeaseFile]:
        """The files of the project, by their numbers."""
        names = [name for name in os.listdir(self.folder) if self._pattern.fullmatch(name)]
        paths = sorted((os.path.join(self.folder, name) for name in names), key=self._number)
        return [file for path in paths if (file := _read(path))]

    def lost(self, ours: LeaseFile) -> LeaseFile | None:
        """The file by which another run has taken over a lease; the file itself if it was removed; None if it still holds."""
        files = self.files()
        taken = [file for file in files if ours.lease.id in file.lease.replaces]
        if taken:
            return taken[-1]
        return None if any(file.lease.id == ours.lease.id for file in files) else ours

    def renew(self, ours: LeaseFile, owner: Owner) -> LeaseFile | None:
        """Renew a lease; see C(lost) for what is returned."""
        if lost := self.lost(ours):
            return lost
        part = f"{ours.path}.{ours.lease.id}"
        self._write(part, ours.lease.renewed(owner), os.O_TRUNC)
        os.replace(part, ours.path)
        # Another run may have taken it over, and removed the file that was just written again.
        if lost := self.lost(ours):
            self.free(ours)
        return lost

    def seconds_left(self, ours: LeaseFile) -> float:
        """How long a lease still lasts; 0 if its file is gone."""
        found = _read(ours.path)
        if found is None or found.lease.id != ours.lease.id:
            return 0.0
        try:
            now = self._now()
        except OSError:
            # Where a full disk takes no new file, the clock of this host is the only one.
            now = time.time()
        return ours.lease.seconds - (now - found.mtime)

    def free(self, ours: LeaseFile) -> None:
        """End a lease. A file of another run is left alone."""
        found = _read(ours.path)
        if found and found.lease.id == ours.lease.id:
            _remove(ours.path)

    def _number(self, path: str) -> int:
        found = self._pattern.fullmatch(os.path.basename(path))
        return int(found[1]) if found else 0

    def _now(self) -> float:
        """The present time by the clock of the file server, in seconds since the epoch."""
        handle, path = tempfile.mkstemp(prefix=".lease-clock-", dir=self.folder)
        try:
            return os.fstat(handle).st_mtime
        finally:
            os.close(handle)
            _remove(path)

    @staticmethod
    def _write(path: str, lease: Lease, flag: int) -> None:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | flag, 0o644)
        try:
            # Other users may share the folder, and a lease contains no secrets. Their umask may say otherwise.
            with open(handle, "w", encoding="utf-8") as file:
                os.fchmod(handle, 0o644)
                file.write(f"{dumps(lease)}\n")
                file.flush()
                os.fsync(handle)
        except BaseException:
            # Where the disk is full, an incomplete file would refuse other runs until it expires.
            _remove(path)
            raise


def _read(path: str) -> LeaseFile | None:
    """Read a file; None if there is none.

    :raises NotAFileError: where the name is that of something else.
    """
    try:
        # To open a named pipe for reading waits for its writer, unless it is not to block (fifo(7)).
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as exc:  # also a socket, or a symbolic link (open(2))
        found = os.lstat(path)
        if not stat.S_ISREG(found.st_mode):
            raise NotAFileError(path) from exc
        if isinstance(exc, PermissionError):
            return LeaseFile(path, Lease(""), found.st_mtime, complete=False)
        raise
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        raise NotAFileError(path)
    with open(handle, encoding="utf-8") as file:
        try:
            return LeaseFile(path, _decode(json.load(file)), found.st_mtime)
        except (ValueError, TypeError, AttributeError, RecursionError):
            return LeaseFile(path, Lease(""), found.st_mtime, complete=False)


def _decode(content: dict[str, Any]) -> Lease:
    """A lease, from the content of its file. A later release may have added keys, and those are ignored.

    :raises ValueError: also TypeError, AttributeError, or RecursionError, where it is damaged.
    """
    known = _known_values(Lease, content)
    if "owner" in known:
        known["owner"] = _known_values(Owner, known["owner"])
    lease: Lease = decode(Lease, known)
    blank = Lease("")
    for given, right in ((lease, blank), (lease.owner, blank.owner)):
        if any(type(getattr(given, one.name)) is not type(getattr(right, one.name)) for one in fields(right)):
            raise ValueError("a value of another type")
    if not all(isinstance(one, str) for one in lease.replaces):
        raise ValueError("an identifier of another type")
    return lease


def _known_values(kind: type[Lease | Owner], content: dict[str, Any]) -> dict[str, Any]:
    return {one.name: content[one.name] for one in fields(kind) if one.name in content}


def _remove(path: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(path)
