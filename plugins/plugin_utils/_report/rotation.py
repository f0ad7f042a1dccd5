# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of a rotation as values, and what a report derives from it. Pure.

The input is the result of the role C(apinizer.apiops.certificate_rotation), schema 1.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    read_entry,
    read_gateway,
    same_certificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, sanitize
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import Status, Statuses, rank, status_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import NOTHING, clock, count, duration

SCHEMA = 1

# Outcomes of a certificate for which nothing was written.
_NOT_WRITTEN = ("in_sync", "not_due", "planned", "skipped", "not_started")


@dataclass(frozen=True)
class DeploymentResult:
    """What the manager reported about a deployment."""

    status: Status
    message: str | None


@dataclass(frozen=True)
class Version:
    """One of the certificates of an environment: the previous one, the new one, or the current one.

    :arg placeholder: the text to show if there is no certificate.
    """

    label: str
    entry: EnvironmentEntry | None
    placeholder: str
    is_current: bool = False


@dataclass(frozen=True)
class EnvironmentResult:
    """What happened to one environment of a certificate.

    :arg previous: the entry before the run.
    :arg desired: the new certificate; None if none was needed, or if it was not obtained.
    :arg current: the entry at the end of the run.
    :arg current_known: whether C(current) is known, so that None means that there is no entry.
    :arg entries: how many entries the manager lists for the environment.
    :arg gateway: what the gateways held after the last write, of the wave or of the rollback; None if they were not
        asked after it.
    :arg key: whether the public key is C(kept) or C(new); None if that is unknown, or nothing is replaced.
    """

    name: str
    wave: int | None
    action: str
    reason: str
    previous: EnvironmentEntry | None
    desired: EnvironmentEntry | None
    current: EnvironmentEntry | None
    current_known: bool
    entries: int | None
    deployment: DeploymentResult | None
    rolled_back: bool | None
    gateway: Gateway | None = None
    key: str | None = None

    @property
    def gateway_status(self) -> Status | None:
        """Whether the gateways held what was written last; None if they were not asked after that."""
        return status_of(status.GATEWAY, self.gateway.state) if self.gateway and self.changes else None

    @property
    def truststore_source(self) -> str | None:
        """Where the truststore of the gateways was read, in words; None if it was not."""
        source = self.gateway.source if self.gateway else None
        return status.TRUSTSTORE_SOURCE.get(source or "", source)

    @property
    def changes(self) -> bool:
        """Whether the run was to change this environment."""
        return self.action != "none"

    @property
    def current_status(self) -> Status:
        """What the environment holds now, compared to the previous and to the new certificate."""
        return status.CURRENT[self._current_key()]

    def _current_key(self) -> str:
        if self.current is None:
            return "none" if self.current_known else "unknown"
        is_desired = same_certificate(self.desired, self.current) if self.desired else False
        is_previous = same_certificate(self.previous, self.current) if self.previous else False
        if is_previous and not self.changes:
            return "unchanged"
        if is_desired:
            return "new"
        if is_previous:
            return "previous"
        return "not_comparable" if None in (is_desired, is_previous) else "other"

    @property
    def planned(self) -> str:
        """The planned action and the reason for it."""
        action = status.ACTION.get(self.action, self.action)
        return f"{action}: {status.REASON.get(self.reason, self.reason)}"

    @property
    def versions(self) -> list[Version]:
        """The certificates to show, in chronological order. One that is also the current one is shown once."""
        versions: list[Version] = []
        if self.changes:
            versions = [
                self._version("Before", self.previous, "No certificate"),
                self._version("New", self.desired, "Not obtained yet"),
            ]
        if not any(version.is_current for version in versions):
            versions.append(Version("Now", self.current, self.current_status.label, is_current=True))
        return versions

    def _version(self, label: str, entry: EnvironmentEntry | None, placeholder: str) -> Version:
        if entry and entry == self.current:
            return Version(f"{label} (now)", entry, placeholder, is_current=True)
        return Version(label, entry, placeholder)


