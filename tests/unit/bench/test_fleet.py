# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A benchmark that cannot be fooled: what a contender leaves undone, or does besides, is found."""

from __future__ import annotations

import ssl

import pytest
import requests

from bench.cases import ENVIRONMENTS, PROJECT, Case, certificate_name
from bench.material import mint
from bench.stage import Stage

TIMEOUT_SECONDS = 5
ALL = Case(2, 0, "all")
NAMES = [certificate_name(index) for index in range(2)]


@pytest.fixture(scope="module")
def material():
    return mint(2)


@pytest.fixture(scope="module")
def stage(material):
    stage = Stage(material, 0)
    with stage.manager:
        yield stage


def send(stage, method, name, pem="", **form):
    """One request, over a connection of its own."""
    given = {"alias": f"{name}-alias", "certificateDescription": f"API {NAMES.index(name)}"}
    given |= {"environmentList": ",".join(ENVIRONMENTS), **form}
    return requests.request(
        method,
        stage.manager.url_of("projects", PROJECT, "certificates", name),
        headers={"Authorization": f"Bearer {stage.manager.token}"},
        data=given if pem else None,
        files={"pemEncodedFile": ("new.pem", pem)} if pem else None,
        timeout=TIMEOUT_SECONDS,
    )


def rotate(stage, material):
    for name, pem in zip(NAMES, material.new):
        send(stage, "GET", name)
        assert send(stage, "PUT", name, pem).status_code == 200
        send(stage, "GET", name)


def test_certificates_are_as_large_as_real_ones(material):
    sizes = [len(ssl.PEM_cert_to_DER_cert(pem)) for pem in (*material.old, *material.new)]
    assert all(1200 <= size <= 1500 for size in sizes), sizes
    assert len({*material.old, *material.new}) == 4


def test_a_job_well_done(stage, material):
    stage.set(ALL)
    rotate(stage, material)
    assert stage.complaints(rotates=True) == []
    traffic = stage.traffic()
    assert (traffic.requests, traffic.connections) == (6, 6)
    assert (traffic.updated, traffic.in_sync) == ({"GET PUT GET": 2}, {})


def test_every_run_starts_from_the_same_place(stage, material):
    for _unused in range(2):
        stage.set(ALL)
        assert stage.complaints(rotates=False) == []
        rotate(stage, material)
        assert stage.complaints(rotates=True) == []


def test_a_job_not_done(stage):
    stage.set(ALL)
    found = stage.complaints(rotates=True)
    assert found[0] == f"the manager's record of {NAMES[0]} is not the new one"
    assert found[-1] == "and 5 more"


def test_a_job_done_in_part(stage, material):
    stage.set(ALL)
    for name, pem in zip(NAMES, material.new):
        send(stage, "PUT", name, pem, environmentList="development,staging")
    assert "the gateway of production does not serve certificate-0000 as it should" in stage.complaints(rotates=True)


def test_a_deployment_that_failed(stage, material):
    stage.set(ALL)
    rotate(stage, material)
    stage.manager.gateways["production"][PROJECT, NAMES[1]] = b"something else"
    assert stage.complaints(rotates=True) == [f"the gateway of production does not serve {NAMES[1]} as it should"]


@pytest.mark.parametrize("form", [{"alias": "other"}, {"certificateDescription": "other"}])
def test_an_alias_or_a_description_that_was_lost(stage, material, form):
    stage.set(Case(2, 0, "some"))
    send(stage, "PUT", NAMES[0], material.new[0], **form)
    assert stage.complaints(rotates=True) == [f"the manager's record of {NAMES[0]} is not the new one"]


def test_a_write_without_need(stage, material):
    stage.set(Case(2, 0, "nothing"))
    send(stage, "PUT", NAMES[1], material.new[1])
    assert stage.complaints(rotates=True) == [
        f"PUT /apiops/projects/{PROJECT}/certificates/{NAMES[1]}/ was not to be sent"
    ]


def test_a_request_that_was_refused(stage):
    stage.set(Case(2, 0, "nothing"))
    send(stage, "PUT", NAMES[0], "no certificate")
    assert "was answered with 400" in stage.complaints(rotates=True)[0]


def test_a_contender_that_is_not_to_speak(stage):
    stage.set(Case(2, 0, "nothing"))
    send(stage, "GET", NAMES[0])
    assert stage.complaints(rotates=False) == ["requests that were not to be sent: 1"]


def test_lists_and_looks_are_told_apart(stage):
    stage.set(Case(2, 0, "nothing"))
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {stage.manager.token}"
        for names in (["certificates"], ["jwks"], ["certificates", NAMES[0]]):
            session.get(stage.manager.url_of("projects", PROJECT, *names), timeout=TIMEOUT_SECONDS)
    traffic = stage.traffic()
    assert (traffic.requests, traffic.connections, traffic.lists, traffic.looks) == (3, 1, 1, 1)
    assert traffic.in_sync == {"GET": 1}
