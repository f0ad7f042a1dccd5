# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run did in overlaps, in sentences. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import OVERLAPPING
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome

_NAMED = 20
"""Of more certificates that wait than this, only these are named; the report has them all."""

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
    introduced = [one for one in own if one.deferred and one.stage != OVERLAPPING]
    total = sum(not one.companion_of for one in run.plan.certificates)
    sentences = [promoted] if promoted else []
    if introduced and run.writes:
        companions = {companion.key for one in introduced for companion in run.plan.companions_of(one.key)}
        sentences.append(
            f"Introduced {len(introduced)} of {total} certificates in {count(len(companions), 'environment')}, {_until(outcome, introduced)}"
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
    sentences += waiting_sentences(outcome, also=introduced if run.writes else ())
    deleted = [key for key, reason in run.retired.items() if not reason]
    left = {key: reason for key, reason in run.retired.items() if reason and key not in run.not_retired}
    kept = [f"{key} ({reason.rstrip('.')})" for key, reason in left.items()]
    if deleted:
        sentences.append(f"Retired {count(len(deleted), 'companion')}")
    if kept:
        sentences.append(f"These companions could not be deleted, and are left to the next run: {'; '.join(kept)}")
    return [*sentences, *run.not_retired.values()]


def planned_sentences(outcome: Outcome) -> list[str]:
    """What a run would do in overlaps, or is about to do."""
    run = outcome.run
    planned = [one for one in run.plan.certificates if not run.stopped_by_guards(one)]
    introduced = sum(one.due and one.deferred and not one.companion_of for one in planned)
    retiring = sum(one.exists and not one.deferred for one in planned if one.companion_of)
    sentences = [f"{introduced} of them will be introduced first, and promoted by a later run"] if introduced else []
    if retiring:
        sentences.append(f"{count(retiring, 'companion')} to retire")
    return [*sentences, *waiting_sentences(outcome)]


def waiting_sentences(outcome: Outcome, also: Sequence[PlannedCertificate] = ()) -> list[str]:
    """Which certificates wait in an overlap that an earlier run has begun, and what ends it.

    :arg also: the certificates that this run has introduced.
    """
    own = [one for one in outcome.run.plan.certificates if not one.companion_of]
    waiting = [one for one in own if one.stage == OVERLAPPING]
    sentences = []
    if waiting:
        mixed = len(waiting) < len(own)
        named = ", ".join(one.key for one in waiting[:_NAMED]) + (", ..." if len(waiting) > _NAMED else "")
        sentence = f"{len(waiting)} of {len(own)} certificates {_until(outcome, waiting)}"
        sentences.append(f"{sentence} ({named})" if mixed else sentence)
    if waiting or also:
        sentences.append(_PROMOTED if all(outcome.until(one) for one in [*waiting, *also]) else _UNTIL_PROMOTED)
    return sentences


def _until(outcome: Outcome, certificates: list[PlannedCertificate]) -> str:
    """Until when certificates overlap."""
    ends = sorted({iso(end) for one in certificates if (end := outcome.until(one))})
    if not ends:
        return "overlapping until they are promoted"
    return f"overlapping until {ends[0]}" + (f" or later, the last one until {ends[-1]}" if len(ends) > 1 else "")
