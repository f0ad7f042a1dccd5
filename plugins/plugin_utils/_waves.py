# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The waves that follow from the types of the environments, for a rotation and for a restore. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

# The types of environment that 2026.01 and later report, in the order of their risk (vendor: Environments).
STAGES = ("TEST", "SANDBOX", "PRODUCTION")


def waves_by_stage(
    targets: Iterable[tuple[str, str]],
    types: Mapping[str, Mapping[str, str | None]],
    problems: list[str],
    prefix: str = PREFIX,
) -> list[tuple[str, ...]]:
    """One wave for each stage. Each target is a project and an environment; for C(types), see C(make_plan)."""
    by_stage: dict[str, set[str]] = {stage: set() for stage in STAGES}
    unknown: dict[str, str] = {}
    last: set[str] = set()
    for project, environment in targets:
        kind = types.get(project, {}).get(environment)
        if environment == PSEUDO_ENVIRONMENT:
            # A wrong certificate there can cut the manager off from its LDAP or OIDC provider.
            last.add(environment)
        elif kind in by_stage:
            by_stage[kind].add(environment)
        else:
            unknown[environment] = str(kind or "not reported")
    if unknown:
        problems.append(
            f"{prefix}waves: auto needs the type of each environment ({', '.join(STAGES)}), which the manager does not "
            "report for "
            + ", ".join(f"{environment} (type {kind})" for environment, kind in sorted(unknown.items()))
            + ". List the waves instead"
        )
    return [tuple(sorted(names)) for names in (*by_stage.values(), last) if names]
