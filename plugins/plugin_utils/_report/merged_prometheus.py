# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the reports of several managers as metrics for Prometheus. Pure.

The names differ from those of a single audit, so that the files of both can be in one folder. No label changes from one
run to the next: each series continues.
"""

from __future__ import annotations

from collections import Counter

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import AUDITS, ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.prometheus import Gauge, metrics_text


def merged_prometheus(merged: Merged) -> str:
    """Render the metrics. Reports of the same manager and host are summed up."""
    kind = {"kind": merged.kind.key}
    managers = Gauge("apinizer_reports", "Number of managers with a report.")
    missing = Gauge("apinizer_reports_missing", "Number of expected managers without a report.")
    unusable = Gauge("apinizer_reports_unusable", "Number of reports that cannot be read.")
    lacking = Gauge("apinizer_report_missing", "The expected manager of the label has no report. Always 1.")
    time = Gauge("apinizer_report_timestamp_seconds", "Time of the newest report in seconds since the epoch.")
    failed = Gauge("apinizer_report_failed", "1 if the report of the manager is a failure, 0 otherwise.")
    check_mode = Gauge("apinizer_report_check_mode", "1 if a report of the manager is from check mode, 0 otherwise.")
    certificates = Gauge("apinizer_report_certificates", "Number of certificates in the report of the manager.")
    audits = merged.kind is AUDITS
    counts = Gauge(
        "apinizer_report_findings" if audits else "apinizer_report_certificates_by_outcome",
        "Number of findings of the kind." if audits else "Number of certificates with the outcome.",
    )
    managers.add(len(merged.reports), kind)
    missing.add(len(merged.missing), kind)
    unusable.add(len(merged.unusable), kind)
    for one in merged.missing:
        lacking.add(1, {**kind, "name": one.name})
    for (manager, host), reports in _by_manager(merged).items():
        labels = {**kind, "manager": manager, "host": host}
        if moments := [report.moment for report in reports if report.moment]:
            time.add(int(max(moments).timestamp()), labels)
        failed.add(int(any(report.failed for report in reports)), labels)
        check_mode.add(int(any(report.check_mode for report in reports)), labels)
        certificates.add(sum(report.certificates for report in reports), labels)
        total: Counter[str] = Counter(dict.fromkeys(merged.kind.counted, 0))
        for report in reports:
            total.update({status.key: number for status, number in report.counts})
        for key, number in total.items():
            counts.add(number, {**labels, "finding" if audits else "outcome": key})
    return metrics_text(managers, missing, unusable, lacking, time, failed, check_mode, certificates, counts)


def _by_manager(merged: Merged) -> dict[tuple[str, str], list[ManagerReport]]:
    found: dict[tuple[str, str], list[ManagerReport]] = {}
    for report in merged.reports:
        found.setdefault((report.manager or "", report.host), []).append(report)
    return found
