# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validate the options of a plugin, connect to the manager that they specify, and convert errors.

For plugins that run in the process of Ansible itself. Options have the same meaning as those of a module: the same
conversions, environment variables and checks.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._definition import missing_library
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._options import misplaced_secrets, without_empty
from ansible_collections.apinizer.apiops.plugins.module_utils._text import with_escaped
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain


@contextmanager
def convert_errors(to: Callable[[str], Exception], options: Mapping[str, t.Any]) -> Iterator[set[str]]:
    """Convert the collection's errors within a C(with) block to errors of Ansible, with one line as the message.

    :arg to: the class of Ansible's error.
    :arg options: the options as the user gave them. A private key or a password in one of them is redacted.
    :returns: a set to which the caller adds other secrets to redact.
    """
    secrets = set(misplaced_secrets(options.values()))
    try:
        yield secrets
    except ApinizerError as exc:
        # Not chained: Ansible shows the messages of all chained errors, so the line would appear twice.
        raise to(str(remove_values(str(exc), with_escaped(secrets)))) from None


def validate_options(options: Mapping[str, t.Any], spec: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """Validate options and return all of the specification, converted to their types. An empty string counts as not set.

    :arg spec: an argument specification as AnsibleModule takes it.
    :raises ApinizerError: if an option is unknown, required and missing, or has an invalid value.
    """
    for option in sorted(set(options) - set(spec)):
        raise InputError(option, f"is not an option of this plugin. Use one of these: {', '.join(sorted(spec))}")
    given = without_empty({option: plain(value) for option, value in options.items()})
    result = ArgumentSpecValidator(spec).validate(given)
    if result.error_messages:
        raise ApinizerError(" ".join(str(result.error_messages[0]).split()))
    values: dict[str, t.Any] = result.validated_parameters
    return values


@contextmanager
def connect(connection: Connection) -> Iterator[CertificateApi]:
    """Open a session with the manager, and close it at the end of the C(with) block.

    :raises ApinizerError: if a Python library is missing.
    :raises InputError: if the values of the connection cannot be used.
    """
    missing = missing_library()
    if missing:
        raise ApinizerError(missing)
    with closing(Client(connection)) as client:
        yield CertificateApi(client)
