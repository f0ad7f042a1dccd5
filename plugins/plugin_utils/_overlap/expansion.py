# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of an overlap: the stage of each certificate, its companions, and the wave that promotes it. Pure.

For the engine, a companion is a certificate like any other, in one environment.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.collisions import collisions
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker, text_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import Patterns
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import (
    INTRODUCE,
    OVERLAPPING,
    PROMOTE,
    Companion,
    Rules,
    Subject,
    View,
    is_under_way,
    read_overlap,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate, Wave


def with_companions(
    settings: Settings,
    planned: Sequence[PlannedCertificate],
    current: Mapping[tuple[str, str], View],
    now: datetime,
    problems: list[str],
) -> tuple[PlannedCertificate, ...]:
    """Add the stage of each certificate, and after it its companions.

    :arg current: what the manager lists, by project and name.
    :arg problems: receives the reasons to refuse the run.
    """
    rules = Rules(Patterns(settings.companion_name, settings.companion_alias), settings.overlap_days, settings.promote)
    listed: dict[str, dict[str, View]] = {certificate.desired.project: {} for certificate in planned}
    for (project, name), view in current.items():
        listed.setdefault(project, {})[name] = view
    # Whatever its name and its description are, a certificate of the list is not a companion.
    desired = {(one.project, one.name) for one in settings.certificates}
    candidates = {
        project: {name: view for name, view in views.items() if (project, name) not in desired}
        for project, views in listed.items()
    }
    overlaps: list[tuple[Subject, tuple[Companion, ...]]] = []
    result: list[PlannedCertificate] = []
    for one in planned:
        subject, certificate = _subject(one), one
        if not subject.due and is_under_way(subject, candidates[subject.project], rules.patterns):
            subject, certificate = replace(subject, due=True), one.due_everywhere()
        overlap = read_overlap(subject, candidates[subject.project], rules, now)
        problems += overlap.problems
        overlaps.append((subject, overlap.companions))
        staged = replace(certificate, stage=overlap.stage, until=overlap.until, deferred=overlap.deferred)
        if staged.stage == OVERLAPPING:
            waiting = tuple(replace(step, action="none", reason=OVERLAPPING) for step in staged.steps)
            staged = replace(staged, steps=waiting)
        own = (current.get((subject.project, subject.name)) or {}).get("description")
        text = certificate.desired.description or own or subject.name
        result += [staged, *(_planned(staged, companion, text) for companion in overlap.companions)]
    problems += collisions(overlaps, listed)
    return tuple(result)


def _subject(certificate: PlannedCertificate) -> Subject:
    current = {step.environment: step.current for step in certificate.steps if step.current}
    return Subject(
        certificate.desired.project,
        certificate.desired.name,
        certificate.due,
        certificate.new.leaf.fingerprint_sha1 if certificate.new else None,
        current,
        {step.environment: certificate.new_alias(step.environment) for step in certificate.steps},
    )


def _planned(certificate: PlannedCertificate, companion: Companion, text: str) -> PlannedCertificate:
    """A companion as a part of the plan.

    :arg text: the text of its description, if it has none yet.
    """
    desired = DesiredCertificate(
        certificate.desired.project,
        companion.name,
        alias=companion.alias,
        description=text_of(companion.description) or text,
        environments=(companion.environment,),
    )
    (step,) = (step for step in certificate.steps if step.environment == companion.environment)
    return replace(
        certificate,
        desired=desired,
        exists=companion.current is not None,
        steps=(replace(step, action=companion.action, reason=companion.reason, current=companion.current),),
        unlisted=(),
        companion_of=certificate.key,
        since=companion.since,
    )


def with_promotion(waves: Sequence[Wave], planned: Sequence[PlannedCertificate]) -> tuple[Wave, ...]:
    """The waves, which introduce the companions, and a last one that promotes the certificates."""
    promoted = [one for one in planned if one.due and not (one.companion_of or one.deferred)]
    environments = tuple(sorted({name for one in promoted for name in one.environments}))
    introducing = tuple(replace(wave, stage=INTRODUCE) for wave in waves)
    if not (promoted and waves):
        return introducing
    return (*introducing, replace(waves[0], number=len(waves) + 1, environments=environments, stage=PROMOTE))


def waves_of(certificate: PlannedCertificate, waves: Sequence[Wave]) -> Sequence[Wave]:
    """The waves in which a certificate can be written: companions in those that introduce, others in the last one."""
    if certificate.companion_of:
        return [wave for wave in waves if wave.stage == INTRODUCE]
    promotion = [wave for wave in waves if wave.stage == PROMOTE]
    return promotion or waves


def description_of(certificate: PlannedCertificate, now: datetime) -> str | None:
    """The description to write; that of a companion has its marker."""
    if certificate.companion_of is None:
        return certificate.desired.description
    name = certificate.companion_of.removeprefix(f"{certificate.desired.project}/")
    return Marker(name, certificate.since or now).added_to(certificate.desired.description or "")
