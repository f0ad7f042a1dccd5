# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a merged report keeps of the report of one manager, and the two kinds of such reports. Pure.

It is read in C(merged_rotation.py), C(merged_audit.py) and C(merged_summary.py), and merged in C(merged.py).
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manager_address import normalized_address
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    AUDITS_FROM_BEST_TO_WORST,
    ROTATIONS_FROM_BEST_TO_WORST,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Status, Statuses, rank, short
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count

NAMES_SHOWN = 50
"""Of each manager, this many certificates with the same outcome are named."""

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


def listed(counts: Iterable[tuple[Status, int]]) -> str:
    """Statuses with their numbers in one line.

    >>> listed([(status.CERTIFICATE["failed"], 1), (status.CERTIFICATE["in_sync"], 20)])
    '1 failed, 20 in sync'
    """
    return ", ".join(f"{number} {short(one).label.lower()}" for one, number in counts if number)


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
