# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be known to be on the gateways before the next stage of an overlap.

Until then, a gateway could hold neither the old nor the new certificate for a moment, or for good.
"""

from __future__ import annotations

from collections.abc import Container, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNDEPLOYED
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, failures
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.verification import Answers
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import (
    INTRODUCE,
    OVERLAPPING,
    PROMOTE,
    RETIRE,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.inputs import views_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    PlannedCertificate,
    RotationPlan,
    Step,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


def to_write_again(plan: RotationPlan, answers: Answers, known: Container[str]) -> set[tuple[str, str]]:
    """What the record contains and is written again, by C(project/name) and environment.

    That is what the gateways do not hold, and what an overlap relies on and the gateways do not confirm: the manager then
    reports its deployment. A run that waits for the end of an overlap writes nothing.

    :arg answers: what the gateways hold, as far as they were asked.
    :arg known: the C(project/name) of each certificate whose new content is known.
    """
    waiting = {planned.key for planned in plan.certificates if planned.stage == OVERLAPPING}
    found = {key for key, gateway in answers.items() if gateway.state in UNDEPLOYED and key[0] not in waiting}
    for planned in plan.certificates:
        for step in planned.steps:
            # No request can ask the manager itself. Its own truststore changes with its record.
            if not needs_proof(planned, step) or step.environment == PSEUDO_ENVIRONMENT:
                continue
            answer = answers.get((planned.key, step.environment))
            if (
                not (answer and is_proof(answer.state, answer.reason))
                and (planned.companion_of or planned.key) in known
            ):
                found.add((planned.key, step.environment))
    return found


def needs_proof(planned: PlannedCertificate, step: Step) -> bool:
    """Whether the next stage relies on what the gateways hold already: of companions, or of what was promoted."""
    if step.reason != "in_sync":
        return False
    if planned.companion_of is None:
        return planned.stage == RETIRE
    return planned.stage in (INTRODUCE, PROMOTE) and not planned.deferred


def is_proof(state: str, reason: str | None) -> bool:
    """Whether the gateways hold a certificate under its own alias.

    Found under another alias, it is trusted as well, and may be the companion that is about to be deleted.
    """
    return state == CONFIRMED and reason is None


def unproven(run: Run, planned: PlannedCertificate) -> list[str]:
    """The environments in which neither the manager nor the gateways have confirmed that the certificate is deployed."""
    writes = [write for write in run.writes if write.key == planned.key]
    known = {name for write in writes for name in write.environments if name not in write.unreported}
    answers = run.gateways.get(planned.key, {})
    known |= {name for name, answer in answers.items() if is_proof(answer["state"], answer["reason"])}
    return sorted({*planned.environments} - known - {PSEUDO_ENVIRONMENT})


def why_not_promoted(run: Run, wave: int, access: ManagerAccess) -> str:
    """Why a wave that promotes certificates must not be started; empty if it may be."""
    companions = [
        companion
        for planned in run.to_write(wave)
        if not planned.companion_of
        for companion in run.plan.companions_of(planned.key)
        if not companion.retires
    ]
    missing = [
        f"{companion.key} in {', '.join(names)}" for companion in companions if (names := unproven(run, companion))
    ]
    if not missing:
        return _why_not_held(run, wave, companions, access)
    return (
        f"Wave {wave} was not started, since neither the manager nor the gateways have confirmed the companions that keep the new "
        f"certificate trusted during it: {'; '.join(missing)}. Give the token the permission to read the truststores (SECRETS "
        f"with EXPORT_IMPORT) and set {PREFIX}verify_gateways to auto, or use another value of {PREFIX}strategy"
    )


def _why_not_held(run: Run, wave: int, companions: Sequence[PlannedCertificate], access: ManagerAccess) -> str:
    """Whether someone else has modified the companions since they were verified, perhaps hours ago; empty if not."""
    results = access.list_certificates(sorted({companion.desired.project for companion in companions}))
    if messages := failures(results):
        return join_sentences(f"Wave {wave} was not started", *messages)
    held = views_of({project: result["certificates"] for project, result in results.items()})
    modified = [
        f"{companion.key} in {step.environment}"
        for companion in companions
        for step in companion.steps
        if (held.get((companion.key, step.environment)) or {}).get("fingerprint_sha1")
        != (run.new_views.get(companion.key) or step.current)["fingerprint_sha1"]
    ]
    if not modified:
        return ""
    return (
        f"Wave {wave} was not started, since someone else has modified the companions that keep the new certificate trusted during "
        f"it: {'; '.join(modified)}. Run the role again, which introduces them again"
    )
