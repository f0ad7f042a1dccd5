# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a run does not go on, as messages for the user. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.guards import Guard
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run


def guard_messages(guards: Mapping[str, Sequence[Guard]]) -> list[str]:
    """What the guards that failed have found. Environments in which they found the same share a message.

    :arg guards: by C(project/name).
    """
    failed = [(key, guard) for key, found in guards.items() for guard in found if not guard.passed]
    found = by_reason((key, guard.environment, _without_target(key, guard)) for key, guard in failed)
    return [f"{targets}: {message}" for targets, message in found]


def _without_target(key: str, guard: Guard) -> str:
    return guard.message.removeprefix(f"{key} in {guard.environment}: " if guard.environment else f"{key}: ")


def task_failure(run: Run, message: str) -> str:
    """The failure of a task that is not a phase, such as one of the user's, or that was killed, with the wave it belongs to.

    :arg message: that of the task; empty where it has none.
    """
    last = max((write.wave for write in run.writes), default=None)
    first = next((one.number for one in run.plan.waves if run.ready and run.to_write(one.number)), None)
    if last is not None and last in run.verified:
        failed = f"A task failed after {run.name_of(last)} was verified"
    elif last is not None:
        failed = f"A task failed in {run.name_of(last)}"
    elif first is not None:
        failed = f"A task failed before {run.name_of(first)}"
    else:
        return message or "A task failed"
    return f"{failed}: {message}" if message else failed