@dataclass(frozen=True)
class GuardResult:
    """The result of one check before the first write.

    :arg environment: None if the guard is about the new certificate, wherever it is deployed.
    :arg current: the value of the current certificate, if the guard compares one.
    :arg new: the value of the new certificate.
    """

    name: str
    environment: str | None
    status: Status
    message: str | None
    current: str | None
    new: str | None

    @property
    def passed(self) -> bool:
        """Whether the guard allowed the rotation."""
        return self.status.key == "true"


@dataclass(frozen=True)
class CertificateResult:
    """What happened to one certificate of a project. Guards that failed come first.

    :arg number: the position in the result, from 1. Identifies the certificate within the page.
    :arg stage: the stage of an overlap in words; None with another strategy.
    :arg companion_of: the name of the certificate that a companion belongs to; None for other certificates.
    """

    number: int
    project: str
    name: str
    outcome: Status
    environments: tuple[EnvironmentResult, ...]
    guards: tuple[GuardResult, ...]
    stage: str | None = None
    companion_of: str | None = None

    @property
    def overlap(self) -> str | None:
        """The part of the certificate in an overlap; None with another strategy."""
        return f"Companion of {self.companion_of}" if self.companion_of else self.stage

    @property
    def has_details(self) -> bool:
        """Whether there is more to report than what its environments hold."""
        if self.outcome.key not in ("in_sync", "not_due"):
            return True
        return any(environment.changes for environment in self.environments) or bool(_problems_of(self))


@dataclass(frozen=True)
class WaveResult:
    """The environments of a wave and how it ended."""

    number: int
    environments: tuple[str, ...]
    outcome: Status
    stage: str | None = None


@dataclass(frozen=True)
class RollbackResult:
    """Whether there was a rollback, and whether it restored everything."""

    performed: bool
    complete: bool | None
    messages: tuple[str, ...]

    @property
    def status(self) -> Status:
        """The status of the rollback."""
        if not self.performed:
            return status.ROLLBACK["none"]
        return status.ROLLBACK["complete" if self.complete else "incomplete"]


@dataclass(frozen=True)
class Problem:
    """Something that needs attention. C(certificate) is None if it is about the run in general."""

    certificate: CertificateResult | None
    environment: str | None
    status: Status
    text: str


@dataclass(frozen=True)
class Rotation:
    """A run of the role. Its certificates are sorted: failures first, certificates without changes last."""

    manager: str
    host: str
    started: datetime
    finished: datetime | None
    check_mode: bool
    outcome: Status
    message: str
    strategy: str | None
    strategy_reason: str | None
    waves: tuple[WaveResult, ...]
    certificates: tuple[CertificateResult, ...]
    rollback: RollbackResult
    backup: str | None

    @property
    def moment(self) -> datetime:
        """The time that the report calls now."""
        return self.finished or self.started

    @property
    def detailed(self) -> list[CertificateResult]:
        """The certificates that the run changed, was to change, or has problems with."""
        return [certificate for certificate in self.certificates if certificate.has_details]

    @property
    def unchanged(self) -> list[CertificateResult]:
        """The certificates that needed no change."""
        return [certificate for certificate in self.certificates if not certificate.has_details]

    @property
    def counts(self) -> list[tuple[Status, int]]:
        """The number of certificates by outcome, without companions."""
        return _counted(status.CERTIFICATE, (one.outcome for one in self.certificates if not one.companion_of))

    @property
    def companion_counts(self) -> list[tuple[Status, int]]:
        """The number of companions by outcome."""
        return _counted(status.CERTIFICATE, (one.outcome for one in self.certificates if one.companion_of))

    @property
    def current_counts(self) -> list[tuple[Status, int]]:
        """The number of entries by what they hold now, for the environments that the run was to change. Without companions,
        because the entry of one that was retired is not missing.
        """
        own = (certificate for certificate in self.certificates if not certificate.companion_of)
        environments = (one for certificate in own for one in certificate.environments if one.changes)
        return _counted(status.CURRENT, (environment.current_status for environment in environments))

    @property
    def summary(self) -> list[tuple[str, str]]:
        """The facts of the run as pairs of a name and a value."""
        facts = [
            ("Manager", self.manager),
            ("Inventory host", self.host),
            ("Started", clock(self.started)),
            ("Finished", self._finished),
            ("Mode", "Check mode: nothing was written" if self.check_mode else "Normal run"),
        ]
        if self.strategy:
            facts.append(("Strategy", status.STRATEGY.get(self.strategy, self.strategy)))
        if self.strategy_reason:
            facts.append(("Reason for the strategy", self.strategy_reason))
        facts.append(("Backup", self.backup or "No backup"))
        if self.current_counts:
            counts = (f"{kind.label}: {count(number, 'entry', 'entries')}" for kind, number in self.current_counts)
            facts.append(("Manager's record", "; ".join(counts)))
        if self.companion_counts:
            facts.append(("Companions", "; ".join(f"{kind.label}: {number}" for kind, number in self.companion_counts)))
        return facts

    @property
    def _finished(self) -> str:
        if self.finished is None:
            return NOTHING
        return f"{clock(self.finished)} ({duration(self.finished - self.started)})"

    @property
    def problems(self) -> list[Problem]:
        """Everything that needs attention: what failed, in which environment, and what that environment holds now."""
        found = [problem for certificate in self.certificates for problem in _problems_of(certificate)]
        if self.rollback.performed and self.rollback.complete is not True:
            text = "The rollback did not restore every environment. For details, see Rollback."
            found.insert(0, Problem(None, None, status.ROLLBACK["incomplete"], text))
        return found


