# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did in overlaps, in sentences. Pure."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome

_PROMOTED = "The first run after that promotes the new certificates, or one with certificate_rotation_promote=true"
_UNTIL_PROMOTED = (
    "This manager does not report when the overlap began, so only a run with certificate_rotation_promote=true promotes the new "
    "certificates"
)


def overlap_sentences(outcome: Outcome, *, promoted: str) -> list[str]:
    """What the run introduced, what it wrote besides, what waits for a later run, and what was retired.

    :arg promoted: the sentence about the certificates that were written themselves; empty if none was.
    """
    run = outcome.run
    own = [one for one in run.plan.certificates if not (one.companion_of or run.stopped_by_guards(one))]
    waiting = [one for one in own if one.stage == OVERLAPPING]
    introduced = [one for one in own if one.deferred and one.stage != OVERLAPPING]
    total = sum(not one.companion_of for one in run.plan.certificates)
    sentences = [promoted] if promoted else []
    if introduced and run.writes:
        companions = {companion.key for one in introduced for companion in run.plan.companions_of(one.key)}
        sentences.append(
            f"Introduced {len(introduced)} of {total} certificates in {len(companions)} environments, {_until(outcome, introduced)}"
        )
        unknown = sorted(
            {
                name
                for one in introduced
                for other in run.plan.companions_of(one.key)
                for name in outcome.unconfirmed(other)
            }
        )
        if unknown:
            sentences.append(f"Whether the gateways of {', '.join(unknown)} hold the new certificates is unknown")
    if waiting:
        sentences.append(f"{len(waiting)} of {total} certificates {_until(outcome, waiting)}")
    if waiting or (introduced and run.writes):
        sentences.append(_PROMOTED if all(outcome.until(one) for one in [*waiting, *introduced]) else _UNTIL_PROMOTED)
    deleted = [key for key, reason in run.retired.items() if not reason]
    left = {key: reason for key, reason in run.retired.items() if reason and key not in run.not_retired}
    kept = [f"{key} ({reason.rstrip('.')})" for key, reason in left.items()]
    if deleted:
        sentences.append(f"Retired {count(len(deleted), 'companion')}")
    if kept:
        sentences.append(f"These companions could not be deleted, and are left to the next run: {'; '.join(kept)}")
    return [*sentences, *run.not_retired.values()]


def _until(outcome: Outcome, certificates: list[PlannedCertificate]) -> str:
    """Until when certificates overlap."""
    ends = sorted({iso(end) for one in certificates if (end := outcome.until(one))})
    if not ends:
        return "overlapping until they are promoted"
    return f"overlapping until {ends[0]}" + (f" or later, the last one until {ends[-1]}" if len(ends) > 1 else "")
