# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter audit_failure."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import audit_failure as rule
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import read_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError


def audit_failure(audit: object, verify_gateways: object) -> str:
    """Return why an audit fails, or an empty string if it does not.

    :raises AnsibleFilterError: if the audit has the wrong shape.
    """
    try:
        return rule.audit_failure(read_audit(audit), str(verify_gateways))
    except ReportError as exc:
        raise AnsibleFilterError(f"audit_failure: {exc}") from exc


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"audit_failure": audit_failure}
