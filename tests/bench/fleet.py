# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fake manager with the fleet of certificates to rotate: reset before each run, and inspected after it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from manager import Manager, Request
from manager.model import Certificate, Installation

from .cases import ENVIRONMENTS, PROJECT, Case, certificate_name
from .certificates import CertificatePairs
from .results import Traffic

_PROBLEMS_SHOWN = 3


class Fleet:
    """A fake manager that holds the old certificates, together with the new ones that it should hold after a run."""

    def __init__(self, pairs: CertificatePairs, latency: int) -> None:
        """Prepare a manager that delays every request by `latency` milliseconds."""
        self.manager = Manager(latency=latency / 1000)
        self.manager.add_project(PROJECT, ENVIRONMENTS)
        self._old = self._filled(pairs.old)
        self._new = self._filled(pairs.new)
        self._case: Case | None = None
        self._before: dict[tuple[str, str], Certificate] = {}

    def _filled(self, pems: tuple[str, ...]) -> Installation:
        for index, pem in enumerate(pems):
            name = certificate_name(index)
            self.manager.add_certificate(
                PROJECT, name, dict.fromkeys(ENVIRONMENTS, pem), alias=f"{name}-alias", description=f"API {index}"
            )
        return self.manager.installation.copy()

    def reset(self, case: Case) -> None:
        """Set the manager and its gateways to the initial state of the case, and clear the journal.

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
        """Count the requests since the reset."""
        due = self._due
        requests = list(self.manager.journal)
        methods: dict[str, list[str]] = defaultdict(list)
        for request in requests:
            if name := certificate_of(request):
                methods[name].append(request.method)
        sequences: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for name, sent in methods.items():
            sequences[name in due][" ".join(sent)] += 1
        return Traffic(
            requests=len(requests),
            connections=len({request.connection for request in requests}),
            list_requests=_count(requests, "certificates"),
            jwk_requests=_count(requests, "jwks"),
            in_sync=dict(sequences[False]),
            updated=dict(sequences[True]),
        )

    def problems(self, *, rotates: bool) -> list[str]:
        """Return how the manager and its gateways differ from what they should hold after the run.

        :arg rotates: whether the candidate was to replace the due certificates, rather than leave everything alone.
        :returns: the first few problems, one message each, and how many more there are; empty if there is none.
        """
        self.manager.settle()
        found = [*self._wrong_requests(rotates=rotates), *self._wrong_certificates(rotates=rotates)]
        more = len(found) - _PROBLEMS_SHOWN
        return found[:_PROBLEMS_SHOWN] + ([f"and {more} more"] if more > 0 else [])

    @property
    def _due(self) -> frozenset[str]:
        assert self._case is not None
        return frozenset(certificate_name(index) for index in self._case.due)

    def _wrong_requests(self, *, rotates: bool) -> Iterator[str]:
        due = self._due if rotates else frozenset()
        if not rotates and len(self.manager.journal):
            yield f"unexpected requests: {len(self.manager.journal)}"
        for request in self.manager.journal:
            if request.status != 200:
                yield f"{request.method} {request.path} was answered with HTTP {request.status}"
            if request.writes and certificate_of(request) not in due:
                yield f"unexpected write: {request.method} {request.path}"

    def _wrong_certificates(self, *, rotates: bool) -> Iterator[str]:
        due = self._due
        state = self.manager.state
        if set(state.certificates) != set(self._before):
            yield "certificates were created or deleted"
            return
        for key, before in self._before.items():
            name = key[1]
            rotated = rotates and name in due
            desired = self._new.state.certificates[key].entries if rotated else before.entries
            now = state.certificates[key]
            if now.description != before.description or sorted(now.entries, key=repr) != sorted(desired, key=repr):
                expected = "does not match the new certificate" if rotated else "changed"
                yield f"the manager's record of {name} {expected}"
            for environment in ENVIRONMENTS:
                (der,) = (entry.der for entry in desired if entry.environment == environment)
                if self.manager.served(environment, *key) != der:
                    yield f"the gateway of {environment} does not hold the expected certificate {name}"


def certificate_of(request: Request) -> str | None:
    """Return the name of the certificate that a request is for; None if it is not for a single certificate."""
    segments = request.segments
    if segments[-1:] == ("import-file",):
        return request.fields.get("certificateName")
    return segments[3] if len(segments) == 4 and segments[2] == "certificates" else None


def _count(requests: list[Request], collection: str) -> int:
    return sum(request.method == "GET" and request.segments[2:] == (collection,) for request in requests)
