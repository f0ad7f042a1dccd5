# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user's own tasks see of a rotation while it runs. The variables are documented with the role."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import Request

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate, Wave


def certificate_to_obtain(planned: PlannedCertificate) -> dict[str, t.Any]:
    """A certificate to be obtained, as C(certificate_rotation_item)."""
    environments = [
        {"name": step.environment, "reason": step.reason, "current": step.current}
        for step in planned.steps
        if step.action != "none"
    ]
    desired = planned.desired
    return {"key": planned.key, "project": desired.project, "name": desired.name, "environments": environments}


def request_view(operation: Operation, new: Mapping[str, t.Any]) -> Request:
    """An operation as an item of C(certificate_rotation_wave.requests), without the certificate itself.

    :arg new: the certificate to write, described like an environment of C(apinizer_certificate).
    """
    options = operation.options
    return Request(
        key=f"{operation.project}/{operation.name}",
        project=operation.project,
        name=operation.name,
        environments=options["environments"],
        unlisted_environments=options["unlisted_environments"],
        alias=options["alias"],
        description=options["description"],
        update_referenced_jwks=options["update_referenced_jwks"],
        update_scope=options["update_scope"],
        force=options["force"],
        fingerprint_sha1=new["fingerprint_sha1"],
        fingerprint_sha256=new["fingerprint_sha256"],
    )


def wave_view(wave: Wave, requests: Sequence[Request]) -> dict[str, t.Any]:
    """A wave, in C(certificate_rotation_wave). C(title) is how tasks name it."""
    stage = f"{wave.stage}: " if wave.stage else ""
    return {
        "number": wave.number,
        "title": f"{wave.number} ({stage}{', '.join(wave.environments)})",
        "stage": wave.stage or None,
        "environments": list(wave.environments),
        "requests": list(requests),
    }
