# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager's record and the deployments that it reports, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Entry:
    """The entry of one environment in the record of a certificate.

    If the manager did not send the content, C(bundle) is None, and only C(sha1) and the reported fields are known.
    """

    environment: str
    alias: str | None = None
    bundle: Bundle | None = None
    sha1: str | None = None
    reported_subject: str | None = None
    reported_not_before: datetime | None = None
    reported_not_after: datetime | None = None

    @property
    def leaf(self) -> Certificate | None:
        return self.bundle.leaf if self.bundle else None

    @property
    def subject(self) -> str | None:
        subject = self.leaf.subject if self.leaf else None
        return self.reported_subject if subject is None else subject

    @property
    def not_before(self) -> datetime | None:
        return (self.leaf.not_before if self.leaf else None) or self.reported_not_before

    @property
    def not_after(self) -> datetime | None:
        return (self.leaf.not_after if self.leaf else None) or self.reported_not_after

    @property
    def fingerprint_sha1(self) -> str | None:
        return self.leaf.fingerprint_sha1 if self.leaf else self.sha1

    def holds(self, desired: Bundle) -> bool:
        """Whether this entry is the desired certificate, by the DER or, without content, by the SHA-1 thumbprint."""
        if self.bundle is not None:
            return desired.matches_stored(self.bundle)
        return self.sha1 is not None and self.sha1 == desired.leaf.fingerprint_sha1


@dataclass(frozen=True)
class StoredCertificate:
    """The manager's record of a certificate.

    C(entries) may contain duplicate entries of an environment: an update may add an entry instead of replacing it (stated
    by the page for import-file of 2026.09).
    C(description_reported) is False if the manager does not report descriptions (2024.09).
    """

    project: str
    name: str
    description: str | None = None
    description_reported: bool = True
    entries: tuple[Entry, ...] = ()

    @property
    def environments(self) -> tuple[str, ...]:
        """The names of the environments that hold the certificate, sorted, each once."""
        return tuple(sorted({entry.environment for entry in self.entries}))

    @property
    def duplicated(self) -> tuple[str, ...]:
        """The names of the environments with more than one entry."""
        return tuple(name for name in self.environments if len(self.entries_of(name)) > 1)

    def entries_of(self, environment: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.environment == environment)

    def entry_of(self, environment: str, desired: Bundle | None = None) -> Entry | None:
        """Return the entry of an environment. Of duplicates: the desired certificate, or else the latest one issued."""
        entries = self.entries_of(environment)
        if desired is not None:
            for entry in entries:
                if entry.holds(desired):
                    return entry
        return max(
            entries,
            key=lambda entry: (entry.not_before or _EARLIEST, entry.not_after or _EARLIEST),
            default=None,
        )

    def recognize(self, known: Bundle | None) -> StoredCertificate:
        """Return the same record with the content of C(known) in each entry that only has its thumbprint."""
        if known is None:
            return self
        return replace(
            self,
            entries=tuple(
                replace(entry, bundle=Bundle(known.leaf)) if entry.bundle is None and entry.holds(known) else entry
                for entry in self.entries
            ),
        )

    def same_state(self, other: StoredCertificate | None) -> bool:
        """Whether both records are the same, regardless of how much content each response carried."""
        return other is not None and _comparable(self) == _comparable(other)


def _comparable(stored: StoredCertificate) -> tuple[str | None, list[tuple[str, str, str]]]:
    entries = [(entry.environment, entry.alias or "", entry.fingerprint_sha1 or "") for entry in stored.entries]
    return stored.description, sorted(entries)


@dataclass(frozen=True)
class Environment:
    """A gateway environment of a project.

    C(type) is the stage from 2026.01 on (C(PRODUCTION), C(SANDBOX), C(TEST)) and the platform in 2025 (C(KUBERNETES),
    C(DOCKER)).
    """

    name: str
    type: str | None = None
    status: str | None = None
    access_url: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class EnvironmentDeployment:
    """The deployment to one environment, as the manager reports it."""

    name: str
    success: bool
    message: str | None = None


@dataclass(frozen=True)
class Deployment:
    """A deployment as the manager reports it. C(success) is None if it does not report the deployment.

    C(unresolved) are the references that an import did not resolve, in the manager's words.
    """

    success: bool | None = None
    message: str | None = None
    environments: tuple[EnvironmentDeployment, ...] = ()
    unresolved: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        return self.success is False or bool(self.failed_environments)

    @property
    def failed_environments(self) -> tuple[EnvironmentDeployment, ...]:
        return tuple(environment for environment in self.environments if not environment.success)


@dataclass(frozen=True)
class Truststore:
    """What the gateways of an environment trust, see the vendor's pages for the truststore.

    :arg source: C(workers) if the manager read it live from the workers, or C(manager) if it comes from the JSON list.
    :arg entries: the certificates of all projects, and any others, such as public certificate authorities.
    """

    environment: str
    source: str
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class Gateway:
    """Whether the gateways of an environment hold the certificate that they should.

    :arg state: C(confirmed), C(stale) (they hold another certificate under its alias), C(missing), or C(unknown).
    :arg fingerprint_sha256: the fingerprint of the certificate found, or None.
    :arg reason: why the state is unknown, or under which other alias the certificate was found.
    :arg source: C(workers) or C(manager), as in C(Truststore); None if the truststore could not be read.
    """

    name: str
    state: str
    fingerprint_sha256: str | None = None
    reason: str | None = None
    source: str | None = None
