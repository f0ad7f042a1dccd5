# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixture of most tests: a fake manager with a certificate, and assertions about its state.

The manager has a project with three environments. Two of them hold the certificate `my-certificate`; the third does not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integration.machine import CERTIFICATE, INFO, Machine, Outcome
from manager import Authority, Issued, Manager, Request

PROJECT, NAME, ALIAS, DESCRIPTION = "MyProject", "my-certificate", "my-cert-alias", "Web site"
DEPLOYED, NOT_DEPLOYED = ("development", "staging"), "production"
ENVIRONMENTS = (*DEPLOYED, NOT_DEPLOYED)

_CALLS = {
    ("GET", "projects"): "projects",
    ("GET", "jwks"): "jwks",
    ("GET", "environments"): "environments",
    ("GET", "certificates"): "list",
    ("POST", "certificates"): "create",
    ("POST", "import-file"): "import",
    ("POST", "auth"): "token",
}
_CALLS_ON_ONE = {"GET": "get", "PUT": "update", "DELETE": "delete"}


@dataclass(frozen=True)
class CertificateFixture:
    """A manager that holds `old` in two environments, its replacement `new`, and the machine that runs the tasks."""

    manager: Manager
    machine: Machine
    authority: Authority
    old: Issued
    new: Issued

    def options(self, token: str | None = None, **options: Any) -> dict[str, Any]:
        """Return the options of a task on the certificate."""
        return {
            "url": self.manager.url,
            "token": token or self.manager.token,
            "project": PROJECT,
            "name": NAME,
            **options,
        }

    def run(self, *, check: bool = False, env: Mapping[str, str] | None = None, **options: Any) -> Outcome:
        """Run one task of apinizer_certificate."""
        return self.machine.module(CERTIFICATE, check=check, env=env, **self.options(**options))

    def info(self, *, env: Mapping[str, str] | None = None, **options: Any) -> Outcome:
        """Run one task of apinizer_certificate_info."""
        return self.machine.module(INFO, env=env, url=self.manager.url, token=self.manager.token, **options)

    def gateway_certificates(self, name: str = NAME) -> dict[str, bytes]:
        """Return the DER of the certificate that the gateways hold, by environment."""
        held = {environment: self.manager.served(environment, PROJECT, name) for environment in ENVIRONMENTS}
        return {environment: der for environment, der in held.items() if der is not None}

    def record_certificates(self, name: str = NAME) -> dict[str, list[bytes]]:
        """Return the DER of each entry in the manager's record, by environment."""
        return self.manager.holds(PROJECT, name)

    def aliases(self, name: str = NAME) -> dict[str, str]:
        """Return the alias of the newest entry, by environment."""
        certificate = self.manager.state.certificates[PROJECT, name]
        return {entry.environment: entry.alias for entry in certificate.entries}

    def description(self, name: str = NAME) -> str:
        """Return the description in the manager's record, even if the manager does not report it."""
        return self.manager.state.certificates[PROJECT, name].description


MakeCase = Callable[..., CertificateFixture]
"""Starts a manager for a case: the type of the fixture `make_case`."""


def calls(requests: Iterable[Request]) -> list[str]:
    """Return the operation of each request, in names that are the same for all generations."""
    return [_call(request) for request in requests]


def _call(request: Request) -> str:
    segments = request.segments
    if segments[0] == "projects" and len(segments) > 2:
        segments = segments[2:]
    if segments[:2] == ("certificates", "truststore"):
        return "truststore"
    if segments[0] == "certificates" and len(segments) == 2 and segments[1] != "import-file":
        return _CALLS_ON_ONE[request.method]
    return _CALLS[request.method, "import-file" if "import-file" in segments else segments[0]]


def key_lines(issued: Issued) -> list[str]:
    """Return the lines of a certificate's private key that must not appear anywhere."""
    return issued.key_pem.splitlines()[1:-1]


def expected_facts(manager: Manager, project: str = PROJECT, name: str = NAME) -> dict[str, Any] | None:
    """Return what an accurate result says about a certificate, from the manager's record; None if it is absent."""
    certificate = manager.state.certificates.get((project, name))
    if certificate is None:
        return None
    environments = {}
    for environment in certificate.environments:
        entries = certificate.entries_in(environment)
        newest = entries[-1]
        environments[environment] = (newest.alias, hashlib.sha1(newest.der).hexdigest(), len(entries))
    return {"name": name, "project": project, "environments": environments}


def reported_facts(certificate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the same facts from the `certificate` of a result."""
    if certificate is None:
        return None
    return {
        "name": certificate["name"],
        "project": certificate["project"],
        "environments": {
            entry["name"]: (entry["alias"], entry["fingerprint_sha1"], entry["entries"])
            for entry in certificate["environments"]
        },
    }


def assert_accurate(outcome: Outcome, manager: Manager, project: str = PROJECT, name: str = NAME) -> None:
    """Assert that a result's `certificate` matches the record; an unreported description may be missing."""
    assert reported_facts(outcome["certificate"]) == expected_facts(manager, project, name)
    certificate = manager.state.certificates.get((project, name))
    if certificate is not None:
        hidden = {None} if not manager.options.dialect.shows_description else set()
        assert outcome["certificate"]["description"] in {certificate.description, *hidden}


def assert_error(outcome: Outcome, *parts: str) -> None:
    """Assert that a task failed with a single line that contains these parts."""
    assert outcome.failed, outcome
    assert outcome.message.splitlines() == [outcome.message]
    assert "Traceback" not in outcome.text
    for part in parts:
        assert part in outcome.message
