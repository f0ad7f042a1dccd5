# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find what the path of a request names."""

from __future__ import annotations

from .context import Context
from .errors import ApiError, Problem
from .model import ADMIN_PROJECT, Certificate


def certificate_of(context: Context, project: str) -> Certificate:
    """Return the certificate named in the path. Raises ApiError if the project has none of that name."""
    name = context.names["certificate"]
    certificate = context.installation.state.certificates.get((project, name))
    if certificate is None:
        raise ApiError(Problem.CERTIFICATE_MISSING, name)
    return certificate


def environment_of(context: Context, project: str) -> str:
    """Return the environment named in the path. Raises ApiError unless the project has it.

    The project `admin` has the environments of all projects. The pseudo-environment is not one of them.
    """
    name = context.names["environment"]
    environments = context.installation.state.environments
    projects = environments if project == ADMIN_PROJECT else (project,)
    if not any(name in environments[each] for each in projects):
        raise ApiError(Problem.ENVIRONMENT_MISSING, name)
    return name
