# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a certificate, or of a companion, in an overlap. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING, View, end_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run


def overlap_outcome(run: Run, planned: PlannedCertificate, *, failed: bool) -> str:
    """The outcome of a certificate in an overlap: C(introduced), C(retired) or C(kept); empty for any other.

    :arg failed: whether the run has failed.
    """
    if planned.key in run.retired:
        return "kept" if run.retired[planned.key] else "retired"
    if planned.stage == OVERLAPPING:
        return "introduced"
    written = {write.key for write in run.writes}
    introduces = planned.deferred if planned.companion_of is None else planned.key in written
    if failed or run.check_mode or not (introduces and written) or run.stopped_by_guards(planned):
        return ""
    return "introduced"


def end_of_overlap(run: Run, planned: PlannedCertificate, after: Mapping[str, Sequence[View]]) -> datetime | None:
    """When the overlap of a certificate ends that a later run promotes; None if that is not known, or if none does.

    :arg after: the certificates of each project, read back at the end.
    """
    if planned.until or not planned.deferred or run.settings is None or planned.companion_of:
        return planned.until
    names = {companion.desired.name for companion in run.plan.companions_of(planned.key)}
    found = [one for one in after.get(planned.desired.project, ()) if one["name"] in names]
    return end_of((read_marker(one["description"]) for one in found), run.settings.overlap_days)
