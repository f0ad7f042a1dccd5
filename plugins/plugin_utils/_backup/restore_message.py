# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore has done, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_gateways import gateways_sentence
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import RestoreWrite
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import (
    RESTORE_PREFIX,
    RestoreSettings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_state import RestoreState
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count


def restore_message(state: RestoreState) -> tuple[str, bool]:
    """The message at the end of a restore, and whether everything in the backup is restored."""
    plan = state.plan
    gateways = [*plan.gateways, *(gateway for found in state.gateways.values() for gateway in found)]
    restored, undeployed, doubtful = state.restored(), state.undeployed(), state.doubtful()
    missing = state.not_restored()
    if state.check_mode and plan.writes:
        done = [f"Would restore {_count(plan.writes)}"]
        complete = not state.failure
    elif state.check_mode or not (undeployed or doubtful or missing):
        done = [f"Restored {_count(restored)}, verified in the manager's record"] if restored else _nothing(state)
        complete = True
    else:
        done = [f"THE RESTORE IS NOT COMPLETE: {state.failure or 'it was interrupted'}"]
        if restored:
            done.append(f"Restored and verified: {_targets(restored)}")
        if undeployed:
            done.append(f"Restored in the record, but not at all gateways: {_targets(undeployed)}")
        if doubtful:
            done.append(f"Possibly written, but not verified: {_targets(doubtful)}")
        if missing:
            done.append(f"Not restored: {_targets(missing)}")
        complete = False
    known = [gateways_sentence(gateways)] if gateways else []
    if complete and plan.in_sync and plan.settings.verify_gateways != "required":
        known.append(
            f"The gateways of what was in sync already were not asked; {RESTORE_PREFIX}verify_gateways: required asks them"
        )
    next_steps = [] if complete or state.has_remedy else _next_steps(plan.settings, written=bool(doubtful))
    return join_sentences(*done, *known, *plan.impossible, *next_steps), complete and not plan.impossible


def _nothing(state: RestoreState) -> list[str]:
    if state.plan.in_sync:
        return ["Nothing to restore, since the record already holds these certificates of the backup"]
    return ["Nothing to restore"]


def _next_steps(settings: RestoreSettings, *, written: bool) -> list[str]:
    """What to do after a restore that is not complete.

    :arg written: whether something may have been written that was not verified.
    """
    steps = ["Fix the cause and run the same command again, which skips what is in sync already"]
    if written and settings.verify_gateways != "required":
        steps.append(f"To ask the gateways of that as well, set {RESTORE_PREFIX}verify_gateways: required")
    if written:
        steps.append(f"To deploy it again, set {RESTORE_PREFIX}force: true and {RESTORE_PREFIX}strategy: replace")
    return steps


def _count(writes: Sequence[RestoreWrite]) -> str:
    certificates = len({write.step.key for write in writes})
    environments = sum(len(write.step.environments) for write in writes)
    return f"{count(certificates, 'certificate')} in {count(environments, 'environment')}"


def _targets(writes: Sequence[RestoreWrite]) -> str:
    return "; ".join(write.target for write in writes)
