# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Companions of an overlap that were left, among the findings of an audit. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock

LONGEST = timedelta(days=60)
"""An overlap that began longer ago counts as abandoned: partners have changed over by then, or never will."""


def abandoned(
    certificate: ManagedCertificate, others: Mapping[tuple[str, str], ManagedCertificate], now: datetime
) -> tuple[list[EnvironmentEntry], str]:
    """Find the environments in which a companion no longer has a purpose, and say why.

    :arg others: all certificates, by project and name.
    """
    marker = certificate.marker
    if marker is None:
        return [], ""
    owner = others.get((certificate.project, marker.name))
    entries: list[EnvironmentEntry] = []
    reasons: dict[str, None] = {}
    for entry in certificate.entries:
        current = owner.entry(entry.environment) if owner else None
        if owner is None:
            reason = "that certificate does not exist"
        elif current is None:
            reason = f"that certificate is not in {entry.environment}"
        elif current.fingerprint_sha1 and current.fingerprint_sha1 == entry.fingerprint_sha1:
            reason = "that certificate holds the same content already"
        elif now - marker.since > LONGEST:
            reason = f"the overlap is older than {LONGEST.days} days"
        else:
            continue
        entries.append(entry)
        reasons[reason] = None
    return entries, (
        f"Companion of {marker.name} since {clock(marker.since)}, and {'; '.join(reasons)}. "
        "Run the rotation again with certificate_rotation_strategy=overlap, or delete the companion."
    )
