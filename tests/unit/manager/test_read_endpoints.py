# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The responses of the endpoints that read, in each generation."""

from __future__ import annotations

import base64
import datetime
import re

import pytest

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_envelopes_of_list_and_get(start, generation):
    api = start(generation=generation)
    listed = api("GET", "projects", "MyProject", "certificates")
    single = api("GET", "projects", "MyProject", "certificates", "web")
    by_status = {"status": "SUCCESS", "resultCount": 1}
    by_success = {"success": True}
    expected_list = by_success if generation == "2025" else by_status
    expected_get = by_status if generation == "2024.09" else by_success
    assert {key: value for key, value in listed.json().items() if key != "resultList"} == expected_list
    assert {key: value for key, value in single.json().items() if key != "resultList"} == expected_get
    assert single.headers["Content-Type"].startswith("application/json")


@pytest.mark.parametrize("generation", GENERATIONS[1:])
def test_a_certificate_has_der_milliseconds_and_description(start, old, generation):
    certificate = start(generation=generation).get()
    assert certificate["name"] == "web"
    assert certificate["description"] == "First"
    entry = certificate["certificateEnvironmentList"][0]
    assert base64.b64decode(entry["base64EncodedContent"]) == old.der
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z", entry["startDate"])
    assert datetime.datetime.fromisoformat(entry["endDate"]) == old.certificate.not_valid_after_utc
    assert entry["sha1Thumbprint"] == old.sha1.upper()
    assert entry["subjectDn"] == "CN=web.example.com, O=Example Inc, C=US"
    assert (entry["environmentName"], entry["alias"]) == ("staging", "web")


def test_2024_09_has_pem_and_neither_milliseconds_nor_description(start, old):
    certificate = start(generation="2024.09").get()
    assert "description" not in certificate
    entry = certificate["certificateEnvironmentList"][0]
    assert base64.b64decode(entry["base64EncodedContent"]).decode() == old.pem
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry["startDate"])


@pytest.mark.parametrize("generation", GENERATIONS)
def test_only_2024_09_keeps_a_chain(start, new, generation):
    api = start(generation=generation)
    assert api.put("# with a comment\n" + new.chain_pem, "staging", "production").status_code == 200
    content = base64.b64decode(api.get()["certificateEnvironmentList"][0]["base64EncodedContent"])
    expected = ("# with a comment\n" + new.chain_pem).encode() if generation == "2024.09" else new.der
    assert content == expected
    assert api.manager.served("staging", "MyProject", "web") == new.der


@pytest.mark.parametrize("in_list", [True, False])
@pytest.mark.parametrize("in_get", [True, False])
def test_content_can_be_left_out_but_the_thumbprint_stays(start, in_list, in_get):
    api = start(list_content=in_list, get_content=in_get)
    listed = api("GET", "projects", "MyProject", "certificates").json()["resultList"][0]
    for certificate, expected in ((listed, in_list), (api.get(), in_get)):
        for entry in certificate["certificateEnvironmentList"]:
            assert ("base64EncodedContent" in entry) is expected
            assert entry["sha1Thumbprint"]


def test_entries_may_differ_in_certificate_and_alias_and_repeat(api, old, new):
    api.manager.add_certificate(
        "MyProject", "mixed", {"staging": [old, new], "apimanager": new}, alias={"staging": "s", "apimanager": "m"}
    )
    entries = api.get("mixed")["certificateEnvironmentList"]
    shown = [(entry["environmentName"], entry["alias"], entry["sha1Thumbprint"].lower()) for entry in entries]
    assert shown == [("staging", "s", old.sha1), ("staging", "s", new.sha1), ("apimanager", "m", new.sha1)]
    assert api.manager.served("staging", "MyProject", "mixed") == new.der


OLD_PATH, NEW_PATH = "environments/MyProject", "projects/MyProject/environments/"
ENVIRONMENT_PATHS = {"2025": OLD_PATH, "2026.04": NEW_PATH, "2026.09": NEW_PATH, "openapi": NEW_PATH}


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("path", [OLD_PATH, NEW_PATH])
def test_path_of_the_environments(start, generation, path):
    own = ENVIRONMENT_PATHS.get(generation)
    assert start(generation=generation)("GET", raw=path).status_code == (200 if path == own else 404)


