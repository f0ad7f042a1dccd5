# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's plan: what happens to each certificate in each environment, in which wave, and why. Pure.

One list of each project is enough for it: a list always reports the SHA-1 thumbprint, which shows what differs.
"""

from __future__ import annotations

import typing as t
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import Remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._plan import similar_names
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._aliases import shared_aliases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.expansion import (
    waves_of,
    with_companions,
    with_promotion,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import (
    AUTO,
    OVERLAP,
    DesiredCertificate,
    Settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX
from ansible_collections.apinizer.apiops.plugins.plugin_utils._waves import waves_by_stage

CREATE, UPDATE, DELETE, NONE = "create", "update", "delete", "none"
NOT_ON_GATEWAY = "not_on_gateway"

# A certificate, or one environment of it, as apinizer_certificate_info returns them.
View = Mapping[str, t.Any]


@dataclass(frozen=True)
class Wave:
    """Environments that are written together. Numbers start at 1. Only the waves of an overlap have a stage."""

    number: int
    environments: tuple[str, ...]
    stage: str = ""


@dataclass(frozen=True)
class Step:
    """What happens to one certificate in one environment.

    :arg reason: C(absent), C(differs), C(expires_soon), C(expired), C(requested), C(not_on_gateway), C(in_sync),
        C(not_due), C(duplicate_entries), C(forced), or in an overlap C(overlapping), C(unmarked) or C(promoted).
    :arg current: the environment as the manager lists it; None where the certificate is not in it.
    """

    environment: str
    action: str
    reason: str
    wave: int | None = None
    current: t.Any = None


@dataclass(frozen=True)
class PlannedCertificate:
    """One certificate of the plan. C(new) is None where it is not due, or has to be obtained.

    :arg stage, until: see C(Overlap); empty and None with another strategy.
    :arg deferred: whether a later run promotes the certificate.
    :arg companion_of: the C(project/name) of the certificate that a companion belongs to; None for other certificates.
    :arg since: when the overlap of a companion began; None where it begins with the next write.
    """

    desired: DesiredCertificate
    exists: bool
    steps: tuple[Step, ...]
    unlisted: tuple[str, ...] = ()
    new: Bundle | None = field(default=None, repr=False)
    stage: str = ""
    until: datetime | None = None
    deferred: bool = False
    companion_of: str | None = None
    since: datetime | None = None

    @property
    def key(self) -> str:
        return self.desired.key

    @property
    def due(self) -> bool:
        return any(step.action != NONE for step in self.steps)

    def due_everywhere(self) -> PlannedCertificate:
        """The certificate as it is written in one update for all environments: those that are not due receive it as well."""
        steps = (
            replace(step, action=UPDATE, reason="differs") if step.reason == "not_due" else step for step in self.steps
        )
        return replace(self, steps=tuple(steps))

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments of the plan, due or not."""
        return tuple(step.environment for step in self.steps)

    @property
    def retires(self) -> bool:
        """Whether this is a companion that is only to be deleted."""
        return any(step.action == DELETE for step in self.steps)

    def new_alias(self, environment: str) -> str:
        """The alias in an environment after the run."""
        current = next((step.current for step in self.steps if step.environment == environment), None)
        return self.desired.alias or (current["alias"] if current else None) or self.desired.name

    def due_in(self, wave: int | None) -> tuple[str, ...]:
        """The environments of a wave in which the certificate is due; without a wave, those of all waves."""
        return tuple(step.environment for step in self.steps if step.action != NONE and wave in (None, step.wave))


