# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a module definition as a module, in a process of its own. The only file that knows AnsibleModule."""

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
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls, with_escaped


class Module(AnsibleModule):  # type: ignore[misc]
    """An AnsibleModule that treats an empty string as a missing value, and in which a definition runs."""

    def _load_params(self) -> None:
        super()._load_params()
        self.params: dict[str, t.Any] = without_empty(self.params)
        self.no_log_values.update(misplaced_secrets(self.params.values()))

    def warn(self, warning: str, **named: t.Any) -> None:
        """Show a warning to the user. It may quote the manager."""
        super().warn(escape_controls(warning), **named)

    @contextmanager
    def manager(self) -> t.Iterator[CertificateApi]:
        """Connect to the manager of the connection options. The connection is closed at the end of the context."""
        add_secret = self.no_log_values.add
        with closing(Client(resolve_connection(self.params, add_secret), add_secret=add_secret)) as client:
            yield CertificateApi(client)


def run_as_module(definition: ModuleDefinition) -> None:
    """Run a definition, print its result, and exit. An error is printed as a message, without a traceback."""
    module = Module(**definition.specification(), supports_check_mode=True)
    missing = missing_library()
    if missing:
        module.fail_json(msg=missing)
    result = definition.run(module)
    module.no_log_values.update(with_escaped(module.no_log_values))
    if result.pop("failed", False):
        module.fail_json(**result)
    module.exit_json(**result)
