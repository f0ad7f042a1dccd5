# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at all certificates that are due in detail, for the role certificate_rotation."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import Evidence
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.requests import options_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.role_action import RoleAction


class ActionModule(RoleAction):
    """Runs apinizer_certificate in check mode for each, several at once: it tells what the manager or the module has against it."""

    _VALID_ARGS = frozenset(("evidence",))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Look at them.

        :returns: what each is now, by project/name, or what is against those that cannot be written.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        evidence = Evidence(self._task.args["evidence"])
        due = {request["key"]: options_of(request, evidence.new[request["key"]].pem) for request in evidence.due}
        found = self.read("apinizer_certificate", due, task_vars, returned="previous", text="details", look=True)
        return {**result, **found}