def _problems_of(certificate: CertificateResult) -> list[Problem]:
    found = [
        Problem(certificate, guard.environment, guard.status, f"Guard {guard.name}: {guard.message or 'no message'}")
        for guard in certificate.guards
        if not guard.passed
    ]
    for environment in certificate.environments:
        deployment, gateways = environment.deployment, environment.gateway_status
        if gateways and gateways.severity != "good":
            found.append(Problem(certificate, environment.name, gateways, _gateways_hold(environment)))
        # After a rollback, what the gateways hold says nothing about the deployment of the wave.
        confirmed = gateways and gateways.severity == "good" and environment.rolled_back is None
        if deployment and deployment.status.severity != "good" and not confirmed:
            message = deployment.message or "The manager gave no message."
            found.append(Problem(certificate, environment.name, deployment.status, message))
        removed = certificate.companion_of and environment.rolled_back
        mixed = certificate.outcome.key == "failed" and environment.changes and not removed
        current = environment.current_status
        if mixed or current.severity in ("bad", "warn"):
            found.append(Problem(certificate, environment.name, current, _record_of(environment)))
    return found


def _gateways_hold(environment: EnvironmentResult) -> str:
    """Say what the gateways of an environment held when they were asked last."""
    gateway = environment.gateway
    if gateway and gateway.fingerprint_sha256:
        return f"When last asked, the gateways held SHA-256 {gateway.fingerprint_sha256[:16]}..."
    return (gateway and gateway.reason) or "When last asked, the gateways did not hold the certificate"


def _record_of(environment: EnvironmentResult) -> str:
    """Say what the manager's record has for an environment now."""
    if environment.current:
        return f"In the manager's record now, valid until {clock(environment.current.not_after)}"
    if environment.current_known:
        return "The manager's record has no entry for this environment"
    return "The manager's record could not be read back"


def _counted(statuses: Statuses, occurrences: t.Iterable[Status]) -> list[tuple[Status, int]]:
    """Count each status, in the order of its kind."""
    return sorted(Counter(occurrences).items(), key=lambda counted: rank(statuses, counted[0]))


