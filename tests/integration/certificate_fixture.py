# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scene that most tests play in, and the questions that they ask about it.

A project with three environments. Two of them hold the certificate `my-certificate`, the third is free for more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from integration.machine import CERTIFICATE, INFO, Machine, Outcome
from manager import Authority, Issued, Manager, Request

PROJECT, NAME, ALIAS, DESCRIPTION = "MyProject", "my-certificate", "my-cert-alias", "Web site"
HELD_IN, FREE = ("development", "staging"), "production"
ENVIRONMENTS = (*HELD_IN, FREE)

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
class Scene:
    """A manager that holds `old` in two environments, a certificate `new` to replace it, and a machine to do it from."""

    manager: Manager
    machine: Machine
    authority: Authority
    old: Issued
    new: Issued

    def options(self, token: str | None = None, **options: Any) -> dict[str, Any]:
        """The options of a task on the scene's certificate."""
        return {
            "url": self.manager.url,
            "token": token or self.manager.token,
            "project": PROJECT,
            "name": NAME,
            **options,
        }

    def run(self, *, check: bool = False, env: Mapping[str, str] | None = None, **options: Any) -> Outcome:
        """Run the certificate module by itself."""
        return self.machine.module(CERTIFICATE, check=check, env=env, **self.options(**options))

    def info(self, *, env: Mapping[str, str] | None = None, **options: Any) -> Outcome:
        """Run the info module by itself, for what the options choose."""
        return self.machine.module(INFO, env=env, url=self.manager.url, token=self.manager.token, **options)

    def served(self, name: str = NAME) -> dict[str, bytes]:
        """What the gateways serve, by environment."""
        answers = {environment: self.manager.served(environment, PROJECT, name) for environment in ENVIRONMENTS}
        return {environment: der for environment, der in answers.items() if der is not None}

    def holds(self, name: str = NAME) -> dict[str, list[bytes]]:
        """What the manager's record has, by environment."""
        return self.manager.holds(PROJECT, name)

    def aliases(self, name: str = NAME) -> dict[str, str]:
        """The alias of each environment's newest entry."""
        certificate = self.manager.state.certificates[PROJECT, name]
        return {entry.environment: entry.alias for entry in certificate.entries}

    def description(self, name: str = NAME) -> str:
        """The description that the manager's record has, whether it reports it or not."""
        return self.manager.state.certificates[PROJECT, name].description


Start = Callable[..., Scene]
"""Starts a manager with the scene in it: a fixture."""


def calls(requests: Iterable[Request]) -> list[str]:
    """What requests ask for, in order, in words that are the same for all generations."""
    return [_call(request) for request in requests]


def _call(request: Request) -> str:
    segments = request.segments
    if segments[0] == "projects" and len(segments) > 2:
        segments = segments[2:]
    if segments[0] == "certificates" and len(segments) == 2 and segments[1] != "import-file":
        return _CALLS_ON_ONE[request.method]
    return _CALLS[request.method, "import-file" if "import-file" in segments else segments[0]]


def key_lines(issued: Issued) -> list[str]:
    """The lines of a certificate's private key that must not be seen anywhere."""
    return issued.key_pem.splitlines()[1:-1]


def recorded(manager: Manager, project: str = PROJECT, name: str = NAME) -> dict[str, Any] | None:
    """What a truthful result says of a certificate, from the manager's own record; None if it has none."""
    certificate = manager.state.certificates.get((project, name))
    if certificate is None:
        return None
    environments = {}
    for environment in certificate.environments:
        entries = certificate.entries_in(environment)
        newest = entries[-1]
        environments[environment] = (newest.alias, hashlib.sha1(newest.der).hexdigest(), len(entries))
    return {"name": name, "project": project, "environments": environments}


def reported(certificate: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same of a result's `certificate`."""
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


def assert_truthful(outcome: Outcome, manager: Manager, project: str = PROJECT, name: str = NAME) -> None:
    """A result's `certificate` is what the manager holds; a description that the manager hides may be missing."""
    assert reported(outcome["certificate"]) == recorded(manager, project, name)
    certificate = manager.state.certificates.get((project, name))
    if certificate is not None:
        hidden = {None} if not manager.options.dialect.shows_description else set()
        assert outcome["certificate"]["description"] in {certificate.description, *hidden}


def assert_error(outcome: Outcome, *parts: str) -> None:
    """A task failed with one readable line that has these parts."""
    assert outcome.failed, outcome
    assert outcome.message.splitlines() == [outcome.message]
    assert "Traceback" not in outcome.text
    for part in parts:
        assert part in outcome.message
