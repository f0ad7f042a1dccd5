# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._api import CertificateApi
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Environment
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

GET_WEB = "GET projects/MyProject/certificates/web"
GET_LIST = "GET projects/MyProject/certificates"
WEB = {"name": "web", "certificateEnvironmentList": [{"environmentName": "staging"}]}


def archive(files: dict[str, bytes]) -> bytes:
    """A ZIP archive of these files."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as opened:
        for name, content in files.items():
            opened.writestr(name, content)
    return data.getvalue()


class FakeClient:
    """Answers each address with the response set for it, and records the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.requests: list[str] = []
        self.sent: SimpleNamespace = SimpleNamespace()

    def get(self, *segments: str, slash: bool = True, params: Any = None) -> Any:
        query = "".join(f" {name}={value}" for name, value in (params or {}).items())
        return self._answer(f"GET {'/'.join(segments)}{query}{'' if slash else ' without a slash'}")

    def download(self, *segments: str) -> Any:
        return self._answer(f"GET {'/'.join(segments)}")

    def write(self, method: str, *segments: str, params: Any = None, form: Any = None, rights: Any = None) -> Any:
        self.sent = SimpleNamespace(params=params, form=form, rights=rights)
        return self._answer(f"{method} {'/'.join(segments)}")

    def _answer(self, request: str) -> Any:
        self.requests.append(request)
        answer = self.answers[request]
        if isinstance(answer, RequestError):
            raise answer
        return answer


@pytest.fixture
def client() -> FakeClient:
    return FakeClient()


@pytest.fixture
def api(client: FakeClient) -> CertificateApi:
    return CertificateApi(client)  # type: ignore[arg-type]


def results(*items: Any, **envelope: Any) -> dict[str, Any]:
    return {**(envelope or {"success": True}), "resultList": list(items)}


def failure(status: int, **known: Any) -> RequestError:
    return RequestError(f"HTTP {status}", status=status, **known)


NOT_JSON = RequestError("HTTP 404: an HTML page", status=404, foreign=True)


def test_another_server_is_not_blamed_on_the_project(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_WEB: NOT_JSON, GET_LIST: NOT_JSON, "GET projects": NOT_JSON}
    message = (
        "HTTP 404: an HTML page. url (APINIZER_URL) does not seem to be the address of the manager: check its host, port "
        "and path"
    )
    for ask in (lambda: api.find("MyProject", "web"), lambda: api.list_all("MyProject"), api.projects):
        with pytest.raises(RequestError) as caught:
            ask()
        assert str(caught.value) == message


DEEP: dict[str, Any] = {}
for _unused in range(3000):
    DEEP = {"detailList": [DEEP]}


def test_a_response_that_cannot_be_read_is_a_request_error(
    api: CertificateApi, client: FakeClient, new: Bundle
) -> None:
    """In particular after a write, which may have been carried out."""
    written = {"PUT projects/MyProject/certificates/web": {"success": True, "deploymentResult": {"detailList": [DEEP]}}}
    client.answers = {GET_WEB: results({"name": ["no text"]}), **written}
    with pytest.raises(RequestError) as caught:
        api.update("MyProject", "web", environments=["staging"], alias="a", description="d", bundle=new)
    assert str(caught.value) == "The manager's response to PUT could not be read: it is nested too deeply"
    assert caught.value.maybe_applied
    with pytest.raises(RequestError, match="has an unknown format") as caught:
        api.get("MyProject", "web")
    assert not caught.value.maybe_applied


# One certificate


def test_a_certificate_is_found_with_one_request(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_WEB: results(WEB)}
    found = api.find("MyProject", "web")
    assert found is not None
    assert (found.project, found.name, found.environments) == ("MyProject", "web", ("staging",))
    assert client.requests == [GET_WEB]


@pytest.mark.parametrize("error", [failure(400), failure(403), failure(404), failure(500), RequestError("odd shape")])
def test_the_list_decides_whether_a_certificate_exists(
    api: CertificateApi, client: FakeClient, error: RequestError
) -> None:
    client.answers = {GET_WEB: error, GET_LIST: results({**WEB, "name": "Web"})}
    assert api.find("MyProject", "web") is None
    assert client.requests == [GET_WEB, GET_LIST]


