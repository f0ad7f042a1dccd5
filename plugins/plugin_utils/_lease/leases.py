# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases of a run: taken before it reads what it plans from, renewed while it goes on, and freed at its end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.lease import (
    LEASE_SECONDS,
    LeaseError,
    LeaseFile,
    LeaseFolder,
    NotAFileError,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import Owner

RENEW_AFTER = 60
"""Within a phase, leases are renewed before a write if that has been longer ago, in seconds."""
ENOUGH = 60
"""A lease that cannot be renewed, since the disk is full, lets a write begin if it lasts that much longer, in seconds."""
_LOOK_AGAIN = 1.0
"""How often a run that waits looks whether the lease is free, in seconds."""
_FILE_IS_WRITTEN = 2.0
"""How long a run waits for a file that another one has created and not yet written, in seconds."""

Show = Callable[[str], object]  # shows a line on the screen


@dataclass
class Leases:
    """The leases that a run holds, as its state keeps them.

    :arg folder: an absolute path; empty for a run without leases.
    :arg made: whether this run has created the folder, and removes it if nothing is in it at the end.
    :arg problems: why the folder cannot be used, for the plan.
    """

    folder: str = ""
    owner: Owner = field(default_factory=Owner)
    held: list[LeaseFile] = field(default_factory=list)
    made: bool = False
    problems: tuple[str, ...] = ()

    def take(self, manager: str, projects: Iterable[str], seconds: int, timeout: int, prefix: str, show: Show) -> None:
        """Take the lease of each project, or none of them.

        :arg manager: the manager's address.
        :arg seconds: how long a lease lasts without being renewed.
        :arg timeout: how long to wait for other runs, in seconds; 0 to refuse at once.
        :arg prefix: that of the variables, for messages.
        :arg show: shows a line on the screen, when the run begins to wait.
        :raises LeaseError: where another run holds one of them, or the folder cannot be used.
        """
        address, until = normalized_address(manager) or manager, time.monotonic() + timeout
        try:
            self.made = not os.path.isdir(self.folder)
            # In one order, so that two runs never wait for each other.
            for project in sorted(set(projects)):
                folder = LeaseFolder(self.folder, address, project)
                self.held.append(self._take_one(folder, seconds, timeout, until, prefix, show))
        except BaseException as exc:
            self.free()
            if isinstance(exc, NotAFileError):
                raise LeaseError(f"{prefix}lock_dir: no lease can be taken: {exc.strerror}") from exc
            if isinstance(exc, OSError):
                raise LeaseError(
                    f"{prefix}lock_dir: no lease can be taken in the folder {self.folder}: {exc.strerror}. Use a folder of the "
                    f"controller that all runs share and can write, or set {prefix}lock_dir to an empty string to run without a "
                    "lease"
                ) from exc
            raise

    def _take_one(
        self, folder: LeaseFolder, seconds: int, timeout: int, until: float, prefix: str, show: Show
    ) -> LeaseFile:
        waiting = False
        started = renewed = time.monotonic()
        while True:
            try:
                os.makedirs(self.folder, mode=0o700, exist_ok=True)
                taken, file = folder.take(self.owner, seconds)
            except (FileExistsError, FileNotFoundError):  # a run that ends is removing the folder, which it has created
                if time.monotonic() - started >= _FILE_IS_WRITTEN:
                    raise
                time.sleep(0.02)
                continue
            if taken:
                return file
            now = time.monotonic()
            # Another run is writing an incomplete file right now, or was interrupted.
            settled = file.complete or now - started >= _FILE_IS_WRITTEN
            if settled and now >= until:
                raise LeaseError(escape_controls(_refusal(file, self.owner, timeout, prefix)))
            if settled and not waiting:
                waiting = True
                show(f"Waiting for up to {timeout} seconds, since {_reason(file)}. Its file is {file.path}")
            if now - renewed >= RENEW_AFTER:
                renewed = now
                if lost := self.renew():
                    raise LeaseError(lost)
            time.sleep(min(_LOOK_AGAIN, max(until - now, 0.02)) if settled else 0.02)

    def renew(self, run: str = "") -> str:
        """Renew the leases.

        :arg run: the run file, which moves to the backup folder; empty if it has not.
        :returns: why the run must not write anything more; empty if it still holds them.
        """
        owner = replace(self.owner, run=run or self.owner.run)
        return self._first(lambda folder, file: _renew(folder, file, owner))

    def check(self, run: str = "") -> str:
        """Check that the leases still hold, and renew those that are more than half over; see C(renew).

        A lease gets that old within a phase if this host was suspended, and time.monotonic() stood still meanwhile.
        """
        owner = replace(self.owner, run=run or self.owner.run)
        return self._first(lambda folder, file: _check(folder, file, owner))

    def free(self) -> None:
        """End the leases. What cannot be removed now ends when the process does, or by itself."""
        for file in self.held:
            with suppress(OSError):
                self._folder_of(file).free(file)
        if self.made:
            with suppress(OSError):  # it is no longer empty: it has a backup, or the lease of another run
                os.rmdir(self.folder)

    def _first(self, look: Callable[[LeaseFolder, LeaseFile], LeaseFile | None]) -> str:
        for file in self.held:
            try:
                lost = look(self._folder_of(file), file)
            except OSError as exc:
                return f"Nothing more is written, since the lease in {file.path} cannot be checked: {exc.strerror}"
            if lost:
                return escape_controls(_loss(file, lost))
        return ""

    def _folder_of(self, file: LeaseFile) -> LeaseFolder:
        return LeaseFolder(self.folder, file.lease.manager, file.lease.project)


