# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role asks of apinizer_certificate. Pure.

A request is a dictionary of options, and has C(key), a project and a name, and C(fingerprint_sha1), that of the new
certificate. The certificate itself is apart, so that a request stays readable on the screen.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    NONE,
    PlannedCertificate,
    RotationPlan,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings

Request = dict[str, t.Any]


def make_request(planned: PlannedCertificate, plan: RotationPlan, settings: Settings, wave: int | None) -> Request:
    """The request for a certificate in a wave; without a wave, one that covers all of them.

    Only for a certificate whose successor is known.
    """
    wanted, new = planned.wanted, t.cast(Bundle, planned.new)
    one_update = plan.strategy == "replace"
    due = planned.due_in(wave) if wave else tuple(step.environment for step in planned.steps if step.action != NONE)
    environments = tuple(step.environment for step in planned.steps) if one_update else due
    return {
        "key": wanted.key,
        "project": wanted.project,
        "name": wanted.name,
        "environments": list(environments),
        "unlisted_environments": "fail" if one_update else "keep",
        "alias": wanted.alias or "",
        "description": wanted.description or "",
        "update_referenced_jwks": settings.update_referenced_jwks,
        "update_scope": settings.update_scope or "",
        "force": settings.force,
        "fingerprint_sha1": new.leaf.fingerprint_sha1,
    }


def options_of(request: Mapping[str, t.Any], content: str) -> dict[str, t.Any]:
    """The options of the task that a request stands for.

    :arg content: the new certificate, PEM.
    """
    options = {name: value for name, value in request.items() if name not in ("key", "fingerprint_sha1")}
    # minimum_remaining_days, a guard, decides about that.
    return {**options, "content": content, "allow_expired": True}
