# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures of the unit tests: certificates, states of a manager, and a fake of the certificate API."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Environment,
    StoredCertificate,
    Truststore,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, Certificate, parse_input
from manager import Authority, Issued

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)

WriteBehavior = Callable[[Callable[[], None]], Deployment]
"""What a write does: it may call its argument, which applies the write, and then returns a deployment or raises."""


@pytest.fixture(scope="session")
def now() -> datetime:
    """The current time of the tests: `old` and `new` are valid then."""
    return NOW


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="session")
def issue(authority: Authority) -> Callable[..., Issued]:
    """Issue certificates of web.example.com."""

    def issue(serial: int, not_before: datetime, not_after: datetime) -> Issued:
        return authority.issue("web.example.com", serial=serial, not_before=not_before, not_after=not_after)

    return issue


@pytest.fixture(scope="session")
def issued_old(issue: Callable[..., Issued]) -> Issued:
    return issue(
        0xA1, datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
    )


@pytest.fixture(scope="session")
def issued_new(issue: Callable[..., Issued]) -> Issued:
    return issue(
        0xB2, datetime(2026, 5, 1, tzinfo=timezone.utc), datetime(2027, 4, 30, 23, 59, 59, tzinfo=timezone.utc)
    )


@pytest.fixture(scope="session")
def old(issued_old: Issued) -> Bundle:
    return parse_input(issued_old.pem.encode())


@pytest.fixture(scope="session")
def new(issued_new: Issued) -> Bundle:
    return parse_input(issued_new.pem.encode())


@pytest.fixture(scope="session")
def unreadable() -> Bundle:
    """A certificate that cannot be parsed: only its fingerprints are known."""
    return Bundle(Certificate(b"no DER"))


@pytest.fixture(scope="session")
def held() -> Callable[..., StoredCertificate]:
    """Build what a manager holds: held({"staging": old, "production": [old, new]}) has a duplicate entry in production."""

    def held(
        holdings: dict[str, Bundle | list[Bundle]], *, alias: str = "web-alias", description: str | None = "First"
    ) -> StoredCertificate:
        return StoredCertificate(
            project="MyProject",
            name="web",
            description=description,
            entries=tuple(
                Entry(environment, alias, bundle)
                for environment, bundles in holdings.items()
                for bundle in (bundles if isinstance(bundles, list) else [bundles])
            ),
        )

    return held


@pytest.fixture(scope="session")
def without_content() -> Callable[[StoredCertificate], StoredCertificate]:
    """Reduce a stored certificate to what a list without content reports, such as thumbprints."""

    def without_content(stored: StoredCertificate) -> StoredCertificate:
        return replace(
            stored,
            entries=tuple(
                replace(
                    entry,
                    bundle=None,
                    sha1=entry.fingerprint_sha1,
                    reported_subject="CN=as reported",
                    reported_not_before=entry.not_before,
                    reported_not_after=entry.not_after,
                )
                for entry in stored.entries
            ),
        )

    return without_content


