# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences of certificates, as Ansible shows them with --diff. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNKNOWN


def diff_of_environments(
    diff: Mapping[str, t.Any], environments: Sequence[str], gateways: Mapping[str, Mapping[str, t.Any]] | None = None
) -> dict[str, t.Any]:
    """A diff as far as it is about these environments.

    :arg gateways: what the gateways hold before the write, by environment, as far as they were asked.
    """

    def part(side: Mapping[str, t.Any], *, before: bool) -> dict[str, t.Any]:
        kept = {name: dict(view) for name, view in side.get("environments", {}).items() if name in environments}
        for name, gateway in (gateways or {}).items():
            if name in kept and gateway["state"] != UNKNOWN:
                held = gateway if before else kept[name]
                kept[name]["gateway_fingerprint_sha256"] = held["fingerprint_sha256"]
        return {**side, "environments": kept} if side else {}

    return {**diff, "before": part(diff["before"], before=True), "after": part(diff["after"], before=False)}
