# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of projects as a manager lists them: their stage, and whether it can deploy to them. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

STAGES = ("TEST", "SANDBOX", "PRODUCTION")
"""The types of environment that 2026.01 and later report, in the order of their risk (vendor: Environments)."""
PUBLISHED, UNPUBLISHED, REPUBLISH_REQUIRED = "PUBLISHED", "UNPUBLISHED", "REPUBLISH_REQUIRED"
"""The statuses from 2026.01 on (vendor: Environments). In 2025, they are C(PUBLISHED) and C(DRAFT)."""

Environments = Mapping[str, Mapping[str, Mapping[str, t.Any]]]
"""Environments by project and name, as C(apinizer_environment_info) returns each."""


def types_of(environments: Environments) -> dict[str, dict[str, str | None]]:
    """The type of each environment of each project."""
    return {project: {name: one["type"] for name, one in found.items()} for project, found in environments.items()}


def waves_by_stage(
    targets: Iterable[tuple[str, str]],
    types: Mapping[str, Mapping[str, str | None]],
    problems: list[str],
    prefix: str = PREFIX,
) -> list[tuple[str, ...]]:
    """One wave for each stage, from the lowest risk to the highest.

    :arg targets: pairs of a project and an environment.
    :arg types: as C(types_of) returns them.
    :arg problems: receives a message where the type of an environment is none of the stages.
    :arg prefix: that of the variables in the message.
    """
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


def status_problems(targets: Iterable[tuple[str, str]], environments: Environments) -> tuple[list[str], list[str]]:
    """Check the status of environments that are to be written. One that is not reported is no problem.

    Nothing can be deployed to an environment that is C(UNPUBLISHED). The pages do not say so of C(DRAFT).

    :arg targets: pairs of a project and an environment.
    :returns: why nothing must be written, and warnings.
    """
    problems, warnings = [], []
    for project, name in sorted(set(targets)):
        status = environments.get(project, {}).get(name, {}).get("status")
        where = f"Environment {name} of project {project} has the status {status}"
        if status == UNPUBLISHED:
            problems.append(
                f"Environment {name} of project {project} has the status {status}, so the manager cannot deploy to it"
            )
        elif status == REPUBLISH_REQUIRED:
            warnings.append(f"{where}: other changes are waiting to be published there")
        elif status not in (PUBLISHED, None):
            warnings.append(f"{where}, so the deployment to it may fail")
    if problems:
        problems.append(f"Publish it in the console, or limit the run to other environments with {PREFIX}environments")
    return problems, warnings
