# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the endpoints that write do to the manager's record and to the gateways."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
WEB = ("MyProject", "web")


@pytest.mark.parametrize("generation", GENERATIONS)
def test_create_stores_and_deploys(start, new, generation):
    api = start(generation=generation)
    assert api.create("fresh", new.pem, "production", "apimanager").status_code == 200
    assert api.manager.holds("MyProject", "fresh") == {"production": [new.der], "apimanager": [new.der]}
    assert api.manager.served("production", "MyProject", "fresh") == new.der
    assert api.manager.served("staging", "MyProject", "fresh") is None
    entries = api.get("fresh")["certificateEnvironmentList"]
    assert [(entry["environmentName"], entry["alias"]) for entry in entries] == [
        ("production", "fresh"),
        ("apimanager", "fresh"),
    ]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_update_replaces_everything_and_removes_environments_that_are_left_out(start, old, new, generation):
    api = start(generation=generation)
    answer = api.put(new.pem, "staging", "development", form={"alias": "renamed"})
    assert answer.status_code == 200
    assert api.manager.holds(*WEB) == {"staging": [new.der], "development": [new.der]}
    assert api.manager.gateways == {"staging": {WEB: new.der}, "development": {WEB: new.der}, "production": {}}
    certificate = api.manager.state.certificates[WEB]
    assert certificate.description == "Renewed"
    assert {entry.alias for entry in certificate.entries} == {"renamed"}


def test_with_duplicates_an_update_adds_entries_and_removes_environments_that_are_left_out(start, old, new, authority):
    api = start(duplicates=True)
    newest = authority.issue("web.example.com")
    api.put(new.pem, "staging")
    assert api.manager.holds(*WEB) == {"staging": [old.der, new.der]}
    api.put(newest.pem, "staging", "production")
    assert api.manager.holds(*WEB) == {"staging": [old.der, new.der, newest.der], "production": [newest.der]}
    assert api.manager.served("staging", *WEB) == newest.der
    assert [entry["environmentName"] for entry in api.get()["certificateEnvironmentList"]] == [
        "staging",
        "staging",
        "staging",
        "production",
    ]


def test_only_import_file_replaces_duplicates(start, old, new):
    api = start(duplicates=True)
    api.put(new.pem, "staging", "production")
    assert api.import_file(new.pem, "staging").json() == {"status": "SUCCESS"}
    assert api.manager.holds(*WEB) == {"staging": [new.der], "production": [old.der, new.der]}


@pytest.mark.parametrize("generation", ["2026.09", "openapi"])
@pytest.mark.parametrize("form", ["pem", "der"])
def test_import_file_keeps_other_environments(start, old, new, generation, form):
    api = start(generation=generation)
    assert api.import_file(getattr(new, form), "staging").json() == {"status": "SUCCESS"}
    assert api.manager.holds(*WEB) == {"production": [old.der], "staging": [new.der]}
    assert api.manager.served("staging", *WEB) == new.der
    assert api.manager.served("production", *WEB) == old.der
    assert api.manager.state.certificates[WEB].description == "First"


def test_import_file_creates_a_missing_certificate_with_a_description(api, new):
    assert api.import_file(new.pem, "staging", name="fresh", alias="f", certificateDescription="Text").ok
    assert api.manager.holds("MyProject", "fresh") == {"staging": [new.der]}
    assert api.manager.state.certificates["MyProject", "fresh"].description == "Text"


def test_import_file_reports_what_the_options_say(start, new):
    api = start(import_reports_deployment=True, unresolved_references=["policy X"])
    body = api.import_file(new.pem, "staging").json()
    assert body["unresolvedReferences"] == ["policy X"]
    assert [item["environmentName"] for item in body["deploymentResult"]["environmentResults"]] == ["staging"]


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.04"])
def test_import_file_exists_only_since_2026_09(start, new, generation):
    api = start(generation=generation)
    before = api.manager.snapshot()
    assert api.import_file(new.pem, "staging").status_code == 404
    assert api.manager.snapshot() == before


