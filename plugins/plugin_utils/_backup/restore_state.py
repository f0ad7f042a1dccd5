# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a restore, and the file that keeps it from task to task.

Like the file of a run, it has one JSON object per line, and a write appends its intent before the request is sent. It is in
Ansible's own temporary folder, readable by its owner only, so that no task has to return what a backup contains.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Sequence
from dataclasses import dataclass, field

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_gateways import NOT_DEPLOYED
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import RestorePlan, RestoreWrite
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import (
    RecordError,
    append,
    create_private,
    decode,
)

BEGUN, WRITTEN, FAILED, REFUSED = "begun", "written", "failed", "refused"
"""What became of a write: it has not returned; it succeeded; it failed, and may have changed the record or not."""


@dataclass
class RestoreState:
    """A restore, in the order in which it becomes known.

    :arg writes: what became of each write that has begun, by its index in the plan.
    :arg gateways: what is known of the gateways after each write that has returned, by its index in the plan.
    :arg verified: the numbers of the waves that were verified.
    :arg failure: what stopped the restore; empty where nothing did.
    :arg has_remedy: whether C(failure) says what to do.
    :arg leases: those that keep other runs from the same certificates meanwhile.
    """

    plan: RestorePlan = field(default_factory=RestorePlan)
    check_mode: bool = False
    writes: dict[int, str] = field(default_factory=dict)
    gateways: dict[int, tuple[Gateway, ...]] = field(default_factory=dict)
    verified: list[int] = field(default_factory=list)
    failure: str = ""
    has_remedy: bool = False
    leases: Leases = field(default_factory=Leases)
    path: str = ""

    def create_file(self, folder: str) -> None:
        """Begin the file.

        :raises RecordError: where it cannot be written.
        """
        self.path = create_private(folder, prefix="certificate-restore-", suffix=".jsonl")
        append(self.path, {"plan": self.plan, "check_mode": self.check_mode, "leases": self.leases})

    def save_write(self, index: int, became: str, gateways: Sequence[Gateway] = ()) -> None:
        self.writes[index], self.gateways[index] = became, tuple(gateways)
        append(self.path, {"write": [index, became], "gateways": gateways})

    def save_verified(self, wave: int) -> None:
        self.verified.append(wave)
        append(self.path, {"verified": wave})

    def fail(self, message: str, *, has_remedy: bool = False) -> None:
        """Keep what stopped the restore; the first failure is the one that counts."""
        if not self.failure:
            self.failure, self.has_remedy = message, has_remedy
            append(self.path, {"failure": message, "has_remedy": has_remedy})

    @property
    def unverified_wave(self) -> int | None:
        """The first wave in which something may have been written and that was not verified."""
        waves = {self.plan.writes[index].wave for index, became in self.writes.items() if became != REFUSED}
        return min(waves - {*self.verified}, default=None)

    def restored(self) -> list[RestoreWrite]:
        """What was written and verified."""
        return [write for write, became in self._all() if became == WRITTEN and write.wave in self.verified]

    def not_restored(self) -> list[RestoreWrite]:
        """What was certainly not written."""
        return [write for write, became in self._all() if became in (None, REFUSED)]

    def undeployed(self) -> list[RestoreWrite]:
        """What was written, and did not reach all gateways."""
        return [write for index, write in enumerate(self.plan.writes) if self._is_undeployed(index)]

    def doubtful(self) -> list[RestoreWrite]:
        """What may have been written, but was not verified."""
        return [
            write
            for index, (write, became) in enumerate(self._all())
            if (became in (BEGUN, FAILED) and not self._is_undeployed(index))
            or (became == WRITTEN and write.wave not in self.verified)
        ]

    def _is_undeployed(self, index: int) -> bool:
        # The gateways are asked, and a deployment is reported, of what the record was seen to contain.
        return any(gateway.state in NOT_DEPLOYED for gateway in self.gateways.get(index, ()))

    def _all(self) -> t.Iterator[tuple[RestoreWrite, str | None]]:
        for index, write in enumerate(self.plan.writes):
            yield write, self.writes.get(index)


def load_restore(path: str) -> RestoreState:
    """The restore that a file keeps. A last line that was cut short when a task was killed is left out.

    :raises RecordError: where there is no such file.
    """
    state = RestoreState(path=path)
    try:
        with open(path, encoding="ascii") as file:
            lines = [line for line in file if line.endswith("\n")]
        for changed in map(json.loads, lines):
            if "plan" in changed:
                state.plan = decode(RestorePlan, changed["plan"])
                state.check_mode = changed["check_mode"]
                state.leases = decode(Leases, changed["leases"])
            if "write" in changed:
                index, state.writes[index] = changed["write"]
                state.gateways[index] = decode(tuple[Gateway, ...], changed["gateways"])
            if "verified" in changed:
                state.verified.append(changed["verified"])
            if "failure" in changed:
                state.failure, state.has_remedy = changed["failure"], changed["has_remedy"]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise RecordError(f"The state of the restore cannot be read from {path}: {exc}") from exc
    return state