@dataclass(frozen=True)
class RotationPlan:
    """The plan of a run. C(problems) are reasons to refuse it, as messages for the user."""

    strategy: str = ""
    strategy_reason: str = ""
    waves: tuple[Wave, ...] = ()
    certificates: tuple[PlannedCertificate, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def due(self) -> tuple[PlannedCertificate, ...]:
        """The certificates that are due and whose new certificate is known, and the companions to retire."""
        return tuple(one for one in self.certificates if one.due and (one.new or one.retires))

    @property
    def to_obtain(self) -> tuple[PlannedCertificate, ...]:
        """The certificates that are due and whose new certificate has to be obtained."""
        return tuple(one for one in self.certificates if one.due and not (one.new or one.companion_of))

    @cached_property
    def _companions(self) -> dict[str | None, list[PlannedCertificate]]:
        found: dict[str | None, list[PlannedCertificate]] = {}
        for one in self.certificates:
            found.setdefault(one.companion_of, []).append(one)
        return found

    def companions_of(self, key: str) -> list[PlannedCertificate]:
        return self._companions.get(key, [])

    def companion_alias(self, key: str, environment: str) -> str | None:
        """The alias of a certificate's companion in an environment; None if it has none."""
        return next((one.desired.alias for one in self.companions_of(key) if environment in one.environments), None)


def make_plan(
    settings: Settings,
    listed: Mapping[str, Sequence[View]],
    new: Mapping[str, Bundle],
    types: Mapping[str, Mapping[str, str | None]],
    undeployed: Container[tuple[str, str]] = (),
    now: datetime | None = None,
) -> RotationPlan:
    """Plan a rotation.

    :arg listed: the certificates of each project.
    :arg new: the new certificates by C(project/name), as far as they are known.
    :arg types: the type of each environment of each project, for waves by stage.
    :arg undeployed: the C(project/name) and the environment of each entry in the record that its gateways do not hold.
    :arg now: whether an overlap has ended depends on it; None for the current time.
    """
    problems: list[str] = []
    current = {
        (project, certificate["name"]): certificate
        for project, certificates in listed.items()
        for certificate in certificates
    }
    planned = tuple(
        _plan_certificate(
            desired,
            current.get((desired.project, desired.name)),
            new.get(desired.key),
            problems,
            similar=_similar(desired, current),
            force=settings.force,
        )
        for desired in settings.certificates
    )
    if settings.environments is not None:
        planned = _within(settings.environments, planned, problems)
    problems += shared_aliases(planned)
    if settings.strategy == OVERLAP:
        planned = with_companions(settings, planned, current, now or datetime.now(timezone.utc), problems)
    planned = tuple(_with_undeployed(certificate, undeployed, problems) for certificate in planned)
    waves = _waves(settings, planned, types, problems)
    strategy, strategy_reason = _strategy(settings, waves, planned)
    if strategy == "replace" and len(waves) > 1:
        problems.append(
            f"{PREFIX}strategy: replace writes all environments in one update, so it cannot write {len(waves)} waves. Use "
            "overlap, or per_environment, which needs a manager with import-file, or a single wave"
        )
    if strategy == "per_environment" and settings.update_referenced_jwks and any(one.due for one in planned):
        problems.append(
            f"{PREFIX}update_referenced_jwks: strategy per_environment uses import-file, which cannot write JWKs. Use "
            f"{PREFIX}strategy=overlap, or a single wave with {PREFIX}strategy=replace, or set this variable to false"
        )
    if strategy != "per_environment":
        planned = tuple(_in_one_update(certificate, strategy, problems) for certificate in planned)
    if strategy == OVERLAP:
        waves = with_promotion(waves, planned)
    planned = tuple(_in_waves(certificate, waves, problems) for certificate in planned)
    planned = tuple(certificate if certificate.due else replace(certificate, new=None) for certificate in planned)
    return RotationPlan(strategy, strategy_reason, waves, planned, tuple(problems))


def _similar(desired: DesiredCertificate, current: Mapping[tuple[str, str], View]) -> list[str]:
    """The names in its project that are almost that of a certificate that does not exist."""
    if (desired.project, desired.name) in current:
        return []
    return similar_names(desired.name, [name for project, name in current if project == desired.project])


def _plan_certificate(
    desired: DesiredCertificate,
    current: View | None,
    new: Bundle | None,
    problems: list[str],
    *,
    similar: Sequence[str],
    force: bool,
) -> PlannedCertificate:
    entries: dict[str, View] = {entry["name"]: entry for entry in current["environments"]} if current else {}
    names = desired.environments or tuple(sorted(entries))
    if not names:
        create = f"To create it, add environments to it in {PREFIX}certificates"
        meant = [f"Did you mean {' or '.join(similar)}?"] if similar else []
        problems.append(join_sentences(f"{desired.key} is in no environment yet", *meant, create))
    return PlannedCertificate(
        desired=desired,
        exists=current is not None,
        steps=tuple(_step(name, entries.get(name), desired, new, force=force) for name in names),
        unlisted=tuple(sorted(set(entries) - set(names))),
        new=new,
    )


def _with_undeployed(
    certificate: PlannedCertificate, undeployed: Container[tuple[str, str]], problems: list[str]
) -> PlannedCertificate:
    """Write where the gateways do not hold what the record contains, although the record is not due."""
    names = [one.environment for one in certificate.steps if one.action == NONE]
    names = [name for name in names if (certificate.key, name) in undeployed]
    if names and not (certificate.new or certificate.due):
        # To obtain a certificate for this would obtain one with every run, where the deployment does not succeed.
        problems.append(
            f"{certificate.key} in {', '.join(names)}: the gateways do not hold the certificate of the manager's record, which "
            "is not due, so no new one is obtained. To deploy it, run apinizer_certificate for it with verify_gateways=required "
            f"and without path and content; to replace it, raise {PREFIX}renew_before, or set renew: true for it"
        )
        return certificate
    steps = (
        replace(step, action=UPDATE, reason=NOT_ON_GATEWAY) if step.environment in names else step
        for step in certificate.steps
    )
    return replace(certificate, steps=tuple(steps))


def _within(
    environments: Sequence[str], planned: Sequence[PlannedCertificate], problems: list[str]
) -> tuple[PlannedCertificate, ...]:
    """The part of the plan in these environments; certificates that are not in any of them are left out."""
    meant = {step.environment for certificate in planned for step in certificate.steps}
    unknown = [name for name in environments if name not in meant]
    if unknown:
        # A typo must not turn into "nothing to do".
        problems.append(
            f"{PREFIX}environments: no certificate is planned for {', '.join(unknown)}. The certificates are planned for "
            f"{', '.join(sorted(meant)) or 'no environment'}"
        )
    parts = (
        replace(
            certificate,
            steps=tuple(step for step in certificate.steps if step.environment in environments),
            unlisted=tuple(
                sorted(
                    {*certificate.unlisted}
                    | {step.environment for step in certificate.steps if step.current} - {*environments}
                )
            ),
        )
        for certificate in planned
    )
    return tuple(part for part in parts if part.steps)


def _step(
    environment: str, current: View | None, desired: DesiredCertificate, new: Bundle | None, *, force: bool
) -> Step:
    if current is None:
        return Step(environment, CREATE, "absent")
    same = new is not None and new.leaf.fingerprint_sha1 == current["fingerprint_sha1"]
    window, left = desired.renew_before, Remaining.of(current)
    if force:
        action, reason = UPDATE, "forced"
    elif window and current["expired"]:
        # This includes a new certificate that has expired itself: the guards report it, rather than "in sync".
        action, reason = UPDATE, "expired"
    elif same and desired.alias in (None, current["alias"]):
        action, reason = NONE, "duplicate_entries" if current["entries"] > 1 else "in_sync"
    elif window is None or same:
        action, reason = UPDATE, "differs"
    elif desired.renew:
        action, reason = UPDATE, "requested"
    elif window.includes(left) is not False:
        action, reason = UPDATE, "expires_soon"
    else:
        action, reason = NONE, "not_due"
    return Step(environment, action, reason, current=current)


def _waves(
    settings: Settings,
    planned: Sequence[PlannedCertificate],
    types: Mapping[str, Mapping[str, str | None]],
    problems: list[str],
) -> tuple[Wave, ...]:
    if settings.waves == AUTO:
        targets = [
            (certificate.desired.project, step.environment) for certificate in planned for step in certificate.steps
        ]
        groups = waves_by_stage(targets, types, problems)
    elif settings.waves:
        groups = [tuple(wave) for wave in settings.waves]
    else:
        groups = [tuple(sorted({step.environment for certificate in planned for step in certificate.steps}))]
    return tuple(Wave(number, group) for number, group in enumerate(groups, start=1))


def _strategy(settings: Settings, waves: Sequence[Wave], planned: Sequence[PlannedCertificate]) -> tuple[str, str]:
    if settings.strategy != AUTO:
        return settings.strategy, f"it is set in {PREFIX}strategy"
    if len(waves) > 1:
        only = "only import-file writes one wave without the others (strategy overlap needs no import-file)"
        return "per_environment", f"there are {len(waves)} waves, and {only}"
    if settings.environments is not None and any(certificate.unlisted for certificate in planned):
        return (
            "per_environment",
            f"{PREFIX}environments leaves environments out, and only import-file leaves them untouched",
        )
    if any(step.current and step.current["entries"] > 1 for certificate in planned for step in certificate.steps):
        return "per_environment", "an environment has duplicate entries, and only import-file replaces them with one"
    return "replace", "there is one wave, and one update writes all its environments"


def _in_one_update(certificate: PlannedCertificate, strategy: str, problems: list[str]) -> PlannedCertificate:
    """One update writes all environments, so those that are not due receive the new certificate as well."""
    if not certificate.due or certificate.companion_of:
        return certificate
    if certificate.unlisted:
        problems.append(
            f"{certificate.key} is also in {', '.join(certificate.unlisted)}, which this run leaves out, "
            f"and strategy {strategy} would remove it there. Add them, or set {PREFIX}strategy to per_environment"
        )
    return certificate.due_everywhere()


def _in_waves(certificate: PlannedCertificate, waves: Sequence[Wave], problems: list[str]) -> PlannedCertificate:
    if certificate.retires or (certificate.deferred and certificate.companion_of is None):
        return certificate
    number = {name: wave.number for wave in waves_of(certificate, waves) for name in wave.environments}
    steps = tuple(replace(step, wave=number.get(step.environment)) for step in certificate.steps)
    nowhere = [step.environment for step in steps if step.action != NONE and step.wave is None]
    if nowhere:
        problems.append(
            f"{certificate.key} is due in environments that are in no wave: {', '.join(nowhere)}. Add them to "
            f"{PREFIX}waves, or leave them out of the certificate's environments"
        )
    return replace(certificate, steps=steps)
