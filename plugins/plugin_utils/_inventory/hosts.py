# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make inventory hosts of the environments of a manager. Pure.

Values that depend on the current time are calculated here, not when the manager is read, so that they are correct even
if the projects come from a cache.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._result import EntryView, GatewayView
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.projects import (
    ListedEnvironment,
    ProjectData,
    Warn,
)

# Groups that always exist. In a pattern, Ansible would take a host of that name for the group.
_RESERVED = ("all", "ungrouped")


class RecordedCertificate(EntryView):
    """A certificate that an environment holds according to the record.

    The values are those that C(apinizer_certificate_info) returns for an environment, but C(name) is that of the
    certificate; C(days_remaining), C(percent_remaining) and C(expired) are as of now.
    """

    project: str


class HostCertificate(RecordedCertificate, total=False):
    """A certificate of a host. C(gateway), what the gateways hold, is only known if they were asked."""

    gateway: GatewayView


class HostVariables(t.TypedDict):
    """The variables of a host that come from the manager. They are documented in the inventory plugin."""

    apinizer_environment: str
    apinizer_type: str | None
    apinizer_status: str | None
    apinizer_access_url: str | None
    apinizer_projects: list[str]
    apinizer_certificates: list[HostCertificate]


@dataclass(frozen=True)
class EnvironmentHost:
    """A host.

    :arg groups: the groups for type and status, before Ansible sanitizes their names.
    """

    name: str
    groups: tuple[str, ...]
    variables: HostVariables


def make_hosts(projects: Sequence[ProjectData], *, prefix: str, now: datetime, warn: Warn) -> list[EnvironmentHost]:
    """Make a host of each environment that is listed or holds a certificate, sorted by the name of the environment.

    Projects share the environments of a manager. An environment of several projects is therefore one host.

    :arg projects: as C(read_projects) returns them.
    :arg prefix: the prefix of all host names.
    :arg warn: called with one line if projects report different values for an environment.
    :raises ApinizerError: if two environments have the same host name.
    """
    listed: dict[str, tuple[str, ListedEnvironment]] = {}
    users: dict[str, set[str]] = {}
    certificates: dict[str, list[HostCertificate]] = {}
    for project in projects:
        for environment in project["environments"]:
            name = environment["name"]
            users.setdefault(name, set()).add(project["name"])
            first, known = listed.setdefault(name, (project["name"], environment))
            if _reported_values(environment) != _reported_values(known):
                warn(
                    f"Projects {first} and {project['name']} report different values for environment {name}. Those of "
                    f"project {first} are used"
                )
        for name, certificate in _certificates_by_environment(project, now):
            users.setdefault(name, set()).add(project["name"])
            certificates.setdefault(name, []).append(certificate)
    hosts: dict[str, EnvironmentHost] = {}
    for name in sorted(users):
        _project, reported = listed.get(name, ("", None))
        host = _make_host(prefix, name, reported, sorted(users[name]), certificates.get(name, []))
        if host.name in hosts:
            other = hosts[host.name].variables["apinizer_environment"]
            raise ApinizerError(
                f"Environments {other!r} and {name!r} would both be host {host.name}. Rename one of the environments"
            )
        hosts[host.name] = host
    return list(hosts.values())


def host_name(text: str) -> str:
    """Return a host name that patterns, file names and C(--limit) accept: letters, digits, C(.), C(-) and C(_)."""
    name = re.sub(r"[^\w.-]|^-", "_", text)
    return name + "_" if name in _RESERVED else name


def _reported_values(environment: ListedEnvironment) -> tuple[str | None, ...]:
    return environment["type"], environment["status"], environment["access_url"]


def _certificates_by_environment(project: ProjectData, now: datetime) -> Iterator[tuple[str, HostCertificate]]:
    """Yield each certificate of the project once for each environment that holds it, with the environment's name."""
    for certificate in project["certificates"]:
        for environment in certificate["environments"]:
            values = {
                "project": certificate["project"],
                **environment,
                "name": certificate["name"],
                **_remaining_time(environment["not_before"], environment["not_after"], now),
            }
            yield environment["name"], t.cast("HostCertificate", values)


def _remaining_time(not_before: str | None, not_after: str | None, now: datetime) -> Mapping[str, t.Any]:
    """Return the values that depend on the current time."""
    start, end = _moment(not_before), _moment(not_after)
    if end is None:
        return {}
    left = remaining(start, end, now)
    return {"days_remaining": left.days, "percent_remaining": left.percent, "expired": end < now}


def _moment(text: str | None) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) if text else None


def _make_host(
    prefix: str,
    name: str,
    reported: ListedEnvironment | None,
    projects: list[str],
    certificates: list[HostCertificate],
) -> EnvironmentHost:
    kind, status, access_url = _reported_values(reported) if reported else (None, None, None)
    return EnvironmentHost(
        name=host_name(prefix + name),
        groups=(f"type_{(kind or 'unknown').lower()}", f"status_{(status or 'unknown').lower()}"),
        variables={
            "apinizer_environment": name,
            "apinizer_type": kind,
            "apinizer_status": status,
            "apinizer_access_url": access_url,
            "apinizer_projects": projects,
            "apinizer_certificates": certificates,
        },
    )
