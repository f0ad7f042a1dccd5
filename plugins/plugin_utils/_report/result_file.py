# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a run in a file, for the fact C(certificate_rotation_result)."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import create_private, dumps, write_private
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


def keep_result(folder: str, result: str) -> str:
    """Keep the result in a file, and return a file for include_vars whose variable reads it when it is used.

    Ansible looks into each value of a fact that is set, which takes seconds for a thousand certificates.
    """
    path = create_private(folder, prefix="certificate-rotation-result-", suffix=".json")
    write_private(path, result)
    variables = create_private(folder, prefix="certificate-rotation-result-", suffix=".vars.json")
    template = f"{{{{ lookup('ansible.builtin.file', {dumps(path)}) | from_json }}}}"
    write_private(variables, dumps({f"{PREFIX}result": template}))
    return variables
