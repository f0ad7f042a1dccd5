# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dictionaries that cross a border: the result of a run (schema 1), and the requests of a wave."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._result import GatewayView

SCHEMA = 1
"""Raised when a key of the result changes its meaning or is removed."""

SUCCESSES = ("nothing_to_do", "planned", "introduced", "rotated", "stored", "skipped")
FAILURES = ("refused", "failed", "rolled_back", "rollback_failed")


def is_failure(outcome: str) -> bool:
    """Whether a rotation with this outcome has failed. An outcome that is not known is no success."""
    return outcome not in SUCCESSES


ROTATIONS_FROM_BEST_TO_WORST = (
    "nothing_to_do",
    "rotated",
    "introduced",
    "planned",
    "stored",
    "skipped",
    "refused",
    "rolled_back",
    "failed",
    "rollback_failed",
)
"""The outcomes of a rotation; that of several rotations is the worst.

What is complete comes first, then what is not, then what someone must look at. Of the failures, C(refused) wrote nothing,
C(rolled_back) restored everything, C(failed) restored nothing, and C(rollback_failed) may have left anything behind."""

AUDITS_FROM_BEST_TO_WORST = ("empty", "clean", "findings", "incomplete", "not_on_gateway", "expired")
"""The statuses of an audit; that of several audits is the worst. C(incomplete) is one of several audits only."""

AUDIT_SUCCESSES = ("empty", "clean", "findings")


def how_bad(outcome: str, from_best_to_worst: tuple[str, ...]) -> int:
    """The position of an outcome for sorting. One that is not known, such as that of a newer release, is the worst."""
    return from_best_to_worst.index(outcome) if outcome in from_best_to_worst else len(from_best_to_worst)


class ShownCertificate(t.TypedDict):
    """A certificate in the result: dates in UTC, ISO 8601; fingerprints in lower-case hex."""

    subject: str | None
    issuer: str | None
    serial_number: str | None
    not_before: str | None
    not_after: str | None
    days_remaining: int | None
    percent_remaining: int | None
    fingerprint_sha256: str | None
    fingerprint_sha1: str | None
    public_key_sha256: str | None
    alias: str | None


class EnvironmentDeployment(t.TypedDict):
    """What the manager reported about the deployment to an environment; C(success) is None where it reported nothing."""

    success: bool | None
    message: str | None


EnvironmentResult = t.TypedDict(
    "EnvironmentResult",
    {
        "name": str,
        "wave": "int | None",
        "action": str,
        "reason": str,
        "from": "ShownCertificate | None",
        "to": "ShownCertificate | None",
        "now": "ShownCertificate | None",
        "key": "str | None",
        "entries": "int | None",
        "deployment": "EnvironmentDeployment | None",
        "gateway": t.Optional[GatewayView],
        "rolled_back": "bool | None",
    },
)
"""An environment of a certificate: before the run, as planned, and as read back at the end.

C(key) says whether the new certificate has the public key of the previous one: C(kept), C(new), or None where that is unknown
or nothing is replaced."""


class GuardResult(t.TypedDict):
    """The result of a guard; C(environment) is None where only the new certificate was checked."""

    guard: str
    environment: str | None
    passed: bool
    message: str
    current: str | None
    new: str | None


class CertificateResult(t.TypedDict):
    """A certificate of the run.

    C(companion_of) is the name of the certificate that a companion belongs to. C(stage) and C(overlapping_until) are None
    with any other strategy than C(overlap).
    """

    project: str
    name: str
    companion_of: str | None
    stage: str | None
    overlapping_until: str | None
    outcome: str
    environments: list[EnvironmentResult]
    guards: list[GuardResult]


class WaveResult(t.TypedDict):
    """A wave: C(done), C(failed), C(rolled_back) or C(not_started). Only waves of an overlap have a C(stage)."""

    number: int
    environments: list[str]
    stage: str | None
    outcome: str


class RollbackResult(t.TypedDict):
    """The rollback; C(complete) is None where none was performed."""

    performed: bool
    complete: bool | None
    messages: list[str]


class RotationResult(t.TypedDict):
    """The result of a run, schema 1. Times are in UTC, ISO 8601."""

    schema: int
    manager: str | None
    host: str | None
    started: str | None
    finished: str | None
    check_mode: bool
    outcome: str
    message: str
    strategy: str
    strategy_reason: str
    waves: list[WaveResult]
    certificates: list[CertificateResult]
    rollback: RollbackResult
    backup: str | None


class MergedProblem(t.TypedDict):
    """What needs attention. C(certificate) is the project and the name.

    C(status) is what went wrong, in a few words. C(message) is empty in some summaries.
    """

    certificate: str
    environment: str | None
    status: str
    message: str


class MergedManager(t.TypedDict):
    """One report of a merged report. Times are in UTC, ISO 8601; those of an audit are both the time of the audit.

    C(certificates) counts them by their outcomes, or their findings by kind. C(problems) are the first of
    C(problems_total). C(source) is the file of the report, and C(page) its page for a browser; None where unknown.
    """

    manager: str | None
    host: str
    started: str | None
    finished: str | None
    check_mode: bool
    outcome: str
    failed: bool
    message: str
    certificates_total: int
    certificates: dict[str, int]
    first_expiry: str | None
    problems: list[MergedProblem]
    problems_total: int
    source: str | None
    page: str | None


class UnusableReport(t.TypedDict):
    """A report that could not be read."""

    source: str
    problem: str


class MergedReport(t.TypedDict):
    """The reports of several managers, schema 1, with the worst first. C(kind) is C(rotations) or C(audits).

    C(managers_by_outcome) and C(certificates) are sums. C(missing) are the expected managers without a report, and
    C(unexpected) are the hosts that were not expected. C(older) and C(outdated) are numbers of reports that were left out:
    for the former there is a newer one, or one that is not from check mode, and the latter are too old.
    """

    schema: int
    kind: str
    outcome: str
    failed: bool
    message: str
    managers_by_outcome: dict[str, int]
    certificates_total: int
    certificates: dict[str, int]
    missing: list[str]
    unusable: list[UnusableReport]
    older: int
    outdated: int
    unexpected: list[str]
    managers: list[MergedManager]


class Request(t.TypedDict):
    """What is written of one certificate, as the user's hooks see it in C(certificate_rotation_wave.requests)."""

    key: str
    project: str
    name: str
    environments: list[str]
    unlisted_environments: str
    alias: str
    description: str
    update_referenced_jwks: bool
    update_scope: str
    force: bool
    fingerprint_sha1: str
    fingerprint_sha256: str
