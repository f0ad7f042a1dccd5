# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager's certificate endpoints, in terms of values. Every generation, without being told which."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._client import READING_RIGHTS, Client
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import LoginError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Environment, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

# Shown as "API Manager": the manager itself. Never listed among the environments, yet valid in a certificate.
PSEUDO_ENVIRONMENT = "apimanager"
# Answers to a request for something that this manager, or this token, does not have.
NOT_OFFERED = (400, 403, 404, 405)

_Value = t.TypeVar("_Value")


class CertificateApi:
    """The certificates of one manager."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # Lists of 2025 say "success", those of 2023 and 2026 "status": that settles which address to try first.
        self._is_2025: bool | None = None
        # A manager without a list of JWKs is of 2023, which documents no list of environments either; so is one that
        # knows neither address of the environments.
        self.lists_environments = True
        self._without_jwks: set[str] = set()

    def get(self, project: str, name: str) -> StoredCertificate:
        """One certificate with its content.

        :raises RequestError: also where it does not exist; only the list can tell that from a missing right.
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
        """One certificate with its content, or None where the project has none of that name.

        :raises RequestError: where that cannot be told.
        """
        try:
            return self.get(project, name)
        except RequestError as exc:
            asked_to_wait = exc.retryable or exc.retry_after is not None
            not_let_in = isinstance(exc, LoginError) or exc.status == 401 or 300 <= (exc.status or 0) < 400
            if asked_to_wait or not_let_in:
                raise
            if self.find_listed(project, name) is not None:
                raise
            return None

    def list_all(self, project: str) -> tuple[StoredCertificate, ...]:
        """All certificates of a project; their content may be left out.

        :raises RequestError: also for a project that does not exist.
        """
        try:
            body = self.client.get("projects", project, "certificates")
        except RequestError as exc:
            if exc.status not in (400, 404):
                raise
            raise RequestError(
                f"The certificates of project {project} cannot be listed: {exc}. Check the option project (upper and "
                f"lower case count) and the token's rights: {READING_RIGHTS}",
                status=exc.status,
            ) from exc
        self._is_2025 = "success" in body
        return _read(lambda: tuple(_payloads.certificate(project, item) for item in _payloads.results(body)))

    def find_listed(self, project: str, name: str) -> StoredCertificate | None:
        """One certificate as the project's list has it, or None where the list does not have it.

        :raises RequestError: where the project cannot be listed.
        """
        return next((certificate for certificate in self.list_all(project) if certificate.name == name), None)

    def projects(self) -> list[str]:
        """The names of the projects that the token may see."""
        body = self.client.get("projects")
        return _read(lambda: _payloads.project_names(body))

    def environments(self, project: str) -> tuple[Environment, ...]:
        """The gateway environments of a project.

        The generations have different addresses for the list (2023 documents none); an address that answers with an
        error is taken to be the other generation's.

        :raises RequestError: where neither address lists them.
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
                # A 404 of the first is as likely "no such address" as anything else.
                raise (exc if exc.status != 404 and other.status in NOT_OFFERED else other) from other
        return _read(lambda: _payloads.environments(body))

    def certificate_jwks(self, project: str) -> tuple[str, ...]:
        """The names of the project's JWKs that were made from a certificate.

        A project that had none is not asked about again: what is kept of a manager is kept for one task and its loop.

        :raises RequestError: also where the manager does not list JWKs.
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
        """Replace a certificate in all its environments and deploy it; environments left out lose it.

        :arg jwk_scope: C(SAME_PROJECT) or C(ALL_PROJECTS) to update the JWKs made from it; None unlinks them (2026).
        """
        # Each generation ignores the other's parameters.
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
        """Replace the entries of the named environments and leave all others alone (2026 only).

        :raises RequestError: also where the manager is of a generation without it.
        """
        form = {"certificateName": (None, name), **_form(environments, alias, description, bundle, "certificateFile")}
        try:
            body = self.client.write("POST", "projects", project, "certificates", "import-file", form=form)
        except RequestError as exc:
            if exc.status not in (404, 405):
                raise
            raise RequestError(
                f"This manager has no import-file, and only that leaves the other environments as they are ({exc}). "
                "Choose another value for unlisted_environments",
                status=exc.status,
            ) from exc
        return _payloads.deployment(body)

    def delete(self, project: str, name: str, *, with_jwks: bool = False) -> Deployment:
        """Delete a certificate everywhere. Its JWKs lose their link, or go as well (2026)."""
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
    """Run a reader of the manager's JSON.

    :raises RequestError: where it has none of the known shapes.
    """
    try:
        return read()
    except _payloads.ShapeError as exc:
        raise RequestError(f"The manager's answer has an unknown shape: {exc}") from exc
