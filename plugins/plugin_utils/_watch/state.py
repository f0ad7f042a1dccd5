# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a watch: what it has to know about a manager from one reading to the next. Pure.

It holds one record for each environment of each certificate that the manager has, and of the past only the previous
certificate of each environment. So it never grows beyond the size of the manager's record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Fingerprints, same_certificate


@dataclass(frozen=True)
class ObservedCertificate:
    """A certificate that an environment holds or held.

    :arg reported_threshold: the smallest threshold that an event reported for it, in days; a share of the lifetime is
        rounded up. 0 for expired, None if no event did.
    """

    fingerprint_sha1: str | None = None
    fingerprint_sha256: str | None = None
    reported_threshold: int | None = None

    def differs_from(self, other: Fingerprints) -> bool:
        """Whether this is another certificate. False if they have no kind of fingerprint in common to compare."""
        return same_certificate(self, other) is False


@dataclass(frozen=True)
class EnvironmentState:
    """One environment of a certificate.

    :arg previous: the certificate that the environment held before, so that its thresholds are not reported again when
        a rollback restores it.
    :arg missed_readings: how many readings in a row did not include this environment.
    """

    current: ObservedCertificate
    previous: ObservedCertificate | None = None
    missed_readings: int = 0


@dataclass(frozen=True)
class CertificateState:
    """One certificate.

    :arg environments: its environments by name.
    :arg drift: the environments that are reported as drifted.
    :arg duplicates: the environments that are reported to have duplicate entries.
    :arg stale: the environments whose gateways are reported not to hold the certificate of the record.
    """

    environments: Mapping[str, EnvironmentState] = field(default_factory=dict)
    drift: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """The whole state.

    :arg certificates: by project and name.
    :arg unreachable_since: when the first of the failed readings took place; None if the last reading succeeded.
    :arg unreachable_cause: the cause of the last failed reading, which C(observe_failure) compares; None if it is not known.
    """

    certificates: Mapping[tuple[str, str], CertificateState] = field(default_factory=dict)
    unreachable_since: datetime | None = None
    unreachable_cause: str | None = None
