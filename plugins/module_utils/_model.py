# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the manager holds and what it says of a deployment, as values. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate

_EARLIEST = datetime.min.replace(tzinfo=timezone.utc)


@dataclass(frozen=True)
class Entry:
    """One entry of a certificate: what one environment is given.

    C(bundle) is None where the manager sent no content; then C(sha1) and the reported fields say what is known.
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
        return (self.leaf.subject if self.leaf else None) or self.reported_subject

    @property
    def not_before(self) -> datetime | None:
        return (self.leaf.not_before if self.leaf else None) or self.reported_not_before

    @property
    def not_after(self) -> datetime | None:
        return (self.leaf.not_after if self.leaf else None) or self.reported_not_after

    @property
    def fingerprint_sha1(self) -> str | None:
        return self.leaf.fingerprint_sha1 if self.leaf else self.sha1

    def holds(self, wanted: Bundle) -> bool:
        """Whether this entry is C(wanted): by the DER, or by the SHA-1 thumbprint where there is no content."""
        if self.bundle is not None:
            return wanted.matches_stored(self.bundle)
        return self.sha1 is not None and self.sha1 == wanted.leaf.fingerprint_sha1


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate as the manager has it. C(entries) may name an environment twice: the duplicate trap.

    C(description_reported) is False where the manager leaves descriptions out (2023), so that theirs is unknown.
    """

    project: str
    name: str
    description: str | None = None
    description_reported: bool = True
    entries: tuple[Entry, ...] = ()

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments that hold it, sorted, each once."""
        return tuple(sorted({entry.environment for entry in self.entries}))

    @property
    def duplicated(self) -> tuple[str, ...]:
        """The environments that are listed more than once."""
        return tuple(name for name in self.environments if len(self.entries_of(name)) > 1)

    def entries_of(self, environment: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.environment == environment)

    def entry_of(self, environment: str, wanted: Bundle | None = None) -> Entry | None:
        """The entry that speaks for an environment: the one that is C(wanted), else the most recently issued one."""
        entries = self.entries_of(environment)
        if wanted is not None:
            for entry in entries:
                if entry.holds(wanted):
                    return entry
        return max(
            entries,
            key=lambda entry: (entry.not_before or _EARLIEST, entry.not_after or _EARLIEST),
            default=None,
        )

    def recognising(self, known: Bundle | None) -> StoredCertificate:
        """The same, with C(known) filled in where the manager sent just its thumbprint."""
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
        """Whether both are the same state of the manager, however much content each answer carried."""
        return other is not None and _comparable(self) == _comparable(other)


def _comparable(stored: StoredCertificate) -> tuple[str | None, list[tuple[str, str, str]]]:
    entries = [(entry.environment, entry.alias or "", entry.fingerprint_sha1 or "") for entry in stored.entries]
    return stored.description, sorted(entries)


@dataclass(frozen=True)
class Environment:
    """A gateway environment of a project.

    C(type) says its stage in 2026 (C(PRODUCTION), C(SANDBOX), C(TEST)) and its platform in 2025 (C(KUBERNETES),
    C(DOCKER)).
    """

    name: str
    type: str | None = None
    status: str | None = None
    access_url: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class EnvironmentDeployment:
    """What the manager says of the deployment to one environment."""

    name: str
    success: bool
    message: str | None = None


@dataclass(frozen=True)
class Deployment:
    """What the manager says of a deployment. C(success) is None where it says nothing: then nothing is claimed.

    C(unresolved) are the references that an import left open, in the manager's words.
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
