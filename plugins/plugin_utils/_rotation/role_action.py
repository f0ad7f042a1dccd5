# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the actions of the role certificate_rotation share: they run modules of the collection, as tasks would.

Ansible renders each option of a task anew for each item of a loop, and looks several times into each value that a task
returns. With hundreds of certificates that takes longer than the manager does.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping, Sequence

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.dispatch import DefinitionAction, Runner
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import packed
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.parallel import mapped

_READS_AT_ONCE = 8
"""A manager answers the pages of a console to several people at once. What only reads needs no more caution than they do."""

_COLLECTION = "apinizer.apiops"
_GROUP = f"group/{_COLLECTION}.apinizer"
_CRASHED = "apinizer_crashed"
_OF_A_FAILURE = ("failed", "msg", "exception", "module_stdout", "module_stderr", "rc")
"""What may help of a failure, those of modules that crashed among them. The rest describes certificates."""


class RoleAction(ActionBase):  # type: ignore[misc]
    """An action that runs a module, each time as a task for that module would."""

    _supports_check_mode = True
    _rendered: t.ClassVar[dict[tuple[str, str], dict[str, t.Any]]] = {}
    """The defaults of modules by task: this process runs one task for one host, with all items of its loop."""

    def run_module(
        self,
        name: str,
        each: Sequence[Mapping[str, t.Any]],
        variables: dict[str, t.Any] | None,
        *,
        look: bool = False,
        at_once: int = 1,
    ) -> Iterator[Result]:
        """Run a module of the collection, with the defaults that the play has for it, once with each of several options.

        :arg each: the options.
        :arg look: in check mode and without a diff, whatever the play runs in.
        :arg at_once: how many may run at the same time, each with a connection of its own. Modules of their own process
            run one after the other.
        :returns: the results of the tasks, in order; to be taken to the end.
        """
        module = f"{_COLLECTION}.{name}"
        defaults = self._defaults_of(module)
        all_options = [plain({**defaults, **options}) for options in each]

        def run_as_module(options: Mapping[str, t.Any]) -> Result:
            result: Result = self._action_for(module, options, look=look).run(task_vars=variables)
            return result

        with self._action_for(module, {}, look=look).in_process(variables or {}) as run_here:
            yield from mapped(_surely(run_here or run_as_module), all_options, at_once if run_here else 1)

    def read(
        self,
        name: str,
        each: Mapping[str, Mapping[str, t.Any]],
        variables: dict[str, t.Any] | None,
        *,
        returned: str,
        text: str,
        look: bool = False,
    ) -> Result:
        """Run a module that only reads, for several things at once.

        :arg each: the options, by what they are of.
        :arg returned: the return value that is wanted.
        :arg text: as what all of them are returned, by what they are of, as text.
        :arg look: as for C(run_module).
        :returns: one result: the text, or what is against all for which the module failed.
        """
        results = self.run_module(name, list(each.values()), variables, look=look, at_once=_READS_AT_ONCE)
        # Of a thousand that succeed, no more is kept than is needed.
        kept = (returned, "warnings")
        found = {
            what: one if one.get("failed") else {key: one[key] for key in kept if key in one}
            for what, one in zip(each, results)
        }
        result = together(found)
        if not result.get("failed"):
            result[text] = packed({what: one[returned] for what, one in found.items()})
        return result

    def _action_for(self, module: str, options: Mapping[str, t.Any], *, look: bool) -> DefinitionAction:
        """The action of a task for that module, next to this one."""
        # As Ansible copies the task of a loop for each item: with the same parents, instead of copies of them.
        task = self._task.copy(exclude_parent=True, exclude_tasks=True)
        task._parent = self._task._parent
        task.action, task.args = module, options
        if look:
            task.check_mode, task.diff = True, False
        return t.cast(
            DefinitionAction,
            self._shared_loader_obj.action_loader.get(
                module,
                task=task,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            ),
        )

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


def _surely(run_with: Runner) -> Runner:
    """As given, but what nobody expected is a result as well: one bug must not hide what came of all others."""

    def run(options: Mapping[str, t.Any]) -> Result:
        try:
            return run_with(options)
        except Exception as exc:  # noqa: BLE001
            told = isinstance(exc, AnsibleError)
            return {
                "failed": True,
                "msg": str(exc) if told else f"Unexpected {type(exc).__name__}: {exc}",
                _CRASHED: True,
            }

    return run


def may_have_written(result: Mapping[str, t.Any]) -> bool:
    """Whether a module has changed something, or has ended without a word of it."""
    return bool(result.get("changed") or result.get(_CRASHED) or (result.get("failed") and "module_stdout" in result))


def together(results: Mapping[str, Result]) -> Result:
    """Several results as one, by what each is of: their failures, or else their warnings.

    A result without either is hidden: there is nothing to see, and what is hidden is not made ready to be shown.
    """
    if failure := failure_of(results):
        return {"changed": False, **failure}
    warnings = warnings_of(results)
    return {"changed": False, **({"warnings": warnings} if warnings else {"_ansible_no_log": True})}


def warnings_of(results: Mapping[str, Result]) -> list[str]:
    """The warnings of several results, each once."""
    return list(dict.fromkeys(warning for result in results.values() for warning in result.get("warnings", ())))


def failure_of(results: Mapping[str, Result]) -> Result:
    """The failures of several results as one; empty where none failed.

    Each message tells what it is of, unless all of them are the same.
    """
    failed = {what: result for what, result in results.items() if result.get("failed")}
    if not failed:
        return {}
    messages = {what: str(result.get("msg")).rstrip(".") for what, result in failed.items()}
    if len(failed) == len(results) and len(set(messages.values())) == 1:
        return {key: value for key, value in next(iter(failed.values())).items() if key in _OF_A_FAILURE}
    told = (message if what in message else f"{what}: {message}" for what, message in messages.items())
    return {"failed": True, "msg": ". ".join(told)}
