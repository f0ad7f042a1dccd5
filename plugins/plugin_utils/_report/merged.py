# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of several managers as one: the outcome is the worst, and numbers are sums. Pure.

What is known of one manager is in C(manager_report.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import (
    Kind,
    ManagerReport,
    listed,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import how_bad
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import (
    Status,
    rank,
    short,
    status_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count

MANAGERS_SHOWN = 20
"""This many managers are named in a sentence. The report lists them all."""


@dataclass(frozen=True)
class MissingReport:
    """An expected manager without a report. C(last) is the time of one that is too old to count."""

    name: str
    last: datetime | None = None

    @property
    def text(self) -> str:
        """What is known of it."""
        return f"The last report is from {clock(self.last)}, which is too old" if self.last else "There is no report"


@dataclass(frozen=True)
class UnusableReport:
    """A report that cannot be read: its file, or its place in the input, and why."""

    source: str
    problem: str


@dataclass(frozen=True)
class Merged:
    """The reports of several managers, with the worst first.

    :arg older: the number of reports that were left out, since there is a newer one of the same manager
        and host, or one of a real run instead of check mode.
    :arg outdated: those that were left out, since they are too old.
    :arg unexpected: the hosts that have a report and were not expected.
    """

    kind: Kind
    reports: tuple[ManagerReport, ...]
    missing: tuple[MissingReport, ...]
    unusable: tuple[UnusableReport, ...]
    older: int
    outdated: tuple[ManagerReport, ...]
    unexpected: tuple[str, ...]

    @property
    def outcome(self) -> Status:
        """The worst outcome. Where a report is missing or unusable, it is a failure at least."""
        keys = [report.outcome.key for report in self.reports]
        if self.missing or self.unusable or not keys:
            keys.append(self.kind.incomplete)
        return status_of(self.kind.outcomes, max(keys, key=lambda key: how_bad(key, self.kind.from_best_to_worst)))

    @property
    def failed(self) -> bool:
        """Whether a manager has failed, or it is not known."""
        return bool(self.missing or self.unusable or not self.reports) or any(one.failed for one in self.reports)

    @property
    def failures(self) -> list[ManagerReport]:
        """The reports of the managers that have failed."""
        return [report for report in self.reports if report.failed]

    @property
    def others(self) -> list[ManagerReport]:
        """The other reports."""
        return [report for report in self.reports if not report.failed]

    @property
    def outcomes(self) -> list[tuple[Status, int]]:
        """The number of reports by outcome, the worst first."""
        found = Counter(short(report.outcome) for report in self.reports)
        return sorted(found.items(), key=lambda one: -how_bad(one[0].key, self.kind.from_best_to_worst))

    @property
    def tiles(self) -> list[tuple[Status, int]]:
        """The number of managers by outcome. Those without a usable report come first."""
        lacking = [(status.REPORT["missing"], len(self.missing)), (status.REPORT["unusable"], len(self.unusable))]
        return [one for one in lacking if one[1]] + self.outcomes

    @property
    def certificates(self) -> int:
        """The number of certificates of all managers."""
        return sum(report.certificates for report in self.reports)

    @property
    def counts(self) -> list[tuple[Status, int]]:
        """The certificates of all managers by outcome, or their findings by kind."""
        total: Counter[Status] = Counter()
        for report in self.reports:
            total.update(dict(report.counts))
        return sorted(total.items(), key=lambda one: rank(self.kind.counted, one[0]))

    @property
    def message(self) -> str:
        """What was merged, in a few sentences."""
        sentences = (
            [f"{count(len(self.reports), 'report')}: {listed(self.outcomes)}"] if self.reports else ["No reports"]
        )
        if self.missing:
            sentences.append(f"Without a report: {shortened([one.name for one in self.missing])}")
        if self.unusable:
            sentences.append(f"Not readable: {shortened([one.source for one in self.unusable])}")
        if self.reports:
            sentences.append(self.kind.sentence(self.certificates, self.counts))
        return " ".join(f"{sentence}." for sentence in (*sentences, *self.notes))

    @property
    def notes(self) -> list[str]:
        """What the reader should know of the selection of reports."""
        dry = [report for report in self.reports if report.check_mode]
        notes = []
        if dry:
            notes.append(
                f"From check mode, in which nothing is written: {len(dry)} of {count(len(self.reports), 'report')}"
            )
        if self.older:
            notes.append(
                f"Left out, because there is a newer one, or one that is not from check mode: {count(self.older, 'report')}"
            )
        if self.outdated:
            notes.append(f"Left out, because they are too old: {count(len(self.outdated), 'report')}")
        if self.unexpected:
            notes.append(f"Not expected: {shortened(self.unexpected)}")
        return notes

    @property
    def period(self) -> str:
        """From when the reports are."""
        moments = [report.moment for report in self.reports if report.moment]
        if not moments:
            return clock(None)
        first, last = min(moments), max(moments)
        return clock(first) if first == last else f"{clock(first)} to {clock(last)}"

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The facts of the merged report as pairs of a name and a value."""
        return [
            ("Reports", str(len(self.reports))),
            ("Time of the reports", self.period),
            ("Certificates", self.kind.sentence(self.certificates, self.counts)),
            *(("Note", note) for note in self.notes),
        ]


def merge(
    kind: Kind,
    reports: Iterable[ManagerReport],
    *,
    expected: Sequence[str] = (),
    unusable: Iterable[UnusableReport] = (),
    older: int = 0,
    outdated: Sequence[ManagerReport] = (),
) -> Merged:
    """Merge reports.

    :arg expected: hosts or addresses of managers that must have a report. Empty if it is not known which.
    :arg outdated: reports that are too old to count.
    """
    ordered = sorted(
        map(_printable, reports),
        key=lambda one: (
            not one.failed,
            -how_bad(one.outcome.key, kind.from_best_to_worst),
            one.host,
            one.manager or "",
        ),
    )
    present = {name for report in ordered for name in report.names}
    missing = [name for name in dict.fromkeys(expected) if not _forms(name) & present]
    wanted = {form for name in expected for form in _forms(name)}
    unexpected = {report.host for report in ordered if not report.names & wanted} if expected else set()
    return Merged(
        kind=kind,
        reports=tuple(ordered),
        missing=tuple(MissingReport(name, _last(name, outdated)) for name in missing),
        unusable=tuple(replace(one, source=sanitize(one.source, "source")) for one in unusable),
        older=older,
        outdated=tuple(outdated),
        unexpected=tuple(sorted(unexpected)),
    )


def _printable(report: ManagerReport) -> ManagerReport:
    """A report with text only: a file name may contain any bytes."""
    names = {name: getattr(report, name) for name in ("host", "source", "page")}
    return replace(report, **sanitize(names, "report"))


def _forms(name: str) -> set[str]:
    """An expected name as C(ManagerReport.names) has it: as it is, and normalized where it is an address."""
    return {name, normalized_address(name)} - {""}


def _last(name: str, outdated: Iterable[ManagerReport]) -> datetime | None:
    """The time of the newest of the reports that are too old."""
    moments = (report.moment for report in outdated if report.names & _forms(name))
    return max((moment for moment in moments if moment), default=None)


def shortened(names: Collection[str]) -> str:
    """The first of some names, and how many there are in addition."""
    shown = ", ".join(list(names)[:MANAGERS_SHOWN])
    more = len(names) - MANAGERS_SHOWN
    return f"{shown}, and {more} more" if more > 0 else shown