class FakeApi:
    """A fake of CertificateApi that keeps certificates in memory.

    `calls` lists the calls, `sleeps` the delays in seconds. Each write uses the next behavior in `writes`, each read the
    next error in `reads` (None: the read succeeds). When these lists are empty, every call succeeds.
    """

    def __init__(self, *stored: StoredCertificate) -> None:
        self.stored = {(certificate.project, certificate.name): certificate for certificate in stored}
        self.writes: list[WriteBehavior] = []
        self.reads: list[RequestError | None] = []
        self.before_read: list[Callable[[], None]] = []
        self.known_environments: tuple[str, ...] | RequestError = ("development", "staging", "production")
        self.lists_environments = True
        self.jwks: tuple[str, ...] | RequestError = ()
        self.truststores: dict[str, list[Entry] | RequestError] = {}
        self.listed_as: Callable[[StoredCertificate], StoredCertificate] = lambda stored: stored
        self.reports_descriptions = True
        self.adds_entries = False
        self.calls: list[str] = []
        self.sent: list[dict[str, Any]] = []
        self.sleeps: list[float] = []
        self.client = SimpleNamespace(connection=SimpleNamespace(retries=2), sleep=self.sleeps.append)

    def _read(self, call: str) -> None:
        self.calls.append(call)
        if self.before_read:
            self.before_read.pop(0)()
        error = self.reads.pop(0) if self.reads else None
        if isinstance(error, RequestError):
            raise error  # pylint: disable=raising-bad-type

    def _shown(self, stored: StoredCertificate) -> StoredCertificate:
        return stored if self.reports_descriptions else replace(stored, description=None, description_reported=False)

    def find(self, project: str, name: str) -> StoredCertificate | None:
        self._read("find")
        found = self.stored.get((project, name))
        return self._shown(found) if found else None

    def find_listed(self, project: str, name: str) -> StoredCertificate | None:
        return next((stored for stored in self.list_all(project) if stored.name == name), None)

    def list_all(self, project: str) -> tuple[StoredCertificate, ...]:
        self._read(f"list {project}")
        return tuple(self.listed_as(self._shown(stored)) for key, stored in self.stored.items() if key[0] == project)

    def latest_list(self, project: str) -> tuple[StoredCertificate, ...]:
        return tuple(stored for key, stored in self.stored.items() if key[0] == project)

    def projects(self) -> list[str]:
        self._read("projects")
        return list(dict.fromkeys(project for project, _name in self.stored))

    def environments(self, project: str) -> tuple[Environment, ...]:
        self._read("environments")
        if isinstance(self.known_environments, RequestError):
            raise self.known_environments  # pylint: disable=raising-bad-type
        return tuple(Environment(name) for name in self.known_environments)

    def certificate_jwks(self, project: str) -> tuple[str, ...]:
        self._read("jwks")
        if isinstance(self.jwks, RequestError):
            raise self.jwks  # pylint: disable=raising-bad-type
        return self.jwks

    def create(self, project: str, name: str, **values: Any) -> Deployment:
        return self._write("create", project, name, values)

    def update(self, project: str, name: str, **values: Any) -> Deployment:
        return self._write("update", project, name, values)

    def import_file(self, project: str, name: str, **values: Any) -> Deployment:
        return self._write("import", project, name, values)

    def delete(self, project: str, name: str, **values: Any) -> Deployment:
        return self._write("delete", project, name, values)

    def _write(self, kind: str, project: str, name: str, values: dict[str, Any]) -> Deployment:
        self.calls.append(" ".join([kind, *values.get("environments", ())]))
        self.sent.append(values)
        behavior = self.writes.pop(0) if self.writes else _succeeds
        return behavior(lambda: self._take_effect(kind, (project, name), values))

    def truststore(self, _project: str, environment: str) -> Truststore:
        """What the gateways trust: the entries set for the environment, or else what the record contains."""
        self._read(f"truststore {environment}")
        entries = self.truststores.get(environment)
        if isinstance(entries, RequestError):
            raise entries  # pylint: disable=raising-bad-type
        if entries is None:
            entries = [entry for stored in self.stored.values() for entry in stored.entries_of(environment)]
        return Truststore(environment, "workers", tuple(entries))

    def _take_effect(self, kind: str, key: tuple[str, str], values: dict[str, Any]) -> None:
        if kind == "delete":
            del self.stored[key]
            return
        before = self.stored.get(key)
        entries = before.entries if before else ()
        if kind == "import":
            entries = tuple(entry for entry in entries if entry.environment not in values["environments"])
        elif self.adds_entries:
            entries = tuple(entry for entry in entries if entry.environment in values["environments"])
        else:
            entries = ()
        added = tuple(Entry(environment, values["alias"], values["bundle"]) for environment in values["environments"])
        self.stored[key] = StoredCertificate(*key, description=values["description"], entries=entries + added)


def _succeeds(take_effect: Callable[[], None]) -> Deployment:
    take_effect()
    return Deployment(success=True)


@pytest.fixture
def api(held: Callable[..., StoredCertificate], old: Bundle) -> FakeApi:
    """A fake API whose manager holds `old` in staging and production."""
    return FakeApi(held({"production": old, "staging": old}))


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the connection options and proxies of the caller's environment."""
    for option in (
        *("URL", "TOKEN", "USERNAME", "PASSWORD", "VALIDATE_CERTS"),
        *("CA_PATH", "CLIENT_CERT", "CLIENT_KEY", "TIMEOUT", "RETRIES"),
    ):
        monkeypatch.delenv(f"APINIZER_{option}", raising=False)
    for variable in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")
