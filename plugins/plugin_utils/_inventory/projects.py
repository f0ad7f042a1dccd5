# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the projects of a manager, their environments and their certificates, for the inventory.

The result is plain JSON, so that it can be cached.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._api import NOT_OFFERED, CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import unknown_lines
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation, run_info_operation
from ansible_collections.apinizer.apiops.plugins.module_utils._result import CertificateView
from ansible_collections.apinizer.apiops.plugins.module_utils._truststores import add_gateways, gateways_of

Warn = Callable[[str], object]


class ListedEnvironment(t.TypedDict):
    """An environment as C(apinizer_environment_info) returns it. A value is None if the manager does not report it."""

    name: str
    type: str | None
    status: str | None
    access_url: str | None
    description: str | None


class ProjectData(t.TypedDict):
    """A project as it is cached.

    C(environments) are those that the manager lists. C(certificates) are those that C(apinizer_certificate_info)
    returns for the project, with C(gateway) in each environment if the gateways were asked.
    """

    name: str
    environments: list[ListedEnvironment]
    certificates: Sequence[CertificateView]


def read_projects(
    api: CertificateApi,
    names: Sequence[str] | None,
    *,
    now: datetime,
    warn: Warn,
    verify_gateways: bool = False,
) -> list[ProjectData]:
    """Read projects with their environments and certificates, sorted by name.

    :arg names: the projects to read; None for all projects that the token can read.
    :arg warn: called with one line if the manager does not list the environments of a project, and if gateways cannot be
        asked.
    :arg verify_gateways: whether to add what the gateways hold, as C(add_gateways) does.
    :raises RequestError: if a project cannot be read, for example because it does not exist.
    """
    projects: list[ProjectData] = []
    for name in sorted(set(api.projects() if names is None else names)):
        # Certificates first: their list reveals the generation, and the generation the address of the environments.
        certificates = run_info_operation(api, InfoOperation(project=name), now=now)
        environments = _list_environments(api, name, warn) if api.lists_environments else []
        projects.append({"name": name, "environments": environments, "certificates": certificates})
    return _with_gateways(api, projects, warn) if verify_gateways else projects


def _with_gateways(api: CertificateApi, projects: Sequence[ProjectData], warn: Warn) -> list[ProjectData]:
    """Add what the gateways hold. Projects share environments, so each environment is asked once for all of them."""
    certificates = add_gateways(api, [one for project in projects for one in project["certificates"]])
    for line in unknown_lines(gateways_of(certificates)):
        warn(line)
    return [
        {**project, "certificates": [one for one in certificates if one["project"] == project["name"]]}
        for project in projects
    ]


def _list_environments(api: CertificateApi, project: str, warn: Warn) -> list[ListedEnvironment]:
    """Return the listed environments; none, with a warning, if the manager does not list them."""
    try:
        environments = api.environments(project)
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        owner = f"of project {project}" if api.lists_environments else "of any project"
        warn(
            f"The manager does not list the environments {owner} ({exc}). Environments that hold a certificate become "
            "hosts with unknown type and status"
        )
        return []
    return [t.cast("ListedEnvironment", asdict(environment)) for environment in environments]
