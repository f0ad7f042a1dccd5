# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of a run in sentences. Pure."""

from __future__ import annotations

import shlex
import typing as t
from collections.abc import Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNKNOWN, is_unknown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.fingerprints import fingerprint
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.overlap_message import (
    overlap_sentences,
    planned_sentences,
    waiting_sentences,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import CertificateResult
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NONE
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate, Step
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome

_SHOWN = 20
"""More environments than this are not listed one by one; the report has them all."""


def rotation_message(outcome: Outcome, certificates: Sequence[CertificateResult]) -> str:
    """The outcome in sentences."""
    run = outcome.run
    own = [planned for planned in run.plan.certificates if not planned.companion_of]
    due, total = [planned for planned in own if planned.due], len(own)
    skipped = sum(run.stopped_by_guards(planned) for planned in due)
    targets = sum(step.action != NONE for planned in due for step in planned.steps)
    left_out = f" The guards left out {skipped} of them." if skipped else ""
    if outcome.name == "nothing_to_do":
        return f"Nothing to do: 0 of {total} certificates due."
    if outcome.name == "skipped":
        left = f"The guards left out every certificate that is due ({skipped} of {total})"
        return join_sentences("Nothing was written", left, *waiting_sentences(outcome), "").rstrip()
    if outcome.name == "planned":
        mode = " in check mode" if run.check_mode else ""
        planned = (
            f"Nothing was written{mode}: {len(due)} of {total} certificates due in {count(targets, 'environment')}"
        )
        return join_sentences(planned, *planned_sentences(outcome), "").rstrip() + left_out
    if outcome.name in ("introduced", "rotated", "stored"):
        written = sum(bool(outcome.writes_to(planned)) for planned in due)
        rotated = _rotated_message(outcome, written, total) if written else ""
        done = [] if run.writes or run.retired else ["Nothing was written"]
        told = [*done, *overlap_sentences(outcome, promoted=rotated), *_written_by_others(outcome)]
        return join_sentences(*told, "").rstrip() + left_out
    if outcome.name == "refused":
        return join_sentences("Nothing was written", outcome.failure, *waiting_sentences(outcome), "").rstrip()
    changed = any(write.may_have_changed for write in run.writes)
    rollback = {
        "rolled_back": _rolled_back_message(certificates) if changed else "No environment was changed.",
        "rollback_failed": join_sentences(
            f"THE ROLLBACK IS NOT COMPLETE: {'; '.join(outcome.rollback_problems)}", *_restore_hint(run.backup), ""
        ).rstrip(),
        "failed": "Nothing was rolled back.",
    }[outcome.name]
    others, held = _written_by_others(outcome), _holdings(outcome, certificates)
    return join_sentences(outcome.failure, rollback, *others, held, *waiting_sentences(outcome), "").rstrip()


def _restore_hint(backup: str) -> list[str]:
    """How to restore what the rollback has not; empty without a backup."""
    # Quoted for the shell, and for Ansible, which splits the text again.
    given = shlex.quote(f"certificate_restore_dir={shlex.quote(backup)}")
    return [f"To restore the backup, run: ansible-playbook apinizer.apiops.restore -e {given}"] if backup else []


def _rolled_back_message(certificates: Sequence[CertificateResult]) -> str:
    """What is known of the record, and of the gateways where they could not be asked about the restored certificate."""
    unknown = {
        environment["name"]
        for certificate in certificates
        for environment in certificate["environments"]
        if environment["rolled_back"] and environment["gateway"] and environment["gateway"]["state"] == UNKNOWN
    } - {PSEUDO_ENVIRONMENT}
    record = "In the manager's record, every environment that the run changed holds its previous certificate again."
    return f"{record} {is_unknown(unknown)}." if unknown else record


def _rotated_message(outcome: Outcome, rotated: int, total: int) -> str:
    own = [planned for planned in outcome.run.plan.certificates if not planned.companion_of]
    writes = [write for planned in own for write in outcome.writes_to(planned)]
    targets = len({(write.key, name) for write in writes for name in write.environments})
    unconfirmed = sorted({name for planned in own for name in outcome.unconfirmed(planned)})
    if unconfirmed:
        return (
            f"Stored {rotated} of {total} certificates in {count(targets, 'environment')}, verified in the manager's record. "
            f"{is_unknown(unconfirmed)}."
        )
    confirmed = {
        (key, name)
        for key, gateways in outcome.run.gateways.items()
        for name, gateway in gateways.items()
        if gateway["state"] == CONFIRMED
    }
    everywhere = {(write.key, name) for write in writes for name in write.environments} <= confirmed
    where = "in the manager's record and at the gateways" if everywhere else "in the manager's record"
    return f"Rotated {rotated} of {total} certificates in {count(targets, 'environment')}, verified {where}."


def _written_by_others(outcome: Outcome) -> list[str]:
    """Where the run wrote nothing, since someone else had written exactly what was planned; empty if nowhere."""
    found = by_reason(
        (planned.key, step.environment, "")
        for planned in outcome.run.plan.certificates
        for step in planned.steps
        if step.action != NONE and _differed(outcome, planned, step)
        for write in outcome.writes_to(planned, step.environment)
        if not (write.sent or write.failed)
    )
    return [
        f"Someone else had already written {targets} as planned, so this run wrote nothing there"
        for targets, _reason in found
    ]


def _differed(outcome: Outcome, planned: PlannedCertificate, step: Step) -> bool:
    """Whether an environment did not hold the new certificate when the plan was made."""
    new = {**outcome.run.new_views[planned.key], "alias": planned.new_alias(step.environment)}
    return step.current is None or any(step.current[name] != new[name] for name in ("fingerprint_sha1", "alias"))


def _holdings(outcome: Outcome, certificates: Sequence[CertificateResult]) -> str:
    """What the record contains now for each environment of the certificates that were written."""
    if outcome.after is None:
        return "The manager's record could not be read back."
    written = {write.key for write in outcome.run.writes}
    holdings = [
        f"{certificate['name']} in {environment['name']}: "
        + (fingerprint(now, 16) + f" until {now['not_after']}" if (now := environment["now"]) else "none")
        for certificate in certificates
        if f"{certificate['project']}/{certificate['name']}" in written
        for environment in certificate["environments"]
    ]
    rest = len(holdings) - _SHOWN
    more = f"; and {rest} more, which the report lists" if rest > 0 else ""
    return f"The manager's record now: {'; '.join(holdings[:_SHOWN])}{more}."
