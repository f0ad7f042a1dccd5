# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault on demand: what the client gets, and what the manager has done."""

from __future__ import annotations

import re
import time

import pytest
import requests

from manager import Fault

WEB = ("MyProject", "web")
FAULTS_WITH_A_RESPONSE = {
    "status": {},
    "html": {},
    "redirect": {"location": "https://sso.example.com/"},
    "malformed": {},
    "empty": {},
}


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("kind", FAULTS_WITH_A_RESPONSE)
def test_a_fault_replaces_the_response_whether_or_not_the_request_is_applied(api, old, new, kind, after):
    api.manager.faults.add(Fault(kind, method="PUT", after=after, **FAULTS_WITH_A_RESPONSE[kind]))
    answer = api.put(new.pem, "staging", "production")
    expected = new.der if after else old.der
    assert api.manager.holds(*WEB) == {"staging": [expected], "production": [expected]}
    assert api.manager.served("staging", *WEB) == expected
    request = api.manager.journal[-1]
    assert (request.faults, request.applied, request.status) == ((kind,), after, answer.status_code)
    assert api.get()["name"] == "web"
    assert len(api.manager.faults) == 0


def test_the_responses_of_these_faults(api):
    api.manager.faults.add(
        Fault("status", status=429, headers={"Retry-After": "1"}, body={"error": "rate_limit_exceeded"}),
        Fault("status", status=502, body="Bad Gateway from proxy"),
        Fault("status"),
        Fault("html"),
        Fault("html", status=504, body="<html>late</html>"),
        Fault("redirect", location="https://sso.example.com/"),
        Fault("malformed"),
        Fault("empty"),
    )
    limited, text, plain, sign_in, late, redirect, malformed, empty = (api("GET", "projects") for _unused in range(8))
    assert (limited.status_code, limited.headers["Retry-After"]) == (429, "1")
    assert limited.json() == {"error": "rate_limit_exceeded"}
    assert (text.status_code, text.text) == (502, "Bad Gateway from proxy")
    assert (plain.status_code, plain.text) == (503, "Service Unavailable")
    assert (sign_in.status_code, sign_in.headers["Content-Type"]) == (200, "text/html;charset=UTF-8")
    assert (late.status_code, late.text) == (504, "<html>late</html>")
    assert (redirect.status_code, redirect.headers["Location"]) == (302, "https://sso.example.com/")
    assert (empty.status_code, empty.content) == (200, b"")
    assert malformed.status_code == 200
    with pytest.raises(requests.JSONDecodeError):
        malformed.json()


@pytest.mark.parametrize(("kind", "applied"), [("drop_before", False), ("drop_after", True)])
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_dropped_connections(api, old, new, kind, applied, method):
    api.manager.faults.add(Fault(kind, method=method))
    send = {"GET": api.get, "PUT": lambda: api.put(new.pem, "staging", "production"), "DELETE": api.delete}
    with pytest.raises(requests.ConnectionError):
        send[method]()
    held = {"GET": old.der, "PUT": new.der, "DELETE": None}[method] if applied else old.der
    assert api.manager.served("production", *WEB) == held
    request = api.manager.journal[-1]
    assert (request.status, request.applied) == (None, applied and method != "GET")


@pytest.mark.parametrize("after", [False, True])
def test_a_delayed_write_is_applied_after_its_client_has_disconnected(api, old, new, after):
    api.manager.faults.add(Fault("delay", method="PUT", seconds=2, after=after))
    with pytest.raises(requests.ReadTimeout):
        api.put(new.pem, "staging", "production", timeout=0.5)
    assert api.manager.served("staging", *WEB) == (new.der if after else old.der)
    api.manager.settle()
    assert api.manager.holds(*WEB) == {"staging": [new.der], "production": [new.der]}
    assert api.manager.served("staging", *WEB) == new.der
    assert api.manager.journal[-1].applied


def test_settle_times_out(api):
    api.manager.faults.add(Fault("delay", seconds=2))
    with pytest.raises(requests.ReadTimeout):
        api("GET", "projects", timeout=0.5)
    with pytest.raises(TimeoutError):
        api.manager.settle(timeout=0.1)


def test_latency_slows_every_request(start):
    api = start(latency=0.1)
    began = time.monotonic()
    api("GET", "projects")
    assert time.monotonic() - began >= 0.1


@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.04", "2026.09", "openapi"])
def test_a_failed_deployment_reports_success_and_leaves_the_old_certificate_at_the_gateway(start, old, new, generation):
    api = start(generation=generation)
    api.manager.faults.add(Fault("deployment_failure", environments=("staging",)))
    api.get()
    answer = api.put(new.pem, "staging", "production")
    body = answer.json()
    assert answer.status_code == 200
    assert body.get("success") is True or body["status"] == "SUCCESS"
    result = body["deploymentResult"]
    assert result["success"] is False
    each = result["detailList"] if generation == "openapi" else result["environmentResults"]
    assert [item["success"] for item in each] == [False, True]
    assert api.manager.holds(*WEB) == {"staging": [new.der], "production": [new.der]}
    assert (api.manager.served("staging", *WEB), api.manager.served("production", *WEB)) == (old.der, new.der)
    assert api.put(new.pem, "staging", "production").json()["deploymentResult"]["success"] is True
    assert api.manager.served("staging", *WEB) == new.der


