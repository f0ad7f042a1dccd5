# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create, update, import, and delete certificates of an installation. `write_endpoints` validates the input first."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from .deployment import Deployment, deploy, undeploy
from .model import Certificate, Entry, Installation
from .pem import Upload
from .truststore import CertificateKey


@dataclass(frozen=True)
class Submission:
    """A certificate to store under one name, with the file of each environment."""

    key: CertificateKey
    alias: str
    description: str
    uploads: Mapping[str, Upload]

    @property
    def environments(self) -> tuple[str, ...]:
        """The environments, each once."""
        return tuple(self.uploads)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The entries to store, one for each environment."""
        return tuple(Entry(name, self.alias, upload.pem, upload.der) for name, upload in self.uploads.items())


def create(installation: Installation, new: Submission, failing: Collection[str]) -> Deployment:
    """Store a certificate that does not exist yet, and deploy it."""
    project, name = new.key
    installation.state.certificates[new.key] = Certificate(project, name, new.description, new.entries)
    return _deploy(installation, new, failing)


def update(installation: Installation, new: Submission, failing: Collection[str], *, duplicates: bool) -> Deployment:
    """Replace a certificate as a whole, and deploy it (see the vendor's page on updates).

    Environments that the submission leaves out lose the certificate: it is removed from the record and from their
    gateways. With `duplicates`, the other environments keep their old entries next to the new ones, as the 2026.09 pages
    describe.
    """
    old = installation.state.certificates[new.key]
    kept = tuple(entry for entry in old.entries if duplicates and entry.environment in new.environments)
    installation.state.certificates[new.key] = replace(old, description=new.description, entries=kept + new.entries)
    undeploy(installation.gateways, new.key, set(old.environments) - set(new.environments), failing)
    return _deploy(installation, new, failing)


def import_file(installation: Installation, new: Submission, failing: Collection[str], *, deploys: bool) -> Deployment:
    """Replace all entries of the listed environments and keep the other entries (see the 2026.09 pages).

    Without a description, the certificate keeps its old one. The pages do not say whether it is deployed: without
    `deploys`, the gateways keep what they hold, and no environment has a result.
    """
    project, name = new.key
    old = installation.state.certificates.get(new.key) or Certificate(project, name, "", ())
    others = tuple(entry for entry in old.entries if entry.environment not in new.environments)
    installation.state.certificates[new.key] = replace(
        old, description=new.description or old.description, entries=others + new.entries
    )
    return _deploy(installation, new, failing) if deploys else Deployment(())


def delete(installation: Installation, key: CertificateKey, failing: Collection[str]) -> Deployment:
    """Delete a certificate, and undeploy it from every environment that has it."""
    old = installation.state.certificates.pop(key)
    return undeploy(installation.gateways, key, old.environments, failing)


def _deploy(installation: Installation, new: Submission, failing: Collection[str]) -> Deployment:
    ders = {environment: upload.der for environment, upload in new.uploads.items()}
    return deploy(installation.gateways, new.key, new.alias, ders, failing)
