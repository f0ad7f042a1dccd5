# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module definition in this process, with the same result as its module.

What AnsibleModule does before and after an operation is done here with the same functions of Ansible.
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
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls, with_escaped
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.connections import shared_manager

_MESSAGES = ("message", "msg", "reason", "warnings")


class InProcessContext:
    """The context of a definition in this process.

    :arg options: the options of the task, as its module would receive them.
    """

    def __init__(self, options: Mapping[str, t.Any], *, check_mode: bool) -> None:
        self.params = without_empty(options)
        self.check_mode = check_mode
        self.no_log_values = set(misplaced_secrets(self.params.values()))
        self.warnings: list[str] = []

    def warn(self, warning: str) -> None:
        """Show a warning to the user. It may quote the manager."""
        self.warnings.append(escape_controls(warning))

    def manager(self) -> AbstractContextManager[CertificateApi]:
        """Connect to the manager of the connection options. The connection stays open for the next item of a loop."""
        add_secret = self.no_log_values.add
        return shared_manager(resolve_connection(self.params, add_secret), add_secret)

    def validate(self, definition: ModuleDefinition, name: str) -> str | None:
        """Validate and convert the options, and add the defaults.

        :arg name: the name of the module, for the message.
        :returns: the first error in Ansible's words, or None.
        """
        validator = ModuleArgumentSpecValidator(**definition.specification())
        validation = validator.validate(self.params)
        self.params.update(validation.validated_parameters)
        self.no_log_values.update(validation._no_log_values)
        if not validation.error_messages:
            return None
        message = str(validation.errors.msg)
        if isinstance(validation.errors[0], UnsupportedError):
            message = f"Unsupported parameters for ({name}) module: {message}"
        return message


def run_in_process(
    definition: ModuleDefinition, name: str, options: Mapping[str, t.Any], *, check_mode: bool, show_invocation: bool
) -> Result:
    """Run a module definition in this process.

    :arg name: the name of the module.
    :arg options: the options of the task, as the module would receive them.
    :arg show_invocation: whether to return the options, with secrets redacted.
    :returns: the result that the module would have returned.
    """
    context = InProcessContext(options, check_mode=check_mode)
    problem = context.validate(definition, name)
    result = {"failed": True, "msg": problem} if problem is not None else definition.run(context)
    secrets = with_escaped(context.no_log_values)
    if show_invocation:
        result["invocation"] = {"module_args": context.params}
    shown = redacted(result, secrets)
    # A warning may quote the manager, and the manager may repeat a secret.
    warnings = remove_values(context.warnings, secrets)
    return {**shown, "warnings": warnings} if warnings else shown


def redacted(result: Result, secrets: Collection[str]) -> Result:
    """The result with its secrets redacted.

    None, True and False are never secrets, even if a secret has the same spelling.
    """
    if not _may_contain(secrets, list(result.values())):
        return result
    return {
        key: value
        if value is None or isinstance(value, bool) or not _may_contain(secrets, value)
        else remove_values(value, secrets)
        for key, value in result.items()
    }


def redact_messages(result: Result, secrets: Collection[str]) -> Result:
    """The result with secrets redacted in its messages only.

    For a result that this process works with: a password may be equal to the name of an environment, or be contained in a
    fingerprint. Names, dates and fingerprints are compared, so they stay as they are. Only text that quotes the manager may
    repeat a secret.
    """
    if not _may_contain(secrets, list(result.values())):
        return result
    redacted_messages: Result = _redact_messages(result, secrets)
    return redacted_messages


def _redact_messages(value: t.Any, secrets: Collection[str]) -> t.Any:
    if isinstance(value, Mapping):
        return {
            key: remove_values(inner, secrets) if key in _MESSAGES else _redact_messages(inner, secrets)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [_redact_messages(inner, secrets) for inner in value]
    return value


def _may_contain(secrets: Collection[str], value: t.Any) -> bool:
    """Whether a value may contain a secret.

    Removing secrets copies the whole value, which takes longer than anything else for a list of a thousand
    certificates. Searching its JSON is fast.
    """
    try:
        text = _json(value)
    except TypeError:
        return True
    return any(_json(secret)[1:-1] in text for secret in secrets)


def _json(value: t.Any) -> str:
    return json.dumps(value, ensure_ascii=False)
