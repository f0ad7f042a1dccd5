# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of the role certificate_rotation share: they run modules of the collection, as tasks would.

Ansible renders each option of a task anew for each item of a loop, and looks several times into each value that a task
returns. With hundreds of certificates that takes longer than the manager does.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible.plugins.action import ActionBase

_COLLECTION = "apinizer.apiops"
_GROUP = f"group/{_COLLECTION}.apinizer"

Result = dict[str, t.Any]


class RoleAction(ActionBase):  # type: ignore[misc]
    """An action that runs a module, each time as a task for that module would."""

    _supports_check_mode = True
    _rendered: t.ClassVar[dict[tuple[str, str], dict[str, t.Any]]] = {}
    """The defaults of modules by task: this process runs one task for one host, with all items of its loop."""

    def run_module(
        self, name: str, options: Mapping[str, t.Any], variables: dict[str, t.Any] | None, *, look: bool = False
    ) -> Result:
        """Run a module of the collection with these options, and with the defaults that the play has for it.

        :arg look: in check mode and without a diff, whatever the play runs in.
        :returns: the result of the task.
        """
        module = f"{_COLLECTION}.{name}"
        # As Ansible copies the task of a loop for each item: with the same parents, instead of copies of them.
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent
        task.action = module
        task.args = {**self._defaults_of(module), **options}
        if look:
            task.check_mode, task.diff = True, False
        action = self._shared_loader_obj.action_loader.get(
            module,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result: Result = action.run(task_vars=variables)
        return result

    def _defaults_of(self, module: str) -> dict[str, t.Any]:
        """What module_defaults say of a module here: those of its group, then those of its name."""
        key = (str(self._task._uuid), module)
        if key not in self._rendered:
            defaults: dict[str, t.Any] = {}
            for layer in self._task.module_defaults:
                defaults.update(layer)
            given = {**(defaults.get(_GROUP) or {}), **(defaults.get(module) or {})}
            self._rendered[key] = self._templar.template(given)
        return self._rendered[key]


def together(results: Mapping[str, Result]) -> Result:
    """Several results as one, by what each is of: their failures, or else their warnings.

    A result without either is hidden: there is nothing to see, and what is hidden is not made ready to be shown.
    """
    failed = {what: result for what, result in results.items() if result.get("failed")}
    if failed:
        return {"changed": False, **_failure(failed)}
    warnings = list(dict.fromkeys(warning for result in results.values() for warning in result.get("warnings", ())))
    return {"changed": False, **({"warnings": warnings} if warnings else {"_ansible_no_log": True})}


def _failure(failed: Mapping[str, Result]) -> Result:
    """Several failures as one. Each message tells what it is of, but for one that all share."""
    messages = {what: str(result.get("msg")).rstrip(".") for what, result in failed.items()}
    if len(set(messages.values())) == 1:
        return dict(next(iter(failed.values())))
    told = (message if what in message else f"{what}: {message}" for what, message in messages.items())
    return {"failed": True, "msg": ". ".join(told)}
