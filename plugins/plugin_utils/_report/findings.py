# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with certificates: expired, expiring, different between environments, listed twice. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import AuditedCertificate, Place
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count


def find(certificates: t.Iterable[AuditedCertificate], threshold_days: int | None) -> list[dict[str, t.Any]]:
    """The findings, the most urgent kind first, and within a kind by project and name.

    :arg threshold_days: less than so many days left is a finding; None looks only for what has expired.
    :returns: dictionaries with C(kind), C(project), C(name), C(environments) and C(message).
    """
    found = []
    ordered = sorted(certificates, key=lambda certificate: (certificate.project, certificate.name))
    for kind, look in (
        ("expired", _expired),
        ("expires_soon", lambda certificate: _expires_soon(certificate, threshold_days)),
        ("drift", _drift),
        ("duplicate_entries", _duplicates),
    ):
        for certificate in ordered:
            places, message = look(certificate)
            if places:
                found.append(
                    {
                        "kind": kind,
                        "project": certificate.project,
                        "name": certificate.name,
                        "environments": [place.environment for place in places],
                        "message": message,
                    }
                )
    return found


_Found = tuple[list[Place], str]


def _expired(certificate: AuditedCertificate) -> _Found:
    places = [place for place in certificate.places if place.held.expired]
    return places, _sentence("Expired", (f"{place.environment} on {clock(place.held.not_after)}" for place in places))


def _expires_soon(certificate: AuditedCertificate, threshold_days: int | None) -> _Found:
    places = []
    parts = []
    for place in certificate.places:
        left = place.held.days_remaining
        if threshold_days is not None and left is not None and 0 <= left < threshold_days:
            places.append(place)
            parts.append(f"{place.environment} on {clock(place.held.not_after)}, in {count(left, 'day')}")
    return places, _sentence(f"Expires in less than {count(threshold_days or 0, 'day')}", parts)


def _drift(certificate: AuditedCertificate) -> _Found:
    """Environments whose SHA-1 fingerprints differ: the manager always reports that one."""
    known = [place for place in certificate.places if place.held.fingerprint_sha1]
    by_fingerprint: dict[str, list[Place]] = {}
    for place in known:
        by_fingerprint.setdefault(str(place.held.fingerprint_sha1), []).append(place)
    if len(by_fingerprint) < 2:
        return [], ""
    parts = (
        f"{', '.join(place.environment for place in places)}: SHA-1 {fingerprint}, "
        f"valid until {clock(places[0].held.not_after)}"
        for fingerprint, places in by_fingerprint.items()
    )
    return known, _sentence(f"{len(by_fingerprint)} different certificates", parts)


def _duplicates(certificate: AuditedCertificate) -> _Found:
    places = [place for place in certificate.places if place.entries > 1]
    parts = (f"{place.environment} has {place.entries}" for place in places)
    return places, _sentence("More than one entry for an environment", parts)


def _sentence(opening: str, parts: t.Iterable[str]) -> str:
    return f"{opening}: {'; '.join(parts)}."
