# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of the gateways after the writes of a restore. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import (
    CONFIRMED,
    MISSING,
    STALE,
    UNDEPLOYED,
    UNKNOWN,
    deployment_unknown_warning,
    unknown_lines,
    unknown_message,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation, warnings_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore_settings import RESTORE_PREFIX

REPORTED, DEPLOYMENT_FAILED, NOT_ASKED = "reported", "deployment failed", "not asked"
"""Further states of a gateway that was not asked: the manager reported its deployment, or that it failed, or neither."""

NOT_DEPLOYED = (*UNDEPLOYED, DEPLOYMENT_FAILED)
"""The states of gateways that do not hold what was written."""

_WORDS = {
    DEPLOYMENT_FAILED: "deployment failed in",
    STALE: "another certificate in",
    MISSING: "no certificate in",
    UNKNOWN: "could not be asked in",
    NOT_ASKED: "not asked in",
    REPORTED: "deployment reported by the manager in",
    CONFIRMED: "confirmed in",
}
"""What is said of the environments in each state, the worst state first."""


def gateways_of(result: Result) -> list[Gateway]:
    """The gateways that an operation has asked."""
    return [Gateway(**view) for view in result.get("gateways") or ()]


def gateways_after(operation: Operation, result: Result) -> tuple[Gateway, ...]:
    """What is known of the gateways of each environment after an operation that has written, or may have."""
    deployment = result.get("deployment") or {}
    known = {
        one["name"]: Gateway(one["name"], REPORTED if one["success"] else DEPLOYMENT_FAILED)
        for one in deployment.get("environments", ())
    }
    known |= {gateway.name: gateway for gateway in gateways_of(result)}
    return tuple(known.get(name, Gateway(name, NOT_ASKED)) for name in operation.environments)


def gateways_sentence(gateways: Iterable[Gateway]) -> str:
    """The environments by what is known of their gateways, in one sentence; empty without any.

    An environment with several certificates counts once, with the worst of their states.
    """
    states: dict[str, str] = {}
    order = list(_WORDS)
    for gateway in gateways:
        states[gateway.name] = min(states.get(gateway.name, CONFIRMED), gateway.state, key=order.index)
    groups = [
        f"{_WORDS[state]} {', '.join(sorted(name for name in states if states[name] == state))}"
        for state in reversed(order)
        if state in states.values()
    ]
    return f"Gateways: {'; '.join(groups)}" if groups else ""


def restore_warnings(wave: int, operations: Mapping[str, Operation], results: Mapping[str, Result]) -> list[str]:
    """The warnings of a wave. What is not known of the gateways is one warning for each cause, not for each certificate.

    :arg operations: what was written, and C(results) what it returned, by the same keys.
    """
    merged = set()
    unknown: list[Gateway] = []
    unreported: set[str] = set()
    for key, result in results.items():
        operation = operations[key]
        not_reported = deployment_unknown_warning(operation.name, sorted(operation.environments))
        if not_reported in result.get("warnings", ()):
            unreported.update(operation.environments)
        of_operation = [gateway for gateway in gateways_of(result) if gateway.state == UNKNOWN]
        merged |= {not_reported, unknown_message(operation.name, of_operation)}
        unknown += of_operation
    warnings = [text for text in warnings_of(results.values()) if text not in merged]
    if unreported:
        warnings.append(
            f"Wave {wave}: the manager did not report the deployment to the gateways of {', '.join(sorted(unreported))}, and "
            f"they were not asked, since {RESTORE_PREFIX}verify_gateways is never. Check that they hold the restored certificates"
        )
    return warnings + unknown_lines(unknown)
