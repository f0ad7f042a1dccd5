# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The warnings of a wave, merged: a wave may write a thousand certificates. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import deployment_unknown_warning
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation, warnings_of


def wave_warnings(
    wave: int, operations: Mapping[str, Operation], results: Mapping[str, Result], *, verified: bool = False
) -> list[str]:
    """The warnings of a wave. That deployments were not reported is one warning for all certificates.

    :arg operations: what was written, and C(results) what it returned, by C(project/name).
    :arg verified: whether the gateways are asked next, so that no such warning is needed.
    """
    unknown = {
        key: deployment_unknown_warning(operation.name, operation.environments) for key, operation in operations.items()
    }
    unreported = [key for key, result in results.items() if unknown[key] in result.get("warnings", ())]
    others = [text for text in warnings_of(results.values()) if text not in unknown.values()]
    if verified or not unreported:
        return others
    targets = sorted({name for key in unreported for name in operations[key].environments})
    which = unreported[0] if len(unreported) == 1 else f"{len(unreported)} certificates"
    merged = (
        f"Wave {wave}: the manager stored {which}, but did not report the deployment to the gateways of "
        f"{', '.join(targets)}. To find out what they hold, run again in check mode with "
        "certificate_rotation_verify_gateways=required, or read their truststores with apinizer_truststore_info"
    )
    return [merged, *others]
