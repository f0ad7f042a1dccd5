# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statuses that reports show: for each code of the input its label, its symbol and its severity. Pure.

Readers must not depend on color (WCAG 2.2, success criterion 1.4.1), so every status has a symbol and a label.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace

Severity = t.Literal["good", "info", "neutral", "warn", "bad"]


@dataclass(frozen=True)
class Status:
    """One status of a run, a certificate, a deployment and so on.

    :arg key: the code in the input.
    :arg symbol: one character.
    :arg label: the status in words.
    :arg severity: selects the color.
    """

    key: str
    symbol: str
    label: str
    severity: Severity

    @property
    def text(self) -> str:
        """Symbol and label, for formats without color."""
        return f"{self.symbol} {self.label}"


Statuses = t.Mapping[str, Status]
"""All statuses of one kind by their code, in the order in which a report lists them."""


def status_of(statuses: Statuses, key: str) -> Status:
    """Return the status of a code.

    An unknown code becomes its own label, so that a report of a newer result can still be rendered.
    """
    return statuses.get(key) or Status(key, "•", key.replace("_", " ").capitalize(), "neutral")


def rank(statuses: Statuses, status: Status) -> int:
    """Return the position of a status for sorting. Unknown statuses come first."""
    return list(statuses).index(status.key) if status.key in statuses else -1


def _statuses(*entries: tuple[str, str, str, Severity]) -> Statuses:
    return {key: Status(key, symbol, label, severity) for key, symbol, label, severity in entries}


RUN = _statuses(
    ("nothing_to_do", "✓", "Nothing to do", "good"),
    ("planned", "○", "Planned, nothing written", "info"),
    ("introduced", "◐", "Introduced, old and new are trusted", "info"),
    ("rotated", "✓", "Rotated", "good"),
    ("stored", "!", "Stored, gateways not verified", "warn"),
    ("skipped", "!", "Skipped: the guards left out every certificate that is due", "warn"),
    ("refused", "!", "Refused, nothing written", "warn"),
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Failed and rolled back", "warn"),
    ("rollback_failed", "✕", "Failed, and the rollback failed", "bad"),
)

WAVE = _statuses(
    ("done", "✓", "Done", "good"),
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Rolled back", "warn"),
    ("not_started", "○", "Not started", "neutral"),
)

CERTIFICATE = _statuses(
    ("failed", "✕", "Failed", "bad"),
    ("rolled_back", "↶", "Rolled back", "warn"),
    ("skipped", "!", "Skipped by a guard", "warn"),
    ("stored", "!", "Stored, gateways not verified", "warn"),
    ("rotated", "✓", "Rotated", "good"),
    ("introduced", "◐", "Introduced", "info"),
    ("retired", "✓", "Retired", "good"),
    ("kept", "!", "Not deleted", "warn"),
    ("planned", "○", "Planned", "info"),
    ("not_started", "○", "Not started", "neutral"),
    ("not_due", "—", "Not due", "neutral"),
    ("in_sync", "=", "In sync", "neutral"),
)

CURRENT = _statuses(
    ("new", "✓", "New certificate", "good"),
    ("previous", "↶", "Previous certificate", "neutral"),
    ("unchanged", "=", "Unchanged", "neutral"),
    ("other", "✕", "Another certificate", "bad"),
    ("none", "—", "No certificate", "neutral"),
    ("unknown", "?", "Unknown, not read back", "warn"),
    ("not_comparable", "?", "Unknown, no fingerprint", "warn"),
)
"""What an environment's entry holds at the end of a run."""

DEPLOYMENT = _statuses(
    ("true", "✓", "Deployed", "good"),
    ("false", "✕", "Deployment failed", "bad"),
    ("null", "?", "Deployment not reported", "warn"),
)

GATEWAY = _statuses(
    ("confirmed", "✓", "Confirmed", "good"),
    ("stale", "✕", "Stale", "bad"),
    ("missing", "✕", "Missing", "bad"),
    ("unknown", "?", "Unknown", "warn"),
)
"""Whether the gateways of an environment hold the certificate of the record."""

TRUSTSTORE_SOURCE = {"workers": "read from the workers", "manager": "from the manager's list"}
"""Where a truststore was read. Only the workers prove what the gateways hold."""

ROLLBACK = _statuses(
    ("complete", "✓", "Complete", "good"),
    ("incomplete", "✕", "Incomplete", "bad"),
    ("none", "—", "Not performed", "neutral"),
)

GUARD = _statuses(
    ("true", "✓", "Passed", "good"),
    ("false", "✕", "Failed", "bad"),
)

FINDING = _statuses(
    ("expired", "✕", "Expired", "bad"),
    ("expired_on_gateway", "✕", "Expired, still on the gateways", "bad"),
    ("not_on_gateway", "✕", "Not on the gateways", "bad"),
    ("expires_soon", "!", "Expires soon", "warn"),
    ("drift", "≠", "Drift", "warn"),
    ("duplicate_entries", "+", "Duplicate entries", "warn"),
    ("abandoned_companion", "◐", "Abandoned companion", "warn"),
    ("same_certificate", "=", "Under several names", "warn"),
    ("shared_key", "&", "Shared key", "warn"),
    ("incomplete_chain", "/", "Incomplete chain", "warn"),
    ("referenced_by_jwks", "i", "Referenced by JWKs", "info"),
)
"""Findings with the severity C(info) are no problems."""

AUDIT = _statuses(
    ("expired", "✕", "Expired certificates", "bad"),
    ("not_on_gateway", "✕", "Gateways without the certificate of the record", "bad"),
    ("incomplete", "✕", "Reports are missing", "bad"),
    ("findings", "!", "Findings to review", "warn"),
    ("clean", "✓", "No problems", "good"),
    ("empty", "—", "No certificates", "neutral"),
)

REPORT = _statuses(
    ("missing", "✕", "No report", "bad"),
    ("unusable", "✕", "Not readable", "bad"),
)
"""Why a merged report lacks that of a manager."""


def short(status: Status) -> Status:
    """A status with its code as the label, for a table with many of them.

    >>> short(RUN["rollback_failed"]).label
    'Rollback failed'
    """
    return replace(status, label=status.key.replace("_", " ").capitalize())


ACTION: t.Mapping[str, str] = {"create": "Create", "update": "Update", "delete": "Delete", "none": "No change"}

REASON: t.Mapping[str, str] = {
    "absent": "the environment has no certificate",
    "differs": "the environment holds a different certificate",
    "expires_soon": "the certificate expires soon",
    "expired": "the certificate has expired",
    "requested": "its renewal was requested",
    "not_on_gateway": "the gateways do not hold the certificate of the record",
    "in_sync": "the environment holds the desired certificate",
    "not_due": "the certificate is not due yet",
    "duplicate_entries": "the environment has duplicate entries",
    "forced": "forced",
    "overlapping": "the old and the new certificate are trusted together",
    "unmarked": "the description does not say when the overlap began",
    "promoted": "the certificate itself is as desired",
}

STAGE: t.Mapping[str, str] = {
    "introduce": "Introduce",
    "overlapping": "Overlapping",
    "promote": "Promote",
    "retire": "Retire",
}
"""The stages of an overlap."""

STRATEGY: t.Mapping[str, str] = {
    "replace": "Replace in all environments at once",
    "per_environment": "Wave by wave",
    "overlap": "With an overlap",
}
