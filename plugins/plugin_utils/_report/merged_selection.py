# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of several reports of a manager count. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock

_CLOCKS_DIFFER = timedelta(days=1)
"""A report may be this far in the future, because clocks and time zones differ."""
_LONG_AGO = datetime.min.replace(tzinfo=timezone.utc)


def newest(reports: Iterable[ManagerReport]) -> list[ManagerReport]:
    """The newest report of each manager and host, in the order of the first ones. Of two with the same times, the last one.

    That of a check mode never replaces that of a real run. A failure of unknown time counts as the newest.
    """
    found: dict[tuple[str, str], ManagerReport] = {}
    for report in reports:
        key = (normalized_address(report.manager or "") or report.manager or "", report.host)
        if key not in found or _order(report) >= _order(found[key]):
            found[key] = report
    return list(found.values())


def split_by_age(
    reports: Iterable[ManagerReport], since: datetime | None
) -> tuple[list[ManagerReport], list[ManagerReport]]:
    """The reports of runs that started at that time or later, and the others.

    Without a time, all of them count. Of the runs whose time is not known, only those that failed do.
    """
    current: list[ManagerReport] = []
    outdated: list[ManagerReport] = []
    for report in reports:
        (outdated if since and not _is_unknown_failure(report) and _began(report) < since else current).append(report)
    return current, outdated


def without_known(results: Iterable[ManagerReport], reports: Sequence[ManagerReport]) -> list[ManagerReport]:
    """The results of runs whose reports are not there.

    Those are the results of other hosts, those that are newer than all reports of the host, those of real runs where all
    reports of the host are from check mode, and failures of unknown time.
    """
    by_host: dict[str, list[ManagerReport]] = {}
    for report in reports:
        by_host.setdefault(report.host, []).append(report)
    return [one for one in results if not any(_covers(report, one) for report in by_host.get(one.host, ()))]


def check_time(report: ManagerReport, where: str, now: datetime) -> None:
    """Refuse a report from the future: no later one of the manager would replace it.

    :raises ReportError: for such a report.
    """
    for key, moment in (("started", report.started), ("finished", report.finished)):
        if moment and moment > now + _CLOCKS_DIFFER:
            raise ReportError(
                f"{where}.{key}: {clock(moment)} is in the future. Check the clock of the machine that ran it"
            )


def _covers(report: ManagerReport, result: ManagerReport) -> bool:
    """Whether a result need not count because of a report of the same host."""
    if _is_unknown_failure(result):
        return False
    if report.check_mode != result.check_mode:
        return result.check_mode
    return _began(report) >= _began(result)


def _order(report: ManagerReport) -> tuple[bool, bool, datetime, datetime]:
    return not report.check_mode, _is_unknown_failure(report), _began(report), report.moment or _LONG_AGO


def _is_unknown_failure(report: ManagerReport) -> bool:
    return report.failed and report.moment is None


def _began(report: ManagerReport) -> datetime:
    """When the run started, or, where only that is known, when it ended."""
    return report.started or report.finished or _LONG_AGO
