# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of the role certificate_rotation that works on many certificates: what the filter of its name would return.

What a filter hands on becomes a fact, for which Ansible looks into each value in it. This is registered as it is.
"""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ansible_collections.apinizer.apiops.plugins.filter.rotation import FilterModule
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import packed

STEPS = ("settings", "files", "plan", "applied", "result")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs on the controller, and touches nothing."""

    _supports_check_mode = True
    _requires_connection = False
    _VALID_ARGS = frozenset(("step", "evidence", "results_of"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Take the step.

        :raises AnsibleError: for what the user has to mend.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        step = self._task.args.get("step")
        if step not in STEPS:
            raise AnsibleActionFail(f"step: must be one of {', '.join(STEPS)}, not {step}")
        evidence = self._task.args["evidence"]
        loop = self._task.args.get("results_of")
        if loop:
            evidence = {**evidence, "results": (task_vars or {})[loop]["results"]}
        found = FilterModule().filters()[f"rotation_{step}"](evidence)
        # The keys of a result of the role are not those of a result of a task: both know a finished, and mean other things.
        returned = {step: packed(found)} if step == "result" else found
        # There may be a private key in it by mistake. The next tasks show what there is to see.
        return {**result, "changed": False, **returned, "_ansible_no_log": True}
