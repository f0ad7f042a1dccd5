# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit as values, and what follows from it. Pure.

The shape of the audit is documented with the filter C(apinizer.apiops.audit_report).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status as words
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held, read_held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, plain
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Word, rank, word
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count

SCHEMA = 1

_NEVER = 10**9


@dataclass(frozen=True)
class Place:
    """What one environment holds.

    :arg entries: how many entries the manager lists for it; more than one is a fault.
    """

    environment: str
    held: Held
    entries: int

    @property
    def urgency(self) -> int:
        """For sorting: the days that are left."""
        return _NEVER if self.held.days_remaining is None else self.held.days_remaining


@dataclass(frozen=True)
class AuditedCertificate:
    """One certificate, with its environments as the input has them."""

    project: str
    name: str
    places: tuple[Place, ...]

    @property
    def urgency(self) -> int:
        """For sorting: the days until the first of its environments is without a valid certificate."""
        return min((place.urgency for place in self.places), default=_NEVER)

    def place(self, environment: str) -> Place | None:
        """What it holds in an environment."""
        return next((place for place in self.places if place.environment == environment), None)


@dataclass(frozen=True)
class Finding:
    """Something to look at."""

    kind: Word
    project: str
    name: str
    environments: tuple[str, ...]
    message: str


@dataclass(frozen=True)
class Audit:
    """A whole audit. Certificates and findings stand with the most urgent first."""

    manager: str
    host: str
    generated: datetime
    threshold_days: int | None
    certificates: tuple[AuditedCertificate, ...]
    findings: tuple[Finding, ...]

    @property
    def state(self) -> Word:
        """What it comes to."""
        if any(finding.kind.key == "expired" for finding in self.findings):
            return words.AUDIT["expired"]
        if self.findings:
            return words.AUDIT["findings"]
        return words.AUDIT["clean" if self.certificates else "empty"]

    @property
    def environments(self) -> list[str]:
        """All environments by name."""
        return sorted({place.environment for certificate in self.certificates for place in certificate.places})

    @property
    def counts(self) -> list[tuple[Word, int]]:
        """How many certificates have which kind of finding; every known kind is there, if only with 0."""
        kinds = Counter(finding.kind for finding in self.findings)
        for kind in words.FINDING.values():
            kinds.setdefault(kind, 0)
        return sorted(kinds.items(), key=lambda counted: rank(words.FINDING, counted[0]))

    @property
    def message(self) -> str:
        """The audit in a sentence."""
        found = [f"{kind.label.lower()} {number}" for kind, number in self.counts if number]
        looked_at = f"{count(len(self.certificates), 'certificate')} in {count(len(self.environments), 'environment')}"
        return f"{looked_at}. Certificates by finding: {', '.join(found)}." if found else f"{looked_at}."

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The facts of the audit, each with its name."""
        threshold = self.threshold_days
        return [
            ("Manager", self.manager),
            ("Inventory host", self.host),
            ("Looked at", clock(self.generated)),
            ("Certificates", str(len(self.certificates))),
            ("Counts as soon", "Not asked for" if threshold is None else f"Less than {count(threshold, 'day')} left"),
        ]

    @property
    def kinds(self) -> dict[tuple[str, str], list[Word]]:
        """The kinds of findings by project and name of the certificate."""
        kinds: dict[tuple[str, str], list[Word]] = {}
        for finding in self.findings:
            kinds.setdefault((finding.project, finding.name), []).append(finding.kind)
        return kinds

    def tone(self, place: Place) -> str:
        """How urgent what an environment holds is."""
        if place.held.expired:
            return "bad"
        soon = self.threshold_days is not None and place.urgency < self.threshold_days
        return "warn" if soon else "neutral"


def read_audit(value: object) -> Audit:
    """Read an audit.

    :raises ReportError: saying where it is not what it should be.
    """
    audit = Reader(plain(value, "audit"), "audit")
    audit.expect("schema", SCHEMA)
    certificates = [_certificate(certificate) for certificate in audit.each("certificates")]
    findings = [_finding(finding) for finding in audit.each("findings")]
    return Audit(
        manager=audit.text("manager"),
        host=audit.text("host"),
        generated=audit.moment("generated"),
        threshold_days=audit.optional_number("threshold_days"),
        certificates=tuple(sorted(certificates, key=lambda one: (one.urgency, one.project, one.name))),
        findings=tuple(sorted(findings, key=lambda one: (rank(words.FINDING, one.kind), one.project, one.name))),
    )


def read_certificates(value: object) -> list[AuditedCertificate]:
    """Read what C(apinizer_certificate_info) returns as C(certificates).

    :raises ReportError: saying where it is not what it should be.
    """
    certificates = plain(value, "certificates")
    if not isinstance(certificates, list):
        raise ReportError("certificates: must be the list that apinizer_certificate_info returns")
    return [
        _certificate(Reader(certificate, f"certificates[{index}]")) for index, certificate in enumerate(certificates)
    ]


def _certificate(certificate: Reader) -> AuditedCertificate:
    return AuditedCertificate(
        project=certificate.text("project"),
        name=certificate.text("name"),
        places=tuple(_place(environment) for environment in certificate.each("environments")),
    )


def _place(environment: Reader) -> Place:
    return Place(environment.text("name"), read_held(environment), environment.optional_number("entries") or 1)


def _finding(finding: Reader) -> Finding:
    return Finding(
        kind=word(words.FINDING, finding.text("kind")),
        project=finding.text("project"),
        name=finding.text("name"),
        environments=finding.texts("environments"),
        message=finding.optional_text("message") or "",
    )
