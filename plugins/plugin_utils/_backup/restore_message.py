# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore has done, in sentences. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_plan import RestoreWrite
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import RESTORE_PREFIX
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_state import RestoreState
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count


def restore_message(state: RestoreState) -> tuple[str, bool]:
    """The message at the end of a restore, and whether everything in the backup is restored."""
    plan = state.plan
    if state.check_mode:
        sentences = [f"Would restore {_count(plan.writes)}"] if plan.writes else [_nothing(state)]
        return join_sentences(*sentences, *plan.impossible), not plan.impossible and not state.failure
    restored, doubtful, missing = state.restored(), state.doubtful(), state.not_restored()
    if not doubtful and not missing:
        done = f"Restored {_count(restored)}, verified in the manager's record" if restored else _nothing(state)
        return join_sentences(done, *plan.impossible), not plan.impossible
    sentences = [f"THE RESTORE IS NOT COMPLETE: {state.failure or 'it was interrupted'}"]
    if restored:
        sentences.append(f"Restored and verified: {_targets(restored)}")
    if doubtful:
        sentences.append(f"Possibly written, but not verified: {_targets(doubtful)}")
    if missing:
        sentences.append(f"Not restored: {_targets(missing)}")
    sentences += [*plan.impossible, "Fix the cause and run the same command again, which skips what is in sync already"]
    if doubtful:
        sentences.append(
            f"If a deployment failed, set {RESTORE_PREFIX}force: true and {RESTORE_PREFIX}strategy: replace, which deploys again "
            "what the record already holds"
        )
    return join_sentences(*sentences), False


def _nothing(state: RestoreState) -> str:
    if state.plan.in_sync:
        return "Nothing to restore, since the record already holds these certificates of the backup"
    return "Nothing to restore"


def _count(writes: Sequence[RestoreWrite]) -> str:
    certificates = len({write.step.key for write in writes})
    environments = sum(len(write.step.environments) for write in writes)
    return f"{count(certificates, 'certificate')} in {count(environments, 'environment')}"


def _targets(writes: Sequence[RestoreWrite]) -> str:
    return "; ".join(write.target for write in writes)
