# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which companions must not be deleted at the end of a run, why, and what a later run does about them. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import unproven
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run

View = Mapping[str, t.Any]
Target = tuple[PlannedCertificate, PlannedCertificate]
"""A certificate, and one of its companions."""

NEXT_RUN = "The rotation itself has succeeded, and the next run deletes it"


@dataclass(frozen=True)
class Kept:
    """Why a companion is still there.

    :arg next: what happens to it, as a sentence.
    :arg for_good: whether no later run deletes it.
    """

    reason: str
    next: str = NEXT_RUN
    for_good: bool = False

    def message(self, key: str) -> str:
        """The warning for the user."""
        return join_sentences(f"The companion {key} was not deleted: {self.reason}", self.next)


def to_keep(run: Run, targets: Sequence[Target], found: Mapping[str, View]) -> dict[str, Kept]:
    """The companions that must stay, by C(project/name).

    :arg found: what the manager lists now, by C(project/name).
    """
    unverified = sorted({write.wave for write in run.writes} - {*run.verified})
    if unverified:
        return {companion.key: Kept(f"wave {unverified[0]} was not verified") for _planned, companion in targets}
    reasons = {planned.key: _not_rotated(run, planned, found) for planned, _companion in targets}
    kept = {}
    for planned, companion in targets:
        why = reasons[planned.key] or _modified(run, planned, companion, found)
        if why:
            kept[companion.key] = why
    return kept


def _not_rotated(run: Run, planned: PlannedCertificate, found: Mapping[str, View]) -> Kept | None:
    """Why none of the companions of a certificate can be deleted."""
    if names := unproven(run, planned):
        return Kept(
            f"neither the manager nor the gateways of {', '.join(names)} have confirmed that they hold {planned.key}",
            "The next run deletes it if one of them confirms that by then",
        )
    held = {view["name"]: view["fingerprint_sha1"] for view in (found.get(planned.key) or {}).get("environments", ())}
    for step in planned.steps:
        new = run.new_views.get(planned.key) or step.current or {}
        if held.get(step.environment) != new.get("fingerprint_sha1"):
            return Kept(
                f"{planned.key} in {step.environment} was modified by someone else",
                "The next run rotates that certificate again, before it deletes the companion",
            )
    return None


def _modified(
    run: Run, planned: PlannedCertificate, companion: PlannedCertificate, found: Mapping[str, View]
) -> Kept | None:
    """Whether someone else has modified a companion."""
    now = found.get(companion.key)
    if now is None:
        return None
    modified = "it was modified by someone else"
    marker = read_marker(now["description"])
    expected = [companion.steps[0].current, run.new_views.get(companion.key)]
    known = [view["fingerprint_sha1"] for view in expected if view]
    held = [view["fingerprint_sha1"] for view in now["environments"]]
    same = len(held) == 1 and held[0] in known
    where = tuple(view["name"] for view in now["environments"]) == companion.environments
    if where and same and (marker is None or marker.name == planned.desired.name):
        return None
    if where and marker and marker.name == planned.desired.name:
        # It says that it is the companion, and the next run makes sure that its certificate is as desired.
        return Kept(modified, "The rotation itself has succeeded. If it stays as it is, the next run deletes it")
    if marker and marker.name != planned.desired.name:
        modified += f", and is now the companion of {marker.name}"
    return Kept(
        modified,
        f"No later run deletes it, and the next overlap of {planned.desired.name} is refused as long as it has this name. If "
        "you no longer need it, delete it with apinizer_certificate and state=absent",
        for_good=True,
    )
