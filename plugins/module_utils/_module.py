# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a body as a module, in a process of its own. The only file that knows AnsibleModule."""

from __future__ import annotations

import typing as t
from contextlib import closing, contextmanager

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition, missing_library
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    misplaced_secrets,
    resolve_connection,
    without_empty,
)


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule to which an empty string is no value, and which hosts a body."""

    def _load_params(self) -> None:
        super()._load_params()
        self.params: dict[str, t.Any] = without_empty(self.params)
        self.no_log_values.update(misplaced_secrets(self.params.values()))

    @contextmanager
    def manager(self) -> t.Iterator[CertificateApi]:
        """The manager that the connection options name; the connection ends with the context."""
        hide = self.no_log_values.add
        with closing(Client(resolve_connection(self.params, hide), hide=hide)) as client:
            yield CertificateApi(client)


def run_as_module(body: ModuleDefinition) -> None:
    """Run a body and leave with its result, or with a message and nothing else that the user has to read."""
    module = Module(**body.specification(), supports_check_mode=True)
    missing = missing_library()
    if missing:
        module.fail_json(msg=missing)
    result = body.run(module)
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
