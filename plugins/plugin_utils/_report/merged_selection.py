# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several reports of a manager count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ManagerReport

_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def newest(reports: Iterable[ManagerReport]) -> list[ManagerReport]:
    """The newest report of each manager and host, in the order of the first ones. Of two with the same time, the last one."""
    found: dict[tuple[str, str], ManagerReport] = {}
    for report in reports:
        key = (normalized_address(report.manager or "") or report.manager or "", report.host)
        if key not in found or _moment(report) >= _moment(found[key]):
            found[key] = report
    return list(found.values())


def split_by_age(
    reports: Iterable[ManagerReport], since: datetime | None
) -> tuple[list[ManagerReport], list[ManagerReport]]:
    """The reports of runs that started at that time or later, and the others. Without a time, all of them count."""
    current: list[ManagerReport] = []
    outdated: list[ManagerReport] = []
    for report in reports:
        started = report.started or report.finished
        (outdated if since and started and started < since else current).append(report)
    return current, outdated


def without_known(results: Iterable[ManagerReport], reports: Sequence[ManagerReport]) -> list[ManagerReport]:
    """The results of runs whose reports are not there: those of another host, or newer than all reports of the host."""
    times: dict[str, datetime] = {}
    for report in reports:
        times[report.host] = max(times.get(report.host, _LONG_AGO), report.started or _LONG_AGO)
    return [one for one in results if one.host not in times or (one.started or _LONG_AGO) > times[one.host]]


def _moment(report: ManagerReport) -> datetime:
    return report.moment or _LONG_AGO
