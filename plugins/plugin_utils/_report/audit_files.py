# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of the playbook audit: the check of its variables, and its report files."""

from __future__ import annotations

import typing as t
from collections.abc import Callable

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import read_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_pages import audit_html, audit_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_prometheus import audit_prometheus
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.report_files import json_text, write_report_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import check_variable_names

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task


AUDIT_PREFIX = "certificate_audit_"
AUDIT_VARIABLES = ("expiring_within", "hosts", "report_dir", "result", "threshold_days", "verify_gateways")
"""The variables of the playbook without the prefix, and the result, which it leaves to the plays that follow."""


def check_audit_variables(task: Task) -> Result:
    """Look for variables that the playbook does not have, because with a misspelled threshold it would never fail.

    :raises SettingError: for a variable that is almost the name of one of them.
    """
    warnings = check_variable_names(task.variable_names, AUDIT_VARIABLES, owner="playbook audit", prefix=AUDIT_PREFIX)
    return {"changed": False, "warnings": warnings} if warnings else {"changed": False}


def write_audit_files(task: Task, settings: t.Any) -> Result:
    """Write the report files of an audit, in check mode as well.

    One task writes all of them: a module of Ansible for each file would take half a second each.

    :arg settings: C(dir), the absolute path of the folder, and C(audit), the result of the audit.
    """
    folder, audit = settings["dir"], settings["audit"]
    found = read_audit(audit)
    texts = {
        "audit.json": json_text(audit),
        "audit.html": audit_html(found),
        "audit.md": audit_markdown(found),
        "apinizer_certificates.prom": audit_prometheus(found),
    }
    try:
        write_report_files(task.files, folder, texts)
    except FileProblem as exc:
        return {"changed": False, "failed": True, "msg": f"certificate_audit_report_dir: {exc}"}
    return {"changed": False}


AUDIT_PHASES: dict[str, Callable[..., Result]] = {
    "audit_check": check_audit_variables,
    "audit_files": write_audit_files,
}
"""The phases by the name that a task gives."""
