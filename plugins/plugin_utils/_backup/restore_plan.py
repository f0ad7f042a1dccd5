# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a restore: what is written in which wave, what is in sync already, and what cannot be restored. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNDEPLOYED
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, iso, parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import SavedCertificate, SavedEnvironment
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_gateways import gateways_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import (
    RESTORE_PREFIX,
    RestoreSettingError,
    RestoreSettings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.rollback_plan import (
    Changed,
    Decision,
    RollbackStep,
    decide,
    plan_rollback,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._expectations import expected_by_restore
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.remedies import RESTORE_REMEDIES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.diffs import diff_of_environments
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import Wave

BundleOf = Mapping[tuple[str, str, str], Bundle | None]
"""The certificates that were read, by project, name and environment; None where the manager did not return one."""


@dataclass(frozen=True)
class RestoreWrite:
    """One operation of a wave.

    :arg step: what to write, in the environments of the wave.
    :arg operation: what C(apinizer_certificate) would do: C(create), C(update) or C(import).
    :arg diff: the difference that the write would make.
    :arg seen: the certificate as the plan saw it, without content; None for one that was absent.
    """

    wave: int
    step: RollbackStep
    operation: str
    diff: t.Any = field(default=None, repr=False)
    seen: t.Any = field(default=None, repr=False)

    @property
    def target(self) -> str:
        """What is written, for the user."""
        return f"{self.step.key} in {', '.join(self.step.environments)}"

    @property
    def bundle(self) -> Bundle:
        return t.cast(Bundle, parse_stored(self.step.content or ""))

    def is_in_sync(self, environment: str) -> bool:
        """Whether an environment is only written because of other environments, or because of C(force)."""
        return self.diff is not None and not _differs(self.diff, environment)


@dataclass(frozen=True)
class RestorePlan:
    """The plan of a restore.

    :arg waves: those in which something is written.
    :arg gateways: what the gateways were asked of the targets that are in sync.
    :arg only_imports: the certificates that one update for all environments cannot restore, such as C(MyProject/web).
    :arg in_sync: the targets that hold their certificate of the backup, such as C(MyProject/web in production).
    :arg impossible: the targets that cannot be restored, each with its reason.
    """

    settings: RestoreSettings = field(default_factory=RestoreSettings)
    waves: tuple[Wave, ...] = ()
    writes: tuple[RestoreWrite, ...] = ()
    in_sync: tuple[str, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    impossible: tuple[str, ...] = ()
    only_imports: tuple[str, ...] = ()

    def writes_of(self, wave: int) -> dict[int, RestoreWrite]:
        """The writes of a wave by their index."""
        return {index: write for index, write in enumerate(self.writes) if write.wave == wave}


def changed_certificates(
    saved: Sequence[SavedCertificate], bundles: BundleOf, environments: Collection[str] | None, now: str
) -> list[Changed]:
    """The certificates of a backup, as the planning of a rollback expects them.

    :arg environments: those to restore; None for all.
    :arg now: ISO 8601; a certificate that has expired by then is not restored.
    """
    changed = []
    for certificate in saved:
        names = tuple(
            view.name for view in certificate.environments if environments is None or view.name in environments
        )
        views = [
            _view(view, bundles.get((certificate.project, certificate.name, view.name)), now)
            for view in certificate.environments
        ]
        previous = {"description": certificate.description, "environments": views}
        if names:
            changed.append(Changed(certificate.project, certificate.name, names, previous))
    return changed


def _view(saved: SavedEnvironment, bundle: Bundle | None, now: str) -> dict[str, t.Any]:
    # The certificate itself says when it expires; only one that cannot be parsed leaves that to the manifest.
    not_after = iso(bundle.leaf.not_after) if bundle and bundle.leaf.not_after else saved.not_after
    return {
        "name": saved.name,
        "alias": saved.alias,
        "not_after": not_after,
        "expired": not_after is not None and not_after < now,
        "content": bundle.pem if bundle else None,
    }


def impossible_targets(changed: Sequence[Changed]) -> tuple[str, ...]:
    """What cannot be restored, and why, before anything is written."""
    found = []
    for certificate in changed:
        for name in certificate.environments:
            reasons = {
                Decision.LEAVE_EXPIRED: "the previous certificate expired on "
                f"{certificate.previous_views[name]['not_after']}, so it cannot be restored",
                Decision.LEAVE_UNKNOWN: "the manager did not return the previous certificate, so it cannot be restored",
            }
            if reason := reasons.get(decide(certificate, name)):
                found.append(f"{certificate.key} in {name}: {reason}")
    return tuple(found)


def only_imports(changed: Sequence[Changed]) -> tuple[str, ...]:
    """The certificates that one update for all environments cannot restore, since they differ or not all are restored."""
    steps = plan_rollback(changed, one_update=True).steps
    return tuple(dict.fromkeys(step.key for step in steps if step.unlisted_environments == "keep"))


def operation_of(write: RestoreWrite, settings: RestoreSettings) -> Operation:
    """The operation of a write, which is sent only if the record has not been modified since the plan."""
    whole = write.step.unlisted_environments != "keep"
    return replace(
        to_operation(write.step, settings),
        expected=expected_by_restore(write.step.environments, write.seen, whole=whole),
    )


def to_operation(step: RollbackStep, settings: RestoreSettings) -> Operation:
    """The operation of a step."""
    return Operation(
        project=step.project,
        name=step.name,
        environments=step.environments,
        bundle=parse_stored(step.content or ""),
        unlisted_environments=step.unlisted_environments,
        alias=step.alias,
        description=step.description,
        force=settings.force,
        verify_gateways=settings.verify_gateways,
        verify_timeout=settings.verify_gateways_timeout,
        remedies=RESTORE_REMEDIES,
    )


def make_restore_plan(
    settings: RestoreSettings,
    steps: Mapping[str, RollbackStep],
    predicted: Mapping[str, Result],
    groups: Sequence[Sequence[str]],
    impossible: tuple[str, ...],
    not_in_one_update: Collection[str] = (),
) -> RestorePlan:
    """Make the plan from what writing every step would do.

    :arg steps: the steps in their order, by any key.
    :arg predicted: the result of each step in check mode, by the same keys.
    :arg groups: the environments of each wave; without any, there is one wave.
    :arg not_in_one_update: the certificates that one update for all environments cannot restore.
    :raises SettingError: where the waves do not cover what has to be written.
    """
    due = {key: _due(step, predicted[key], force=settings.force) for key, step in steps.items()}
    if not groups:
        groups = [tuple(dict.fromkeys(name for names in due.values() for name in names))]
    _check_waves(steps, due, groups)
    writes = []
    for number, group in enumerate(groups, start=1):
        for key, step in steps.items():
            names = tuple(name for name in due[key] if name in group)
            if names:
                diff = diff_of_environments(predicted[key]["diff"], names)
                write = RestoreWrite(
                    number,
                    replace(step, environments=names),
                    predicted[key]["operation"],
                    diff,
                    _seen(predicted[key]["previous"]),
                )
                writes.append(write)
    return RestorePlan(
        settings=settings,
        waves=tuple(
            Wave(number, tuple(group))
            for number, group in enumerate(groups, start=1)
            if any(write.wave == number for write in writes)
        ),
        writes=tuple(writes),
        in_sync=tuple(
            f"{step.key} in {name}" for key, step in steps.items() for name in step.environments if name not in due[key]
        ),
        gateways=tuple(
            gateway for key in steps for gateway in gateways_of(predicted[key]) if gateway.name not in due[key]
        ),
        impossible=impossible,
        only_imports=tuple(key for key in not_in_one_update if key in {write.step.key for write in writes}),
    )


def _seen(previous: Mapping[str, t.Any] | None) -> dict[str, t.Any] | None:
    """The part of a certificate that tells whether someone else has modified it."""
    if previous is None:
        return None
    keys = ("name", "alias", "fingerprint_sha1", "entries")
    return {"environments": [{key: view[key] for key in keys} for view in previous["environments"]]}


def _due(step: RollbackStep, predicted: Result, *, force: bool) -> tuple[str, ...]:
    """The environments of a step to write: those in which it would change something, or all of them."""
    if not predicted["changed"]:
        return ()
    # One update writes all environments.
    if force or step.unlisted_environments != "keep":
        return step.environments
    gateways = predicted.get("gateways") or ()
    undeployed = {gateway["name"] for gateway in gateways if gateway["state"] in UNDEPLOYED}
    return tuple(name for name in step.environments if name in undeployed or _differs(predicted["diff"], name))


def _differs(diff: Mapping[str, t.Any], environment: str) -> bool:
    """Whether a difference is about an environment; a description is that of all environments."""
    before, after = (diff[side].get("environments", {}).get(environment) for side in ("before", "after"))
    described = (diff[side].get("description") for side in ("before", "after"))
    return before != after or len(set(described)) > 1


def _check_waves(
    steps: Mapping[str, RollbackStep], due: Mapping[str, Sequence[str]], groups: Sequence[Sequence[str]]
) -> None:
    covered = {name for group in groups for name in group}
    nowhere = [f"{step.key} in {name}" for key, step in steps.items() for name in due[key] if name not in covered]
    if nowhere:
        raise RestoreSettingError(
            "waves",
            f"to be restored, but in no wave: {several(nowhere)}. Add every environment of the backup to the waves, or limit "
            f"the restore with {RESTORE_PREFIX}environments",
        )


def several(targets: Sequence[str], shown: int = 5) -> str:
    more = len(targets) - shown
    return "; ".join(targets[:shown]) + (f" and {more:,} more" if more > 0 else "")


def lines_of_plan(plan: RestorePlan, in_sync_shown: int = 50) -> list[str]:
    """The plan for the screen: a line for each certificate and environment."""
    lines = []
    for write in plan.writes:
        leaf = write.bundle.leaf
        until = f", valid until {iso(leaf.not_after)}" if leaf.not_after else ""
        lines += [
            f"{write.step.key} in {name}: {'write again' if write.is_in_sync(name) else 'restore'} in wave {write.wave} "
            f"(SHA-256 {leaf.fingerprint_sha256[:16]}...{until})"
            for name in write.step.environments
        ]
    lines += plan.impossible
    lines += [f"{target}: already in sync" for target in plan.in_sync[:in_sync_shown]]
    more = len(plan.in_sync) - in_sync_shown
    return [*lines, f"and {more:,} more that are already in sync"] if more > 0 else lines
