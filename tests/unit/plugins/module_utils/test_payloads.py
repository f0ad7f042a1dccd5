# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _payloads
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ShapeError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Environment,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle

# Envelopes and errors


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"success": True}, True),
        ({"success": False}, False),
        ({"status": "SUCCESS"}, True),
        ({"status": "success"}, True),
        ({"status": "FAILURE"}, False),
        ({"success": False, "status": "SUCCESS"}, False),
        ({"success": "true", "status": "SUCCESS"}, True),
        ({"success": "true"}, None),
        ({"status": 200}, None),
        ({}, None),
    ],
)
def test_the_success_of_an_envelope(body: dict[str, Any], verdict: bool | None) -> None:
    assert _payloads.is_success(body) is verdict


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": "bad_request", "error_description": "alias is taken"}, "alias is taken"),
        ({"status": "FAILURE", "resultMessage": "alias is taken"}, "alias is taken"),
        ({"success": False, "message": "alias is taken"}, "alias is taken"),
        ({"detail": "alias is taken"}, "alias is taken"),
        ({"error": "conflict"}, "conflict"),
        ({"error_description": " ", "resultMessage": "", "error": "conflict"}, "conflict"),
        (
            {"error": "bad_request", "validation_errors": [{"field": "alias", "message": "empty"}, "odd", {}]},
            "bad_request; alias: empty; None: None",
        ),
        ({"validation_errors": [{"field": "alias", "message": "empty"}]}, "alias: empty"),
        ({"error": {"code": 1}, "message": 7, "validation_errors": "odd"}, None),
        ({}, None),
        (["error"], None),
        ("error", None),
        (None, None),
    ],
)
def test_the_message_of_the_manager_is_found(body: Any, message: str | None) -> None:
    assert _payloads.server_message(body) == message


@pytest.mark.parametrize(
    ("body", "wait"), [({"retry_after": 7}, 7), ({"retry_after": "7"}, "7"), ({}, None), (7, None)]
)
def test_retry_after_is_not_converted(body: Any, wait: Any) -> None:
    assert _payloads.retry_after(body) == wait


# Lists


@pytest.mark.parametrize("body", [{}, {"resultList": None}, {"resultList": {"name": "a"}}, {"resultList": [{}, "a"]}])
def test_a_result_list_must_be_a_list_of_objects(body: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match=r"^resultList is not a list of objects$"):
        _payloads.results(body)


@pytest.mark.parametrize("item", [{}, {"name": None}, {"name": 7}])
@pytest.mark.parametrize("read", [_payloads.project_names, _payloads.environments])
def test_an_object_without_a_name_has_an_unknown_format(read: Any, item: dict[str, Any]) -> None:
    with pytest.raises(ShapeError, match=r"^an object of resultList has no name$"):
        read([{"name": "a"}, item])


def test_projects_are_read_in_the_order_of_the_list() -> None:
    assert _payloads.project_names([{"name": "b", "id": "1"}, {"name": "a"}]) == ["b", "a"]
    assert _payloads.project_names([]) == []


def test_environments_have_what_the_generation_reports() -> None:
    listed = [
        {
            "id": "1",
            "name": "production",
            "type": "PRODUCTION",
            "status": "PUBLISHED",
            "accessUrl": "https://api.example.com",
            "description": "for all",
        },
        {"name": "staging", "type": 7, "status": None},
    ]
    assert _payloads.environments(listed) == (
        Environment("production", "PRODUCTION", "PUBLISHED", "https://api.example.com", "for all"),
        Environment("staging"),
    )


def test_jwks_created_from_certificates_are_named() -> None:
    listed = [
        {"name": "signing", "sourceType": "CERTIFICATE", "sourceId": "1"},
        {"kid": "key-2", "sourceType": "certificate", "sourceId": "2"},
        {"name": "unlinked", "sourceType": "CERTIFICATE", "sourceId": None},
        {"name": "by hand", "sourceType": "MANUAL", "sourceId": "3"},
        {"name": "odd"},
    ]
    assert _payloads.certificate_jwks(listed) == ("signing", "key-2")


# Certificates


def test_a_certificate_of_the_vendors_sample(new: Bundle) -> None:
    item = {
        "name": "my-certificate",
        "description": "SSL certificate for API",
        "certificateEnvironmentList": [
            {
                "environmentName": "production",
                "startDate": "2024-01-01T00:00:00.000Z",
                "endDate": "2025-12-31T23:59:59.000Z",
                "base64EncodedContent": base64.b64encode(new.leaf.der).decode(),
                "sha1Thumbprint": new.leaf.fingerprint_sha1.upper(),
                "subjectDn": "CN=example.com, O=Example Inc, C=US",
                "alias": "my-cert-alias",
            }
        ],
    }
    entry = Entry(
        environment="production",
        alias="my-cert-alias",
        bundle=new,
        sha1=new.leaf.fingerprint_sha1,
        reported_subject="CN=example.com, O=Example Inc, C=US",
        reported_not_before=datetime(2024, 1, 1, tzinfo=timezone.utc),
        reported_not_after=datetime(2025, 12, 31, 23, 59, 59, tzinfo=timezone.utc),
    )
    assert _payloads.certificate("MyProject", item) == StoredCertificate(
        "MyProject", "my-certificate", "SSL certificate for API", entries=(entry,)
    )


