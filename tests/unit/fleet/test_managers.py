# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The managers of a fleet count requests by job and by certificate, and notice what they do not hold."""

from __future__ import annotations

import pytest
import requests

from bench.cases import ENVIRONMENTS, PROJECT, certificate_name
from bench.certificates import load_pairs
from fleet.managers import Content, Managers

NAMES = ("manager-1", "manager-2")
FIRST, SECOND = certificate_name(0), certificate_name(1)
TIMEOUT_SECONDS = 5


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    load_pairs(2, folder)
    return folder


@pytest.fixture
def managers(cache):
    with Managers(NAMES, NAMES[1:], Content(certificates=2, due=1, latency=0), cache) as managers:
        managers.accept("slice-1", "token-1")
        yield managers


def write(managers, cache, manager, name, timeout=TIMEOUT_SECONDS):
    url = f"{managers.urls()[manager]}/apiops/projects/{PROJECT}/certificates/{name}/"
    index = [FIRST, SECOND].index(name)
    return requests.put(
        url,
        headers={"Authorization": "Bearer token-1"},
        data={
            "alias": f"{name}-alias",
            "certificateDescription": f"API {index}",
            "environmentList": ",".join(ENVIRONMENTS),
        },
        files={"pemEncodedFile": ("new.pem", load_pairs(2, cache).new[index])},
        timeout=timeout,
    )


def test_due_certificates_are_wrong_until_they_are_written(managers, cache):
    before = managers.inspect()[0]
    assert (before.wrong, before.problems) == (1, (f"the record does not hold the new certificate {FIRST}",))

    assert write(managers, cache, NAMES[0], FIRST).status_code == 200

    after = managers.inspect()[0]
    assert (after.wrong, after.requests, after.writes, after.failed) == (0, {"slice-1": 1}, {FIRST: 1}, {})
    assert managers.written() == 1


def test_reset_restores_certificates_and_keeps_tokens(managers, cache):
    write(managers, cache, NAMES[0], FIRST)
    managers.reset()

    before = managers.inspect()[0]
    assert (before.wrong, before.requests, before.writes) == (1, {}, {})
    assert write(managers, cache, NAMES[0], FIRST).status_code == 200


def test_other_gateways_than_the_record_are_noticed(managers, cache):
    write(managers, cache, NAMES[0], FIRST)
    managers._managers[NAMES[0]].set_gateway(PROJECT, SECOND, ENVIRONMENTS[0], None)

    assert managers.inspect()[0].problems == (
        f"the gateways of {ENVIRONMENTS[0]} do not hold the new certificate {SECOND}",
    )


def test_a_manager_that_is_down_refuses_connections_until_it_is_started(managers, cache):
    with pytest.raises(requests.ConnectionError, match="refused"):
        write(managers, cache, NAMES[1], FIRST)

    managers.start(NAMES[1])

    assert write(managers, cache, NAMES[1], FIRST).status_code == 200


def test_a_held_write_is_carried_out_and_not_answered(managers, cache):
    managers.hold(NAMES[0], skip=1)
    assert write(managers, cache, NAMES[0], SECOND).status_code == 200
    assert not managers.holding(NAMES[0])

    with pytest.raises(requests.Timeout):
        write(managers, cache, NAMES[0], FIRST, timeout=0.3)

    assert managers.holding(NAMES[0])
    assert managers.inspect()[0].wrong == 0


def test_failed_requests_are_counted(managers, cache):
    requests.get(f"{managers.urls()[NAMES[0]]}/apiops/projects/", timeout=TIMEOUT_SECONDS)

    found = managers.inspect()[0]
    assert found.requests == {"None": 1}
    assert list(found.failed.values()) == [1]
