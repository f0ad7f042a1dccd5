# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An audit: its input as values, and what a report derives from them. Pure.

The input is documented with the filter C(apinizer.apiops.audit_report).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNKNOWN, unknown_lines
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, WindowError, window_of
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
    read_certificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Severity, Status, rank, status_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count

SCHEMA = 1
WINDOW = ("expiring_within", "threshold_days")
"""The names of the option for when a certificate expires soon: the current one, and an older one for a number of days."""


@dataclass(frozen=True)
class AuditFinding:
    """One finding of the input, with the status of its kind."""

    kind: Status
    project: str
    name: str
    environments: tuple[str, ...]
    message: str

    @property
    def about(self) -> str:
        """The certificate, or the project if the finding is about all of it."""
        return f"{self.project} / {self.name}" if self.name else self.project

    @property
    def is_problem(self) -> bool:
        """Whether somebody should act on it."""
        return self.kind.severity != "info"


@dataclass(frozen=True)
class Audit:
    """An audit of a manager. Certificates and findings are sorted, the most urgent first.

    :arg window: certificates with less than this left expire soon. None if the audit had no threshold.
    :arg verify_gateways: C(auto), C(required) or C(never).
    """

    manager: str
    host: str
    generated: datetime
    window: RenewalWindow | None
    verify_gateways: str
    certificates: tuple[ManagedCertificate, ...]
    findings: tuple[AuditFinding, ...]

    @property
    def status(self) -> Status:
        """The overall status of the audit."""
        kinds = {finding.kind.key for finding in self.findings}
        for kind in ("expired", "not_on_gateway"):
            if kind in kinds:
                return status.AUDIT[kind]
        if any(finding.is_problem for finding in self.findings):
            return status.AUDIT["findings"]
        return status.AUDIT["clean" if self.certificates else "empty"]

    @property
    def environments(self) -> list[str]:
        """The names of all environments, sorted."""
        return sorted({entry.environment for certificate in self.certificates for entry in certificate.entries})

    @property
    def gateways(self) -> list[Gateway]:
        """What the gateways hold, for each certificate and each environment that was asked."""
        entries = (entry for certificate in self.certificates for entry in certificate.entries)
        return [entry.gateway for entry in entries if entry.gateway]

    @property
    def gateway_notes(self) -> list[str]:
        """What the audit could not find out about the gateways, one line for each cause."""
        return unknown_lines(self.gateways)

    @property
    def notes(self) -> list[str]:
        """What the audit could not find out, one line for each cause."""
        entries = [entry for certificate in self.certificates for entry in certificate.entries]
        unread = sum(entry.fingerprint_sha256 is None for entry in entries)
        content = (
            f"The manager's lists lack the content of {count(unread, 'entry', 'entries')}: keys and issuers are unknown"
        )
        return [*self.gateway_notes, *([content] if unread else [])]

    @property
    def counts(self) -> list[tuple[Status, int]]:
        """The number of findings of each kind. Known kinds without findings are included."""
        kinds = Counter(finding.kind for finding in self.findings)
        for kind in status.FINDING.values():
            kinds.setdefault(kind, 0)
        return sorted(kinds.items(), key=lambda counted: rank(status.FINDING, counted[0]))

    @property
    def message(self) -> str:
        """The audit in one or two sentences."""
        scope = f"{count(len(self.certificates), 'certificate')} in {count(len(self.environments), 'environment')}."
        found = [f"{kind.label[0].lower()}{kind.label[1:]} ({number})" for kind, number in self.counts if number]
        return f"{scope} Findings: {'; '.join(found)}." if found else scope

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The facts of the audit as pairs of a name and a value."""
        return [
            ("Manager", self.manager),
            ("Inventory host", self.host),
            ("Audited", clock(self.generated)),
            ("Certificates", str(len(self.certificates))),
            ("Expiry threshold", f"Less than {self.window} left" if self.window else "Not set"),
            ("Gateways", self._gateways_summary),
            *(("Not known", note) for note in self.notes),
        ]

    @property
    def _gateways_summary(self) -> str:
        states = Counter(gateway.state for gateway in self.gateways)
        if not states:
            return "Not asked"
        known = states.total() - states[UNKNOWN]
        unknown = f", {states[UNKNOWN]} unknown" if states[UNKNOWN] else ""
        return f"{states[CONFIRMED]} of {count(known, 'entry', 'entries')} confirmed{unknown}"

    @property
    def kinds(self) -> dict[tuple[str, str], list[Status]]:
        """The kinds of findings of each certificate, by project and name."""
        kinds: dict[tuple[str, str], list[Status]] = {}
        for finding in self.findings:
            kinds.setdefault((finding.project, finding.name), []).append(finding.kind)
        return kinds

    def gateway_status(self, gateway: Gateway) -> Status:
        """Whether the gateways of an environment hold the certificate."""
        return status_of(status.GATEWAY, gateway.state)

    def truststore_source(self, gateway: Gateway) -> str | None:
        """Where the truststore of the gateways was read, in words; None if it was not."""
        return status.TRUSTSTORE_SOURCE.get(gateway.source or "", gateway.source)

    def severity(self, entry: EnvironmentEntry) -> Severity:
        """How urgent it is to renew what an environment holds."""
        if entry.expired:
            return "bad"
        return "warn" if self.window and self.window.includes(entry.remaining) else "neutral"


def read_audit(value: object, where: str = "audit") -> Audit:
    """Read the input of the filter C(audit_report).

    :arg where: what messages call it.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    audit = Reader(sanitize(value, where), where)
    audit.expect("schema", SCHEMA)
    certificates = [read_certificate(certificate) for certificate in audit.each("certificates")]
    findings = [_finding(finding) for finding in audit.each("findings")]
    return Audit(
        manager=audit.text("manager"),
        host=audit.text("host"),
        generated=audit.moment("generated"),
        window=_window(audit, where),
        verify_gateways=audit.optional_text("verify_gateways") or "never",
        certificates=tuple(sorted(certificates, key=lambda one: (one.urgency, one.project, one.name))),
        findings=tuple(sorted(findings, key=lambda one: (rank(status.FINDING, one.kind), one.project, one.name))),
    )


def _window(audit: Reader, where: str) -> RenewalWindow | None:
    """Read C(expiring_within), or the older C(threshold_days)."""
    older = audit.optional_number("threshold_days")
    try:
        return window_of({"expiring_within": audit.value("expiring_within"), "threshold_days": older}, *WINDOW)
    except WindowError as exc:
        raise ReportError(f"{where}.{exc.option}: {exc}") from exc


def _finding(finding: Reader) -> AuditFinding:
    return AuditFinding(
        kind=status_of(status.FINDING, finding.text("kind")),
        project=finding.text("project"),
        name=finding.text("name"),
        environments=finding.texts("environments"),
        message=finding.optional_text("message") or "",
    )
