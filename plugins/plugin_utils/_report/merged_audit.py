# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit of a manager as the part of a merged report. Pure."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit, read_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_failure import audit_failure, has_failed
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import (
    AUDITS,
    ManagerProblem,
    ManagerReport,
    counted,
    first_problems,
    named,
)


def report_of_audit(value: object, where: str, *, source: str = "", page: str = "") -> ManagerReport:
    """Read the input of the filter C(audit_report).

    It is a failure if certificates have expired or are not on the gateways, or if the audit itself has failed.

    :arg where: what messages call the value.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    audit = read_audit(value, where)
    return ManagerReport(
        manager=audit.manager,
        host=audit.host,
        started=audit.generated,
        finished=audit.generated,
        check_mode=False,
        outcome=audit.status,
        failed=has_failed(audit),
        message=audit_failure(audit) or audit.message,
        certificates=len(audit.certificates),
        counts=counted(AUDITS, (finding.kind for finding in audit.findings)),
        named=named(AUDITS, ((finding.kind, finding.about) for finding in audit.findings)),
        **first_problems(_problems(audit)),
        first_expiry=min(
            (entry.not_after for one in audit.certificates for entry in one.entries if entry.not_after), default=None
        ),
        source=source,
        page=page,
    )


def _problems(audit: Audit) -> list[ManagerProblem]:
    return [
        ManagerProblem(finding.about, ", ".join(finding.environments) or None, finding.kind, finding.message)
        for finding in audit.findings
        if finding.is_problem
    ]
