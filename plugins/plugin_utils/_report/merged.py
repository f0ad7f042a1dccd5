# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of several managers as one: the outcome is the worst, and numbers are sums. Pure.

What a report says of one manager is in C(merged_rotation.py) and C(merged_audit.py).
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    AUDITS_FROM_BEST_TO_WORST,
    ROTATIONS_FROM_BEST_TO_WORST,
    how_bad,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import (
    Status,
    Statuses,
    rank,
    short,
    status_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count

NAMES_SHOWN = 50
"""Of each manager, this many certificates with the same outcome are named."""

MANAGERS_SHOWN = 20
"""This many managers are named in a sentence. The report lists them all."""

PROBLEMS_SHOWN = 20
"""Of each manager, this many problems are shown. The report of the manager has them all."""


@dataclass(frozen=True)
class Kind:
    """What is merged: rotations or audits.

    :arg key: C(rotations) or C(audits), which the names of files start with.
    :arg title: what a page calls it.
    :arg outcomes: the outcomes of a manager.
    :arg from_best_to_worst: the codes of these outcomes in the order in which the worst wins.
    :arg incomplete: at least this is the outcome where a report is missing.
    :arg counted: what C(ManagerReport.counts) counts: outcomes of certificates, or kinds of findings.
    :arg single: what the file of one manager is called.
    """

    key: str
    title: str
    outcomes: Statuses
    from_best_to_worst: tuple[str, ...]
    incomplete: str
    counted: Statuses
    single: str

    def sentence(self, certificates: int, counts: Iterable[tuple[Status, int]]) -> str:
        """The number of certificates, and what is counted of them, in words."""
        found = listed(counts)
        middle = ", with findings: " if self is AUDITS else ": "
        return f"{count(certificates, 'certificate')}{middle if found else ''}{found}"


ROTATIONS = Kind(
    key="rotations",
    title="Certificate rotation",
    outcomes=status.RUN,
    from_best_to_worst=ROTATIONS_FROM_BEST_TO_WORST,
    incomplete="failed",
    counted=status.CERTIFICATE,
    single="rotation.json",
)
AUDITS = Kind(
    key="audits",
    title="Certificate audit",
    outcomes=status.AUDIT,
    from_best_to_worst=AUDITS_FROM_BEST_TO_WORST,
    incomplete="incomplete",
    counted=status.FINDING,
    single="audit.json",
)


@dataclass(frozen=True)
class ManagerProblem:
    """Something that needs attention. C(certificate) is its project and name, and C(text) is empty in some summaries."""

    certificate: str
    environment: str | None
    status: Status
    text: str


@dataclass(frozen=True)
class NamedCertificates:
    """The certificates of a manager with the same status; the first ones by name."""

    status: Status
    names: tuple[str, ...]
    number: int


@dataclass(frozen=True)
class ManagerReport:
    """What the report of one manager says, without the details that only the report itself needs to have.

    :arg manager: the address; None where a summary does not contain it.
    :arg failed: whether it is a failure.
    :arg certificates: the number of certificates.
    :arg counts: their outcomes, or their findings by kind.
    :arg named: certificates to list. Empty for a summary.
    :arg problems: the first ones of C(problems_total).
    :arg first_expiry: when the first certificate expires. Audits only.
    :arg source: the file of the report; empty where unknown.
    :arg page: its page for a browser; empty where unknown.
    """

    manager: str | None
    host: str
    started: datetime | None
    finished: datetime | None
    check_mode: bool
    outcome: Status
    failed: bool
    message: str
    certificates: int
    counts: tuple[tuple[Status, int], ...]
    named: tuple[NamedCertificates, ...] = ()
    problems: tuple[ManagerProblem, ...] = ()
    problems_total: int = 0
    first_expiry: datetime | None = None
    source: str = ""
    page: str = ""

    @property
    def moment(self) -> datetime | None:
        """The time of the report."""
        return self.finished or self.started

    @property
    def names(self) -> set[str]:
        """What C(expected) may call the manager: the inventory host, or the address in its normalized form."""
        return {self.host, normalized_address(self.manager or "")} - {""}

    @property
    def more_problems(self) -> int:
        """The number of problems that are not shown."""
        return self.problems_total - len(self.problems)

    @property
    def is_called(self) -> str:
        """The manager in a message."""
        return f"{self.host} ({self.manager})" if self.manager else self.host


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

    :arg older: the number of reports that were left out, since there is a newer one of the same manager and host.
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
            notes.append(f"Left out, because there is a newer one: {count(self.older, 'report')}")
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
        reports,
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
        unusable=tuple(unusable),
        older=older,
        outdated=tuple(outdated),
        unexpected=tuple(sorted(unexpected)),
    )


def _forms(name: str) -> set[str]:
    """An expected name as C(ManagerReport.names) has it: as it is, and normalized where it is an address."""
    return {name, normalized_address(name)} - {""}


def _last(name: str, outdated: Iterable[ManagerReport]) -> datetime | None:
    """The time of the newest of the reports that are too old."""
    moments = (report.moment for report in outdated if report.names & _forms(name))
    return max((moment for moment in moments if moment), default=None)


def listed(counts: Iterable[tuple[Status, int]]) -> str:
    """Statuses with their numbers in one line.

    >>> listed([(status.CERTIFICATE["failed"], 1), (status.CERTIFICATE["in_sync"], 20)])
    '1 failed, 20 in sync'
    """
    return ", ".join(f"{number} {short(one).label.lower()}" for one, number in counts if number)


def shortened(names: Collection[str]) -> str:
    """The first of some names, and how many there are in addition."""
    shown = ", ".join(list(names)[:MANAGERS_SHOWN])
    more = len(names) - MANAGERS_SHOWN
    return f"{shown}, and {more} more" if more > 0 else shown


def counted(kind: Kind, statuses: Iterable[Status]) -> tuple[tuple[Status, int], ...]:
    """Count statuses, in the order of the kind."""
    return tuple(sorted(Counter(statuses).items(), key=lambda one: rank(kind.counted, one[0])))


def named(kind: Kind, certificates: Iterable[tuple[Status, str]]) -> tuple[NamedCertificates, ...]:
    """List certificates by status, in the order of the kind."""
    names: dict[Status, list[str]] = {}
    for one, name in certificates:
        names.setdefault(one, []).append(name)
    ordered = sorted(names.items(), key=lambda found: rank(kind.counted, found[0]))
    return tuple(NamedCertificates(one, tuple(sorted(found)[:NAMES_SHOWN]), len(found)) for one, found in ordered)


def first_problems(problems: Iterable[ManagerProblem]) -> dict[str, t.Any]:
    """The problems to show and their number, as arguments of C(ManagerReport)."""
    found = list(problems)
    return {"problems": tuple(found[:PROBLEMS_SHOWN]), "problems_total": len(found)}
