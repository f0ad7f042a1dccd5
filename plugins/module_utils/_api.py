# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager's certificate endpoints, in terms of values. Works with every generation without being told which one."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._client import READING_PERMISSIONS, Client
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    LoginError,
    RequestError,
    ShapeError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Environment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

# The manager itself, "API Manager" in the console. No list of environments contains it, but a certificate may.
PSEUDO_ENVIRONMENT = "apimanager"
# The statuses with which a manager answers if it, or this token, does not have what was requested.
NOT_OFFERED = (400, 403, 404, 405)

_Value = t.TypeVar("_Value")


class CertificateApi:
    """The certificates of one manager."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # The lists of 2025 have "success", those of 2024.09 and 2026 have "status". It decides which address to try first.
        self._is_2025: bool | None = None
        # A manager that does not list JWKs is 2024.09, which does not document a list of environments either. So is one
        # that has neither address of that list.
        self.lists_environments = True
        self._without_jwks: set[str] = set()

    def get(self, project: str, name: str) -> StoredCertificate:
        """Return one certificate with its content.

        :raises RequestError: also if it does not exist. Only the list tells a missing certificate from a missing
            permission.
        """
        body = self.client.get("projects", project, "certificates", name)
        found = _read(lambda: [_payloads.certificate(project, item) for item in _payloads.results(body)])
        if len(found) != 1 or found[0].name != name:
            raise RequestError(
                f"The manager answered the request for certificate {name} with "
                + (", ".join(certificate.name for certificate in found) or "an empty list")
            )
        return found[0]

    def find(self, project: str, name: str) -> StoredCertificate | None:
        """Return one certificate with its content, or None if it does not exist.

        :raises RequestError: if the manager cannot be read.
        """
        try:
            return self.get(project, name)
        except RequestError as exc:
            busy = exc.retryable or exc.retry_after is not None
            denied = isinstance(exc, LoginError) or exc.status == 401 or 300 <= (exc.status or 0) < 400
            if busy or denied:
                raise
            if self.find_listed(project, name) is not None:
                raise
            return None

    def list_all(self, project: str) -> tuple[StoredCertificate, ...]:
        """Return all certificates of a project. Their content may be missing.

        :raises RequestError: also if the project does not exist.
        """
        try:
            body = self.client.get("projects", project, "certificates")
        except RequestError as exc:
            if exc.status not in (400, 404):
                raise
            raise _cannot_list("certificates", project, exc) from exc
        self._is_2025 = "success" in body
        return _read(lambda: tuple(_payloads.certificate(project, item) for item in _payloads.results(body)))

    def find_listed(self, project: str, name: str) -> StoredCertificate | None:
        """Return one certificate from the list of its project, or None if the list does not contain it.

        :raises RequestError: if the project cannot be listed.
        """
        return next((certificate for certificate in self.list_all(project) if certificate.name == name), None)

    def projects(self) -> list[str]:
        """Return the names of the projects that the token has access to."""
        body = self.client.get("projects")
        return _read(lambda: _payloads.project_names(body))

    def environments(self, project: str) -> tuple[Environment, ...]:
        """Return the gateway environments of a project.

        The generations have different addresses for this list (2024.09 does not document one). If an address answers
        with an error, the other one is tried.

        :raises RequestError: if neither address lists the environments.
        """
        addresses: list[tuple[tuple[str, ...], bool]] = [
            (("projects", project, "environments"), True),
            (("environments", project), False),
        ]
        first, second = reversed(addresses) if self._is_2025 else addresses
        try:
            body = self.client.get(*first[0], slash=first[1])
        except RequestError as exc:
            if exc.status not in NOT_OFFERED:
                raise
            try:
                body = self.client.get(*second[0], slash=second[1])
            except RequestError as other:
                if self._is_2025 is False and exc.status == other.status == 404:
                    self.lists_environments = False
                # HTTP 404 for the first address most likely means that the address does not exist, so it says little.
                error = exc if exc.status != 404 and other.status in NOT_OFFERED else other
                raise (_cannot_list("environments", project, error) if error.status == 400 else error) from other
        return _read(lambda: _payloads.environments(body))

    def certificate_jwks(self, project: str) -> tuple[str, ...]:
        """Return the names of the JWKs of a project that were created from a certificate.

        A project without any is only asked about once, because this object lives for one task and its loop.

        :raises RequestError: also if the manager does not list JWKs.
        """
        if project in self._without_jwks:
            return ()
        try:
            body = self.client.get("projects", project, "jwks")
        except RequestError as exc:
            if exc.status == 404:
                self.lists_environments = False
                self._without_jwks.add(project)
            raise
        self._is_2025 = "success" in body
        found = _read(lambda: _payloads.certificate_jwks(body))
        if not found:
            self._without_jwks.add(project)
        return found

    def create(
        self, project: str, name: str, *, environments: t.Iterable[str], alias: str, description: str, bundle: Bundle
    ) -> Deployment:
        """Create a certificate and deploy it."""
        form = {"certificateName": (None, name), **_form(environments, alias, description, bundle)}
        return _payloads.deployment(self.client.write("POST", "projects", project, "certificates", form=form))

    def update(
        self,
        project: str,
        name: str,
        *,
        environments: t.Iterable[str],
        alias: str,
        description: str,
        bundle: Bundle,
        jwk_scope: str | None = None,
    ) -> Deployment:
        """Replace a certificate in all its environments and deploy it. Environments that are not listed lose it.

        :arg jwk_scope: C(SAME_PROJECT) or C(ALL_PROJECTS) to update the JWKs created from it. With None, a manager from
            2026.01 on removes their link to the certificate.
        """
        # Each generation ignores the parameters of the other.
        params = (
            {"updateReferencedJwks": "true", "jwkUpdateAction": "UPDATE", "updateScope": jwk_scope} if jwk_scope else {}
        )
        form = _form(environments, alias, description, bundle)
        return _payloads.deployment(
            self.client.write("PUT", "projects", project, "certificates", name, params=params, form=form)
        )

    def import_file(
        self, project: str, name: str, *, environments: t.Iterable[str], alias: str, description: str, bundle: Bundle
    ) -> Deployment:
        """Replace the entries of some environments and leave all others unchanged (from 2026.09 on).

        :raises ImportFileUnavailableError: if the manager does not offer import-file.
        :raises RequestError: if the import fails for any other reason.
        """
        form = {"certificateName": (None, name), **_form(environments, alias, description, bundle, "certificateFile")}
        try:
            body = self.client.write("POST", "projects", project, "certificates", "import-file", form=form)
        except RequestError as exc:
            if exc.status not in (404, 405):
                raise
            raise ImportFileUnavailableError(
                f"This manager has no import-file, the only request that leaves other environments unchanged ({exc}). "
                "Choose another value for unlisted_environments; with the role certificate_rotation, use a single wave and "
                "certificate_rotation_strategy=replace; with the playbook restore, use a single wave and "
                "certificate_restore_strategy=replace",
                status=exc.status,
            ) from exc
        return _payloads.deployment(body)

    def delete(self, project: str, name: str, *, with_jwks: bool = False) -> Deployment:
        """Delete a certificate everywhere.

        :arg with_jwks: delete the JWKs created from it as well (from 2026.01 on). Otherwise they lose their link to it.
        """
        params = {"jwkDeleteAction": "DELETE"} if with_jwks else {}
        return _payloads.deployment(
            self.client.write("DELETE", "projects", project, "certificates", name, params=params)
        )


def _form(
    environments: t.Iterable[str], alias: str, description: str, bundle: Bundle, file_field: str = "pemEncodedFile"
) -> dict[str, tuple[t.Any, ...]]:
    return {
        "alias": (None, alias),
        "certificateDescription": (None, description),
        "environmentList": (None, ",".join(environments)),
        file_field: ("certificate.pem", bundle.pem.encode("ascii"), "application/x-pem-file"),
    }


def _read(read: t.Callable[[], _Value]) -> _Value:
    """Run a function that reads JSON of the manager.

    :raises RequestError: if the JSON does not have a known format.
    """
    try:
        return read()
    except ShapeError as exc:
        raise RequestError(f"The manager's response has an unknown format: {exc}") from exc


def _cannot_list(what: str, project: str, exc: RequestError) -> RequestError:
    """The error for a project whose list is refused. HTTP 404 may also mean that the address is not the manager's."""
    address = ["Check also that url (APINIZER_URL) is the address of the manager itself"] if exc.status == 404 else []
    return RequestError(
        join_sentences(
            f"The {what} of project {project} cannot be listed: {exc}",
            f"Check the option project (case-sensitive) and the permissions of the token: {READING_PERMISSIONS}",
            *address,
        ),
        status=exc.status,
    )
