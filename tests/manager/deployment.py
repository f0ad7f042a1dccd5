# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy certificates to the gateways of environments, or fail to, and report the result for each environment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from .truststore import CertificateKey, Gateways, Trusted, Truststore


@dataclass(frozen=True)
class EnvironmentResult:
    """The result in one environment."""

    environment: str
    success: bool


@dataclass(frozen=True)
class Deployment:
    """The result of a deployment in each environment."""

    results: tuple[EnvironmentResult, ...]

    @property
    def success(self) -> bool:
        """Whether the deployment succeeded in every environment."""
        return all(result.success for result in self.results)


def deploy(
    gateways: Gateways, key: CertificateKey, alias: str, ders: Mapping[str, bytes], failing: Collection[str] = ()
) -> Deployment:
    """Deploy the DER of each environment under the alias. The gateways of a failing environment keep what they hold."""
    results = []
    for environment, der in ders.items():
        success = environment not in failing
        if success:
            gateways.setdefault(environment, Truststore()).put(Trusted(alias, der, key))
        results.append(EnvironmentResult(environment, success))
    return Deployment(tuple(results))


def undeploy(
    gateways: Gateways, key: CertificateKey, environments: Iterable[str], failing: Collection[str] = ()
) -> Deployment:
    """Remove the certificate from the environments. The gateways of a failing environment keep it."""
    results = []
    for environment in environments:
        success = environment not in failing
        if success:
            gateways.get(environment, Truststore()).pop(key, None)
        results.append(EnvironmentResult(environment, success))
    return Deployment(tuple(results))
