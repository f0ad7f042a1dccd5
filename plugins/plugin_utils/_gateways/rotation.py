# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold of the certificates of a run."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNKNOWN, Trusted
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.verification import (
    Answers,
    Expected,
    ask,
    ask_until_confirmed,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import needs_proof
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import NONE, NOT_ON_GATEWAY, RotationPlan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings


def ask_wave(run: Run, wave: int, access: ManagerAccess) -> Answers:
    """Ask the gateways of a wave until each holds what was written, or is unknown, but not longer than the setting says."""
    settings = t.cast(Settings, run.settings)
    return ask_until_confirmed(access, _written(run, wave, settings.verify_gateways), settings.verify_gateways_timeout)


def _written(run: Run, wave: int, mode: str) -> list[Expected]:
    """What was written in a wave, as far as the mode wants the gateways to be asked about it."""
    planned = {certificate.key: certificate for certificate in run.plan.certificates}
    expected = []
    for write in run.writes:
        names = {"auto": write.unreported, "required": write.environments, "never": ()}[mode]
        for name in names if write.wave == wave else ():
            certificate = planned[write.key]
            trusted = Trusted.of({**run.new_views[write.key], "alias": certificate.new_alias(name)})
            other_than = run.plan.companion_alias(write.key, name)
            expected.append(Expected(write.key, certificate.desired.project, name, trusted, other_than))
    return expected


def ask_before(plan: RotationPlan, mode: str, access: ManagerAccess) -> Answers:
    """Ask the gateways whether they hold what the record contains, before anything is written.

    C(required) asks about every environment. C(auto) asks where a run in waves continues a rotation, about the environments
    that it would not write: the run that wrote them may have stopped since their gateways did not hold the certificate. It
    also asks about what the next stage of an overlap relies on.
    """
    continues = mode == "auto" and plan.strategy == "per_environment"
    expected = [
        Expected(
            certificate.key,
            certificate.desired.project,
            step.environment,
            Trusted.of(step.current),
            plan.companion_alias(certificate.key, step.environment),
        )
        for certificate in plan.certificates
        for step in certificate.steps
        if step.current
        and mode != "never"
        and not certificate.retires
        and (
            mode == "required"
            or needs_proof(certificate, step)
            or (continues and certificate.new and step.action == NONE and step.environment != PSEUDO_ENVIRONMENT)
        )
    ]
    return ask(access, expected) if expected else {}


def about_record(plan: RotationPlan, answers: Answers) -> Answers:
    """The answers before the first write, without those about certificates that the plan replaces.

    An unknown gateway of an overlap is written again, so that the manager reports what it holds.
    """
    reasons = {
        (certificate.key, step.environment): "" if step.action == NONE else step.reason
        for certificate in plan.certificates
        for step in certificate.steps
    }
    return {
        key: gateway
        for key, gateway in answers.items()
        if (gateway.state != UNKNOWN and reasons[key] in ("", NOT_ON_GATEWAY))
        or (gateway.state == UNKNOWN and reasons[key] != NOT_ON_GATEWAY)
    }
