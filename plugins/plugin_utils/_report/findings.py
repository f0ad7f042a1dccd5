# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in certificates. Pure.

Expired, not on the gateways, expiring soon, different between environments, duplicate entries, companions that were left.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNDEPLOYED, found_instead
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.companions import abandoned
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count


class Finding(t.TypedDict):
    """A finding as the filter C(certificate_findings) returns it.

    C(kind) is C(expired), C(not_on_gateway), C(expires_soon), C(drift), C(duplicate_entries) or
    C(abandoned_companion).
    """

    kind: str
    project: str
    name: str
    environments: list[str]
    message: str


def find(certificates: t.Collection[ManagedCertificate], threshold_days: int | None) -> list[Finding]:
    """Return the findings: the most urgent kind first, and within a kind by project and name.

    :arg threshold_days: report certificates with fewer days left than this. None reports only those that have expired.
    """
    found: list[Finding] = []
    others = {(certificate.project, certificate.name): certificate for certificate in certificates}
    now = datetime.now(timezone.utc)
    ordered = sorted(certificates, key=lambda certificate: (certificate.project, certificate.name))
    for kind, check in (
        ("expired", _expired),
        ("not_on_gateway", _not_on_gateway),
        ("expires_soon", lambda certificate: _expires_soon(certificate, threshold_days)),
        ("drift", _drift),
        ("duplicate_entries", _duplicates),
        ("abandoned_companion", lambda certificate: abandoned(certificate, others, now)),
    ):
        for certificate in ordered:
            entries, message = check(certificate)
            if entries:
                found.append(
                    {
                        "kind": kind,
                        "project": certificate.project,
                        "name": certificate.name,
                        "environments": [entry.environment for entry in entries],
                        "message": message,
                    }
                )
    return found


_Found = tuple[list[EnvironmentEntry], str]


def _expired(certificate: ManagedCertificate) -> _Found:
    entries = [entry for entry in certificate.entries if entry.expired]
    return entries, _message("Expired", (f"{entry.environment} on {clock(entry.not_after)}" for entry in entries))


def _not_on_gateway(certificate: ManagedCertificate) -> _Found:
    """Find environments whose gateways were asked and do not hold the certificate of the record."""
    entries = []
    parts = []
    for entry in certificate.entries:
        if entry.gateway and entry.gateway.state in UNDEPLOYED:
            entries.append(entry)
            parts.append(found_instead(entry.gateway))
    return entries, _message("The gateways do not hold the certificate of the record", parts)


def _expires_soon(certificate: ManagedCertificate, threshold_days: int | None) -> _Found:
    entries = []
    parts = []
    for entry in certificate.entries:
        left = entry.days_remaining
        if threshold_days is not None and left is not None and 0 <= left < threshold_days:
            entries.append(entry)
            parts.append(f"{entry.environment} on {clock(entry.not_after)}, in {count(left, 'day')}")
    return entries, _message(f"Expires in less than {count(threshold_days or 0, 'day')}", parts)


def _drift(certificate: ManagedCertificate) -> _Found:
    """Find environments that hold different certificates.

    They are compared by SHA-1, the only fingerprint that every generation of the manager reports without its content.
    """
    known = [entry for entry in certificate.entries if entry.fingerprint_sha1]
    by_fingerprint: dict[str, list[EnvironmentEntry]] = {}
    for entry in known:
        by_fingerprint.setdefault(str(entry.fingerprint_sha1), []).append(entry)
    if len(by_fingerprint) < 2:
        return [], ""
    parts = (
        f"{', '.join(entry.environment for entry in entries)}: {_fingerprint(entries)}, "
        f"valid until {clock(entries[0].not_after)}"
        for entries in by_fingerprint.values()
    )
    return known, _message(f"{len(by_fingerprint)} different certificates", parts)


def _fingerprint(entries: t.Sequence[EnvironmentEntry]) -> str | None:
    """Identify the certificate that all these entries hold. Some of them may lack its SHA-256."""
    return next((entry for entry in entries if entry.fingerprint_sha256), entries[0]).fingerprint


def _duplicates(certificate: ManagedCertificate) -> _Found:
    entries = [entry for entry in certificate.entries if entry.entries > 1]
    parts = (f"{entry.environment} has {entry.entries}" for entry in entries)
    return entries, _message("More than one entry for an environment", parts)


def _message(opening: str, parts: t.Iterable[str]) -> str:
    return f"{opening}: {'; '.join(parts)}."
