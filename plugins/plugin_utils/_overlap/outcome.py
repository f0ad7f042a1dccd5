# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of a certificate, or of a companion, in an overlap. Pure."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
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