@pytest.mark.parametrize("generation", GENERATIONS)
def test_delete_undeploys_everywhere(start, generation):
    api = start(generation=generation)
    answer = api.delete()
    assert answer.status_code == 200
    assert api.manager.holds(*WEB) == {}
    assert api.manager.gateways == {"staging": {}, "production": {}}
    assert api("GET", "projects", "MyProject", "certificates").json()["resultList"] == []
    assert api.delete().status_code == (404 if generation == "2025" else 400)


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.04", "2026.09"])
def test_deployment_result_of_the_prose_pages(start, new, generation):
    body = start(generation=generation).put(new.pem, "staging").json()
    message = "Deployment completed successfully"
    assert body == {
        "success": True,
        "deploymentResult": {
            "success": True,
            "message": message,
            "environmentResults": [{"environmentName": "staging", "success": True, "message": message}],
        },
    }


def test_deployment_result_of_openapi_yaml(start, new):
    body = start(generation="openapi").put(new.pem, "staging").json()
    assert (body["status"], body["resultMessage"]) == ("SUCCESS", "Deployment completed successfully")
    assert body["deploymentResult"]["success"] is True
    environment = body["deploymentResult"]["detailList"][0]
    assert (environment["envName"], environment["success"]) == ("staging", True)
    assert set(environment) == {"envName", "success", "detail", "podName", "podIp", "responseTime", "detailList"}
    assert environment["detailList"][0]["podName"] == "worker-staging-0"


def test_an_alias_must_be_unique_in_an_environment(api, new):
    assert api.create("second", new.pem, "development", form={"alias": "web"}).status_code == 200
    assert api.put(new.pem, "staging", "development").status_code == 400
    assert api.put(new.pem, "staging").status_code == 200


REQUIRED = ("alias", "certificateDescription", "environmentList", "pemEncodedFile")


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", ["", " ", None])
def test_update_requires_every_field(start, new, generation, field, value):
    api = start(generation=generation)
    before = api.manager.snapshot()
    form, files = {}, {"pemEncodedFile": ("new.pem", new.pem)}
    if field == "pemEncodedFile":
        files = {"other": ("other", "x")} if value is None else {field: ("new.pem", value)}
    else:
        form[field] = value
    answer = api.put(new.pem, "staging", form=form, files=files)
    assert answer.status_code == 400
    assert field in answer.text
    assert api.manager.snapshot() == before


def test_create_requires_a_name_but_import_file_no_description(api, new):
    assert api.create("fresh", new.pem, "staging", form={"certificateName": ""}).status_code == 400
    assert api.import_file(new.pem, "staging", certificateDescription="").ok


def test_the_certificate_must_come_as_a_file_and_the_values_must_not(api, new):
    before = api.manager.snapshot()
    as_value = {"pemEncodedFile": (None, new.pem)}
    assert "pemEncodedFile" in api.put(new.pem, "staging", files=as_value).text
    as_file = {"pemEncodedFile": ("new.pem", new.pem), "alias": ("alias.txt", "web")}
    assert "alias" in api.put(new.pem, "staging", form={"alias": None}, files=as_file).text
    assert api.manager.snapshot() == before


def unusable_files(issued):
    """Return file contents that are not certificates."""
    return {
        "not PEM": "certificate",
        "DER": issued.der,
        "an empty block": "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "a broken block": issued.pem.replace("MII", "MIJ", 1),
        "a broken chain": issued.pem + issued.pem.replace("MII", "MIJ", 1),
        "a certificate and its key": issued.pem + issued.key_pem,
        "a key": issued.key_pem,
    }


@pytest.mark.parametrize(
    "kind",
    ["not PEM", "DER", "an empty block", "a broken block", "a broken chain", "a certificate and its key", "a key"],
)
def test_the_file_must_be_certificates_and_nothing_else(api, new, kind):
    before = api.manager.snapshot()
    answer = api.put(unusable_files(new)[kind], "staging")
    assert answer.status_code == 400
    assert ("private key" in answer.text) is ("key" in kind)
    assert api.manager.snapshot() == before


