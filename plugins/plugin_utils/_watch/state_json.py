# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JSON form of the state, as the state file contains it. Pure.

Its keys are a file format: they stay the same when the classes of C(state.py) change, so that an upgrade keeps the state.
"""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import (
    CertificateState,
    EnvironmentState,
    ObservedCertificate,
    State,
)

SCHEMA = 1
SOURCE = "apinizer.apiops.certificate_expiry"


class ObservedCertificateDump(t.TypedDict):
    """The JSON form of C(ObservedCertificate)."""

    fingerprint_sha1: str | None
    fingerprint_sha256: str | None
    told: int | None


class EnvironmentDump(t.TypedDict):
    """The JSON form of C(EnvironmentState)."""

    name: str
    missing: int
    seen: ObservedCertificateDump
    before: ObservedCertificateDump | None


class CertificateDump(t.TypedDict):
    """The JSON form of C(CertificateState)."""

    project: str
    name: str
    drift: list[str]
    duplicates: list[str]
    stale: list[str]
    environments: list[EnvironmentDump]


class StateDump(t.TypedDict):
    """The JSON form of C(State). C(unreachable_since) is ISO 8601 in UTC. Earlier versions wrote no C(unreachable_cause)."""

    schema: int
    source: str
    manager: str
    unreachable_since: str | None
    unreachable_cause: str | None
    certificates: list[CertificateDump]


def dump(state: State, manager: str) -> StateDump:
    """Convert a state to JSON.

    :arg manager: the address of the manager that the state belongs to; C(load) compares it.
    """
    return {
        "schema": SCHEMA,
        "source": SOURCE,
        "manager": manager,
        "unreachable_since": iso(state.unreachable_since) if state.unreachable_since else None,
        "unreachable_cause": state.unreachable_cause,
        "certificates": [
            {
                "project": project,
                "name": name,
                "drift": list(certificate.drift),
                "duplicates": list(certificate.duplicates),
                "stale": list(certificate.stale),
                "environments": [_dump_environment(*item) for item in certificate.environments.items()],
            }
            for (project, name), certificate in state.certificates.items()
        ],
    }


def _dump_environment(name: str, environment: EnvironmentState) -> EnvironmentDump:
    return {
        "name": name,
        "missing": environment.missed_readings,
        "seen": _dump_observed(environment.current),
        "before": _dump_observed(environment.previous) if environment.previous else None,
    }


def _dump_observed(certificate: ObservedCertificate) -> ObservedCertificateDump:
    return {
        "fingerprint_sha1": certificate.fingerprint_sha1,
        "fingerprint_sha256": certificate.fingerprint_sha256,
        "told": certificate.reported_threshold,
    }


def load(value: object, manager: str) -> State:
    """Convert JSON that C(dump) made to a state.

    :arg value: any JSON value, for example the content of a file of another program.
    :arg manager: the address of the manager that is watched.
    :raises ReportError: if the value is not a state, or belongs to another manager.
    """
    state = Reader(sanitize(value, "state"), "state")
    if state.optional_text("source") != SOURCE:
        raise ReportError(f"it was not written by {SOURCE}")
    state.expect("schema", SCHEMA)
    if state.text("manager") != manager:
        raise ReportError(f"it belongs to manager {state.text('manager')}, not to {manager}")
    return State(
        certificates={
            (certificate.text("project"), certificate.text("name")): _load_certificate(certificate)
            for certificate in state.each("certificates")
        },
        unreachable_since=state.optional_moment("unreachable_since"),
        unreachable_cause=state.optional_text("unreachable_cause"),
    )


def _load_certificate(certificate: Reader) -> CertificateState:
    return CertificateState(
        environments={each.text("name"): _load_environment(each) for each in certificate.each("environments")},
        drift=certificate.texts("drift"),
        duplicates=certificate.texts("duplicates"),
        stale=certificate.texts("stale"),
    )


def _load_environment(environment: Reader) -> EnvironmentState:
    current, previous = environment.optional("seen"), environment.optional("before")
    if current is None:
        raise ReportError(f"the certificate of environment {environment.text('name')} is missing")
    return EnvironmentState(
        _load_observed(current), _load_observed(previous) if previous else None, environment.number("missing")
    )


def _load_observed(certificate: Reader) -> ObservedCertificate:
    return ObservedCertificate(
        certificate.optional_text("fingerprint_sha1"),
        certificate.optional_text("fingerprint_sha256"),
        certificate.optional_number("told"),
    )
