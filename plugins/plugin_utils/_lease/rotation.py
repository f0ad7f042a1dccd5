# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leases of a run of the role certificate_rotation."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.lease import LEASE_SECONDS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import this_owner
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

_PHASES = frozenset(("discover", "plan", "preflight", "backup", "apply"))
"""The tags of the role's own tasks."""


def take_leases(task: Task, settings: Settings, run: str) -> Leases:
    """Take the leases of the projects of a run, unless it only reads.

    :arg run: the run file.
    :raises LeaseError: where another run holds one of them, or the folder cannot be used.
    """
    folder = lock_folder(task, settings)
    if not folder or task.check_mode or not _writes(task):
        return Leases()
    try:
        task.controller_files.check_folder(folder)
    except FileProblem as exc:
        # The plan names it with its other problems, and is refused. It looks at the folder again, which may be back by then.
        name = "backup_dir" if settings.lock_dir == settings.backup_dir else "lock_dir"
        return Leases(problems=(f"{PREFIX}{name}: {exc}",))
    leases = Leases(folder, this_owner(task.controller_pid, task.variables, run))
    projects = [certificate.project for certificate in settings.certificates]
    take(leases, task, projects, settings, pauses=settings.soak_seconds, prefix=PREFIX)
    return leases


class LockSettings(t.Protocol):
    """The settings of the role, or of the playbook restore."""

    @property
    def lock_timeout(self) -> int:
        """How long to wait for another run, in seconds."""

    @property
    def verify_gateways_timeout(self) -> int:
        """How long to wait for the gateways, in seconds."""


def take(
    leases: Leases, task: Task, projects: Iterable[str], settings: LockSettings, *, pauses: int, prefix: str
) -> None:
    """Take leases that outlast the pauses between two phases, in seconds; see C(Leases.take)."""
    seconds = LEASE_SECONDS + pauses + settings.verify_gateways_timeout
    leases.take(task.manager_url, projects, seconds, settings.lock_timeout, prefix, task.show)


def lock_folder(task: Task, settings: Settings) -> str:
    """The folder with the leases, an absolute path; empty for none.

    Leases are on the controller. By default, they are in the backup folder, which is on the host of the task.
    """
    folder = settings.lock_dir
    if not folder or (folder == settings.backup_dir and not task.on_controller):
        return ""
    return task.controller_files.path(settings.in_base_dir(folder))


def _writes(task: Task) -> bool:
    """Whether the tags select the tasks that write, which have the tag apply, and those around them, which free the leases."""
    tags = (task.own_tags - _PHASES) | {"apply"}
    selected = not task.tags or task.tags & (tags | {"all", "tagged"})
    return bool(selected) and not task.skip_tags & (tags | {"all", "always", "tagged"})
