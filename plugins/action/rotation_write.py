# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one certificate of a wave, for the role certificate_rotation."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._role_action import RoleAction
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation_requests import options_of


class ActionModule(RoleAction):
    """Runs apinizer_certificate with the options that a request stands for."""

    _VALID_ARGS = frozenset(("request", "content"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write it; the result is the module's."""
        super().run(tmp, task_vars)
        options = options_of(self._task.args["request"], self._task.args["content"])
        result = self.run_module("apinizer_certificate", options, task_vars)
        # With the content of a thousand certificates, the results of a wave would fill the memory. Looking ahead has kept it.
        return {key: value for key, value in result.items() if key not in ("previous", "invocation")}
