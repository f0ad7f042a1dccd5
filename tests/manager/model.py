# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of an installation: the manager's record, and the certificates that its gateways hold.

The two are separate because they can differ: a failed deployment leaves the new certificate in the record and the old
one at the gateway. All values are frozen, so copying the containers copies everything.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum

from .truststore import CertificateKey, Gateways

ADMIN_PROJECT = "admin"
"""The project of the global certificates, which every manager has."""

API_MANAGER = "apimanager"
"""The pseudo-environment: certificates can have an entry for it, but no list of environments includes it."""

UNDEPLOYABLE = {"UNPUBLISHED", "DRAFT"}
"""The statuses of an environment to which nothing can be deployed. The pages of 2025 have `DRAFT` only."""


def new_id() -> str:
    """Return a new identifier, opaque like those of the real manager."""
    return uuid.uuid4().hex[:24]


class Permission(str, Enum):
    """What a token may do in a project. Each permission includes reading."""

    READ = "read"
    MANAGE = "SECRETS+MANAGE"
    DEPLOY = "SECRETS+DEPLOY_UNDEPLOY"
    IMPORT = "SECRETS+EXPORT_IMPORT"


ALL_PERMISSIONS = frozenset(Permission)


@dataclass(frozen=True)
class Project:
    """A project, as in the list of projects."""

    name: str
    description: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class Environment:
    """An environment of a project. The values of `type` and `status` depend on the generation."""

    name: str
    type: str
    status: str = "PUBLISHED"
    access_url: str = ""
    description: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class Entry:
    """An entry of a certificate in one environment: the leaf as DER, and the PEM text that the manager stores."""

    environment: str
    alias: str
    pem: str
    der: bytes


@dataclass(frozen=True)
class Certificate:
    """A certificate of a project. An environment can have several entries, the newest last."""

    project: str
    name: str
    description: str
    entries: tuple[Entry, ...]
    id: str = field(default_factory=new_id)

    @property
    def key(self) -> CertificateKey:
        """Project and name."""
        return self.project, self.name

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments with an entry, each once, in the order of the entries."""
        return tuple(dict.fromkeys(entry.environment for entry in self.entries))

    def entries_in(self, environment: str) -> tuple[Entry, ...]:
        """Return the entries of one environment, the newest last."""
        return tuple(entry for entry in self.entries if entry.environment == environment)


@dataclass(frozen=True)
class Jwk:
    """A JSON Web Key. If it was generated from a certificate, `source_id` is that of the certificate and `der` its DER."""

    project: str
    name: str
    kid: str
    source_type: str
    source_id: str | None
    der: bytes | None


@dataclass(frozen=True)
class Token:
    """An access token. `projects` None: all projects. `expires` is in epoch seconds, None: never."""

    name: str
    value: str = field(repr=False)
    permissions: frozenset[Permission] = ALL_PERMISSIONS
    projects: frozenset[str] | None = None
    expires: float | None = None

    def may(self, permission: Permission, project: str) -> bool:
        """Whether the token has this permission in the project."""
        return permission in self.permissions and self.sees(project)

    def sees(self, project: str) -> bool:
        """Whether the token has any permission in the project."""
        return bool(self.permissions) and (self.projects is None or project in self.projects)


@dataclass(frozen=True)
class User:
    """A user who can request tokens, which have the user's name and are valid for `token_seconds`."""

    name: str
    password: str = field(repr=False)
    permissions: frozenset[Permission] = ALL_PERMISSIONS
    projects: frozenset[str] | None = None
    token_seconds: int = 3600


@dataclass
class State:
    """The manager's record."""

    projects: dict[str, Project] = field(default_factory=dict)
    environments: dict[str, dict[str, Environment]] = field(default_factory=dict)
    """Project name → environment name → environment."""
    certificates: dict[CertificateKey, Certificate] = field(default_factory=dict)
    jwks: dict[tuple[str, str], Jwk] = field(default_factory=dict)
    """Project and JWK name → JWK."""
    tokens: dict[str, Token] = field(default_factory=dict)
    """Token value → token."""
    users: dict[str, User] = field(default_factory=dict)

    def certificates_of(self, project: str) -> list[Certificate]:
        """Return the certificates of a project in the order of their creation."""
        return [certificate for certificate in self.certificates.values() if certificate.project == project]


@dataclass
class Installation:
    """The record of a manager, and the gateways that it deploys to. It cannot reach those of `unreachable` environments."""

    state: State = field(default_factory=State)
    gateways: Gateways = field(default_factory=dict)
    unreachable: set[str] = field(default_factory=set)

    def undeployable(self, project: str) -> frozenset[str]:
        """Return the environments to which deployments of this project fail."""
        known = self.state.environments.get(project, {}).values()
        return frozenset(self.unreachable).union(value.name for value in known if value.status in UNDEPLOYABLE)

    def copy(self) -> Installation:
        """Return an independent copy."""
        state = State(
            projects=dict(self.state.projects),
            environments={project: dict(known) for project, known in self.state.environments.items()},
            certificates=dict(self.state.certificates),
            jwks=dict(self.state.jwks),
            tokens=dict(self.state.tokens),
            users=dict(self.state.users),
        )
        gateways = {environment: truststore.copy() for environment, truststore in self.gateways.items()}
        return Installation(state, gateways, set(self.unreachable))
