# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of projects as a manager lists them: their types, and whether it can deploy to them. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

PUBLISHED, UNPUBLISHED, REPUBLISH_REQUIRED = "PUBLISHED", "UNPUBLISHED", "REPUBLISH_REQUIRED"
"""The statuses from 2026.01 on (vendor: Environments). In 2025, they are C(PUBLISHED) and C(DRAFT)."""

Environments = Mapping[str, Mapping[str, Mapping[str, t.Any]]]
"""Environments by project and name, as C(apinizer_environment_info) returns each."""


def types_of(environments: Environments) -> dict[str, dict[str, str | None]]:
    """The type of each environment of each project."""
    return {project: {name: one["type"] for name, one in found.items()} for project, found in environments.items()}


def status_problems(targets: Iterable[tuple[str, str]], environments: Environments) -> tuple[list[str], list[str]]:
    """Check the status of environments that are to be written. One that is not reported is no problem.

    Nothing can be deployed to an environment that is C(UNPUBLISHED). The pages do not say so of C(DRAFT).

    :arg targets: pairs of a project and an environment.
    :returns: why nothing must be written, and warnings.
    """
    problems, warnings = [], []
    for project, name in sorted(set(targets)):
        status = environments.get(project, {}).get(name, {}).get("status")
        where = f"Environment {name} of project {project}"
        if status == UNPUBLISHED:
            problems.append(f"{where} has the status {status}, so the manager cannot deploy to it")
        elif status == REPUBLISH_REQUIRED:
            warnings.append(f"{where} has the status {status}: other changes are waiting to be published there")
        elif status not in (PUBLISHED, None):
            warnings.append(f"{where} has the status {status}, so the deployment to it may fail")
    if problems:
        problems.append(f"Publish it in the console, or limit the run to other environments with {PREFIX}environments")
    return problems, warnings
