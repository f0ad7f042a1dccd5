# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes one certificate of a wave, or several different ones at once, for the role certificate_rotation."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.requests import options_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.role_action import (
    RoleAction,
    failure_of,
    may_have_written,
    warnings_of,
)


class ActionModule(RoleAction):
    """Runs apinizer_certificate with the options that each request stands for, so many of them at the same time."""

    _VALID_ARGS = frozenset(("requests", "contents", "at_once"))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Write them, and let each come to its end, whatever comes of the others.

        :returns: what came of each; a failure is one of the whole.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        requests, contents = self._task.args["requests"], self._task.args["contents"]
        options = [options_of(request, content) for request, content in zip(requests, contents)]
        found = self.run_module("apinizer_certificate", options, task_vars, at_once=int(self._task.args["at_once"]))
        results = {request["key"]: one for request, one in zip(requests, found)}
        result["written"] = [
            {"key": request["key"], "environments": request["environments"], "result": _noted(results[request["key"]])}
            for request in requests
        ]
        result["changed"] = any(one["result"]["changed"] for one in result["written"])
        if warnings := warnings_of(results):
            result["warnings"] = warnings
        if self._task.diff:
            result["diff"] = [one["diff"] for one in results.values() if "diff" in one]
        return {**result, **failure_of(results)}


def _noted(result: Result) -> Result:
    """What the run has to know of a write: the report, and the way back. All of a thousand results would fill the memory."""
    held = (result.get("certificate") or {}).get("environments", ())
    return {
        "failed": bool(result.get("failed")),
        "msg": result.get("msg"),
        "changed": may_have_written(result),
        "deployment": result.get("deployment"),
        "certificate": {"environments": [{"name": one["name"], "entries": one["entries"]} for one in held]},
    }
