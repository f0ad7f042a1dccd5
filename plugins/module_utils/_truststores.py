# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare many certificates of the record with the truststores of their environments, each of which is read once.

A truststore contains the certificates of all projects, so one answer serves every certificate of its environment.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import (
    UNKNOWN,
    Trusted,
    compare,
    folded,
    required_message,
    unknown_lines,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.module_utils._result import CertificateView, EnvironmentView, gateway

_NO_FINGERPRINT = "the manager's record has no fingerprint to compare"


def add_gateways(api: CertificateApi, certificates: t.Sequence[CertificateView]) -> list[CertificateView]:
    """Return the certificates with what the gateways hold: C(gateway) in each environment.

    A truststore that cannot be read makes the state of its environment C(unknown), and does not hide the others.

    :arg certificates: of any number of projects.
    """
    answers = {name: _ask(api, project, name) for name, project in _projects_to_ask(certificates).items()}
    return [
        {
            **certificate,
            "environments": [
                {
                    **environment,
                    "gateway": gateway(_state(answers[environment["name"]], environment)),
                }
                for environment in certificate["environments"]
            ],
        }
        for certificate in certificates
    ]


def _state(answer: Answer, environment: EnvironmentView) -> Gateway:
    expected = Trusted.of(environment)
    if answer.reason is None and not (expected.fingerprint_sha256 or expected.fingerprint_sha1):
        return Gateway(environment["name"], UNKNOWN, reason=_NO_FINGERPRINT)
    return answer.state_of(environment["name"], expected)


def _projects_to_ask(certificates: t.Iterable[CertificateView]) -> dict[str, str]:
    """Return a project for each environment, sorted by environment. The manager checks permissions by project.

    Of several projects, the first one is used.
    """
    projects: dict[str, str] = {}
    for certificate in certificates:
        for environment in certificate["environments"]:
            projects.setdefault(environment["name"], certificate["project"])
    return dict(sorted(projects.items()))


def gateways_of(certificates: t.Iterable[CertificateView]) -> list[Gateway]:
    """Return what the gateways of all certificates and environments hold, as far as they were asked."""
    return [
        Gateway(**environment["gateway"])
        for certificate in certificates
        for environment in certificate["environments"]
        if "gateway" in environment
    ]


def check_known(certificates: t.Iterable[CertificateView]) -> None:
    """Check that all gateways could be asked. No request can ask the manager itself.

    :raises TruststoreUnavailableError: if not, with the environments and the reason.
    """
    lines = unknown_lines(gateways_of(certificates))
    if lines:
        remedy = "To get the certificates with the state unknown instead, set verify_gateways=auto"
        raise TruststoreUnavailableError(required_message("verify_gateways", lines, remedy))


def _ask(api: CertificateApi, project: str, environment: str) -> Answer:
    try:
        found = api.truststore(project, environment)
        return Answer(tuple(Trusted.of_entry(entry) for entry in found.entries), source=found.source)
    except RequestError as exc:
        return Answer(reason=str(exc))


@dataclass(frozen=True)
class Answer:
    """What the gateways of an environment trust, or why that is unknown.

    :arg held: the trusted certificates.
    :arg reason: why the truststore cannot be read; None if it was read.
    :arg source: C(workers) or C(manager), as in C(Truststore); None if it was not read.
    """

    held: tuple[Trusted, ...] = ()
    reason: str | None = None
    source: str | None = None

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        """The positions of the certificates with each alias and each fingerprint."""
        index: dict[str, list[int]] = {}
        for position, one in enumerate(self.held):
            for key in _keys(one):
                index.setdefault(key, []).append(position)
        return index

    def state_of(self, environment: str, expected: Trusted) -> Gateway:
        """Say whether the gateways of the environment hold a certificate. Its cost does not depend on how many they hold."""
        if self.reason is not None:
            return Gateway(environment, UNKNOWN, reason=self.reason)
        # Of all the certificates, only those with the same alias or fingerprint can matter.
        positions = {position for key in _keys(expected) for position in self._index.get(key, ())}
        return compare(environment, [self.held[position] for position in sorted(positions)], expected, self.source)


def _keys(one: Trusted) -> t.Iterator[str]:
    yield f"alias {folded(one.alias)}"
    yield from (fingerprint for fingerprint in one[1:] if fingerprint)
