# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an installation holds: the manager's record, and what its gateways serve.

The two are kept apart because they do come apart: a deployment that fails leaves the new certificate in the record and
the old one on the gateway. Values are frozen, so that a copy of the containers is a copy of everything.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from enum import Enum

ADMIN_PROJECT = "admin"
"""The project that holds the global certificates. Every manager has it."""

API_MANAGER = "apimanager"
"""The pseudo-environment: a valid entry of a certificate, never in a list of environments."""

CertificateKey = tuple[str, str]
"""Project and certificate name."""

Gateways = dict[str, dict[CertificateKey, bytes]]
"""What each environment serves: environment name → certificate → DER."""


def new_id() -> str:
    """Return an identifier as opaque as the server's own."""
    return uuid.uuid4().hex[:24]


class Permission(str, Enum):
    """What a token may do in a project; any one of them allows reading."""

    READ = "read"
    MANAGE = "SECRETS+MANAGE"
    DEPLOY = "SECRETS+DEPLOY_UNDEPLOY"
    IMPORT = "SECRETS+EXPORT_IMPORT"


ALL_PERMISSIONS = frozenset(Permission)


@dataclass(frozen=True)
class Project:
    """A project, as the list of projects shows it."""

    name: str
    description: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class Environment:
    """An environment of a project; the values of `type` and `status` differ by generation."""

    name: str
    type: str
    status: str = "PUBLISHED"
    access_url: str = ""
    description: str = ""
    id: str = field(default_factory=new_id)


@dataclass(frozen=True)
class Entry:
    """One certificate in one environment: the leaf as DER, and the PEM text that the manager keeps."""

    environment: str
    alias: str
    pem: str
    der: bytes


@dataclass(frozen=True)
class Certificate:
    """A certificate of a project. One environment may have several entries, the newest last."""

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
        """The environments that have an entry, each once, in the order of the entries."""
        return tuple(dict.fromkeys(entry.environment for entry in self.entries))

    def entries_in(self, environment: str) -> tuple[Entry, ...]:
        """The entries of one environment, the newest last."""
        return tuple(entry for entry in self.entries if entry.environment == environment)


@dataclass(frozen=True)
class Jwk:
    """A JSON web key. One made from a certificate names it by `source_id` and holds the DER it was made from."""

    project: str
    name: str
    kid: str
    source_type: str
    source_id: str | None
    der: bytes | None


@dataclass(frozen=True)
class Token:
    """An access token. `projects` None means all of them; `expires` is in epoch seconds, None means never."""

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
    """A user who can ask for tokens. They carry the user's name and live `token_seconds`."""

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
        """The certificates of a project, in the order in which they were created."""
        return [certificate for certificate in self.certificates.values() if certificate.project == project]


@dataclass
class Installation:
    """A manager's record together with the gateways that it deploys to."""

    state: State = field(default_factory=State)
    gateways: Gateways = field(default_factory=dict)

    def copy(self) -> Installation:
        """Return a copy that can be changed without changing this one."""
        state = State(
            projects=dict(self.state.projects),
            environments={project: dict(known) for project, known in self.state.environments.items()},
            certificates=dict(self.state.certificates),
            jwks=dict(self.state.jwks),
            tokens=dict(self.state.tokens),
            users=dict(self.state.users),
        )
        return Installation(state, {environment: dict(served) for environment, served in self.gateways.items()})