def read_rotation(value: object, where: str = "result") -> Rotation:
    """Read the result of the role.

    :arg where: what messages call it.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    result = Reader(sanitize(value, where), where)
    result.expect("schema", SCHEMA)
    check_mode = result.flag("check_mode")
    found = result.each("certificates")
    # If the manager could not be read at the end, no environment has a current certificate. One that has proves the
    # contrary, and then a missing one means that the environment holds none.
    read_back = any(environment.optional("now") for one in found for environment in one.each("environments"))
    certificates = [
        _certificate(certificate, number, check_mode=check_mode, read_back=read_back)
        for number, certificate in enumerate(found, start=1)
    ]
    certificates.sort(key=lambda one: (rank(status.CERTIFICATE, one.outcome), one.project, one.name))
    return Rotation(
        manager=result.text("manager"),
        host=result.text("host"),
        started=result.moment("started"),
        finished=result.optional_moment("finished"),
        check_mode=check_mode,
        outcome=status_of(status.RUN, result.text("outcome")),
        message=result.optional_text("message") or "",
        strategy=result.optional_text("strategy"),
        strategy_reason=result.optional_text("strategy_reason"),
        waves=tuple(_wave(wave) for wave in result.each("waves")),
        certificates=tuple(certificates),
        rollback=_rollback(result.optional("rollback")),
        backup=result.optional_text("backup"),
    )


def _wave(wave: Reader) -> WaveResult:
    return WaveResult(
        wave.number("number"),
        wave.texts("environments"),
        status_of(status.WAVE, wave.text("outcome")),
        status.STAGE.get(wave.optional_text("stage") or ""),
    )


def _rollback(rollback: Reader | None) -> RollbackResult:
    if rollback is None:
        return RollbackResult(performed=False, complete=None, messages=())
    return RollbackResult(rollback.flag("performed"), rollback.optional_flag("complete"), rollback.texts("messages"))


def _certificate(certificate: Reader, number: int, *, check_mode: bool, read_back: bool) -> CertificateResult:
    outcome = status_of(status.CERTIFICATE, certificate.text("outcome"))
    not_written = check_mode or outcome.key in _NOT_WRITTEN
    guards = [_guard(guard) for guard in certificate.each("guards")]
    return CertificateResult(
        number=number,
        project=certificate.text("project"),
        name=certificate.text("name"),
        outcome=outcome,
        environments=tuple(
            _environment(environment, not_written=not_written, read_back=read_back)
            for environment in certificate.each("environments")
        ),
        guards=tuple(sorted(guards, key=lambda guard: guard.passed)),
        stage=_stage(certificate),
        companion_of=certificate.optional_text("companion_of"),
    )


def _stage(certificate: Reader) -> str | None:
    """The stage of an overlap, and when the overlap ends."""
    stage = certificate.optional_text("stage")
    until = certificate.optional_moment("overlapping_until")
    label = stage and status.STAGE.get(stage, stage)
    if until and stage == "overlapping":
        return f"{label} until {clock(until)}"
    return f"{label}, overlapping until {clock(until)}" if label and until else label


def _environment(environment: Reader, *, not_written: bool, read_back: bool) -> EnvironmentResult:
    """Read one environment. If nothing was written to it, its current entry is the previous one."""
    action = environment.text("action")
    name = environment.text("name")
    not_written = not_written or action == "none"
    previous = _entry(environment, "from", name)
    return EnvironmentResult(
        name=name,
        wave=environment.optional_number("wave"),
        action=action,
        reason=environment.text("reason"),
        previous=previous,
        desired=_entry(environment, "to", name),
        current=_entry(environment, "now", name) or (previous if not_written else None),
        current_known=not_written or read_back,
        entries=environment.optional_number("entries"),
        deployment=_deployment(environment.optional("deployment")),
        gateway=read_gateway(environment.optional("gateway")),
        rolled_back=environment.optional_flag("rolled_back"),
        key=environment.optional_text("key"),
    )


def _entry(environment: Reader, key: str, name: str) -> EnvironmentEntry | None:
    entry = environment.optional(key)
    return read_entry(entry, name) if entry else None


def _deployment(deployment: Reader | None) -> DeploymentResult | None:
    if deployment is None:
        return None
    key = {True: "true", False: "false", None: "null"}[deployment.optional_flag("success")]
    return DeploymentResult(status.DEPLOYMENT[key], deployment.optional_text("message"))


def _guard(guard: Reader) -> GuardResult:
    return GuardResult(
        name=guard.text("guard"),
        environment=guard.optional_text("environment"),
        status=status.GUARD["true" if guard.flag("passed") else "false"],
        message=guard.optional_text("message"),
        current=guard.optional_text("current"),
        new=guard.optional_text("new"),
    )
