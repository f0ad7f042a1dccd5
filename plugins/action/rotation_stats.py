# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adds a fact to the statistics of the run as it stands: it serves the role certificate_rotation."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):  # type: ignore[misc]
    """As ansible.builtin.set_stats, which looks into every value of the fact twice, and a thousand certificates are many."""

    _supports_check_mode = True
    _requires_connection = False
    _VALID_ARGS = frozenset(("fact", "name"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Hand the fact on, by host.

        :raises AnsibleActionFail: where there is no such fact.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        variables = task_vars or {}
        fact = self._task.args.get("fact")
        if fact not in variables:
            raise AnsibleActionFail(f"fact: {fact} is not set")
        data = {self._task.args.get("name"): {variables["inventory_hostname"]: variables[fact]}}
        stats = {"data": data, "per_host": False, "aggregate": True}
        # Nothing to see for whoever watches, who has the result already; what is hidden is not made ready to be shown.
        return {**result, "changed": False, "ansible_stats": stats, "_ansible_no_log": True}
