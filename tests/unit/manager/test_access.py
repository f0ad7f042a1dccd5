# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens, permissions, and the errors of each generation and language."""

from __future__ import annotations

import time

import pytest

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09")
ABSENT = ("projects", "MyProject", "certificates", "absent")


def header(value):
    return {"headers": {"Authorization": value}}


@pytest.mark.parametrize(
    ("generation", "bare_only", "bearer", "bare"),
    [
        ("2024.09", False, 200, 200),
        ("2025", False, 200, 401),
        ("2026.09", False, 200, 401),
        ("2026.09", True, 401, 200),
    ],
)
def test_forms_of_the_authorization_header(start, generation, bare_only, bearer, bare):
    api = start(generation=generation, bare_token_only=bare_only)
    token = api.manager.token
    assert api("GET", "projects", **header(f"Bearer {token}")).status_code == bearer
    assert api("GET", "projects", **header(token)).status_code == bare


@pytest.mark.parametrize("generation", GENERATIONS)
def test_bad_tokens_get_401_with_the_reason(start, generation):
    api = start(generation=generation)
    expired = api.manager.add_token("late", expires_in=-1)
    text = "error_description" if generation == "2025" else "resultMessage"
    for authorization, reason in (
        ("Bearer wrong", "Token is not valid!"),
        (f"Bearer {expired}", "Token was expired!"),
        ("", "Empty Key!"),
    ):
        answer = api("GET", "projects", **header(authorization))
        assert answer.status_code == 401
        assert answer.json()[text].startswith(reason)


@pytest.mark.parametrize(
    ("generation", "expires_in"),
    [("2024.09", pytest.approx((time.time() + 600) * 1000, rel=0.001)), ("2025", 600), ("2026.09", 600)],
)
def test_a_user_gets_a_token_with_the_users_name(start, generation, expires_in):
    api = start(generation=generation)
    api.manager.add_user("operator", "pass word&", token_seconds=600)
    form = {"grant_type": "client_credentials", "client_id": "operator", "client_secret": "pass word&"}
    answer = api("POST", raw="auth/token", data=form)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "Bearer"
    assert answer.json()["expires_in"] == expires_in
    api.token = answer.json()["access_token"]
    assert api("GET", "projects").status_code == 200
    assert api.manager.journal[-1].token == "operator"
    assert "pass word&" not in repr([vars(request) for request in api.manager.journal])
    assert api.manager.journal.writes().methods() == []


@pytest.mark.parametrize(
    ("field", "value"), [("client_secret", "wrong"), ("client_id", "stranger"), ("grant_type", "password")]
)
def test_bad_credentials_get_401(api, field, value):
    api.manager.add_user("operator", "secret")
    form = {"grant_type": "client_credentials", "client_id": "operator", "client_secret": "secret", field: value}
    answer = api("POST", raw="auth/token", data=form)
    assert answer.status_code == 401
    assert answer.json() == {"error": "unauthorized_client", "error_description": "Bad credentials"}


def test_credentials_must_be_urlencoded(api):
    assert api("POST", raw="auth/token", json={"grant_type": "client_credentials"}).status_code == 415


@pytest.mark.parametrize(
    ("permissions", "read", "write", "imports"),
    [
        (["read"], 200, 400, 400),
        (["SECRETS+MANAGE"], 200, 400, 400),
        (["SECRETS+DEPLOY_UNDEPLOY"], 200, 400, 400),
        (["SECRETS+MANAGE", "SECRETS+DEPLOY_UNDEPLOY"], 200, 200, 400),
        (["SECRETS+EXPORT_IMPORT"], 200, 400, 200),
        ([], 400, 400, 400),
    ],
)
def test_each_endpoint_needs_its_permissions(api, new, permissions, read, write, imports):
    api.token = api.manager.add_token("some", permissions=permissions)
    before = api.manager.snapshot()
    assert api("GET", "projects", "MyProject", "certificates").status_code == read
    assert api.import_file(new.der, "staging").status_code == imports
    assert api.put(new.pem, "staging").status_code == write
    assert api.create("fresh", new.pem, "staging").status_code == write
    assert api.delete().status_code == write
    assert (api.manager.snapshot() == before) is (write != 200 and imports != 200)


def test_permissions_apply_only_in_their_projects(api, new):
    api.manager.add_project("Other", ["staging"])
    api.token = api.manager.add_token("elsewhere", projects=["Other"])
    answer = api.put(new.pem, "staging")
    assert answer.status_code == 400
    assert answer.json()["resultMessage"] == (
        "Project (MyProject) is not found or user does not have privilege to access it!"
    )


ERRORS = {
    "missing certificate": (404, "not_found", "Certificate (name: absent) is not found!"),
    "missing project": (404, "not_found", "Project (Nowhere) is not found or user does not have privilege"),
    "hidden project": (403, "forbidden", "Project (Hidden) is not found or user does not have privilege"),
    "missing permission": (403, "forbidden", "User does not have required permission for this operation!"),
    "missing environment": (404, "not_found", "Environment (Staging) is not found or user does not have privilege"),
    "existing certificate": (409, "conflict", "Certificate (name: web) is already exist!"),
    "used alias": (409, "conflict", "Alias (web) is already used for another certificate, try changing this value!"),
    "empty value": (400, "bad_request", "alias value can not be empty!"),
}


def rejected(api, new, case):
    """Send a request that is rejected for this reason, and return the response."""
    api.manager.add_project("Hidden")
    api.token = api.manager.add_token("guest", projects=["MyProject", "Nowhere"])
    reader = api.manager.add_token("reader", permissions=["read"])
    requests = {
        "missing certificate": lambda: api("GET", *ABSENT),
        "missing project": lambda: api("GET", "projects", "Nowhere", "certificates"),
        "hidden project": lambda: api("GET", "projects", "Hidden", "certificates"),
        "missing permission": lambda: api.delete(**header(f"Bearer {reader}")),
        "missing environment": lambda: api.put(new.pem, "Staging"),
        "existing certificate": lambda: api.create("web", new.pem, "staging"),
        "used alias": lambda: api.create("second", new.pem, "staging", form={"alias": "web"}),
        "empty value": lambda: api.put(new.pem, "staging", form={"alias": ""}),
    }
    return requests[case]()


@pytest.mark.parametrize("case", ERRORS)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_only_2025_distinguishes_errors_by_status(start, new, generation, case):
    api = start(generation=generation)
    before = api.manager.snapshot()
    answer = rejected(api, new, case)
    status, error, text = ERRORS[case]
    if generation == "2025":
        assert (answer.status_code, answer.json()["error"]) == (status, error)
        assert answer.json()["error_description"].startswith(text)
    else:
        assert (answer.status_code, answer.json()["status"]) == (400, "FAILURE")
        assert answer.json()["resultMessage"].startswith(text)
    assert api.manager.snapshot() == before


def test_2025_names_the_field_in_its_validation_errors(start, new):
    body = start(generation="2025").put(new.pem, "staging", form={"alias": ""}).json()
    assert body["validation_errors"] == [{"field": "alias", "message": "alias value can not be empty!"}]


@pytest.mark.parametrize("case", ERRORS)
def test_another_language_changes_the_text_and_not_the_status(start, new, case):
    answers = [rejected(start(generation="2025", language=language), new, case) for language in ("en", "tr")]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json()["error_description"] != answers[1].json()["error_description"]


def test_turkish_text_arrives_as_utf8(start):
    answer = start(language="tr")("GET", *ABSENT)
    assert answer.json()["resultMessage"] == "Sertifika (adı: absent) bulunamadı!"
