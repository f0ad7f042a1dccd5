# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each target can be met, can be missed, and is not met by what was not measured."""

from __future__ import annotations

import pytest

from bench.cases import Case
from bench.targets import CASES, verdicts

from .conftest import FAR, NEAR, all_of, measured

ONE, MANY, MANY_DUE = Case(1, 0, "nothing"), Case(1000, 0, "nothing"), Case(1000, 0, "all")


def verdict_on(start, *measurements):
    (found,) = (verdict for verdict in verdicts(all_of(*measurements)) if verdict.target.startswith(start))
    return found


def test_nothing_measured_meets_nothing():
    found = verdicts(all_of())
    assert [verdict.passed for verdict in found] == [None] * len(found)
    assert str(found[0]).startswith("NOT MEASURED  role, nothing to do")


def test_the_cases_suffice_for_every_target():
    names = ("empty", "floor", "ad-hoc", "loop", "role", "role-content", "role-parallel", "uri")
    found = verdicts(all_of(*(measured(case, name, 1.0) for case in CASES for name in names)))
    assert None not in [verdict.passed for verdict in found]


@pytest.mark.parametrize(("seconds", "passed"), [(3.9, True), (4.1, False)])
@pytest.mark.parametrize("role", ["role", "role-content", "role-parallel"])
def test_growth_of_the_role(role, seconds, passed):
    verdict = verdict_on(f"{role}, nothing to do", measured(ONE, role, 2.0), measured(MANY, role, seconds))
    assert verdict.passed is passed
    assert f"{seconds - 2:.2f} s more" in verdict.figure


@pytest.mark.parametrize(
    ("case", "name", "uri", "passed"),
    [
        (NEAR, "loop", 91.0, True),
        (NEAR, "loop", 89.0, False),
        (FAR, "role-parallel", 31.0, True),
        (FAR, "role-parallel", 29.0, False),
    ],
)
def test_faster_than_uri(case, name, uri, passed):
    verdict = verdict_on(f"{name}, {case}: at least", measured(case, name, 3.0), measured(case, "uri", uri))
    assert verdict.passed is passed


@pytest.mark.parametrize(("seconds", "passed"), [(3.4, True), (3.6, False)])
def test_near_the_floor(seconds, passed):
    others = measured(NEAR, "floor", 1.0), measured(NEAR, "empty", 0.5)
    assert verdict_on(f"loop, {NEAR}: at most", measured(NEAR, "loop", seconds), *others).passed is passed


SOME = Case(200, 0, "some")
FEWEST = {
    "requests": 198 + 2 * 3 + 2,
    "connections": 1,
    "looks": 2,
    "in_sync": {"GET": 198},
    "updated": {"GET PUT GET": 2},
}


def test_as_few_requests_as_promised():
    verdict = verdict_on("loop, requests", measured(SOME, "loop", 1.0, **FEWEST))
    assert verdict.passed is True
    assert verdict.figure == "so in all cases measured (1)"


@pytest.mark.parametrize(
    ("more", "figure"),
    [
        ({"in_sync": {"GET": 197, "GET GET": 1}, "requests": 207}, "1 in sync: GET GET"),
        ({"updated": {"GET GET PUT GET": 2}, "requests": 208}, "2 updated: GET GET PUT GET"),
        ({"looks": 3, "requests": 207}, "looks for JWKs: 3"),
        ({"lists": 1, "requests": 207}, "lists: 1"),
        ({"requests": 207}, "other requests: 1"),
    ],
)
def test_a_request_too_many(more, figure):
    verdict = verdict_on("loop, requests", measured(SOME, "loop", 1.0, **{**FEWEST, **more}))
    assert verdict.passed is False
    assert figure in verdict.figure


def test_the_role_looks_at_what_is_due_before_it_writes():
    traffic = {**FEWEST, "looks": 4, "updated": {"GET GET PUT GET": 2}, "requests": 198 + 2 * 4 + 4}
    assert verdict_on("role, requests", measured(SOME, "role", 1.0, **traffic)).passed is True
    assert verdict_on("role, requests", measured(SOME, "role", 1.0, **{**traffic, "looks": 5})).passed is False


@pytest.mark.parametrize(("lists", "passed"), [(1, True), (2, False)])
def test_the_role_lists_a_project_once_to_find_nothing_to_do(lists, passed):
    assert verdict_on("role, requests", measured(MANY, "role", 1.0, requests=lists, lists=lists)).passed is passed


@pytest.mark.parametrize(
    ("contender", "case", "connections", "passed"),
    [
        ("loop", NEAR, 1, True),
        ("loop", NEAR, 200, False),
        ("ad-hoc", ONE, 2, False),
        ("role", MANY, 1, True),
        ("role", MANY, 2, False),
        ("role", MANY_DUE, 1, None),
    ],
)
def test_connections(contender, case, connections, passed):
    measurement = measured(case, contender, 1.0, connections=connections)
    assert verdict_on(f"{contender}, connections", measurement).passed is passed


@pytest.mark.parametrize(("megabytes", "passed"), [(209, True), (211, False)])
def test_memory(megabytes, passed):
    measurements = measured(MANY_DUE, "role", 1.0, megabytes=megabytes), measured(MANY_DUE, "empty", 1.0, megabytes=60)
    assert verdict_on("role, 1,000 certificates", *measurements).passed is passed
