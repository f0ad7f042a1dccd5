# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares many certificates of the record with the truststores of their environments. Pure.

A truststore contains the certificates of all projects, so one answer serves every certificate of its environment.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import UNKNOWN, Trusted, compare
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Gateway
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import GatewayResult

_NO_FINGERPRINT = "the manager's record has no fingerprint to compare"


@dataclass(frozen=True)
class Answer:
    """What the gateways of an environment trust, or why that is unknown.

    :arg held: the trusted certificates.
    :arg reason: why the truststore cannot be read; None if it was read.
    """

    held: tuple[Trusted, ...] = ()
    reason: str | None = None

    @cached_property
    def _index(self) -> Mapping[str, Sequence[int]]:
        """The positions of the certificates with each alias and each fingerprint."""
        index: dict[str, list[int]] = {}
        for position, one in enumerate(self.held):
            for key in _keys(one):
                index.setdefault(key, []).append(position)
        return index

    def state_of(self, environment: str, expected: Trusted) -> Gateway:
        """Say whether the gateways of the environment hold a certificate of the record."""
        if self.reason is not None:
            return Gateway(environment, UNKNOWN, reason=self.reason)
        if not (expected.fingerprint_sha256 or expected.fingerprint_sha1):
            return Gateway(environment, UNKNOWN, reason=_NO_FINGERPRINT)
        # Of all the certificates, only those with the same alias or fingerprint can matter.
        positions = {position for key in _keys(expected) for position in self._index.get(key, ())}
        return compare(environment, [self.held[position] for position in sorted(positions)], expected)


def _keys(one: Trusted) -> Iterator[str]:
    yield f"alias {(one.alias or '').casefold()}"
    yield from (fingerprint for fingerprint in one[1:] if fingerprint)


def answer_of(certificates: Iterable[Mapping[str, t.Any]]) -> Answer:
    """Return the answer for the C(certificates) of a truststore, as C(apinizer_truststore_info) returns them."""
    return Answer(
        tuple(
            Trusted(one.get("alias"), one.get("fingerprint_sha256"), one.get("fingerprint_sha1"))
            for one in certificates
        )
    )


def projects_to_ask(certificates: Iterable[Mapping[str, t.Any]]) -> dict[str, str]:
    """Return a project for each environment, sorted by environment. The manager checks permissions by project.

    :arg certificates: as C(apinizer_certificate_info) returns them. Of several projects, the first one is used.
    """
    projects: dict[str, str] = {}
    for certificate in certificates:
        for environment in certificate["environments"]:
            projects.setdefault(environment["name"], certificate["project"])
    return dict(sorted(projects.items()))


def add_gateways(certificates: Iterable[Mapping[str, t.Any]], answers: Mapping[str, Answer]) -> list[dict[str, t.Any]]:
    """Return the certificates with what the gateways hold: C(gateway), a C(GatewayResult), in each environment.

    :arg certificates: as C(apinizer_certificate_info) returns them.
    :arg answers: by environment. For an environment without an answer, C(gateway) is None.
    """
    return [
        {
            **certificate,
            "environments": [
                {**environment, "gateway": _gateway(environment, answers.get(environment["name"]))}
                for environment in certificate["environments"]
            ],
        }
        for certificate in certificates
    ]


def _gateway(environment: Mapping[str, t.Any], answer: Answer | None) -> GatewayResult | None:
    if answer is None:
        return None
    (expected,) = answer_of([environment]).held
    return t.cast("GatewayResult", asdict(answer.state_of(environment["name"], expected)))
