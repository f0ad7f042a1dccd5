# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environments of a manager as hosts of an inventory: what to read, and what it makes.

What is read is plain JSON, fit for a cache; what depends on the time is worked out anew for each inventory.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._api import NOT_OFFERED, CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation, run_info_operation

Warn = Callable[[str], object]
ProjectRead = Mapping[str, t.Any]

# What Ansible takes for something else where a host is asked for.
_RESERVED = ("all", "ungrouped")
_REPORTED = ("type", "status", "access_url")


@dataclass(frozen=True)
class EnvironmentHost:
    """A host: its name, the groups that it is always in, and its variables."""

    name: str
    groups: tuple[str, ...]
    variables: dict[str, t.Any]


def read_projects(api: CertificateApi, names: Sequence[str] | None, *, now: datetime, warn: Warn) -> list[ProjectRead]:
    """What the manager has in these projects, or in all that the token may see.

    :returns: a JSON object a project: C(name), C(environments) as the manager lists them, C(certificates) as the module
        C(apinizer_certificate_info) returns them.
    :raises RequestError: where the manager could not be read, a missing project included.
    """
    found: list[ProjectRead] = []
    for name in sorted(set(api.projects() if names is None else names)):
        # The certificates first: their list shows the generation, and with it the address of the environments.
        certificates = run_info_operation(api, InfoOperation(project=name), now=now)
        environments = _listed(api, name, warn) if api.lists_environments else []
        found.append({"name": name, "environments": environments, "certificates": certificates})
    return found


def _listed(api: CertificateApi, project: str, warn: Warn) -> list[dict[str, t.Any]]:
    """The environments that the manager lists for a project. Where it lists none, the certificates still name some."""
    try:
        return [asdict(environment) for environment in api.environments(project)]
    except RequestError as exc:
        if exc.status not in NOT_OFFERED:
            raise
        whose = f"of project {project}" if api.lists_environments else "of any project"
        warn(
            f"The manager does not list the environments {whose} ({exc}). Those that hold a certificate are hosts all "
            "the same, of unknown type and status"
        )
        return []


def make_hosts(projects: Sequence[ProjectRead], *, prefix: str, now: datetime, warn: Warn) -> list[EnvironmentHost]:
    """A host for each environment that is listed or holds a certificate, sorted by the environment's name.

    An environment that several projects have is one gateway environment, and one host.

    :arg projects: what C(read_projects) returns.
    :arg prefix: what each host's name begins with.
    :raises ApinizerError: where two environments would be the same host.
    """
    listed: dict[str, tuple[str, dict[str, t.Any]]] = {}
    using: dict[str, set[str]] = {}
    held: dict[str, list[dict[str, t.Any]]] = {}
    for project in projects:
        for environment in project["environments"]:
            name = environment["name"]
            using.setdefault(name, set()).add(project["name"])
            first, known = listed.setdefault(name, (project["name"], environment))
            if any(environment[key] != known[key] for key in _REPORTED):
                warn(
                    f"Projects {first} and {project['name']} report environment {name} differently; {first} is believed"
                )
        for name, certificate in _held(project, now):
            using.setdefault(name, set()).add(project["name"])
            held.setdefault(name, []).append(certificate)
    hosts: dict[str, EnvironmentHost] = {}
    for name in sorted(using):
        _project, reported = listed.get(name, ("", dict.fromkeys(_REPORTED)))
        host = _host(prefix, name, reported, sorted(using[name]), held.get(name, []))
        if host.name in hosts:
            other = hosts[host.name].variables["apinizer_environment"]
            raise ApinizerError(
                f"Environments {other!r} and {name!r} would both be host {host.name}; rename one of them"
            )
        hosts[host.name] = host
    return list(hosts.values())


def _held(project: ProjectRead, now: datetime) -> Iterator[tuple[str, dict[str, t.Any]]]:
    """The certificates of a project, once for each environment that holds them, with the environment's name."""
    for certificate in project["certificates"]:
        for environment in certificate["environments"]:
            values = {key: value for key, value in environment.items() if key != "name"}
            identity = {"project": certificate["project"], "name": certificate["name"]}
            yield environment["name"], {**identity, **values, **_age(values["not_after"], now)}


def _age(not_after: str | None, now: datetime) -> dict[str, t.Any]:
    """What a cache must not keep."""
    if not_after is None:
        return {}
    left = datetime.strptime(not_after, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) - now
    return {"days_remaining": left.days, "expired": left.total_seconds() < 0}


def _host(
    prefix: str, name: str, reported: dict[str, t.Any], projects: list[str], certificates: list[dict[str, t.Any]]
) -> EnvironmentHost:
    return EnvironmentHost(
        name=host_name(prefix + name),
        groups=tuple(f"{key}_{(reported[key] or 'unknown').lower()}" for key in ("type", "status")),
        variables={
            "apinizer_environment": name,
            **{f"apinizer_{key}": reported[key] for key in _REPORTED},
            "apinizer_projects": projects,
            "apinizer_certificates": certificates,
        },
    )


def host_name(text: str) -> str:
    """A name that patterns, file names and C(--limit) take for one host: letters, digits, C(.), C(-) and C(_)."""
    name = re.sub(r"[^\w.-]|^-", "_", text)
    return name + "_" if name in _RESERVED else name
