# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the certificates of several projects for the role certificate_rotation, as one text."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.role_action import RoleAction


class ActionModule(RoleAction):
    """Runs apinizer_certificate_info for each project, several at once."""

    _VALID_ARGS = frozenset(("projects",))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """List them.

        :returns: the certificates by project, or what went wrong with each project that could not be listed.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        each = {str(project): {"project": project} for project in self._task.args["projects"]}
        found = self.read("apinizer_certificate_info", each, task_vars, returned="certificates", text="certificates")
        return {**result, **found}
