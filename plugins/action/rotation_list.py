# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists the certificates of several projects for the role certificate_rotation.

A thousand certificates are forty thousand values, and Ansible looks several times into each that a task returns. So the
lists are returned as one text.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation_evidence import packed

_INFO = "apinizer.apiops.apinizer_certificate_info"
_GROUP = "group/apinizer.apiops.apinizer"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Runs a task of apinizer_certificate_info for each project, as a loop over them would."""

    _supports_check_mode = True
    _VALID_ARGS = frozenset(("projects",))

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """List them.

        :returns: the certificates by project, or what went wrong with each project that could not be listed.
        """
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        listed = {str(project): self._list(str(project), task_vars or {}) for project in self._task.args["projects"]}
        failed = {project: found for project, found in listed.items() if found.get("failed")}
        if failed:
            return {**result, **_failure(failed)}
        warnings = [warning for found in listed.values() for warning in found.get("warnings", ())]
        if warnings:
            result["warnings"] = warnings
        if not warnings:
            # There is nothing to see, and what is hidden is not made ready to be shown, which takes its time.
            result["_ansible_no_log"] = True
        certificates = {project: found["certificates"] for project, found in listed.items()}
        return {**result, "changed": False, "certificates": packed(certificates)}

    def _list(self, project: str, variables: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task for one project, with the defaults that the play has for such a task."""
        task = self._task.copy()
        task.action = _INFO
        task.args = {**self._defaults(), "project": project}
        action = self._shared_loader_obj.action_loader.get(
            _INFO,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        found: dict[str, t.Any] = action.run(task_vars=variables)
        return found

    def _defaults(self) -> dict[str, t.Any]:
        """What module_defaults say of apinizer_certificate_info here: those of its group, then those of its name."""
        defaults: dict[str, t.Any] = {}
        for layer in self._task.module_defaults:
            defaults.update(layer)
        given: dict[str, t.Any] = self._templar.template(
            {**(defaults.get(_GROUP) or {}), **(defaults.get(_INFO) or {})}
        )
        return given


def _failure(failed: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """Several failures as one; each message tells its project."""
    messages = {project: str(found.get("msg")).rstrip(".") for project, found in failed.items()}
    if len(set(messages.values())) == 1:
        return next(iter(failed.values()))
    told = (message if project in message else f"{project}: {message}" for project, message in messages.items())
    return {"failed": True, "msg": ". ".join(told)}
