# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold of the certificates of a run."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import Trusted
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.verification import (
    Answers,
    Expected,
    ask,
    ask_until_confirmed,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.proof import current_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import RotationPlan
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
            certificate, view = planned[write.key], run.new_views[write.key]
            trusted = Trusted(certificate.new_alias(name), view["fingerprint_sha256"], view["fingerprint_sha1"])
            other_than = run.plan.companion_alias(write.key, name)
            expected.append(Expected(write.key, certificate.desired.project, name, trusted, other_than))
    return expected


def ask_before(plan: RotationPlan, access: ManagerAccess, mode: str) -> Answers:
    """Ask the gateways whether they hold what the record contains, before anything is written, as far as the mode says."""
    expected = [
        Expected(
            certificate.key,
            certificate.desired.project,
            environment,
            Trusted.of(current),
            plan.companion_alias(certificate.key, environment),
        )
        for certificate, environment, current in current_of(plan, everything=mode == "required")
    ]
    return ask(access, expected) if expected and mode != "never" else {}
