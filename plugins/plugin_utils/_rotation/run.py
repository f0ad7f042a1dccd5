# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a run, and the file that keeps it from task to task.

The file has one JSON object per line, each with the attributes of the run that have changed. A write appends its intent
before the request is sent and its result afterwards, so a task that is killed or times out leaves on disk what it may have
written. Only its owner can read the file (mode 0600). It holds no credentials and no private keys.
"""

from __future__ import annotations

import json
import os
import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import unreported
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import (
    RecordError,
    append,
    copy_private,
    create_private,
    decode,
    hints_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import Guard
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    PlannedCertificate,
    RotationPlan,
    View,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

NAME = "run.jsonl"  # in a backup folder


class RunError(RecordError):
    """A run that cannot go on; the message is for the user."""


@dataclass
class Write:
    """One write: its intent, and its result once there is one.

    :arg failed, may_have_changed: both are true until there is a result, since an interrupted write may have changed the record.
    :arg deployment: what the manager reported about the deployment.
    :arg duplicated: whether the manager listed an environment more than once after the write.
    :arg sent: whether a request may have been sent. None is where the record is as planned already, or is not as expected.
    """

    key: str
    wave: int
    environments: tuple[str, ...]
    failed: bool = True
    may_have_changed: bool = True
    deployment: t.Any = None
    duplicated: bool = False
    sent: bool = True

    @property
    def unreported(self) -> tuple[str, ...]:
        """The environments whose deployment the manager did not report."""
        return tuple(unreported(self.deployment, self.environments)) if self.may_have_changed or not self.failed else ()


@dataclass
class Run:
    """Everything known about a run, in the order in which it becomes known.

    :arg manager: the manager's address.
    :arg started: when the run began, UTC.
    :arg listed: the certificates of each project; kept where the plan is made again with the certificates that are obtained.
    :arg environments: the environments by project and name, as far as they were read.
    :arg new: the new certificates by C(project/name), as far as they are known.
    :arg new_views: the new certificate of each that is due, described like an environment of C(apinizer_certificate).
    :arg previous: each certificate that is due as it was before the run, with content; None for one that was absent.
    :arg diffs: in check mode, the predicted diff of each.
    :arg ready: whether preflight has passed.
    :arg verified: the numbers of the waves that were verified.
    :arg gateways: what the gateways hold, by C(project/name) and environment, for those that were asked.
    :arg failure: what stopped the run; empty where nothing did.
    :arg rollback: messages of what could not be rolled back; None where no rollback was performed.
    :arg retired: why each companion that was to be deleted is still there, by C(project/name); empty text if it was deleted.
    :arg not_retired: messages about companions that no later run deletes, by C(project/name).
    :arg unrestored: C(project/name in environment) of what the rollback stored and the gateways do not hold.
    :arg leases: those that keep other runs from the same certificates meanwhile.
    :arg path: the name of the file; empty for a run without one.
    """

    manager: str = ""
    host: str = ""
    check_mode: bool = False
    started: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    settings: Settings | None = None
    leases: Leases = field(default_factory=Leases)
    listed: dict[str, t.Any] = field(default_factory=dict)
    environments: dict[str, t.Any] = field(default_factory=dict)
    new: dict[str, Bundle] = field(default_factory=dict)
    plan: RotationPlan = field(default_factory=RotationPlan)
    new_views: dict[str, t.Any] = field(default_factory=dict)
    previous: dict[str, t.Any] = field(default_factory=dict)
    diffs: dict[str, t.Any] = field(default_factory=dict)
    guards: dict[str, tuple[Guard, ...]] = field(default_factory=dict)
    ready: bool = False
    backup: str = ""
    writes: list[Write] = field(default_factory=list)
    verified: list[int] = field(default_factory=list)
    gateways: dict[str, t.Any] = field(default_factory=dict)
    retired: dict[str, str] = field(default_factory=dict)
    not_retired: dict[str, str] = field(default_factory=dict)
    failure: str = ""
    rollback: list[str] | None = None
    unrestored: list[str] = field(default_factory=list)
    finished: bool = False
    path: str = ""

    def stopped_by_guards(self, planned: PlannedCertificate) -> bool:
        """Whether a guard stops a certificate, or that of a companion."""
        return any(not guard.passed for guard in self.guards.get(planned.companion_of or planned.key, ()))

    def to_write(self, wave: int) -> list[PlannedCertificate]:
        """The certificates to write in a wave: those that are due there and that no guard stops."""
        return [planned for planned in self.plan.due if planned.due_in(wave) and not self.stopped_by_guards(planned)]

    def name_of(self, wave: int) -> str:
        """A wave as messages name it."""
        names = next(one.environments for one in self.plan.waves if one.number == wave)
        return f"wave {wave} ({', '.join(names)})"

    def previous_in(self, key: str, environment: str) -> View | None:
        """An environment of a certificate as preflight has read it."""
        views = (self.previous.get(key) or {}).get("environments", ())
        return next((view for view in views if view["name"] == environment), None)

    def save(self, **changed: t.Any) -> None:
        """Set attributes, and append them to the file."""
        for name, value in changed.items():
            setattr(self, name, value)
        self._append(changed)

    def save_write(self, write: Write, number: int | None = None) -> int:
        """Keep a write that is about to be sent, or the result of the one with that number.

        :returns: its number.
        """
        if number is None:
            number = len(self.writes)
            self.writes.append(write)
        self.writes[number] = write
        self._append({"write": [number, write]})
        return number

    def save_retired(self, changed: Mapping[str, str]) -> None:
        """Keep what happened to some of the companions that are to be deleted."""
        self.retired.update(changed)
        self._append({"retired": changed})

    def fail(self, message: str) -> None:
        """Keep what stopped the run; the first failure is the one that counts."""
        if not self.failure:
            self.save(failure=message)

    def create_file(self, folder: str) -> None:
        """Begin the file in Ansible's own temporary folder, which is removed when Ansible ends."""
        self.path = create_private(folder, prefix="certificate-rotation-", suffix=".jsonl")
        self.save(manager=self.manager, host=self.host, check_mode=self.check_mode, started=self.started)

    def move_file(self, folder: str) -> None:
        """Go on in a backup folder. The first file then refers to the second one."""
        path = os.path.join(folder, NAME)
        copy_private(self.path, path)
        self._append({"moved": path})
        self.path = path

    def _append(self, changed: Mapping[str, t.Any]) -> None:
        if self.path:
            append(self.path, changed)


def load_run(path: str) -> Run:
    """The run that a file keeps. A last line that was cut short when a task was killed is removed.

    :raises RunError: where there is no such run.
    """
    run = Run()
    run.path = path
    kinds = hints_of(Run)
    try:
        with open(path, encoding="ascii") as file:
            lines = file.readlines()
        if lines and not lines[-1].endswith("\n"):
            # The next line must not continue it.
            os.truncate(path, sum(map(len, lines[:-1])))
            del lines[-1]
        for changed in map(json.loads, lines):
            if "moved" in changed:
                return load_run(changed["moved"])
            if "write" in changed:
                number, write = changed["write"]
                run.writes[number:] = [decode(Write, write), *run.writes[number + 1 :]]
                continue
            run.retired.update(changed.pop("retired", {}))
            for name, value in changed.items():
                setattr(run, name, decode(kinds[name], value))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as exc:
        raise RunError(
            f"The run file {path} cannot be read: {exc}. Therefore what the run has written is not known, and it is not "
            "rolled back. Run the role again with --check to see what each environment holds"
        ) from exc
    return run
