# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in manager of a case: put in place before each run, and asked afterwards what really happened."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from manager import Manager, Request
from manager.model import Certificate, Installation

from .cases import ENVIRONMENTS, PROJECT, Case, certificate_name
from .material import Material
from .results import Traffic

_COMPLAINTS_SHOWN = 3


class Stage:
    """A manager with so many certificates, and what they are to become."""

    def __init__(self, material: Material, latency: int) -> None:
        """Fill a manager that answers `latency` milliseconds late."""
        self.manager = Manager(latency=latency / 1000)
        self.manager.add_project(PROJECT, ENVIRONMENTS)
        self._old = self._filled(material.old)
        self._new = self._filled(material.new)
        self._case: Case | None = None
        self._before: dict[tuple[str, str], Certificate] = {}

    def _filled(self, pems: tuple[str, ...]) -> Installation:
        for index, pem in enumerate(pems):
            name = certificate_name(index)
            self.manager.add_certificate(
                PROJECT, name, dict.fromkeys(ENVIRONMENTS, pem), alias=f"{name}-alias", description=f"API {index}"
            )
        return self.manager.installation.copy()

    def set(self, case: Case) -> None:
        """Bring the manager and its gateways to where the case starts, and forget all requests.

        No request may be in progress.
        """
        installation = self._new.copy()
        for index in case.due:
            key = (PROJECT, certificate_name(index))
            installation.state.certificates[key] = self._old.state.certificates[key]
            for environment in ENVIRONMENTS:
                installation.gateways[environment][key] = self._old.gateways[environment][key]
        self.manager.installation = installation
        self.manager.journal.clear()
        self._case = case
        self._before = dict(installation.state.certificates)

    def traffic(self) -> Traffic:
        """What the requests since then were."""
        due = self._due
        requests = list(self.manager.journal)
        methods: dict[str, list[str]] = defaultdict(list)
        for request in requests:
            if name := _certificate(request):
                methods[name].append(request.method)
        shapes: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for name, sent in methods.items():
            shapes[name in due][" ".join(sent)] += 1
        return Traffic(
            requests=len(requests),
            connections=len({request.connection for request in requests}),
            lists=_count(requests, "certificates"),
            looks=_count(requests, "jwks"),
            in_sync=dict(shapes[False]),
            updated=dict(shapes[True]),
        )

    def complaints(self, *, rotates: bool) -> list[str]:
        """What is not as the run should have left it, some of it in full.

        :arg rotates: whether the contender was to do the case's work, and not to leave everything alone.
        """
        self.manager.settle()
        found = [*self._wrong_requests(rotates=rotates), *self._wrong_certificates(rotates=rotates)]
        more = len(found) - _COMPLAINTS_SHOWN
        return found[:_COMPLAINTS_SHOWN] + ([f"and {more} more"] if more > 0 else [])

    @property
    def _due(self) -> frozenset[str]:
        assert self._case is not None
        return frozenset(certificate_name(index) for index in self._case.due)

    def _wrong_requests(self, *, rotates: bool) -> Iterator[str]:
        due = self._due if rotates else frozenset()
        if not rotates and len(self.manager.journal):
            yield f"requests that were not to be sent: {len(self.manager.journal)}"
        for request in self.manager.journal:
            if request.status != 200:
                yield f"{request.method} {request.path} was answered with {request.status}"
            if request.writes and _certificate(request) not in due:
                yield f"{request.method} {request.path} was not to be sent"

    def _wrong_certificates(self, *, rotates: bool) -> Iterator[str]:
        due = self._due
        state = self.manager.state
        if set(state.certificates) != set(self._before):
            yield "certificates have come or gone"
            return
        for key, before in self._before.items():
            name = key[1]
            rotated = rotates and name in due
            wanted = (self._new.state.certificates[key]).entries if rotated else before.entries
            now = state.certificates[key]
            if now.description != before.description or sorted(now.entries, key=repr) != sorted(wanted, key=repr):
                yield f"the manager's record of {name} is not {'the new one' if rotated else 'as it was'}"
            for environment in ENVIRONMENTS:
                (expected,) = (entry.der for entry in wanted if entry.environment == environment)
                if self.manager.served(environment, *key) != expected:
                    yield f"the gateway of {environment} does not serve {name} as it should"


def _certificate(request: Request) -> str | None:
    """The name of the certificate that a request is for, if it is for one."""
    segments = request.segments
    if segments[-1:] == ("import-file",):
        return request.fields.get("certificateName")
    return segments[3] if len(segments) == 4 and segments[2] == "certificates" else None


def _count(requests: list[Request], of: str) -> int:
    return sum(request.method == "GET" and request.segments[2:] == (of,) for request in requests)
