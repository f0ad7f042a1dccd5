# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a rotation, which set_stats publishes, as the part of a merged report. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import (
    ROTATIONS,
    ManagerProblem,
    ManagerReport,
    first_problems,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import SUCCESSES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Status, rank, status_of


def is_summary(value: Mapping[str, t.Any]) -> bool:
    """Whether a dictionary is a summary: it has an outcome, and numbers of certificates instead of certificates."""
    return "outcome" in value and "counts" in value and "certificates" not in value


def report_of_summary(value: object, where: str, *, host: str) -> ManagerReport:
    """Read a summary.

    :arg host: the host where the summary does not name it.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    summary = Reader(sanitize(value, where), where)
    outcome = status_of(status.RUN, summary.text("outcome"))
    counts = _counts(summary, where)
    failures = summary.value("failed") or []
    if not isinstance(failures, list):
        raise ReportError(f"{where}.failed: must be a list")
    return ManagerReport(
        manager=summary.optional_text("manager"),
        host=summary.optional_text("host") or host,
        started=summary.optional_moment("started"),
        finished=summary.optional_moment("finished"),
        check_mode=summary.optional_flag("check_mode") or False,
        outcome=outcome,
        failed=outcome.key not in SUCCESSES,
        message=summary.optional_text("message") or "",
        certificates=sum(number for _one, number in counts),
        counts=counts,
        **first_problems(_problem(one, f"{where}.failed[{index}]") for index, one in enumerate(failures)),
        source=summary.optional_text("report") or "",
    )


def _counts(summary: Reader, where: str) -> tuple[tuple[Status, int], ...]:
    numbers = summary.optional("counts")
    given = t.cast("dict[str, t.Any]", summary.value("counts") or {})
    counts = [
        (status_of(status.CERTIFICATE, key), numbers.number(key)) for key in given if numbers and given[key] is not None
    ]
    if any(number < 0 for _one, number in counts):
        raise ReportError(f"{where}.counts: must not be negative")
    return tuple(sorted(counts, key=lambda one: rank(ROTATIONS.counted, one[0])))


def _problem(value: t.Any, where: str) -> ManagerProblem:
    """One entry of C(failed): text, or a dictionary."""
    if isinstance(value, str):
        return ManagerProblem(None, None, status.CERTIFICATE["failed"], value)
    failed = Reader(value, where)
    certificate = " / ".join(filter(None, (failed.optional_text("project"), failed.optional_text("name"))))
    return ManagerProblem(
        certificate or None,
        failed.optional_text("environment"),
        status_of(status.CERTIFICATE, failed.optional_text("outcome") or "failed"),
        failed.optional_text("message") or "",
    )
