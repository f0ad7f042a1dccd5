# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up an installation in a test, and inspect its record and its gateways."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from . import deployment
from .dialect import Dialect
from .model import (
    ADMIN_PROJECT,
    ALL_PERMISSIONS,
    API_MANAGER,
    Certificate,
    Entry,
    Environment,
    Installation,
    Jwk,
    Permission,
    Project,
    State,
    Token,
    User,
)
from .pem import Upload, read_pem
from .pki import Issued
from .truststore import Gateways, Trusted, Truststore

Pem = str | bytes | Issued
"""PEM text with or without a chain, or a certificate of the `pki` module (without its chain)."""


class InstallationFixture:
    """An installation and its lock. The methods that change it do not validate their input as the API does."""

    def __init__(self, dialect: Dialect) -> None:
        """Start with the project `admin`."""
        self.installation = Installation()
        self._dialect = dialect
        self._lock = threading.RLock()
        self.add_project(ADMIN_PROJECT)

    @property
    def state(self) -> State:
        """The manager's record."""
        return self.installation.state

    @property
    def gateways(self) -> Gateways:
        """What the gateways hold: environment → truststore, a mapping of (project, certificate name) → DER."""
        return self.installation.gateways

    @property
    def unreachable(self) -> set[str]:
        """The environments whose workers cannot be reached. Change it at any time."""
        return self.installation.unreachable

    def add_project(self, name: str, environments: Iterable[str | Environment] = (), description: str = "") -> Project:
        """Add a project, or add environments to an existing one.

        An environment given by name is published. Its type is guessed from its name.
        """
        with self._lock:
            project = self.state.projects.setdefault(name, Project(name, description))
            known = self.state.environments.setdefault(name, {})
            for environment in environments:
                value = self._environment(environment) if isinstance(environment, str) else environment
                known[value.name] = value
            return project

    def add_certificate(
        self,
        project: str,
        name: str,
        pem_by_environment: Mapping[str, Pem | Sequence[Pem]],
        *,
        alias: str | Mapping[str, str] | None = None,
        description: str = "",
        deploy: bool = True,
    ) -> Certificate:
        """Add a certificate, or replace the one with that name.

        A list gives its environment several entries, the newest last. `alias` is one alias for all environments, or
        aliases by environment; by default, it is the name. The gateways get the newest entries, unless `deploy` is
        false. Raises ValueError if the project lacks an environment.
        """
        with self._lock:
            unknown = set(pem_by_environment) - set(self.state.environments[project]) - {API_MANAGER}
            if unknown:
                raise ValueError(f"project {project} has no environment {', '.join(sorted(unknown))}")
            entries = []
            for environment, pems in pem_by_environment.items():
                own = (alias.get(environment) if isinstance(alias, Mapping) else alias) or name
                entries += [self._entry(environment, own, pem) for pem in _each(pems)]
            old = self.state.certificates.get((project, name))
            certificate = Certificate(project, name, description, tuple(entries))
            if old is not None:
                certificate = replace(certificate, id=old.id)
                deployment.undeploy(self.gateways, old.key, set(old.environments) - set(certificate.environments))
            self._store(certificate, certificate.environments if deploy else ())
            return certificate

    def set_entry(
        self, project: str, name: str, environment: str, pem: Pem, *, alias: str | None = None, deploy: bool = True
    ) -> Certificate:
        """Replace the entries of one environment of a certificate with a single one, and keep the other environments.

        By default, the environment keeps its alias; if it has none, the alias is the certificate's name.
        """
        with self._lock:
            old = self.state.certificates[project, name]
            present = old.entries_in(environment)
            own = alias or (present[-1].alias if present else name)
            others = tuple(entry for entry in old.entries if entry.environment != environment)
            certificate = replace(old, entries=(*others, self._entry(environment, own, pem)))
            self._store(certificate, (environment,) if deploy else ())
            return certificate

    def remove_certificate(self, project: str, name: str) -> None:
        """Remove a certificate from the record and from every gateway."""
        with self._lock:
            old = self.state.certificates.pop((project, name))
            deployment.undeploy(self.gateways, old.key, old.environments)

    def set_status(self, environment: str, status: str) -> None:
        """Change the status of an environment in every project that has it."""
        with self._lock:
            for known in self.state.environments.values():
                if environment in known:
                    known[environment] = replace(known[environment], status=status)

    def set_gateway(self, project: str, name: str, environment: str, pem: Pem | None, alias: str = "") -> None:
        """Let the gateways of an environment hold another certificate than the record, or none (None).

        By default, it has the alias of the record; if the record has no entry there, the alias is the certificate's name.
        """
        with self._lock:
            if pem is None:
                deployment.undeploy(self.gateways, (project, name), (environment,))
                return
            certificate = self.state.certificates.get((project, name))
            entries = certificate.entries_in(environment) if certificate else ()
            own = alias or (entries[-1].alias if entries else name)
            deployment.deploy(self.gateways, (project, name), own, {environment: _read(pem).der})

    def trust(self, environment: str, alias: str, pem: Pem) -> None:
        """Put a certificate that is not in the record into a truststore, such as a public CA. The alias may be empty."""
        with self._lock:
            self.gateways.setdefault(environment, Truststore()).put(Trusted(alias, _read(pem).der))

    def trusted(self, environment: str) -> dict[str, bytes]:
        """Return what is in a truststore, as the truststore calls name it: alias, or `certificate-N`, → DER."""
        with self._lock:
            return self.gateways.get(environment, Truststore()).by_name()

    def add_jwk(self, project: str, name: str, source_certificate: str | tuple[str, str] | None = None) -> Jwk:
        """Add a JWK. `source_certificate` is a name in the same project, a pair of project and name, or None."""
        with self._lock:
            source_id = der = None
            if source_certificate is not None:
                key = (project, source_certificate) if isinstance(source_certificate, str) else source_certificate
                source = self.state.certificates[key]
                source_id, der = source.id, source.entries[-1].der
            source_type = "GENERATED" if source_certificate is None else "CERTIFICATE"
            jwk = Jwk(project, name, secrets.token_hex(8), source_type, source_id, der)
            self.state.jwks[project, name] = jwk
            return jwk

    def add_token(
        self,
        name: str,
        *,
        permissions: Iterable[Permission | str] = ALL_PERMISSIONS,
        projects: Iterable[str] | None = None,
        expires_in: float | None = None,
    ) -> str:
        """Add a token and return its value. `projects` None: all. `expires_in`: seconds from now; negative if expired."""
        with self._lock:
            expires = None if expires_in is None else time.time() + expires_in
            token = Token(name, secrets.token_hex(20), _permissions(permissions), _projects(projects), expires)
            self.state.tokens[token.value] = token
            return token.value

    def add_user(
        self,
        username: str,
        password: str,
        *,
        permissions: Iterable[Permission | str] = ALL_PERMISSIONS,
        projects: Iterable[str] | None = None,
        token_seconds: int = 3600,
    ) -> User:
        """Add a user who can request tokens. They have the user's name and are valid for `token_seconds`."""
        with self._lock:
            user = User(username, password, _permissions(permissions), _projects(projects), token_seconds)
            self.state.users[username] = user
            return user

    def served(self, environment: str, project: str, name: str) -> bytes | None:
        """Return the DER that the gateway of an environment holds for a certificate; None if it holds none."""
        with self._lock:
            return self.gateways.get(environment, Truststore()).get((project, name))

    def holds(self, project: str, name: str) -> dict[str, list[bytes]]:
        """Return the DERs in the manager's record by environment; {} if the certificate does not exist."""
        with self._lock:
            certificate = self.state.certificates.get((project, name))
            if certificate is None:
                return {}
            return {
                environment: [entry.der for entry in certificate.entries_in(environment)]
                for environment in certificate.environments
            }

    def snapshot(self) -> dict[str, Any]:
        """Return the certificates and JWKs of the record and of the gateways, as plain values to compare and print."""
        with self._lock:
            return {
                "certificates": {
                    key: {"description": value.description, "entries": [_plain(entry) for entry in value.entries]}
                    for key, value in self.state.certificates.items()
                },
                "jwks": {key: (jwk.source_id, jwk.der and _sha256(jwk.der)) for key, jwk in self.state.jwks.items()},
                "gateways": {
                    environment: {key: _sha256(der) for key, der in held.items()}
                    for environment, held in self.gateways.items()
                    if held
                },
            }

    def _environment(self, name: str) -> Environment:
        production, staging, other = self._dialect.environment_types
        types = {"prod": production, "stag": staging, "sandbox": staging}
        kind = next((kind for part, kind in types.items() if part in name.lower()), other)
        return Environment(name, kind, access_url=f"https://{name}.example.com")

    def _entry(self, environment: str, alias: str, pem: Pem) -> Entry:
        upload = _read(pem)
        kept = upload if self._dialect.keeps_chain else upload.leaf_only()
        return Entry(environment, alias, kept.pem, kept.der)

    def _store(self, certificate: Certificate, environments: Iterable[str]) -> None:
        self.state.certificates[certificate.key] = certificate
        for environment in environments:
            newest = certificate.entries_in(environment)[-1]
            deployment.deploy(self.gateways, certificate.key, newest.alias, {environment: newest.der})


def _each(pems: Pem | Sequence[Pem]) -> Sequence[Pem]:
    return (pems,) if isinstance(pems, (str, bytes, Issued)) else pems


def _read(pem: Pem) -> Upload:
    text = pem.pem if isinstance(pem, Issued) else pem
    return read_pem(text.encode() if isinstance(text, str) else text)


def _permissions(permissions: Iterable[Permission | str]) -> frozenset[Permission]:
    return frozenset(Permission(permission) for permission in permissions)


def _projects(projects: Iterable[str] | None) -> frozenset[str] | None:
    return None if projects is None else frozenset(projects)


def _plain(entry: Entry) -> tuple[str, str, str, str]:
    return entry.environment, entry.alias, _sha256(entry.der), entry.pem


def _sha256(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()
