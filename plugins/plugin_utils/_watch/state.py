# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watch remembers of a manager between two readings. Pure.

It holds one record for each environment of each certificate that the manager has, and nothing of the past but what a
rolled back certificate needs; so it never grows beyond the manager.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Fingerprints, same_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize

SCHEMA = 1
SOURCE = "apinizer.apiops.certificate_expiry"


@dataclass(frozen=True)
class Seen:
    """A certificate that an environment holds or held.

    C(told) is the smallest threshold that was told of it, in days; 0 stands for expired, None for nothing.
    """

    fingerprint_sha1: str | None = None
    fingerprint_sha256: str | None = None
    told: int | None = None

    def is_other_than(self, held: Fingerprints) -> bool:
        """Whether the two are different certificates, as far as a fingerprint that both have can tell."""
        return same_certificate(self, held) is False


@dataclass(frozen=True)
class PlaceState:
    """One environment of a certificate.

    C(before) is the certificate that it held before: when a rollback brings it back, it is nothing new. C(missing) is
    how many readings in a row did not show this environment.
    """

    seen: Seen
    before: Seen | None = None
    missing: int = 0


@dataclass(frozen=True)
class CertificateState:
    """One certificate: its environments by name, and those whose drift and duplicate entries were told and last."""

    places: Mapping[str, PlaceState] = field(default_factory=dict)
    drift: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """A manager. Certificates by project and name; C(unreachable_since) is None while the manager answers."""

    certificates: Mapping[tuple[str, str], CertificateState] = field(default_factory=dict)
    unreachable_since: datetime | None = None


def dump(state: State, manager: str) -> dict[str, t.Any]:
    """The state as JSON has it, with the manager's address, which C(load) asks for."""
    return {
        "schema": SCHEMA,
        "source": SOURCE,
        "manager": manager,
        "unreachable_since": iso(state.unreachable_since) if state.unreachable_since else None,
        "certificates": [
            {
                "project": project,
                "name": name,
                "drift": list(certificate.drift),
                "duplicates": list(certificate.duplicates),
                "environments": [_dump_place(environment, place) for environment, place in certificate.places.items()],
            }
            for (project, name), certificate in state.certificates.items()
        ],
    }


def _dump_place(environment: str, place: PlaceState) -> dict[str, t.Any]:
    return {
        "name": environment,
        "missing": place.missing,
        "seen": _dump_seen(place.seen),
        "before": _dump_seen(place.before) if place.before else None,
    }


def _dump_seen(seen: Seen) -> dict[str, t.Any]:
    return {
        "fingerprint_sha1": seen.fingerprint_sha1,
        "fingerprint_sha256": seen.fingerprint_sha256,
        "told": seen.told,
    }


def load(value: object, manager: str) -> State:
    """The state that C(dump) made.

    :raises ReportError: where it is none, or that of another manager.
    """
    state = Reader(sanitize(value, "state"), "state")
    if state.optional_text("source") != SOURCE:
        raise ReportError(f"it was not written by {SOURCE}")
    state.expect("schema", SCHEMA)
    if state.text("manager") != manager:
        raise ReportError(f"it belongs to the manager {state.text('manager')}, not to {manager}")
    return State(
        certificates={
            (certificate.text("project"), certificate.text("name")): _load_certificate(certificate)
            for certificate in state.each("certificates")
        },
        unreachable_since=state.optional_moment("unreachable_since"),
    )


def _load_certificate(certificate: Reader) -> CertificateState:
    return CertificateState(
        places={place.text("name"): _load_place(place) for place in certificate.each("environments")},
        drift=certificate.texts("drift"),
        duplicates=certificate.texts("duplicates"),
    )


def _load_place(place: Reader) -> PlaceState:
    seen, before = place.optional("seen"), place.optional("before")
    if seen is None:
        raise ReportError(f"it does not say what {place.text('name')} held")
    return PlaceState(_load_seen(seen), _load_seen(before) if before else None, place.number("missing"))


def _load_seen(seen: Reader) -> Seen:
    return Seen(
        seen.optional_text("fingerprint_sha1"), seen.optional_text("fingerprint_sha256"), seen.optional_number("told")
    )