def test_an_import_does_not_report_a_failed_deployment(api, old, new):
    api.manager.faults.add(Fault("deployment_failure", environments=("staging",)))
    assert api.import_file(new.pem, "staging").json() == {"status": "SUCCESS"}
    assert api.manager.holds(*WEB)["staging"] == [new.der]
    assert api.manager.served("staging", *WEB) == old.der


def test_a_failed_undeployment_leaves_the_certificate_at_the_gateway(api, old):
    api.manager.faults.add(Fault("deployment_failure", environments=("staging",)))
    assert api.delete().json()["deploymentResult"]["success"] is False
    assert api.manager.holds(*WEB) == {}
    assert (api.manager.served("staging", *WEB), api.manager.served("production", *WEB)) == (old.der, None)


def test_a_lost_update_reports_success_and_changes_nothing(api, new):
    before = api.manager.snapshot()
    api.manager.faults.add(Fault("lost_update"))
    api.get()
    answer = api.put(new.pem, "staging")
    assert answer.json()["deploymentResult"]["success"] is True
    assert api.manager.snapshot() == before
    assert api.manager.journal[-1].applied is False


def test_a_lost_update_is_still_validated(api):
    api.manager.faults.add(Fault("lost_update"))
    assert api.put("not a certificate", "staging").status_code == 400


@pytest.mark.parametrize("after", [False, True])
def test_another_writer_just_before_or_after(api, new, authority, after):
    theirs = authority.issue("web.example.com")
    api.manager.faults.add(
        Fault(
            "other_writer",
            method="PUT",
            after=after,
            action=lambda manager: manager.set_entry("MyProject", "web", "staging", theirs),
        )
    )
    assert api.put(new.pem, "staging", "production").status_code == 200
    expected = theirs.der if after else new.der
    assert api.manager.holds(*WEB)["staging"] == [expected]
    assert api.manager.served("staging", *WEB) == expected
    assert api.manager.served("production", *WEB) == new.der


def test_another_writer_removes_the_certificate_before_the_update(api, new):
    api.manager.faults.add(Fault("other_writer", action=lambda manager: manager.remove_certificate(*WEB)))
    assert api.put(new.pem, "staging").status_code == 400
    assert api.manager.gateways == {"staging": {}, "production": {}}


def test_method_and_path_select_the_requests(api):
    path = ("projects", "MyProject", "certificates")
    api.manager.faults.add(
        Fault("status", status=500, path="My Project"),
        Fault("status", status=501, path=re.compile(r"/certificates/w.b/$")),
        Fault("status", status=502, method="DELETE"),
    )
    assert api("GET", *path).status_code == 200
    assert api("GET", *path, "web").status_code == 501
    assert api("GET", *path, "web").status_code == 200
    assert api("GET", "projects", "My Project", "certificates").status_code == 500
    assert api.delete().status_code == 502
    assert api("GET", *path, "web").status_code == 200


def test_skip_and_times(api):
    api.manager.faults.add(Fault("status", status=500, skip=1, times=2))
    assert [api("GET", "projects").status_code for _unused in range(5)] == [200, 500, 500, 200, 200]
    api.manager.faults.add(Fault("status", status=500), Fault("status", status=502, skip=1))
    assert [api("GET", "projects").status_code for _unused in range(3)] == [500, 502, 200]
    api.manager.faults.add(Fault("status", status=500, times=None))
    assert [api("GET", "projects").status_code for _unused in range(4)] == [500] * 4
    assert [fault.status for fault in api.manager.faults] == [500]
    api.manager.faults.clear()
    assert api("GET", "projects").status_code == 200


def test_faults_of_different_aspects_are_triggered_together(api, old, new):
    api.manager.faults.add(Fault("drop_after", method="PUT"), Fault("deployment_failure", environments=("staging",)))
    with pytest.raises(requests.ConnectionError):
        api.put(new.pem, "staging", "production")
    assert api.manager.holds(*WEB)["staging"] == [new.der]
    assert (api.manager.served("staging", *WEB), api.manager.served("production", *WEB)) == (old.der, new.der)
    assert api.manager.journal[-1].faults == ("deployment_failure", "drop_after")


@pytest.mark.parametrize("kind", ["redirect", "delay", "deployment_failure", "other_writer"])
def test_a_fault_without_an_effect_is_an_error(kind):
    with pytest.raises(ValueError, match=kind):
        Fault(kind)