@pytest.mark.parametrize(
    ("generation", "types"),
    [
        ("2025", ["KUBERNETES"] * 3),
        ("2026.04", ["TEST", "SANDBOX", "PRODUCTION"]),
        ("2026.09", ["TEST", "SANDBOX", "PRODUCTION"]),
    ],
)
def test_environments_have_type_and_status_and_exclude_the_pseudo_environment(start, old, generation, types):
    api = start(generation=generation)
    api.manager.add_certificate("MyProject", "own", {"apimanager": old})
    shown = api("GET", raw=ENVIRONMENT_PATHS[generation]).json()["resultList"]
    assert [item["name"] for item in shown] == ["development", "staging", "production"]
    assert [item["type"] for item in shown] == types
    assert {item["status"] for item in shown} == {"PUBLISHED"}
    assert {"id", "description", "accessUrl"} < set(shown[0])


@pytest.mark.parametrize("generation", GENERATIONS)
def test_jwks_are_listed_without_key_material(start, generation):
    api = start(generation=generation)
    jwk = api.manager.add_jwk("MyProject", "signing", "web")
    api.manager.add_jwk("MyProject", "other")
    answer = api("GET", "projects", "MyProject", "jwks")
    assert answer.status_code == (404 if generation == "2024.09" else 200)
    if answer.ok:
        assert answer.json()["resultList"] == [
            {"name": "signing", "sourceType": "CERTIFICATE", "sourceId": jwk.source_id, "kid": jwk.kid},
            {
                "name": "other",
                "sourceType": "GENERATED",
                "sourceId": None,
                "kid": answer.json()["resultList"][1]["kid"],
            },
        ]


def test_only_projects_that_the_token_may_read_are_listed(api):
    api.manager.add_project("Other", description="Another")
    every = api("GET", "projects").json()["resultList"]
    assert [project["name"] for project in every] == ["admin", "MyProject", "Other"]
    api.token = api.manager.add_token("guest", permissions=["read"], projects=["Other"])
    shown = api("GET", "projects").json()["resultList"]
    assert [(project["name"], project["description"]) for project in shown] == [("Other", "Another")]


def test_health_needs_no_token(api):
    answer = api("GET", raw="test/healthcheck", headers={"Authorization": ""})
    assert (answer.status_code, answer.text) == (200, "OK")


@pytest.mark.parametrize(
    "path",
    [
        "projects",
        "projects/MyProject/certificates",
        "projects/MyProject/certificates/web",
        "projects/MyProject/environments",
        "projects/MyProject/certificates//",
        "auth/token/",
        "nowhere/",
    ],
)
def test_the_container_answers_404_to_any_other_path(api, path):
    answer = api("GET", raw=path)
    assert (answer.status_code, answer.json()["error"]) == (404, "Not Found")


def test_a_prefix_is_part_of_every_path(start):
    api = start(prefix="/gw")
    assert api.manager.url.endswith("/gw")
    assert api.get()["name"] == "web"
    outside = api.manager.url.removesuffix("/gw") + "/apiops/test/healthcheck"
    assert api.session.get(outside, timeout=5).status_code == 404
    assert api.manager.journal[0].segments == ("projects", "MyProject", "certificates", "web")


@pytest.mark.parametrize("name", ['My Project/%2F"ü', "a/b", "100%", "a+b", "a?b#c", "türkçe ğ"])
def test_names_are_sent_encoded_and_decoded_once(api, old, new, name):
    manager = api.manager
    manager.add_project(name, ["staging"])
    manager.add_certificate(name, name, {"staging": old})
    answer = api("GET", "projects", name, "certificates", name)
    assert answer.json()["resultList"][0]["name"] == name
    form = {"alias": "x", "certificateDescription": "x", "environmentList": "staging"}
    files = {"pemEncodedFile": ("new.pem", new.pem)}
    assert api("PUT", "projects", name, "certificates", name, data=form, files=files).status_code == 200
    assert manager.holds(name, name) == {"staging": [new.der]}
    assert manager.served("staging", name, name) == new.der
    assert manager.journal[-1].segments == ("projects", name, "certificates", name)


def test_names_are_case_sensitive(api):
    assert api("GET", "projects", "myproject", "certificates").status_code == 400
    assert api("GET", "projects", "MyProject", "certificates", "WEB").status_code == 400
