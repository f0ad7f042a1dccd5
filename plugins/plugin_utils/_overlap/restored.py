# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of a rollback in an overlap: companions are rolled back only when their certificates are known to be."""

from __future__ import annotations

from collections.abc import Collection

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.rollback_plan import RollbackStep
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import is_proof
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write


class Restored:
    """Which certificates are known to hold their previous content again, as the rollback goes on.

    :arg impossible: the C(project/name) of those that cannot be rolled back as a whole.
    """

    def __init__(self, run: Run, impossible: Collection[str]) -> None:
        self._companions = {one.key: one.companion_of for one in run.plan.certificates}
        self._doubtful = set(impossible)

    def add(self, step: RollbackStep, result: Result) -> None:
        """Take note of what a step has achieved."""
        written = Write(step.key, 0, step.environments, deployment=result.get("deployment"))
        confirmed = {one["name"] for one in result.get("gateways") or () if is_proof(one["state"], one["reason"])}
        if result.get("failed") or {*written.unreported} - confirmed:
            self._doubtful.add(step.key)

    def why_kept(self, step: RollbackStep) -> str:
        """Why a companion must stay as it is; empty for what can be rolled back."""
        owner = self._companions.get(step.key)
        if owner not in self._doubtful:
            return ""
        return (
            f"{step.key} in {', '.join(step.environments)}: this companion was kept, since {owner} is not known to hold its "
            "previous certificate again, and the gateways might trust neither certificate without it"
        )
