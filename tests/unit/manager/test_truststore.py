# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways trust, and the two calls that tell it."""

from __future__ import annotations

import base64
import io
import zipfile

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
WEB = ("MyProject", "web")


def archive(answer: requests.Response) -> dict[str, bytes]:
    """Return the files of a ZIP archive by name."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/octet-stream"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as files:
        return {name: files.read(name) for name in files.namelist()}


def export(api, environment="staging", project="MyProject", **options):
    """Ask the workers of an environment."""
    return api("GET", "projects", project, "certificates", "truststore", environment, "export-file", **options)


def listed(api, environment="staging", project="admin", **options):
    """Ask the manager for the truststore of an environment."""
    return api("GET", "projects", project, "certificates", "truststore", environment, **options)


def exported(api, environment="staging", project="MyProject"):
    """Return what the workers trust, as DER by file name. Each file is the PEM of one certificate."""
    certificates = {}
    for name, content in archive(export(api, environment, project)).items():
        certificate = x509.load_pem_x509_certificate(content)
        assert certificate.public_bytes(Encoding.PEM) == content
        certificates[name] = certificate.public_bytes(Encoding.DER)
    return certificates


@pytest.mark.parametrize("generation", GENERATIONS)
def test_only_2026_09_asks_the_workers_and_only_2024_09_has_no_list(start, generation):
    api = start(generation=generation)
    assert export(api).status_code == (200 if generation in ("2026.09", "openapi") else 404)
    assert listed(api).status_code == (404 if generation == "2024.09" else 200)


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("truststore", [(), ("workers",), {"manager"}, ["workers", "manager"]])
def test_each_call_can_be_switched_on_or_off_in_every_generation(start, generation, truststore):
    api = start(generation=generation, truststore=truststore)
    assert export(api).status_code == (200 if "workers" in truststore else 404)
    assert listed(api).status_code == (200 if "manager" in truststore else 404)


def test_the_archive_has_the_certificates_of_every_project_and_others(api, old, new, authority):
    manager = api.manager
    manager.add_project("Other", ["staging"])
    manager.add_certificate("Other", "partner", {"staging": new}, alias="Partner-CA")
    manager.trust("staging", "public-ca", authority.pem)
    expected = {"web.cer": old.der, "partner-ca.cer": new.der, "public-ca.cer": authority.der}
    assert exported(api) == expected
    assert exported(api, project="Other") == exported(api, project="admin") == expected
    assert exported(api, "production") == {"web.cer": old.der}
    assert manager.trusted("production") == {"web": old.der}


def test_certificates_without_an_alias_are_numbered(api, old, new, authority):
    api.manager.trust("staging", "", authority.pem)
    api.manager.trust("staging", "", new)
    assert exported(api) == {"web.cer": old.der, "certificate-1.cer": authority.der, "certificate-2.cer": new.der}
    entries = [item["certificateEnvironmentList"][0]["alias"] for item in listed(api).json()["resultList"]]
    assert entries == ["web", None, None]


def test_a_number_does_not_hide_an_alias(api, old, new, authority):
    api.manager.trust("staging", "", new)
    api.manager.trust("staging", "Certificate-1", authority.pem)
    expected = {"web": old.der, "certificate-2": new.der, "certificate-1": authority.der}
    assert api.manager.trusted("staging") == expected
    assert exported(api) == {f"{name}.cer": der for name, der in expected.items()}
    assert [item["name"] for item in listed(api).json()["resultList"]] == list(expected)


def test_an_alias_is_the_name_of_the_file_as_it_is(api, new):
    api.manager.trust("staging", "../../etc/ünlü alias", new)
    assert exported(api)["../../etc/ünlü alias.cer"] == new.der


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_list_has_the_form_of_a_list_of_certificates(start, old, generation):
    api = start(generation=generation, truststore=["manager"])
    certificates = api("GET", "projects", "MyProject", "certificates").json()
    truststore = listed(api).json()
    assert truststore.keys() == certificates.keys()
    shown, known = truststore["resultList"][0], certificates["resultList"][0]
    assert {**known, "certificateEnvironmentList": known["certificateEnvironmentList"][:1]} == (
        {**shown, "description": "First"} if "description" in shown else shown
    )


def test_the_list_follows_the_option_for_content(start, old):
    api = start(list_content=False)
    (entry,) = listed(api).json()["resultList"][0]["certificateEnvironmentList"]
    assert "base64EncodedContent" not in entry
    assert entry["sha1Thumbprint"].lower() == old.sha1


def test_an_empty_truststore_is_an_empty_list_but_no_archive(api):
    assert listed(api, "development").json()["resultList"] == []
    assert export(api, "development").status_code == 400


def test_both_calls_show_the_gateways_and_not_the_record(api, old, new):
    api.manager.set_entry("MyProject", "web", "staging", new, deploy=False)
    assert api.manager.holds(*WEB)["staging"] == [new.der]
    assert exported(api) == {"web.cer": old.der}
    (entry,) = listed(api).json()["resultList"][0]["certificateEnvironmentList"]
    assert base64.b64decode(entry["base64EncodedContent"]) == old.der


@pytest.mark.parametrize("generation", GENERATIONS)
def test_unreachable_workers_have_no_archive_and_take_no_deployment(start, old, new, generation):
    api = start(generation=generation, truststore=["workers", "manager"])
    api.manager.unreachable.add("staging")
    assert export(api).status_code == 400
    body = api.put(new.pem, "staging", "production").json()
    assert body["deploymentResult"]["success"] is False
    assert api.manager.holds(*WEB) == {"staging": [new.der], "production": [new.der]}
    assert exported(api, "production") == {"web.cer": new.der}
    (entry,) = listed(api).json()["resultList"][0]["certificateEnvironmentList"]
    assert entry["sha1Thumbprint"].lower() == old.sha1
    api.manager.unreachable.clear()
    assert exported(api) == {"web.cer": old.der}


def test_unreachable_and_empty_have_the_same_answer(api):
    empty = export(api, "development")
    api.manager.unreachable.add("development")
    assert (export(api, "development").status_code, export(api, "development").text) == (400, empty.text)


def test_unreachable_workers_keep_what_an_update_or_a_deletion_would_remove(api, old, new):
    api.manager.unreachable.add("staging")
    api.put(new.pem, "production")
    assert api.manager.holds(*WEB) == {"production": [new.der]}
    assert api.manager.served("staging", *WEB) == old.der
    api.delete()
    assert api.manager.gateways == {"staging": {WEB: old.der}, "production": {}}


def test_a_gateway_can_be_made_stale_or_forget_a_certificate(api, old, new):
    before = api.manager.holds(*WEB)
    api.manager.set_gateway("MyProject", "web", "staging", new)
    assert exported(api) == {"web.cer": new.der}
    api.manager.set_gateway("MyProject", "web", "staging", old, alias="Other-Alias")
    assert exported(api) == {"other-alias.cer": old.der}
    api.manager.set_gateway("MyProject", "web", "staging", None)
    assert export(api).status_code == 400
    assert api.manager.holds(*WEB) == before


@pytest.mark.parametrize("how", ["deployed", "trusted"])
def test_a_certificate_displaces_the_one_under_the_same_alias_in_any_case(api, old, new, how):
    api.manager.add_project("Other", ["staging"])
    if how == "deployed":
        api.manager.add_certificate("Other", "theirs", {"staging": new}, alias="WEB")
    else:
        api.manager.trust("staging", "WEB", new)
    assert exported(api) == {"web.cer": new.der}
    assert api.manager.served("staging", *WEB) is None
    api.put(old.pem, "staging")
    assert exported(api) == {"web.cer": old.der}
    assert api.manager.served("staging", "Other", "theirs") is None


def test_a_new_alias_replaces_the_old_one(api, new):
    api.put(new.pem, "staging", form={"alias": "Renamed"})
    assert exported(api) == {"renamed.cer": new.der}


def test_the_archive_needs_the_permission_to_export_in_the_project(api):
    token = api.manager.add_token("writer", permissions=["SECRETS+MANAGE", "SECRETS+DEPLOY_UNDEPLOY"])
    assert export(api, headers={"Authorization": f"Bearer {token}"}).status_code == 400
    token = api.manager.add_token("exporter", permissions=["SECRETS+EXPORT_IMPORT"], projects=["MyProject"])
    assert export(api, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    assert export(api, project="admin", headers={"Authorization": f"Bearer {token}"}).status_code == 400


def test_the_list_is_for_the_project_admin_with_any_permission_there(api):
    assert listed(api, project="MyProject").status_code == 400
    token = api.manager.add_token("reader", permissions=["read"], projects=["admin"])
    assert listed(api, headers={"Authorization": f"Bearer {token}"}).status_code == 200
    token = api.manager.add_token("stranger", projects=["MyProject"])
    assert listed(api, headers={"Authorization": f"Bearer {token}"}).status_code == 400


@pytest.mark.parametrize("generation", ["2025", "2026.09"])
@pytest.mark.parametrize("environment", ["apimanager", "nowhere", "Staging"])
def test_the_pseudo_environment_and_unknown_ones_have_no_truststore(start, old, generation, environment):
    api = start(generation=generation, truststore=["workers", "manager"])
    api.manager.add_certificate("MyProject", "own", {"apimanager": old})
    missing = 404 if generation == "2025" else 400
    assert export(api, environment).status_code == listed(api, environment).status_code == missing
    assert f"Environment ({environment}) is not found" in export(api, environment).text


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("call", ["export", "export-file"])
def test_the_export_of_a_certificate(start, old, new, generation, call):
    api = start(generation=generation)
    api.manager.set_entry("MyProject", "web", "production", new, deploy=False)
    answer = api("GET", "projects", "MyProject", "certificates", "web", call)
    if call == "export-file" and generation not in ("2026.09", "openapi"):
        assert answer.status_code == 404
        return
    assert archive(answer) == {"web-staging.cer": old.der, "web-production.cer": new.der}
    assert "web-certificates.zip" in answer.headers["Content-Disposition"]
    one = api("GET", "projects", "MyProject", "certificates", "web", call, params={"environmentName": "staging"})
    ignored = generation in ("2024.09", "2025", "2026.04")
    assert set(archive(one)) == ({"web-staging.cer", "web-production.cer"} if ignored else {"web-staging.cer"})


def test_what_the_export_of_a_certificate_rejects(api):
    names = ("projects", "MyProject", "certificates")
    assert api("GET", *names, "absent", "export").status_code == 400
    assert api("GET", *names, "web", "export", params={"environmentName": "development"}).status_code == 400
    token = api.manager.add_token("reader", permissions=["read"])
    assert api("GET", *names, "web", "export", headers={"Authorization": f"Bearer {token}"}).status_code == 400