def test_a_part_with_a_transfer_encoding_is_not_decoded(api, new):
    before = api.manager.snapshot()
    encoded = base64.encodebytes(new.pem.encode())
    part = ("new.pem", encoded, "application/octet-stream", {"Content-Transfer-Encoding": "base64"})
    assert api.put(new.pem, "staging", files={"pemEncodedFile": part}).status_code == 400
    assert api.manager.journal[-1].files["pemEncodedFile"].content == encoded
    plain = ("new.pem", new.pem, "application/octet-stream", {"Content-Transfer-Encoding": "base64"})
    assert api.manager.snapshot() == before
    assert api.put(new.pem, "staging", files={"pemEncodedFile": plain}).status_code == 200
    assert api.manager.served("staging", *WEB) == new.der


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"alias": "web"}},
        {"data": {"alias": "web"}},
        {"data": b"alias=web", "headers": {"Content-Type": "text/plain"}},
        {},
    ],
)
def test_only_multipart_is_accepted(api, body):
    before = api.manager.snapshot()
    assert api("PUT", "projects", "MyProject", "certificates", "web", **body).status_code == 415
    assert api.manager.snapshot() == before


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=x"])
@pytest.mark.parametrize("body", [b"", b"--x\r\nbroken", b"--y--\r\n"])
def test_broken_multipart_is_a_bad_request(api, content_type, body):
    options = {"data": body, "headers": {"Content-Type": content_type}}
    assert api("PUT", "projects", "MyProject", "certificates", "web", **options).status_code == 400


@pytest.mark.parametrize("environments", ["Staging", "staging, production", "staging,", "nowhere"])
def test_environment_names_are_taken_literally(api, new, environments):
    before = api.manager.snapshot()
    assert api.put(new.pem, form={"environmentList": environments}).status_code == 400
    assert api.manager.snapshot() == before


def test_unknown_query_parameters_are_ignored(api, new):
    assert api.put(new.pem, "staging", params={"anything": "1", "updateReferencedJwks": "nonsense"}).ok


@pytest.fixture
def packed(api):
    """Return an archive with these files."""

    def pack(files):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return buffer.getvalue()

    return pack


def test_import_file_restores_each_environment_from_an_export(api, old, new):
    api.manager.set_entry("MyProject", "web", "production", new)
    exported = api("GET", "projects", "MyProject", "certificates", "web", "export-file").content
    api.manager.remove_certificate("MyProject", "web")
    assert api.import_file(exported, "development").json() == {"status": "SUCCESS"}
    assert api.manager.holds(*WEB) == {"staging": [old.der], "production": [new.der]}
    assert api.manager.gateways == {"staging": {WEB: old.der}, "production": {WEB: new.der}}


def test_an_archive_can_be_mapped_to_other_environments(api, packed, old, new):
    content = packed({"web-uat.cer": new.der, "web-staging.cer": new.pem, "README.txt": b"text"})
    answer = api.import_file(content, environmentMapping='{"uat": "development", "staging": ""}')
    assert [text.split()[2] for text in answer.json()["unresolvedReferences"]] == ["was", "(README.txt)"]
    assert api.manager.holds(*WEB) == {"staging": [old.der], "production": [old.der], "development": [new.der]}


@pytest.mark.parametrize(
    ("name", "mapping", "reason"),
    [
        ("other-staging.cer", "", "no importable material"),
        ("web-staging.cer", '{"staging": ""}', "no importable material"),
        ("web-staging.cer", "{", "environmentMapping"),
        ("web-staging.cer", '["staging"]', "environmentMapping"),
        ("web-nowhere.cer", "", "Environment (nowhere)"),
    ],
)
def test_what_an_archive_must_have(api, packed, new, name, mapping, reason):
    before = api.manager.snapshot()
    answer = api.import_file(packed({name: new.der}), environmentMapping=mapping)
    assert answer.status_code == 400
    assert reason in answer.text
    assert api.manager.snapshot() == before
