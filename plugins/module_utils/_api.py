# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manager's certificate endpoints, in terms of values. Works with every generation without being told which one."""

from __future__ import annotations

import typing as t
from functools import partial

from ansible_collections.apinizer.apiops.plugins.module_utils import _archive, _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._client import Client
from ansible_collections.apinizer.apiops.plugins.module_utils._envelope import (
    IMPORTING_PERMISSIONS,
    READING_PERMISSIONS,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    LoginError,
    RequestError,
    TruststoreUnavailableError,
    join_sentences,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._failures import readable
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Environment,
    StoredCertificate,
    Truststore,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

# The manager itself, "API Manager" in the console. No list of environments contains it, but a certificate may.
PSEUDO_ENVIRONMENT = "apimanager"
# The statuses with which a manager answers if it, or this token, does not have what was requested.
NOT_OFFERED = (400, 403, 404, 405)
# The project of the global certificates, and the only one whose address lists truststores as JSON.
ADMIN_PROJECT = "admin"
# A list ends when this many pages in a row contain nothing new.
_MOST_FRUITLESS_PAGES = 4


class CertificateApi:
    """The certificates of one manager."""

    def __init__(self, client: Client) -> None:
        self.client = client
        # The lists of 2025 have "success", those of 2024.09 and of 2026.01 and newer have "status". It decides which
        # address to try first.
        self._is_2025: bool | None = None
        # A manager that does not list JWKs is 2024.09, which does not document a list of environments either. So is one
        # that has neither address of that list.
        self.lists_environments = True
        self._without_jwks: set[str] = set()
        # The sources of truststores whose address does not allow GET, with the answer: that is about the address. HTTP 404
        # may be about the environment, so it rules out nothing for the others.
        self._without_truststore: dict[str, RequestError] = {}
        # Whether to ask for the list before the archive: the archive answered HTTP 404 where the list answered.
        self._lists_truststores = False
        self._latest_lists: dict[str, tuple[StoredCertificate, ...]] = {}

    def get(self, project: str, name: str) -> StoredCertificate:
        """Return one certificate with its content.

        :raises RequestError: also if it does not exist. Only the list tells a missing certificate from a missing
            permission.
        """
        body = self.client.get("projects", project, "certificates", name)
        found = readable("GET", lambda: [_payloads.certificate(project, item) for item in _payloads.results(body)])
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
            body, items = self._list("projects", project, "certificates")
        except RequestError as exc:
            if exc.status not in (400, 404):
                raise
            raise _cannot_list("certificates", project, exc) from exc
        self._is_2025 = "success" in body
        found = readable("GET", lambda: tuple(_payloads.certificate(project, item) for item in items))
        self._latest_lists[project] = found
        return found

    def latest_list(self, project: str) -> tuple[StoredCertificate, ...]:
        """Return the certificates of a project as this object has listed them last."""
        return self._latest_lists.get(project, ())

    def find_listed(self, project: str, name: str) -> StoredCertificate | None:
        """Return one certificate from the list of its project, or None if the list does not contain it.

        :raises RequestError: if the project cannot be listed.
        """
        return next((certificate for certificate in self.list_all(project) if certificate.name == name), None)

    def projects(self) -> list[str]:
        """Return the names of the projects that the token has access to."""
        try:
            _body, items = self._list("projects")
        except RequestError as exc:
            if not _is_another_server(exc):
                raise
            raise _not_the_manager(exc) from exc
        return readable("GET", lambda: _payloads.project_names(items))

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
            _body, items = self._list(*first[0], slash=first[1])
        except RequestError as exc:
            if exc.status not in NOT_OFFERED:
                raise
            try:
                _body, items = self._list(*second[0], slash=second[1])
            except RequestError as other:
                if self._is_2025 is False and exc.status == other.status == 404:
                    self.lists_environments = False
                # HTTP 404 for the first address most likely means that the address does not exist, so it says little.
                error = exc if exc.status != 404 and other.status in NOT_OFFERED else other
                raise (_cannot_list("environments", project, error) if error.status == 400 else error) from other
        return readable("GET", lambda: _payloads.environments(items))

    def certificate_jwks(self, project: str) -> tuple[str, ...]:
        """Return the names of the JWKs of a project that were created from a certificate.

        A project without any is only asked about once, because this object lives for one task and its loop.

        :raises RequestError: also if the manager does not list JWKs.
        """
        if project in self._without_jwks:
            return ()
        try:
            body, items = self._list("projects", project, "jwks")
        except RequestError as exc:
            if exc.status == 404:
                self.lists_environments = False
                self._without_jwks.add(project)
            raise
        self._is_2025 = "success" in body
        found = readable("GET", lambda: _payloads.certificate_jwks(items))
        if not found:
            self._without_jwks.add(project)
        return found

    def truststore(self, project: str, environment: str) -> Truststore:
        """Return what the gateways of an environment trust.

        The archive of 2026.09 comes live from the workers. If it is not available, the JSON list is tried (2025 and newer),
        which only a token with access to the project C(admin) can read. On a manager that has the list alone, it is tried
        first from the second environment on.

        :arg project: a project in which the token has the permission C(SECRETS) with C(EXPORT_IMPORT).
        :raises TruststoreUnavailableError: if neither is available. HTTP 400 for the archive does not tell unreachable
            workers from an empty truststore.
        """
        if environment == PSEUDO_ENVIRONMENT:
            raise TruststoreUnavailableError(
                f"{PSEUDO_ENVIRONMENT} is the manager itself, and no request returns the manager's own truststore"
            )
        failures = dict(self._without_truststore)
        for source in ("manager", "workers") if self._lists_truststores else ("workers", "manager"):
            if source in failures:
                continue
            try:
                entries = self._truststore_of(source, project, environment)
            except RequestError as exc:
                if isinstance(exc, LoginError) or exc.status in (None, 401):
                    # The other address would fail as well.
                    raise TruststoreUnavailableError(str(exc), status=exc.status) from exc
                failures[source] = exc.with_traceback(None)
                if exc.status == 405:
                    self._without_truststore[source] = exc
            else:
                if source == "workers":
                    self._lists_truststores = False
                elif "workers" in failures:
                    self._lists_truststores = failures["workers"].status == 404
                return Truststore(environment, source, entries)
        raise TruststoreUnavailableError(
            join_sentences(
                f"The truststore of environment {environment} cannot be read",
                str(failures["workers"]),
                "Reading it requires SECRETS with EXPORT_IMPORT in the project and a manager from release 2026.09 on, or "
                "access to the project admin and a manager from release 2025 on",
            ),
            status=failures["workers"].status,
        )

    def _truststore_of(self, source: str, project: str, environment: str) -> tuple[Entry, ...]:
        """Return the trusted certificates as one of the addresses has them: C(workers) (archive) or C(manager) (list)."""
        address = ("certificates", "truststore", environment)
        if source == "workers":
            data = self.client.download("projects", project, *address, "export-file")
            return readable("GET", lambda: _archive.truststore_entries(environment, data))
        _body, items = self._list("projects", ADMIN_PROJECT, *address)
        return readable("GET", lambda: _payloads.truststore(environment, items))

    def _list(self, *segments: str, slash: bool = True) -> tuple[dict[str, t.Any], list[dict[str, t.Any]]]:
        """Return the envelope and all objects of a list.

        The vendor names C(page) and C(size) as common parameters without saying where pages start, and its pages of lists
        mention neither. A list with fewer objects than its C(resultCount) is therefore read on until it is complete.

        :raises RequestError: also if the list stays incomplete: what it lacks would look as if it did not exist.
        """
        body = self.client.get(*segments, slash=slash)
        items = readable("GET", lambda: _payloads.results(body))
        count = _payloads.result_count(body)
        if len(items) >= count:
            return body, items
        found = {_identity(item): item for item in items}
        fruitless = 0
        for page, size in _pages(count, len(items)):
            known = len(found)
            try:
                more = self.client.get(*segments, slash=slash, params={"page": str(page), "size": str(size)})
            except RequestError as exc:
                if exc.status not in NOT_OFFERED:
                    raise
            else:
                found.update({_identity(item): item for item in readable("GET", partial(_payloads.results, more))})
            if len(found) >= count:
                return body, list(found.values())
            fruitless = fruitless + 1 if len(found) == known else 0
            if fruitless == _MOST_FRUITLESS_PAGES:
                break
        raise RequestError(
            f"The manager returned only {len(found)} of {count} objects of the list {'/'.join(segments)}. Without the others, "
            "it is not known what the manager holds"
        )

    def create(
        self, project: str, name: str, *, environments: t.Sequence[str], alias: str, description: str, bundle: Bundle
    ) -> Deployment:
        """Create a certificate and deploy it."""
        form = {"certificateName": (None, name), **_form(environments, alias, description, bundle)}
        return self._write("POST", "projects", project, "certificates", environments=environments, form=form)

    def update(
        self,
        project: str,
        name: str,
        *,
        environments: t.Sequence[str],
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
        address = ("projects", project, "certificates", name)
        return self._write("PUT", *address, environments=environments, params=params, form=form)

    def import_file(
        self, project: str, name: str, *, environments: t.Sequence[str], alias: str, description: str, bundle: Bundle
    ) -> Deployment:
        """Replace the entries of some environments and leave all others unchanged (from 2026.09 on).

        :raises ImportFileUnavailableError: if the manager does not offer import-file.
        :raises RequestError: if the import fails for any other reason.
        """
        form = {"certificateName": (None, name), **_form(environments, alias, description, bundle, "certificateFile")}
        try:
            address = ("projects", project, "certificates", "import-file")
            return self._write("POST", *address, environments=environments, form=form, rights=IMPORTING_PERMISSIONS)
        except RequestError as exc:
            if exc.status not in (404, 405):
                raise
            raise ImportFileUnavailableError(
                f"This manager has no import-file, the only request that leaves other environments unchanged ({exc})",
                status=exc.status,
            ) from exc

    def delete(self, project: str, name: str, *, with_jwks: bool = False) -> Deployment:
        """Delete a certificate everywhere.

        :arg with_jwks: delete the JWKs created from it as well (from 2026.01 on). Otherwise they lose their link to it.
        """
        params = {"jwkDeleteAction": "DELETE"} if with_jwks else {}
        return self._write("DELETE", "projects", project, "certificates", name, params=params)

    def _write(self, method: str, *segments: str, environments: t.Sequence[str] = (), **body: t.Any) -> Deployment:
        response = self.client.write(method, *segments, **body)
        return readable(method, lambda: _payloads.deployment(response, environments))


def _form(
    environments: t.Sequence[str], alias: str, description: str, bundle: Bundle, file_field: str = "pemEncodedFile"
) -> dict[str, tuple[t.Any, ...]]:
    return {
        "alias": (None, alias),
        "certificateDescription": (None, description),
        "environmentList": (None, ",".join(environments)),
        file_field: ("certificate.pem", bundle.pem.encode("ascii"), "application/x-pem-file"),
    }


def _pages(count: int, size: int) -> t.Iterator[tuple[int, int]]:
    """Yield the pages to ask for, each with its size: one page for all objects, then pages of the size of the first list.

    The first page may be 0 or 1.
    """
    yield from ((0, count), (1, count))
    size = max(size, 1)
    yield from ((page, size) for page in range(1, count // size + 2))


def _identity(item: dict[str, t.Any]) -> str:
    """What tells the objects of a list apart."""
    return str(item.get("id") or item.get("name") or item.get("kid"))


def _is_another_server(exc: RequestError) -> bool:
    """Whether an address that every manager has is answered as by a server that is not one."""
    return exc.status == 404 and exc.foreign


def _not_the_manager(exc: RequestError) -> RequestError:
    return RequestError(
        join_sentences(
            str(exc), "url (APINIZER_URL) does not seem to be the address of the manager: check its host, port and path"
        ),
        status=exc.status,
        foreign=True,
    )


def _cannot_list(what: str, project: str, exc: RequestError) -> RequestError:
    """The error for a project whose list is refused. HTTP 404 may also mean that the address is not the manager's."""
    if _is_another_server(exc):
        return _not_the_manager(exc)
    address = ["Check also that url (APINIZER_URL) is the address of the manager itself"] if exc.status == 404 else []
    return RequestError(
        join_sentences(
            f"The {what} of project {project} cannot be listed: {exc}",
            f"Check the option project (case-sensitive) and the permissions of the token: {READING_PERMISSIONS}",
            *address,
        ),
        status=exc.status,
    )
