# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the writes of a run rely on: the record that its plan saw, or what the run has written since. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate

View = Mapping[str, t.Any]


def expected_by_plan(
    planned: PlannedCertificate, environments: Sequence[str], wave: int | None, *, one_update: bool
) -> Expected:
    """What a write of a wave relies on. Each environment of a certificate is written once in a run.

    An import leaves the other environments untouched, so it does not matter what someone else does there.

    :arg environments: those that are written.
    :arg wave: the number of the wave; None before the first one.
    :arg one_update: whether the write replaces the whole record.
    """
    # No wave begins before the earlier ones are verified, so those have created what did not exist.
    exists = planned.exists or any((step.wave or 0) < (wave or 0) for step in planned.steps if step.action != "none")
    seen = {step.environment: (step.current,) for step in planned.steps if step.environment in environments}
    return Expected(seen, whole=one_update or not exists, must_exist=exists)


def expected_by_rollback(
    written: Sequence[str], previous: Mapping[str, View], new_sha1: str | None, *, whole: bool
) -> Expected:
    """What a step of a rollback relies on: each environment holds what the run wrote, or what it held before, or nothing.

    :arg written: the environments that the run has written.
    :arg previous: what the environments of the certificate held before the run, by their names.
    :arg whole: whether the step replaces the whole record.
    """
    accepted: dict[str, list[View | None]] = {name: [] for name in (*written, *(previous if whole else ()))}
    for name, views in accepted.items():
        if name in written:
            views += [None, {"fingerprint_sha1": new_sha1}]
        if name in previous:
            views.append({"fingerprint_sha1": previous[name]["fingerprint_sha1"]})
    return Expected(accepted, whole=whole, since="this run wrote it")


def expected_by_restore(environments: Sequence[str], previous: Mapping[str, t.Any] | None, *, whole: bool) -> Expected:
    """What a write of a restore relies on: the environments hold what they held when the restore was planned.

    :arg previous: the certificate as the plan saw it, as C(apinizer_certificate) returns it; None for one that was absent.
    :arg whole: whether the write replaces the whole record.
    """
    views = {view["name"]: view for view in (previous or {}).get("environments", ())}
    names = {*environments, *views} if whole else {*environments}
    return Expected({name: (views.get(name),) for name in sorted(names)}, whole=whole)