class LeaseKeeper:
    """Keeps the leases of a run during a phase that writes.

    :arg run: the run file.
    """

    def __init__(self, leases: Leases, run: str) -> None:
        self._leases = leases
        self._run = run
        self._renewed = time.monotonic()

    def guard(self, work: Callable[[], Result]) -> Callable[[], Result]:
        """The work, if the run still holds its leases; else, work that only fails."""
        reason = self.why_lost()
        return (lambda: {"changed": False, "failed": True, "msg": reason}) if reason else work

    def why_lost(self) -> str:
        """Check the leases, and renew them where that was long ago; see C(Leases.renew)."""
        if time.monotonic() - self._renewed < RENEW_AFTER:
            return self._leases.check(self._run)
        self._renewed = time.monotonic()
        return self._leases.renew(self._run)


def _renew(folder: LeaseFolder, file: LeaseFile, owner: Owner) -> LeaseFile | None:
    try:
        return folder.renew(file, owner)
    except OSError:
        if folder.seconds_left(file) < ENOUGH:
            raise
        return folder.lost(file)


def _check(folder: LeaseFolder, file: LeaseFile, owner: Owner) -> LeaseFile | None:
    if lost := folder.lost(file):
        return lost
    return _renew(folder, file, owner) if folder.seconds_left(file) < file.lease.seconds / 2 else None


def _refusal(file: LeaseFile, owner: Owner, timeout: int, prefix: str) -> str:
    waited, holder = f" after {timeout} seconds" if timeout else "", file.lease.owner
    if holder.is_beside(owner):
        return join_sentences(
            f"Another run is writing these certificates{waited}: {file.lease}",
            f"It is the same ansible-playbook: its hosts {holder.inventory_host} and {owner.inventory_host} have the same manager",
            "Leave out one of them, or process one host after the other: with certificate_rotation_serial=1, or with serial: 1 in a "
            "play of your own",
        )
    if file.mtime and not file.complete:
        return join_sentences(
            f"Another run may be writing these certificates{waited}: {_reason(file)}. Its file is {file.path}",
            f"Run again after that, or set {prefix}lock_timeout to the number of seconds to wait",
            "If you are sure that no other run is writing these certificates, delete the file",
        )
    return join_sentences(
        f"Another run is writing these certificates{waited}: {_reason(file)}. Its file is {file.path}",
        f"Run again when it has ended, or set {prefix}lock_timeout to the number of seconds to wait for it",
        "A run that has crashed does not renew its lease. If you are sure that it has, delete the file",
    )


def _reason(file: LeaseFile) -> str:
    """Why a lease cannot be taken."""
    if file.complete:
        return str(file.lease)
    if not file.mtime:
        return "the lease was just taken by another run"
    written, ends = (iso(datetime.fromtimestamp(one, timezone.utc)) for one in (file.mtime, file.mtime + LEASE_SECONDS))
    return f"a lease that cannot be read, written at {written}, counts until {ends}"


def _loss(ours: LeaseFile, found: LeaseFile) -> str:
    lease = ours.lease
    if found.lease.id == lease.id:
        return (
            f"Nothing more is written, since the lease of project {lease.project} on {lease.manager} was removed ({ours.path}). Run "
            "again: the new plan starts from the present record"
        )
    return join_sentences(
        f"Nothing more is written, since the lease of project {lease.project} on {lease.manager} had expired, and was taken over by "
        f"{found.lease.owner} at {found.lease.started} ({found.path})",
        f"Between two phases, a run must not take longer than {lease.seconds} seconds. Run again when that run has ended: the new plan "
        "starts from the present record",
    )
