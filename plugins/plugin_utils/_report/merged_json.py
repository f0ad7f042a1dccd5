# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of several managers as JSON, schema 1: see C(MergedReport). Pure."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.report_files import json_text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    SCHEMA,
    MergedManager,
    MergedReport,
)


def merged_json(merged: Merged) -> str:
    """Render the document."""
    return json_text(merged_values(merged))


def merged_values(merged: Merged) -> MergedReport:
    """The merged report as built-in types."""
    return {
        "schema": SCHEMA,
        "kind": merged.kind.key,
        "outcome": merged.outcome.key,
        "failed": merged.failed,
        "message": merged.message,
        "managers_by_outcome": {one.key: number for one, number in merged.outcomes},
        "certificates_total": merged.certificates,
        "certificates": {one.key: number for one, number in merged.counts},
        "missing": [one.name for one in merged.missing],
        "unusable": [{"source": one.source, "problem": one.problem} for one in merged.unusable],
        "older": merged.older,
        "outdated": len(merged.outdated),
        "unexpected": list(merged.unexpected),
        "managers": [_manager(report) for report in merged.reports],
    }


def _manager(report: ManagerReport) -> MergedManager:
    return {
        "manager": report.manager,
        "host": report.host,
        "started": _time(report.started),
        "finished": _time(report.finished),
        "check_mode": report.check_mode,
        "outcome": report.outcome.key,
        "failed": report.failed,
        "message": report.message,
        "certificates_total": report.certificates,
        "certificates": {one.key: number for one, number in report.counts},
        "first_expiry": _time(report.first_expiry),
        "problems": [
            {
                "certificate": problem.certificate,
                "environment": problem.environment,
                "status": problem.status.label,
                "message": problem.text,
            }
            for problem in report.problems
        ],
        "problems_total": report.problems_total,
        "source": report.source or None,
        "page": report.page or None,
    }


def _time(moment: datetime | None) -> str | None:
    return iso(moment) if moment else None
