# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks after each run find certificates that were not rotated, and anything else that changed."""

from __future__ import annotations

import ssl

import pytest
import requests

from bench.cases import ENVIRONMENTS, PROJECT, Case, certificate_name
from bench.certificates import issue_pairs
from bench.fleet import Fleet

TIMEOUT_SECONDS = 5
ALL = Case(2, 0, "all")
NAMES = [certificate_name(index) for index in range(2)]


@pytest.fixture(scope="module")
def pairs():
    return issue_pairs(2)


@pytest.fixture(scope="module")
def fleet(pairs):
    fleet = Fleet(pairs, 0)
    with fleet.manager:
        yield fleet


def send(fleet, method, name, pem="", **form):
    """Send one request over a connection of its own."""
    given = {"alias": f"{name}-alias", "certificateDescription": f"API {NAMES.index(name)}"}
    given |= {"environmentList": ",".join(ENVIRONMENTS), **form}
    return requests.request(
        method,
        fleet.manager.url_of("projects", PROJECT, "certificates", name),
        headers={"Authorization": f"Bearer {fleet.manager.token}"},
        data=given if pem else None,
        files={"pemEncodedFile": ("new.pem", pem)} if pem else None,
        timeout=TIMEOUT_SECONDS,
    )


def rotate(fleet, pairs):
    for name, pem in zip(NAMES, pairs.new):
        send(fleet, "GET", name)
        assert send(fleet, "PUT", name, pem).status_code == 200
        send(fleet, "GET", name)


def test_certificates_are_as_large_as_those_of_public_authorities(pairs):
    sizes = [len(ssl.PEM_cert_to_DER_cert(pem)) for pem in (*pairs.old, *pairs.new)]
    assert all(1200 <= size <= 1500 for size in sizes), sizes
    assert len({*pairs.old, *pairs.new}) == 4


def test_a_complete_rotation(fleet, pairs):
    fleet.reset(ALL)
    rotate(fleet, pairs)
    assert fleet.problems(rotates=True) == []
    traffic = fleet.traffic()
    assert (traffic.requests, traffic.connections) == (6, 6)
    assert (traffic.updated, traffic.in_sync) == ({"GET PUT GET": 2}, {})


def test_every_run_starts_from_the_same_state(fleet, pairs):
    for _unused in range(2):
        fleet.reset(ALL)
        assert fleet.problems(rotates=False) == []
        rotate(fleet, pairs)
        assert fleet.problems(rotates=True) == []


def test_nothing_was_rotated(fleet):
    fleet.reset(ALL)
    found = fleet.problems(rotates=True)
    assert found[0] == f"the manager's record of {NAMES[0]} does not match the new certificate"
    assert found[-1] == "and 5 more"


def test_one_environment_was_left_out(fleet, pairs):
    fleet.reset(ALL)
    for name, pem in zip(NAMES, pairs.new):
        send(fleet, "PUT", name, pem, environmentList="development,staging")
    assert "the gateway of production does not hold the expected certificate certificate-0000" in fleet.problems(
        rotates=True
    )


def test_a_deployment_that_failed(fleet, pairs):
    fleet.reset(ALL)
    rotate(fleet, pairs)
    fleet.manager.gateways["production"][PROJECT, NAMES[1]] = b"something else"
    assert fleet.problems(rotates=True) == [
        f"the gateway of production does not hold the expected certificate {NAMES[1]}"
    ]


@pytest.mark.parametrize("form", [{"alias": "other"}, {"certificateDescription": "other"}])
def test_an_alias_or_a_description_was_lost(fleet, pairs, form):
    fleet.reset(Case(2, 0, "some"))
    send(fleet, "PUT", NAMES[0], pairs.new[0], **form)
    assert fleet.problems(rotates=True) == [f"the manager's record of {NAMES[0]} does not match the new certificate"]


def test_an_unnecessary_write(fleet, pairs):
    fleet.reset(Case(2, 0, "nothing"))
    send(fleet, "PUT", NAMES[1], pairs.new[1])
    assert fleet.problems(rotates=True) == [
        f"unexpected write: PUT /apiops/projects/{PROJECT}/certificates/{NAMES[1]}/"
    ]


def test_a_refused_request(fleet):
    fleet.reset(Case(2, 0, "nothing"))
    send(fleet, "PUT", NAMES[0], "not a certificate")
    assert "was answered with HTTP 400" in fleet.problems(rotates=True)[0]


def test_requests_of_a_candidate_that_must_send_none(fleet):
    fleet.reset(Case(2, 0, "nothing"))
    send(fleet, "GET", NAMES[0])
    assert fleet.problems(rotates=False) == ["unexpected requests: 1"]


def test_requests_for_lists_and_for_jwks_are_counted_separately(fleet):
    fleet.reset(Case(2, 0, "nothing"))
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {fleet.manager.token}"
        for names in (["certificates"], ["jwks"], ["certificates", NAMES[0]]):
            session.get(fleet.manager.url_of("projects", PROJECT, *names), timeout=TIMEOUT_SECONDS)
    traffic = fleet.traffic()
    assert (traffic.requests, traffic.connections, traffic.list_requests, traffic.jwk_requests) == (3, 1, 1, 1)
    assert traffic.in_sync == {"GET": 1}
