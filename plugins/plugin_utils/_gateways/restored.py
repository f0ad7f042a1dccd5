# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold after a step of a rollback, and at the end of a run, as far as is known. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import CONFIRMED, UNDEPLOYED


def not_deployed(environments: Sequence[str], result: Result) -> list[str]:
    """The environments whose gateways do not hold what a step has written, or may not, since the step has failed.

    :arg environments: those that the step writes.
    """
    states = {gateway["name"]: gateway["state"] for gateway in result.get("gateways") or ()}
    reported = {one["name"]: one["success"] for one in (result.get("deployment") or {}).get("environments", ())}
    return [
        name
        for name in environments
        if states.get(name) in UNDEPLOYED
        or (states.get(name) != CONFIRMED and not reported.get(name, not result.get("failed")))
    ]


def gateways_after(
    before: Mapping[str, t.Any], environments: Sequence[str], result: Result, *, written: bool
) -> dict[str, t.Any]:
    """What the gateways hold after a step, by environment, for those that were asked since the last write.

    :arg before: the same before the step.
    :arg environments: those that the step writes, or removes the certificate from.
    :arg written: whether the step may have changed the record.
    """
    kept = {name: gateway for name, gateway in before.items() if not (written and name in environments)}
    return {**kept, **{gateway["name"]: gateway for gateway in result.get("gateways") or ()}}


def unless_outdated(gateway: Mapping[str, t.Any] | None, now: Mapping[str, t.Any] | None, *, known: bool) -> t.Any:
    """What the gateways of an environment hold; None where someone else has modified its record since they confirmed it.

    :arg now: the environment as it was read back; None if it no longer holds the certificate.
    :arg known: whether it was read back.
    """
    if gateway is None or not known or gateway["state"] != CONFIRMED or not gateway.get("fingerprint_sha256"):
        return gateway
    held = now["fingerprint_sha256"] if now else ""
    return gateway if held in (None, gateway["fingerprint_sha256"]) else None
