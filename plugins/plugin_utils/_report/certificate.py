# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one view of a certificate that the reports, the findings and the watch share. Pure.

It is read from what C(apinizer_certificate_info) returns as C(certificates): one dictionary for each certificate of a
project, which has one dictionary for each environment. The result of a rotation uses the same keys.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import Remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker, read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize

_NEVER = 10**9


class Fingerprints(t.Protocol):
    """Anything that identifies a certificate by its fingerprints, as lowercase hexadecimal digits."""

    @property
    def fingerprint_sha256(self) -> str | None:
        """SHA-256 of the DER form. None if the manager sends no content."""

    @property
    def fingerprint_sha1(self) -> str | None:
        """SHA-1 of the DER form, which every generation of the manager reports."""


def same_certificate(one: Fingerprints, other: Fingerprints) -> bool | None:
    """Compare two certificates by the strongest fingerprint that both have.

    :returns: None if they have no kind of fingerprint in common.
    """
    if one.fingerprint_sha256 and other.fingerprint_sha256:
        return one.fingerprint_sha256 == other.fingerprint_sha256
    if one.fingerprint_sha1 and other.fingerprint_sha1:
        return one.fingerprint_sha1 == other.fingerprint_sha1
    return None


@dataclass(frozen=True)
class EnvironmentEntry:
    """What the record has for one environment of a certificate. Unknown values are None.

    :arg days_remaining: whole days until C(not_after), negative once it has passed.
    :arg percent_remaining: the share of the lifetime that is left, in whole percent.
    :arg entries: how many entries the manager lists for the environment. More than one is a fault of the manager.
    :arg gateway: whether the gateways of the environment hold the certificate; None if they were not asked.
    :arg public_key_sha256: the digest of its public key.
    :arg chain: the subject and the issuer of each issuer that the record contains with the certificate, nearest first.
    """

    environment: str
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    not_before: datetime | None = None
    not_after: datetime | None = None
    days_remaining: int | None = None
    percent_remaining: int | None = None
    fingerprint_sha256: str | None = None
    fingerprint_sha1: str | None = None
    alias: str | None = None
    entries: int = 1
    gateway: Gateway | None = None
    public_key_sha256: str | None = None
    chain: tuple[tuple[str | None, str | None], ...] = ()

    @property
    def chain_subjects(self) -> tuple[str | None, ...]:
        """The subjects of the issuers that the record contains with the certificate."""
        return tuple(subject for subject, _issuer in self.chain)

    @property
    def fingerprint(self) -> str | None:
        """The fingerprint to show, with its algorithm: SHA-256, or SHA-1 if only that is known."""
        if self.fingerprint_sha256:
            return f"SHA-256 {self.fingerprint_sha256}"
        return f"SHA-1 {self.fingerprint_sha1}" if self.fingerprint_sha1 else None

    @property
    def expired(self) -> bool:
        """Whether the certificate had expired when the manager was read."""
        return self.days_remaining is not None and self.days_remaining < 0

    @property
    def remaining(self) -> Remaining:
        """What remained of the lifetime when the manager was read."""
        return Remaining(self.days_remaining, self.percent_remaining)

    @property
    def urgency(self) -> int:
        """Sort key: the days that are left. An unknown date comes last."""
        return _NEVER if self.days_remaining is None else self.days_remaining


@dataclass(frozen=True)
class ManagedCertificate:
    """One certificate of a project, with its entries in the order of the input.

    :arg marker: for a companion of an overlap, the certificate that it belongs to, and when the overlap began.
    """

    project: str
    name: str
    entries: tuple[EnvironmentEntry, ...]
    marker: Marker | None = None

    @property
    def urgency(self) -> int:
        """Sort key: the days until it expires in the first of its environments."""
        return min((entry.urgency for entry in self.entries), default=_NEVER)

    def entry(self, environment: str) -> EnvironmentEntry | None:
        """Return the entry of an environment, or None if the environment does not have the certificate."""
        return next((entry for entry in self.entries if entry.environment == environment), None)


def read_certificates(value: object) -> list[ManagedCertificate]:
    """Read what C(apinizer_certificate_info) returns as C(certificates).

    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    certificates = sanitize(value, "certificates")
    if not isinstance(certificates, list):
        raise ReportError("certificates: must be the list that apinizer_certificate_info returns")
    return [
        read_certificate(Reader(certificate, f"certificates[{index}]"))
        for index, certificate in enumerate(certificates)
    ]


def read_certificate(certificate: Reader) -> ManagedCertificate:
    """Read one certificate of a project."""
    return ManagedCertificate(
        project=certificate.text("project"),
        name=certificate.text("name"),
        entries=tuple(
            read_entry(environment, environment.text("name")) for environment in certificate.each("environments")
        ),
        marker=read_marker(certificate.optional_text("description")),
    )


def read_entry(entry: Reader, environment: str) -> EnvironmentEntry:
    """Read the current, previous, or new certificate of an environment."""
    return EnvironmentEntry(
        environment=environment,
        subject=entry.optional_text("subject"),
        issuer=entry.optional_text("issuer"),
        serial_number=entry.optional_text("serial_number"),
        not_before=entry.optional_moment("not_before"),
        not_after=entry.optional_moment("not_after"),
        days_remaining=entry.optional_number("days_remaining"),
        percent_remaining=entry.optional_number("percent_remaining"),
        fingerprint_sha256=entry.optional_text("fingerprint_sha256"),
        fingerprint_sha1=entry.optional_text("fingerprint_sha1"),
        alias=entry.optional_text("alias"),
        entries=entry.optional_number("entries") or 1,
        gateway=read_gateway(entry.optional("gateway")),
        public_key_sha256=entry.optional_text("public_key_sha256"),
        chain=tuple((one.optional_text("subject"), one.optional_text("issuer")) for one in entry.each("chain")),
    )


def read_gateway(gateway: Reader | None) -> Gateway | None:
    """Read what the gateways of an environment hold; None if they were not asked."""
    if gateway is None:
        return None
    return Gateway(
        name=gateway.text("name"),
        state=gateway.text("state"),
        fingerprint_sha256=gateway.optional_text("fingerprint_sha256"),
        reason=gateway.optional_text("reason"),
        source=gateway.optional_text("source"),
    )