def test_a_listed_certificate_that_cannot_be_read_is_an_error(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_WEB: failure(400), GET_LIST: results(WEB)}
    with pytest.raises(RequestError, match=r"^HTTP 400$"):
        api.find("MyProject", "web")


@pytest.mark.parametrize("error", [failure(401), failure(302), failure(503, retryable=True)])
def test_the_list_is_not_read_if_it_would_fail_as_well(
    api: CertificateApi, client: FakeClient, error: RequestError
) -> None:
    client.answers = {GET_WEB: error}
    with pytest.raises(RequestError):
        api.find("MyProject", "web")
    assert client.requests == [GET_WEB]


@pytest.mark.parametrize(
    ("items", "what"), [([], "an empty list"), ([{**WEB, "name": "Web"}], "Web"), ([WEB, WEB], "web, web")]
)
def test_a_response_with_other_certificates_is_an_error(
    api: CertificateApi, client: FakeClient, items: list[Any], what: str
) -> None:
    client.answers = {GET_WEB: results(*items)}
    with pytest.raises(RequestError) as caught:
        api.get("MyProject", "web")
    assert str(caught.value) == f"The manager answered the request for certificate web with {what}"


# Lists


def test_the_certificates_of_a_project(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_LIST: results(WEB, {**WEB, "name": "api"})}
    assert [stored.name for stored in api.list_all("MyProject")] == ["web", "api"]
    found = api.find_listed("MyProject", "api")
    assert found is not None
    assert found.name == "api"
    assert api.find_listed("MyProject", "WEB") is None


@pytest.mark.parametrize(
    ("status", "address"),
    [(400, ""), (404, ". Check also that url (APINIZER_URL) is the address of the manager itself")],
)
def test_a_project_that_cannot_be_listed_names_the_option_and_the_rights(
    api: CertificateApi, client: FakeClient, status: int, address: str
) -> None:
    client.answers = {GET_LIST: failure(status)}
    with pytest.raises(RequestError) as caught:
        api.list_all("MyProject")
    assert str(caught.value) == (
        f"The certificates of project MyProject cannot be listed: HTTP {status}. Check the option project "
        f"(case-sensitive) and the permissions of the token: reading requires any permission in the project{address}"
    )
    assert caught.value.status == status


