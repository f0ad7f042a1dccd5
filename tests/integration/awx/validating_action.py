# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin that replaces every module of awx.awx: it validates the arguments of the task and records them.

The arguments are validated against the argument spec of the module and against its documentation, which also describes
the elements of lists.
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
_SPEC_KEYS = ("type", "elements", "choices", "required", "default", "aliases")


class ActionModule(ActionBase):  # type: ignore[misc]
    """Validates the arguments of a task after templating."""

    def run(self, tmp: Any = None, task_vars: Any = None) -> dict[str, Any]:
        """Fail if the module would reject the arguments; otherwise record them."""
        module = importlib.import_module(f"{COLLECTION}.{self._task.action.rpartition('.')[2]}")
        for validator in (_argument_spec_validator(module), _documentation_validator(module)):
            errors = validator.validate(self._task.args).error_messages
            if errors:
                raise AnsibleActionFail("; ".join(errors))
        with open(os.environ["APIOPS_TEST_CALLS"], "a", encoding="utf-8") as calls:
            calls.write(json.dumps({"module": module.__name__.rpartition(".")[2], "arguments": self._task.args}) + "\n")
        return {"changed": False}


class _ArgumentsDeclared(Exception):
    """The module has declared its arguments. Raised to stop it there."""


def _argument_spec_validator(module: Any) -> ArgumentSpecValidator:
    """Return a validator with the argument spec that the code of the module declares."""
    with mock.patch.object(AnsibleModule, "__init__", autospec=True, side_effect=_ArgumentsDeclared) as declare:
        with suppress(_ArgumentsDeclared):
            module.main()
        declared = dict(declare.call_args.kwargs)
    conditions = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")
    return ArgumentSpecValidator(
        declared["argument_spec"], **{key: declared[key] for key in conditions if key in declared}
    )


def _documentation_validator(module: Any) -> ArgumentSpecValidator:
    """Return a validator with the argument spec that the documentation of the module describes."""
    documentation, *_unused = get_docstring(module.__file__, fragment_loader)
    return ArgumentSpecValidator(_spec(documentation["options"]))


def _spec(options: dict[str, Any]) -> dict[str, Any]:
    """Turn documented options into an argument spec, suboptions included."""
    return {
        name: {key: option[key] for key in _SPEC_KEYS if key in option}
        | ({"options": _spec(option["suboptions"])} if "suboptions" in option else {})
        for name, option in options.items()
    }
