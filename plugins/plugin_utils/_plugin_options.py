# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a plugin's options to the manager that they name, for plugins in the controller's own process.

Options mean what they mean to a module: the same conversions, the same environment variables, the same refusals.
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
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain


@contextmanager
def errors_as(kind: Callable[[str], Exception], options: Mapping[str, t.Any]) -> Iterator[set[str]]:
    """Raise the collection's errors as one of Ansible's, in a line.

    :arg options: those that the user gave; a secret in one of them is not repeated in the line.
    :returns: a set for further secrets that the line must not have.
    """
    secrets = set(misplaced_secrets(options.values()))
    try:
        yield secrets
    except ApinizerError as exc:
        # Not chained: Ansible would say everything twice.
        raise kind(str(remove_values(str(exc), secrets))) from None


def validated(options: Mapping[str, t.Any], spec: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
    """The options, of their types and complete; an empty string is no value.

    :arg spec: as an AnsibleModule takes it.
    :raises ApinizerError: for an option that the plugin does not have, or a value that it cannot take.
    """
    for option in sorted(set(options) - set(spec)):
        raise InputError(option, f"no option of this plugin; it has {', '.join(sorted(spec))}")
    given = without_empty({option: plain(value) for option, value in options.items()})
    result = ArgumentSpecValidator(spec).validate(given)
    if result.error_messages:
        raise ApinizerError(" ".join(str(result.error_messages[0]).split()))
    values: dict[str, t.Any] = result.validated_parameters
    return values


@contextmanager
def connected(connection: Connection) -> Iterator[CertificateApi]:
    """The manager of a connection, in one session that ends with the context.

    :raises InputError: where the connection's values cannot work.
    """
    missing = missing_library()
    if missing:
        raise ApinizerError(missing)
    with closing(Client(connection)) as client:
        yield CertificateApi(client)