def test_projects(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {"GET projects": results({"name": "b"}, {"name": "a"})}
    assert api.projects() == ["b", "a"]


def test_only_jwks_created_from_certificates_are_returned(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {
        "GET projects/MyProject/jwks": results({"name": "k", "sourceType": "CERTIFICATE", "sourceId": "1"})
    }
    assert api.certificate_jwks("MyProject") == ("k",)


@pytest.mark.parametrize(
    ("request_line", "read"),
    [
        (GET_WEB, lambda api: api.get("MyProject", "web")),
        (GET_LIST, lambda api: api.list_all("MyProject")),
        ("GET projects", lambda api: api.projects()),
        ("GET projects/MyProject/jwks", lambda api: api.certificate_jwks("MyProject")),
        ("GET projects/MyProject/environments", lambda api: api.environments("MyProject")),
    ],
)
def test_an_unknown_format_is_an_error_without_a_traceback(
    api: CertificateApi, client: FakeClient, request_line: str, read: Callable[[CertificateApi], Any]
) -> None:
    client.answers = {request_line: {"success": True, "resultList": None}}
    with pytest.raises(RequestError) as caught:
        read(api)
    assert str(caught.value) == "The manager's response has an unknown format: resultList is not a list of objects"


# Environments, whose address differs

NEWER = "GET projects/MyProject/environments"
OLDER = "GET environments/MyProject without a slash"


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_environments_are_read_from_both_addresses(api: CertificateApi, client: FakeClient, status: int) -> None:
    client.answers = {NEWER: failure(status), OLDER: results({"name": "staging"})}
    assert api.environments("MyProject") == (Environment("staging"),)
    assert client.requests == [NEWER, OLDER]


@pytest.mark.parametrize(
    ("envelope", "first"),
    [({"success": True}, OLDER), ({"status": "SUCCESS"}, NEWER)],
    ids=["2025", "2024.09 and 2026.09"],
)
@pytest.mark.parametrize("known_from", [GET_LIST, "GET projects/MyProject/jwks"])
def test_a_list_tells_which_address_to_try_first(
    api: CertificateApi, client: FakeClient, envelope: dict[str, Any], first: str, known_from: str
) -> None:
    client.answers = {known_from: results(**envelope), first: results({"name": "staging"})}
    if known_from == GET_LIST:
        api.list_all("MyProject")
    else:
        api.certificate_jwks("MyProject")
    assert api.environments("MyProject") == (Environment("staging"),)
    assert client.requests == [known_from, first]


def test_a_manager_that_lists_no_environments_fails_with_its_first_response(
    api: CertificateApi, client: FakeClient
) -> None:
    client.answers = {NEWER: failure(400), OLDER: failure(404)}
    reason = r"^The environments of project MyProject cannot be listed: HTTP 400\. Check the option project "
    with pytest.raises(RequestError, match=reason):
        api.environments("MyProject")


@pytest.mark.parametrize(
    ("known_from", "statuses", "lists"),
    [
        ({"status": "SUCCESS"}, (404, 404), False),
        ({"status": "SUCCESS"}, (400, 404), True),
        ({"success": True}, (404, 404), True),
        (None, (404, 404), True),
    ],
    ids=["2024.09", "2026.09, not for this project", "2025, not for this project", "nothing known"],
)
def test_a_manager_without_either_address_is_not_asked_again(
    api: CertificateApi, client: FakeClient, known_from: dict[str, Any] | None, statuses: tuple[int, int], lists: bool
) -> None:
    client.answers = {NEWER: failure(statuses[0]), OLDER: failure(statuses[1])}
    if known_from is not None:
        client.answers[GET_LIST] = results(**known_from)
        api.list_all("MyProject")
    with pytest.raises(RequestError):
        api.environments("MyProject")
    assert api.lists_environments is lists


def test_the_other_address_is_not_tried_after_a_server_error(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {NEWER: failure(503)}
    with pytest.raises(RequestError, match=r"^HTTP 503$"):
        api.environments("MyProject")
    assert client.requests == [NEWER]


# Writing


@pytest.fixture
def values(new: Bundle) -> dict[str, Any]:
    return {"environments": ("production", "staging"), "alias": "alias", "description": "text", "bundle": new}


@pytest.fixture
def form() -> dict[str, Any]:
    """The fields that all writes share."""
    return {
        "alias": (None, "alias"),
        "certificateDescription": (None, "text"),
        "environmentList": (None, "production,staging"),
    }


@pytest.fixture
def pem_file(new: Bundle) -> tuple[str, bytes, str]:
    return ("certificate.pem", new.pem.encode(), "application/x-pem-file")


def test_creating(
    api: CertificateApi, client: FakeClient, values: dict[str, Any], form: dict[str, Any], pem_file: Any
) -> None:
    client.answers = {"POST projects/MyProject/certificates": {"deploymentResult": {"success": True}}}
    assert api.create("MyProject", "web", **values) == Deployment(success=True)
    assert client.sent.form == {**form, "certificateName": (None, "web"), "pemEncodedFile": pem_file}
    assert client.sent.params is None


@pytest.mark.parametrize("scope", ["SAME_PROJECT", "ALL_PROJECTS"])
def test_updating_with_jwks_sends_the_parameters_of_both_generations(
    api: CertificateApi,
    client: FakeClient,
    values: dict[str, Any],
    form: dict[str, Any],
    pem_file: Any,
    scope: str,
) -> None:
    client.answers = {"PUT projects/MyProject/certificates/web": {"deploymentResult": {"success": False}}}
    assert api.update("MyProject", "web", jwk_scope=scope, **values) == Deployment(success=False)
    assert client.sent.form == {**form, "pemEncodedFile": pem_file}
    assert client.sent.params == {"updateReferencedJwks": "true", "jwkUpdateAction": "UPDATE", "updateScope": scope}


def test_updating_without_jwks_sends_no_parameters(
    api: CertificateApi, client: FakeClient, values: dict[str, Any]
) -> None:
    client.answers = {"PUT projects/MyProject/certificates/web": {"status": "SUCCESS"}}
    assert api.update("MyProject", "web", **values) == Deployment(success=None)
    assert client.sent.params == {}


def test_importing(
    api: CertificateApi, client: FakeClient, values: dict[str, Any], form: dict[str, Any], pem_file: Any
) -> None:
    client.answers = {"POST projects/MyProject/certificates/import-file": {"status": "SUCCESS"}}
    assert api.import_file("MyProject", "web", **values) == Deployment(success=None)
    assert client.sent.form == {**form, "certificateName": (None, "web"), "certificateFile": pem_file}
    assert client.sent.rights == "import-file requires SECRETS with EXPORT_IMPORT in the project"


@pytest.mark.parametrize("status", [404, 405])
def test_a_manager_without_import_file(
    api: CertificateApi, client: FakeClient, values: dict[str, Any], status: int
) -> None:
    client.answers = {"POST projects/MyProject/certificates/import-file": failure(status)}
    with pytest.raises(ImportFileUnavailableError) as caught:
        api.import_file("MyProject", "web", **values)
    assert str(caught.value) == (
        f"This manager has no import-file, the only request that leaves other environments unchanged (HTTP {status})"
    )
    assert caught.value.problem == "no_import_file"
    assert (caught.value.status, caught.value.maybe_applied) == (status, False)


def test_any_other_error_of_an_import_is_passed_on(
    api: CertificateApi, client: FakeClient, values: dict[str, Any]
) -> None:
    client.answers = {"POST projects/MyProject/certificates/import-file": failure(500, maybe_applied=True)}
    with pytest.raises(RequestError, match=r"^HTTP 500$") as caught:
        api.import_file("MyProject", "web", **values)
    assert caught.value.maybe_applied


@pytest.mark.parametrize(("with_jwks", "params"), [(False, {}), (True, {"jwkDeleteAction": "DELETE"})])
def test_deleting(api: CertificateApi, client: FakeClient, with_jwks: bool, params: dict[str, str]) -> None:
    client.answers = {"DELETE projects/MyProject/certificates/web": {"success": True}}
    assert api.delete("MyProject", "web", with_jwks=with_jwks) == Deployment()
    assert (client.sent.params, client.sent.form) == (params, None)


JWKS = "GET projects/MyProject/jwks"


def test_a_project_without_such_jwks_is_asked_once(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {JWKS: results({"name": "k", "sourceType": "OTHER"})}
    assert [api.certificate_jwks("MyProject") for _unused in range(3)] == [()] * 3
    assert client.requests == [JWKS]


def test_a_project_with_such_jwks_is_asked_each_time(api: CertificateApi, client: FakeClient) -> None:
    """An update may have removed their link, and a warning that names them must be correct."""
    client.answers = {JWKS: results({"name": "k", "sourceType": "CERTIFICATE", "sourceId": "1"})}
    assert api.certificate_jwks("MyProject") == ("k",)
    client.answers = {JWKS: results()}
    assert api.certificate_jwks("MyProject") == ()
    assert client.requests == [JWKS] * 2


@pytest.mark.parametrize(("status", "requests"), [(404, 1), (400, 2), (403, 2)])
def test_a_manager_without_a_list_of_jwks_is_asked_once(
    api: CertificateApi, client: FakeClient, status: int, requests: int
) -> None:
    client.answers = {JWKS: failure(status)}
    with pytest.raises(RequestError):
        api.certificate_jwks("MyProject")
    if requests == 1:
        assert api.certificate_jwks("MyProject") == ()
    else:
        with pytest.raises(RequestError):
            api.certificate_jwks("MyProject")
    assert client.requests == [JWKS] * requests
    assert api.lists_environments is (status != 404)


# Complete lists

THREE = [{**WEB, "name": name} for name in ("a", "b", "c")]


def paged(count: int, *names: str) -> dict[str, Any]:
    return results(*[{**WEB, "name": name} for name in names], status="SUCCESS", resultCount=count)


@pytest.mark.parametrize("envelope", [{"success": True}, {"status": "SUCCESS", "resultCount": 3}, {"resultCount": "9"}])
def test_a_complete_list_takes_one_request(api: CertificateApi, client: FakeClient, envelope: dict[str, Any]) -> None:
    client.answers = {GET_LIST: results(*THREE, **envelope)}
    assert len(api.list_all("MyProject")) == 3
    assert client.requests == [GET_LIST]


@pytest.mark.parametrize(
    ("pages", "requests"),
    [
        # One page for all: pages start at 0.
        ({"page=0 size=3": paged(3, "a", "b", "c")}, 2),
        # They start at 1, and 0 is refused.
        ({"page=0 size=3": failure(400), "page=1 size=3": paged(3, "a", "b", "c")}, 3),
        # The manager cuts each page, and pages start at 0.
        (
            {
                "page=0 size=3": paged(3, "a"),
                "page=1 size=3": paged(3, "b"),
                "page=1 size=1": paged(3, "b"),
                "page=2 size=1": paged(3, "c"),
            },
            5,
        ),
        # The manager cuts each page, and pages start at 1.
        (
            {
                "page=0 size=3": paged(3, "a"),
                "page=1 size=3": paged(3, "a"),
                "page=1 size=1": paged(3, "a"),
                "page=2 size=1": paged(3, "b"),
                "page=3 size=1": paged(3, "c"),
            },
            6,
        ),
    ],
)
def test_a_list_that_is_shorter_than_its_count_is_read_on(
    api: CertificateApi, client: FakeClient, pages: dict[str, Any], requests: int
) -> None:
    client.answers = {GET_LIST: paged(3, "a"), **{f"{GET_LIST} {page}": answer for page, answer in pages.items()}}
    assert [certificate.name for certificate in api.list_all("MyProject")] == ["a", "b", "c"]
    assert len(client.requests) == requests


def test_a_list_that_stays_incomplete_decides_nothing(api: CertificateApi, client: FakeClient) -> None:
    first = paged(9, "a", "b")
    client.answers = {GET_WEB: failure(400), GET_LIST: first}
    client.answers |= {f"{GET_LIST} page={page} size={size}": first for page in range(9) for size in (2, 9)}
    with pytest.raises(RequestError, match="returned only 2 of 9 objects of the list projects/MyProject/certificates"):
        api.find("MyProject", "web")
    assert len(client.requests) < 8


# Truststores

GET_ARCHIVE = "GET projects/MyProject/certificates/truststore/staging/export-file"
GET_TRUSTSTORE = "GET projects/admin/certificates/truststore/staging"


def test_a_truststore_comes_from_the_workers(api: CertificateApi, client: FakeClient, new: Bundle) -> None:
    client.answers = {GET_ARCHIVE: archive({"web.cer": new.leaf.pem.encode()})}
    found = api.truststore("MyProject", "staging")
    assert (found.environment, found.source, [entry.alias for entry in found.entries]) == (
        "staging",
        "workers",
        ["web"],
    )
    assert client.requests == [GET_ARCHIVE]


@pytest.mark.parametrize("error", [failure(400), failure(403), failure(404), failure(405), failure(500)])
def test_the_list_of_the_truststore_comes_second(api: CertificateApi, client: FakeClient, error: RequestError) -> None:
    entry = {"environmentName": "staging", "alias": "Web", "sha1Thumbprint": "AB:12"}
    flat = {"name": "ca", "sha1Thumbprint": "cd34"}
    other = {"name": "x", "certificateEnvironmentList": [{"environmentName": "production", "alias": "x"}]}
    client.answers = {
        GET_ARCHIVE: error,
        GET_TRUSTSTORE: results({"name": "web", "certificateEnvironmentList": [entry]}, flat, other),
    }
    found = api.truststore("MyProject", "staging")
    assert found.source == "manager"
    assert [(one.alias, one.fingerprint_sha1) for one in found.entries] == [("Web", "ab12"), ("ca", "cd34")]


def test_addresses_that_do_not_allow_to_be_read_are_tried_once(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_ARCHIVE: failure(405), GET_TRUSTSTORE: failure(405)}
    for _unused in range(2):
        with pytest.raises(
            TruststoreUnavailableError, match=r"HTTP 405.*SECRETS with EXPORT_IMPORT.*release 2026\.09"
        ) as caught:
            api.truststore("MyProject", "staging")
        assert caught.value.status == 405
    assert client.requests == [GET_ARCHIVE, GET_TRUSTSTORE]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_an_environment_without_a_truststore_says_nothing_about_the_others(
    api: CertificateApi, client: FakeClient, new: Bundle, status: int
) -> None:
    client.answers = {
        GET_ARCHIVE: failure(status),
        GET_TRUSTSTORE: failure(status),
        GET_ARCHIVE.replace("staging", "production"): archive({"web.cer": new.leaf.pem.encode()}),
    }
    with pytest.raises(TruststoreUnavailableError, match=f"HTTP {status}"):
        api.truststore("MyProject", "staging")
    assert [entry.alias for entry in api.truststore("MyProject", "production").entries] == ["web"]


def test_a_manager_that_only_lists_truststores_is_asked_once_for_each_further_environment(
    api: CertificateApi, client: FakeClient, new: Bundle
) -> None:
    listing, other = results({"name": "ca", "sha1Thumbprint": "cd34"}), "production"
    client.answers = {
        GET_ARCHIVE: failure(404),
        GET_TRUSTSTORE: listing,
        GET_TRUSTSTORE.replace("staging", other): listing,
    }
    for environment in ("staging", other, "staging"):
        assert api.truststore("MyProject", environment).source == "manager"
    expected = [GET_ARCHIVE, GET_TRUSTSTORE, GET_TRUSTSTORE.replace("staging", other), GET_TRUSTSTORE]
    assert client.requests == expected

    # The first HTTP 404 was about the environment after all.
    client.answers[GET_TRUSTSTORE] = failure(404)
    client.answers[GET_ARCHIVE] = archive({"web.cer": new.leaf.pem.encode()})
    client.requests.clear()
    assert api.truststore("MyProject", "staging").source == "workers"
    assert api.truststore("MyProject", "staging").source == "workers"
    assert client.requests == [GET_TRUSTSTORE, GET_ARCHIVE, GET_ARCHIVE]


def test_unreachable_workers_do_not_rule_out_the_next_attempt(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_ARCHIVE: failure(400), GET_TRUSTSTORE: failure(403)}
    for _unused in range(2):
        with pytest.raises(TruststoreUnavailableError, match="HTTP 400"):
            api.truststore("MyProject", "staging")
    assert client.requests == [GET_ARCHIVE, GET_TRUSTSTORE] * 2


@pytest.mark.parametrize("error", [failure(401), RequestError("The manager cannot be reached", retryable=True)])
def test_a_manager_that_cannot_be_read_is_not_asked_in_another_way(
    api: CertificateApi, client: FakeClient, error: RequestError
) -> None:
    client.answers = {GET_ARCHIVE: error}
    with pytest.raises(TruststoreUnavailableError, match=str(error)):
        api.truststore("MyProject", "staging")
    assert client.requests == [GET_ARCHIVE]


def test_the_manager_has_no_truststore_to_read(api: CertificateApi, client: FakeClient) -> None:
    with pytest.raises(TruststoreUnavailableError, match="apimanager is the manager itself"):
        api.truststore("MyProject", "apimanager")
    assert client.requests == []


def test_a_damaged_archive_is_not_evidence(api: CertificateApi, client: FakeClient) -> None:
    client.answers = {GET_ARCHIVE: b"PK\x03\x04damaged", GET_TRUSTSTORE: failure(403)}
    with pytest.raises(TruststoreUnavailableError, match="ZIP archive is damaged"):
        api.truststore("MyProject", "staging")
