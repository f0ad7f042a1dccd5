# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summary of a rotation or an audit, which set_stats publishes, as the part of a merged report. Pure.

The summary is made in C(summary.py). The smallest one has an outcome only.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import replace

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import (
    AUDITS,
    ROTATIONS,
    Kind,
    ManagerProblem,
    ManagerReport,
    first_problems,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    AUDIT_SUCCESSES,
    SCHEMA,
    SUCCESSES,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Status, rank, status_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import SHORT_KEYS

_FAILED = ("failed", "rolled_back", "expired", "not_on_gateway")
"""The outcomes of certificates, and the findings, that make every manager with one of them a failure."""


def is_summary(value: object) -> bool:
    """Whether a value is a summary: it has an outcome, and numbers or nothing instead of certificates."""
    return isinstance(value, Mapping) and "outcome" in value and ("counts" in value or value.keys() <= SHORT_KEYS)


def report_of_summary(kind: Kind, value: object, where: str, *, host: str) -> ManagerReport:
    """Read a summary.

    :arg where: what messages call the value.
    :arg host: the host under which it was published.
    :raises ReportError: naming the value that is missing, has the wrong type, or belongs to the other kind.
    """
    summary = Reader(sanitize(value, where), where)
    if summary.value("schema") is not None:
        summary.expect("schema", SCHEMA)
    outcome = _outcome(kind, summary, where)
    counts = _counts(kind, summary, where)
    failed = outcome.key not in (AUDIT_SUCCESSES if kind is AUDITS else SUCCESSES)
    failed |= any(number and one.key in _FAILED for one, number in counts)
    failed |= kind is AUDITS and bool(summary.optional_flag("failed"))
    report = ManagerReport(
        manager=summary.optional_text("manager"),
        host=host,
        started=summary.optional_moment("started"),
        finished=summary.optional_moment("finished"),
        check_mode=summary.optional_flag("check_mode") or False,
        outcome=outcome,
        failed=failed,
        message=summary.optional_text("message") or "",
        certificates=summary.optional_number("certificates") or 0
        if kind is AUDITS
        else sum(number for _one, number in counts),
        counts=counts,
        **first_problems(_finding(one) for one in summary.each("findings"))
        if kind is AUDITS
        else first_problems(_unsettled(one) for one in summary.each("failed")),
        source=summary.optional_text("report") or "",
    )
    return replace(report, problems_total=report.problems_total + (summary.optional_number("omitted") or 0))


def _outcome(kind: Kind, summary: Reader, where: str) -> Status:
    """The outcome. One that is not known may be that of a newer release."""
    key = summary.text("outcome")
    other = ROTATIONS if kind is AUDITS else AUDITS
    if key in other.outcomes and key not in kind.outcomes:
        raise ReportError(
            f"{where}.outcome: {key} is an outcome in the summary of {other.single}, not of {kind.single}"
        )
    return status_of(kind.outcomes, key)


def _counts(kind: Kind, summary: Reader, where: str) -> tuple[tuple[Status, int], ...]:
    numbers = summary.optional("counts")
    keys = t.cast("dict[str, t.Any]", summary.value("counts") or {})
    counts = [(status_of(kind.counted, key), numbers.number(key)) for key in keys] if numbers else []
    if any(number < 0 for _one, number in counts):
        raise ReportError(f"{where}.counts: must not be negative")
    return tuple(sorted(counts, key=lambda one: rank(kind.counted, one[0])))


def _unsettled(failed: Reader) -> ManagerProblem:
    """A certificate that was not rotated though it is due."""
    about = f"{failed.text('project')} / {failed.text('name')}"
    return ManagerProblem(about, None, status_of(status.CERTIFICATE, failed.text("outcome")), "")


def _finding(finding: Reader) -> ManagerProblem:
    project, name = finding.text("project"), finding.text("name")
    return ManagerProblem(
        f"{project} / {name}" if name else project,
        ", ".join(finding.texts("environments")) or None,
        status_of(status.FINDING, finding.text("kind")),
        finding.optional_text("message") or "",
    )
