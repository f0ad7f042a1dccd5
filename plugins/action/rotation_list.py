# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the certificates of several projects for the role certificate_rotation, as one text."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._role_action import (
    READS_AT_ONCE,
    RoleAction,
    together,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation_evidence import packed


class ActionModule(RoleAction):
    """Runs apinizer_certificate_info for each project, several at once."""

    _VALID_ARGS = frozenset(("projects",))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """List them.

        :returns: the certificates by project, or what went wrong with each project that could not be listed.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        projects = [str(project) for project in self._task.args["projects"]]
        options = [{"project": project} for project in projects]
        found = self.run_module("apinizer_certificate_info", options, task_vars, at_once=READS_AT_ONCE)
        listed = dict(zip(projects, found))
        result.update(together(listed))
        if not result.get("failed"):
            result["certificates"] = packed({project: one["certificates"] for project, one in listed.items()})
        return result
