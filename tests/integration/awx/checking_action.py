# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin that replaces every module of awx.awx: it validates the task's arguments and records them.

Arguments are validated against the module's argument spec and its documentation, which also covers the items of lists.
"""

from __future__ import annotations

import importlib
import json
import os
from contextlib import suppress
from typing import Any
from unittest import mock

from ansible.errors import AnsibleActionFail
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

COLLECTION = "ansible_collections.awx.awx.plugins.modules"
_KEPT = ("type", "elements", "choices", "required", "default", "aliases")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Validates a task's arguments after templating."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Fail if the module would refuse the arguments."""
        module = importlib.import_module(f"{COLLECTION}.{self._task.action.rpartition('.')[2]}")
        for validator in (_declared(module), _documented(module)):
            errors = validator.validate(self._task.args).error_messages
            if errors:
                raise AnsibleActionFail("; ".join(errors))
        with open(os.environ["APIOPS_TEST_CALLS"], "a", encoding="utf-8") as calls:
            calls.write(json.dumps({"module": module.__name__.rpartition(".")[2], "arguments": self._task.args}) + "\n")
        return {"changed": False}


class _Reached(Exception):
    """The module has reached the declaration of its arguments."""


def _declared(module: Any) -> ArgumentSpecValidator:
    """Return a validator for the argument spec in the module's code."""
    with mock.patch.object(AnsibleModule, "__init__", autospec=True, side_effect=_Reached) as declare:
        with suppress(_Reached):
            module.main()
        named = dict(declare.call_args.kwargs)
    kept = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
    return ArgumentSpecValidator(named["argument_spec"], **{key: named[key] for key in kept if key in named})


def _documented(module: Any) -> ArgumentSpecValidator:
    """Return a validator for the options in the module's documentation."""
    documentation, *_unused = get_docstring(module.__file__, fragment_loader)
    return ArgumentSpecValidator(_spec(documentation["options"]))


def _spec(options: dict[str, Any]) -> dict[str, Any]:
    return {
        name: {key: option[key] for key in _KEPT if key in option}
        | ({"options": _spec(option["suboptions"])} if "suboptions" in option else {})
        for name, option in options.items()
    }
