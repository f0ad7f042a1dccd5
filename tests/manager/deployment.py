# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring certificates to the gateway environments, or fail to, and say for each how it went."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .model import CertificateKey, Gateways


@dataclass(frozen=True)
class EnvironmentResult:
    """How it went in one environment."""

    environment: str
    success: bool


@dataclass(frozen=True)
class Deployment:
    """How it went, environment by environment."""

    results: tuple[EnvironmentResult, ...]

    @property
    def success(self) -> bool:
        """Whether it went well everywhere."""
        return all(result.success for result in self.results)


def deploy(
    gateways: Gateways, key: CertificateKey, der: bytes, environments: Iterable[str], failing: Collection[str]
) -> Deployment:
    """Serve `der` in the environments; one that is failing goes on serving what it has."""
    results = []
    for environment in environments:
        success = environment not in failing
        if success:
            gateways.setdefault(environment, {})[key] = der
        results.append(EnvironmentResult(environment, success))
    return Deployment(tuple(results))


def undeploy(
    gateways: Gateways, key: CertificateKey, environments: Iterable[str], failing: Collection[str] = ()
) -> Deployment:
    """Stop serving the certificate in the environments; one that is failing goes on serving it."""
    results = []
    for environment in environments:
        success = environment not in failing
        if success:
            gateways.get(environment, {}).pop(key, None)
        results.append(EnvironmentResult(environment, success))
    return Deployment(tuple(results))
