# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate as an environment holds it, or shall hold it: what both reports show of one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader


@dataclass(frozen=True)
class Fingerprint:
    """A fingerprint and the name of its algorithm."""

    algorithm: str
    value: str


@dataclass(frozen=True)
class Held:
    """One certificate. Whatever was not known is None."""

    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    days_remaining: int | None = None
    fingerprint_sha256: str | None = None
    fingerprint_sha1: str | None = None
    alias: str | None = None

    @property
    def fingerprint(self) -> Fingerprint | None:
        """The strongest fingerprint that is known."""
        if self.fingerprint_sha256:
            return Fingerprint("SHA-256", self.fingerprint_sha256)
        return Fingerprint("SHA-1", self.fingerprint_sha1) if self.fingerprint_sha1 else None

    @property
    def expired(self) -> bool:
        """Whether its validity had ended when it was looked at."""
        return self.days_remaining is not None and self.days_remaining < 0

    def same_as(self, other: Held) -> bool | None:
        """Whether the two are one certificate, by a fingerprint that both have. None where there is none."""
        if self.fingerprint_sha256 and other.fingerprint_sha256:
            return self.fingerprint_sha256 == other.fingerprint_sha256
        if self.fingerprint_sha1 and other.fingerprint_sha1:
            return self.fingerprint_sha1 == other.fingerprint_sha1
        return None


def read_held(certificate: Reader) -> Held:
    """Read what the modules say of one environment's certificate."""
    return Held(
        subject=certificate.optional_text("subject"),
        issuer=certificate.optional_text("issuer"),
        serial_number=certificate.optional_text("serial_number"),
        not_before=certificate.optional_moment("not_before"),
        not_after=certificate.optional_moment("not_after"),
        days_remaining=certificate.optional_number("days_remaining"),
        fingerprint_sha256=certificate.optional_text("fingerprint_sha256"),
        fingerprint_sha1=certificate.optional_text("fingerprint_sha1"),
        alias=certificate.optional_text("alias"),
    )
