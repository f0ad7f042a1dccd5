# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a body in this process with the result that its module would have returned.

What AnsibleModule does around a body is done here with the functions of Ansible that AnsibleModule uses itself.
"""

from __future__ import annotations

import json
import typing as t
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager

from ansible.module_utils.common.arg_spec import ModuleArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition, Result
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    misplaced_secrets,
    resolve_connection,
    without_empty,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.connections import shared_manager


class InProcessContext:
    """Hosts a body in this process.

    :arg options: the task's, as its module would receive them.
    """

    def __init__(self, options: Mapping[str, t.Any], *, check_mode: bool) -> None:
        self.params = without_empty(options)
        self.check_mode = check_mode
        self.no_log_values = set(misplaced_secrets(self.params.values()))
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        self.warnings.append(warning)

    def manager(self) -> AbstractContextManager[CertificateApi]:
        """The manager that the connection options name; its connection is kept."""
        hide = self.no_log_values.add
        return shared_manager(resolve_connection(self.params, hide), hide)

    def validate(self, body: ModuleDefinition, name: str) -> str | None:
        """Check the options, convert them and complete them with the defaults.

        :arg name: the module's, for the message.
        :returns: what is wrong with them, in Ansible's words; None for nothing.
        """
        validator = ModuleArgumentSpecValidator(**body.specification())
        found = validator.validate(self.params)
        self.params.update(found.validated_parameters)
        self.no_log_values.update(found._no_log_values)
        if not found.error_messages:
            return None
        message = str(found.errors.msg)
        if isinstance(found.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({name}) module: {message}"
        return message


def run_in_process(
    body: ModuleDefinition, name: str, options: Mapping[str, t.Any], *, check_mode: bool, show_invocation: bool
) -> Result:
    """Run a body in this process.

    :arg name: the module's.
    :arg options: the task's, as its module would receive them.
    :arg show_invocation: whether the result repeats the options, secrets apart.
    :returns: what the module's process would have returned.
    """
    host = InProcessContext(options, check_mode=check_mode)
    problem = host.validate(body, name)
    result = {"failed": True, "msg": problem} if problem is not None else body.run(host)
    if show_invocation:
        result["invocation"] = {"module_args": host.params}
    shown = redacted(result, host.no_log_values)
    # Warnings may quote the manager, which may quote a secret.
    warnings = remove_values(host.warnings, host.no_log_values)
    return {**shown, "warnings": warnings} if warnings else shown


def redacted(result: Result, secrets: Collection[str]) -> Result:
    """The result without any secret in it."""
    return {key: _without(secrets, value) for key, value in result.items()}


def _without(secrets: Collection[str], value: t.Any) -> t.Any:
    """A value of a result, with no secret in it.

    None and truth values are no secrets, even where one reads like a secret.
    """
    if value is None or isinstance(value, bool) or not _may_hold(secrets, value):
        return value
    return remove_values(value, secrets)


def _may_hold(secrets: Collection[str], value: t.Any) -> bool:
    """Whether there may be a secret in a value.

    Removing one makes a copy of all there is, which takes longer than anything else done to a list of a thousand
    certificates. A look at its JSON does not.
    """
    try:
        text = _json(value)
    except TypeError:
        return True
    return any(_json(secret)[1:-1] in text for secret in secrets)


def _json(value: t.Any) -> str:
    return json.dumps(value, ensure_ascii=False)
