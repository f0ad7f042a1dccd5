# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings in certificates. Pure.

Expired, not on the gateways, expiring soon, different between environments, duplicate entries, under several names, with a
shared key, with a gap in the chain, companions that were left, referenced by JWKs.
"""

from __future__ import annotations

import typing as t
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNDEPLOYED, found_instead
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.companions import abandoned
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.relations import Relations
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count


class Finding(t.TypedDict):
    """A finding as the filter C(certificate_findings) returns it.

    C(kind) is one of C(status.FINDING). C(name) is empty if the finding is about the project as a whole.
    """

    kind: str
    project: str
    name: str
    environments: list[str]
    message: str


def find(
    certificates: t.Collection[ManagedCertificate],
    window: RenewalWindow | None,
    jwks: t.Iterable[tuple[str, t.Sequence[str]]] = (),
) -> list[Finding]:
    """Return the findings: the most urgent kind first, and within a kind by project and name.

    :arg window: report certificates with less than this left. None reports only those that have expired.
    :arg jwks: the projects, each with the names of its JWKs that were created from certificates.
    """
    found: list[Finding] = []
    others = {(certificate.project, certificate.name): certificate for certificate in certificates}
    now = datetime.now(timezone.utc)
    ordered = sorted(certificates, key=lambda certificate: (certificate.project, certificate.name))
    relations = Relations(ordered)
    for kind, check in (
        ("expired", _expired),
        ("expired_on_gateway", _expired_on_gateway),
        ("not_on_gateway", _not_on_gateway),
        ("expires_soon", lambda certificate: _expires_soon(certificate, window)),
        ("drift", _drift),
        ("duplicate_entries", _duplicates),
        ("abandoned_companion", lambda certificate: abandoned(certificate, others, now)),
        ("same_certificate", lambda certificate: _same_certificate(certificate, relations)),
        ("shared_key", lambda certificate: _shared_key(certificate, relations)),
        ("incomplete_chain", lambda certificate: _incomplete_chain(certificate, relations)),
    ):
        for certificate in ordered:
            entries, message = check(certificate)
            if entries:
                environments = [entry.environment for entry in entries]
                found.append(_finding(kind, certificate.project, certificate.name, environments, message))
    for project, names in sorted(jwks):
        if names:
            found.append(_finding("referenced_by_jwks", project, "", [], _jwk_message(names)))
    return found


def _finding(kind: str, project: str, name: str, environments: list[str], message: str) -> Finding:
    return {"kind": kind, "project": project, "name": name, "environments": environments, "message": message}


_Found = tuple[list[EnvironmentEntry], str]


def _expired(certificate: ManagedCertificate) -> _Found:
    entries = [entry for entry in certificate.entries if entry.expired]
    return entries, _message("Expired", (f"{entry.environment} on {clock(entry.not_after)}" for entry in entries))


def _expired_on_gateway(certificate: ManagedCertificate) -> _Found:
    """Find environments whose gateways were asked and still trust a certificate that has expired."""
    entries = [
        entry for entry in certificate.entries if entry.expired and entry.gateway and entry.gateway.state == CONFIRMED
    ]
    return entries, _message("Expired, and still on the gateways", (entry.environment for entry in entries))


def _not_on_gateway(certificate: ManagedCertificate) -> _Found:
    """Find environments whose gateways were asked and do not hold the certificate of the record."""
    entries = []
    parts = []
    for entry in certificate.entries:
        if entry.gateway and entry.gateway.state in UNDEPLOYED:
            entries.append(entry)
            parts.append(found_instead(entry.gateway))
    return entries, _message("The gateways do not hold the certificate of the record", parts)


def _expires_soon(certificate: ManagedCertificate, window: RenewalWindow | None) -> _Found:
    entries = []
    parts = []
    for entry in certificate.entries:
        if window and window.includes(entry.remaining) and not entry.expired:
            entries.append(entry)
            parts.append(
                f"{entry.environment} on {clock(entry.not_after)}, in {count(entry.days_remaining or 0, 'day')}"
            )
    return entries, _message(_soon(window) if window else "", parts)


def _soon(window: RenewalWindow) -> str:
    return f"Less than {window} left" if window.is_share else f"Expires in less than {window}"


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


def _same_certificate(certificate: ManagedCertificate, relations: Relations) -> _Found:
    entries, names = relations.same_certificate(certificate)
    return entries, _message("The same certificate is also stored as", [names])


def _shared_key(certificate: ManagedCertificate, relations: Relations) -> _Found:
    entries, names = relations.shared_key(certificate)
    return entries, _message("Other certificates have the same key", [names])


def _incomplete_chain(certificate: ManagedCertificate, relations: Relations) -> _Found:
    missing = relations.missing_issuers(certificate)
    parts = (f"{entry.environment}: {issuer}" for entry, issuer in missing)
    return [entry for entry, _issuer in missing], _message("The chain has a gap, because an issuer is missing", parts)


def _jwk_message(names: t.Sequence[str]) -> str:
    return (
        f"JWKs were created from certificates of the project: {', '.join(names)}. The manager does not report from which. "
        "An update of a certificate updates its JWKs only if update_referenced_jwks is true."
    )


def _message(opening: str, parts: t.Iterable[str]) -> str:
    return f"{opening}: {'; '.join(parts)}."