def test_a_certificate_of_2024_09_has_no_description_and_pem_in_base64(new: Bundle) -> None:
    content = base64.b64encode(new.pem.encode()).decode()
    item = {
        "name": "web",
        "certificateEnvironmentList": [{"environmentName": "staging", "base64EncodedContent": content}],
    }
    assert _payloads.certificate("MyProject", item) == StoredCertificate(
        "MyProject", "web", None, description_reported=False, entries=(Entry("staging", bundle=new),)
    )


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"alias": None, "base64EncodedContent": None, "sha1Thumbprint": None, "subjectDn": None, "startDate": None},
        {"alias": 7, "base64EncodedContent": 7, "sha1Thumbprint": 7, "subjectDn": 7, "startDate": 7, "endDate": 7},
        {"base64EncodedContent": "", "sha1Thumbprint": "-", "startDate": "", "endDate": "soon"},
    ],
)
def test_missing_or_invalid_fields_are_unknown(odd: dict[str, Any]) -> None:
    item = {
        "name": "web",
        "description": None,
        "certificateEnvironmentList": [{"environmentName": "staging", **odd}],
    }
    assert _payloads.certificate("MyProject", item) == StoredCertificate(
        "MyProject", "web", entries=(Entry("staging"),)
    )


@pytest.mark.parametrize("thumbprint", ["a1b2c3", "A1B2C3", "A1:B2:C3", "a1 b2 c3"])
def test_a_thumbprint_is_read_in_every_notation(thumbprint: str) -> None:
    listed = [{"environmentName": "staging", "sha1Thumbprint": thumbprint}]
    stored = _payloads.certificate("MyProject", {"name": "web", "certificateEnvironmentList": listed})
    assert stored.entries[0].sha1 == "a1b2c3"


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({}, "a certificate has no name"),
        ({"name": 7}, "a certificate has no name"),
        ({"name": "web"}, "certificate web has no certificateEnvironmentList"),
        ({"name": "web", "certificateEnvironmentList": {}}, "certificate web has no certificateEnvironmentList"),
        ({"name": "web", "certificateEnvironmentList": ["a"]}, "an entry of certificate web has no environmentName"),
        ({"name": "web", "certificateEnvironmentList": [{}]}, "an entry of certificate web has no environmentName"),
    ],
)
def test_a_certificate_in_an_unknown_format_is_an_error_that_names_the_part(item: dict[str, Any], message: str) -> None:
    with pytest.raises(ShapeError) as caught:
        _payloads.certificate("MyProject", item)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05.678901234Z", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05", "2026-01-02T03:04:05"),
        ("2026-01-02 03:04:05", "2026-01-02T03:04:05"),
        (" 2026-01-02t03:04:05z\n", "2026-01-02T03:04:05"),
        ("2026-01-02T03:04:05+03:00", "2026-01-02T00:04:05"),
        ("2026-01-02T03:04:05.678+0300", "2026-01-02T00:04:05"),
        ("2026-01-02T03:04:05-05:30", "2026-01-02T08:34:05"),
        ("2026-01-01T00:00:00+00:01", "2025-12-31T23:59:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
    ],
)
def test_dates_are_read_as_utc(text: str, moment: str) -> None:
    entry = {"environmentName": "staging", "startDate": text}
    stored = _payloads.certificate("MyProject", {"name": "web", "certificateEnvironmentList": [entry]})
    assert stored.entries[0].reported_not_before == datetime.fromisoformat(moment).replace(tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "value",
    [
        *("", "2026-01-02", "02.01.2026 03:04:05", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z"),
        *("2026-01-02T03:04:60Z", "2026-01-02T25:00:00Z", "2026-01-02T03:04:05 Istanbul", "2026-01-02T03:04:05+3"),
        *("9999-12-31T23:59:59-03:00", "0001-01-01T00:00:00+03:00", 1767322800000, None, ["2026-01-02T03:04:05Z"]),
    ],
)
def test_an_invalid_date_is_unknown(value: Any) -> None:
    entry = {"environmentName": "staging", "endDate": value}
    stored = _payloads.certificate("MyProject", {"name": "web", "certificateEnvironmentList": [entry]})
    assert stored.entries[0].reported_not_after is None


# Deployments


@pytest.mark.parametrize("body", [{}, {"deploymentResult": None}, {"deploymentResult": "done"}, {"success": True}])
def test_without_a_deployment_result_the_success_is_unknown(body: dict[str, Any]) -> None:
    assert _payloads.deployment(body) == Deployment(success=None)


@pytest.mark.parametrize(
    ("references", "unresolved"),
    [(["JWK signing", 7], ("JWK signing", "7")), ([], ()), (None, ()), ("JWK signing", ())],
)
def test_references_that_an_import_did_not_resolve(references: Any, unresolved: tuple[str, ...]) -> None:
    body = {"status": "SUCCESS", "unresolvedReferences": references}
    assert _payloads.deployment(body) == Deployment(unresolved=unresolved)


def test_the_deployment_result_in_the_format_of_the_pages() -> None:
    result = {
        "success": False,
        "message": "Deployment failed",
        "environmentResults": [
            {"environmentName": "staging", "success": False, "message": "worker is not reachable"},
            {"environmentName": "production", "success": True, "message": "done"},
        ],
    }
    assert _payloads.deployment({"success": True, "deploymentResult": result}) == Deployment(
        success=False,
        message="Deployment failed",
        environments=(
            EnvironmentDeployment("production", success=True, message="done"),
            EnvironmentDeployment("staging", success=False, message="worker is not reachable"),
        ),
    )


def pod(name: str, success: bool, detail: str | None = None, **more: Any) -> dict[str, Any]:
    """An item of a detailList, for production."""
    return {"envName": "production", "podName": name, "podIp": "10.0.0.1", "success": success, "detail": detail, **more}


@pytest.mark.parametrize(
    ("pods", "success", "message"),
    [
        pytest.param([pod("a", True), pod("b", True)], True, None, id="all pods, no words"),
        pytest.param([pod("a", True, "done"), pod("b", True, "done")], True, "a: done; b: done", id="all pods"),
        pytest.param([pod("a", True, "done"), pod("b", False, "down")], False, "b: down", id="the second failed"),
        pytest.param([pod("a", False, "down"), pod("b", True, "done")], False, "a: down", id="the first failed"),
        pytest.param(
            [pod("a", False, "down"), pod("b", True, "done"), pod("c", False, "full")],
            False,
            "a: down; c: full",
            id="two of three failed",
        ),
        pytest.param([pod("a", False), pod("b", True, "done")], False, None, id="failed without words"),
        pytest.param([pod("a", True, detailList=[pod("x", True, "done")])], True, None, id="nested, all well"),
        pytest.param([pod("a", True, detailList=[pod("x", False, "down")])], False, "a: x: down", id="nested failure"),
        pytest.param(
            [pod("a", True, "see below", detailList=[pod("x", True), pod("y", False, "down")])],
            False,
            "a: see below",
            id="nested failure below other words",
        ),
        pytest.param(
            [pod("a", True, detailList=[pod("x", True, detailList=[pod("z", False, "down")])])],
            False,
            "a: x: z: down",
            id="nested twice",
        ),
        pytest.param([{"envName": "production"}], True, None, id="without a verdict of its own"),
        pytest.param([{"envName": "production", "success": "true"}], False, None, id="with an odd verdict"),
        pytest.param([pod("a", True, "done", detailList="odd"), "odd"], True, "a: done", id="odd items"),
    ],
)
def test_the_deployment_result_in_the_format_of_openapi(pods: list[Any], success: bool, message: str | None) -> None:
    body = {"status": "SUCCESS", "deploymentResult": {"success": True, "detail": "see the pods", "detailList": pods}}
    found = _payloads.deployment(body)
    assert found == Deployment(True, "see the pods", (EnvironmentDeployment("production", success, message),))
    assert found.failed is not success


def test_pods_of_several_environments_are_told_apart() -> None:
    details = [pod("a", True), {**pod("b", False, "down"), "envName": "staging"}, pod("c", True)]
    assert _payloads.deployment({"deploymentResult": {"success": False, "detailList": details}}) == Deployment(
        False, None, (EnvironmentDeployment("production", True), EnvironmentDeployment("staging", False, "b: down"))
    )


@pytest.mark.parametrize("success", [None, "true", 1])
def test_a_deployment_result_without_success_is_unknown(success: Any) -> None:
    found = _payloads.deployment({"deploymentResult": {"success": success, "environmentResults": "odd", "message": 7}})
    assert found == Deployment(None, None, ())
    assert not found.failed


OUTER = (
    "Certificate is saved. Deployment to environments failed. Details: production: no worker; pre-production is fine."
)


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        ({"success": False, "detailList": []}, ["production"]),
        ({"success": False}, ["production"]),
        # Where the result itself names environments, the text says nothing more.
        ({"success": False, "detailList": [pod("a", False)]}, ["production"]),
        ({"success": True, "detailList": []}, []),
    ],
)
def test_the_message_names_the_failed_environments_if_the_result_does_not(
    result: dict[str, Any], failed: list[str]
) -> None:
    body = {"status": "SUCCESS", "resultMessage": OUTER, "deploymentResult": result}
    found = _payloads.deployment(body, ["production", "pre-production-2", "staging"])
    assert [environment.name for environment in found.failed_environments] == failed


def test_the_outer_message_is_the_message_of_a_failed_deployment() -> None:
    body = {"status": "SUCCESS", "resultMessage": OUTER, "deploymentResult": {"success": False, "detailList": []}}
    assert _payloads.deployment(body, ["staging"]) == Deployment(success=False, message=OUTER)


@pytest.mark.parametrize(("count", "number"), [(3, 3), (0, 0), ("3", 0), (True, 0), (None, 0), (-1, -1)])
def test_the_count_of_a_list_is_a_number(count: Any, number: int) -> None:
    assert _payloads.result_count({"resultCount": count}) == number
