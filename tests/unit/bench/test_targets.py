# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each target can be met and can be missed, and is not met by what was not measured."""

from __future__ import annotations

import pytest

from bench.cases import Case
from bench.targets import NEEDED, verdicts

from .conftest import FAR, NEAR, all_of, measured

ONE, ONE_DUE = Case(1, 0, "nothing"), Case(1, 0, "all")
MANY, MANY_DUE = Case(1000, 0, "nothing"), Case(1000, 0, "all")


def verdict_on(start, *measurements):
    (found,) = (verdict for verdict in verdicts(all_of(*measurements)) if verdict.target.startswith(start))
    return found


def test_nothing_measured_meets_nothing():
    found = verdicts(all_of())
    assert [verdict.passed for verdict in found] == [None] * len(found)
    assert str(found[0]).startswith("NOT MEASURED  role, nothing to do")


def test_what_is_needed_suffices_for_every_target():
    found = verdicts(all_of(*(measured(case, name, 1.0) for case, name in NEEDED)))
    assert None not in [verdict.passed for verdict in found]


@pytest.mark.parametrize("need", sorted(NEEDED, key=str), ids=lambda need: f"{need[1]}, {need[0]}")
def test_no_more_is_needed(need):
    """Without any one of the measurements, a verdict lacks a figure or rests on fewer cases."""

    def found(needs):
        return [(one.passed, one.figure) for one in verdicts(all_of(*(measured(*each, 1.0) for each in needs)))]

    assert found(NEEDED - {need}) != found(NEEDED)


@pytest.mark.parametrize(
    ("most", "seconds", "passed"), [(2, 3.9, True), (2, 4.1, False), (1, 2.9, True), (1, 3.1, False)]
)
@pytest.mark.parametrize("role", ["role", "role-content", "role-parallel"])
def test_growth_of_the_role(role, most, seconds, passed):
    start = f"{role}, nothing to do: 1,000 certificates take at most {most} s more than 1"
    verdict = verdict_on(start, measured(ONE, role, 2.0), measured(MANY, role, seconds))
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


@pytest.mark.parametrize(("seconds", "passed"), [(2.9, True), (3.1, False)])
@pytest.mark.parametrize("case", [NEAR, FAR, MANY_DUE])
def test_the_loop_is_near_the_baseline(case, seconds, passed):
    others = measured(case, "baseline", 1.0), measured(case, "empty", 0.5)
    assert verdict_on(f"loop, {case}: at most", measured(case, "loop", seconds), *others).passed is passed


@pytest.mark.parametrize(("seconds", "passed"), [(6.4, True), (6.6, False)])
@pytest.mark.parametrize("case", [NEAR, MANY_DUE])
def test_the_role_is_near_the_baseline(case, seconds, passed):
    verdict = verdict_on(f"role, {case}: at most", measured(case, "baseline", 1.5), measured(case, "role", seconds))
    assert verdict.passed is passed
    assert verdict.figure == f"{seconds:.2f} s of 6.50 s"


@pytest.mark.parametrize(("seconds", "passed"), [(4.9, True), (5.1, False)])
def test_parallel_writes_are_near_the_optimum(seconds, passed):
    """800 requests of 20 ms take 2 s if 8 are always in flight; the limit is 1.5 times that, plus 2 s."""
    verdict = verdict_on(f"role-parallel, {FAR}: at most", measured(FAR, "role-parallel", seconds, requests=800))
    assert verdict.passed is passed
    assert verdict.figure == f"{seconds:.2f} s of 5.00 s (800 requests)"


def test_parallel_writes_are_compared_with_the_requests_of_the_same_run():
    few, many = (
        measured(FAR, "role-parallel", [seconds], requests=requests) for seconds, requests in ((4.9, 800), (5.5, 1200))
    )
    measurement = type(few)(FAR, "role-parallel", (*few.runs, *few.runs, *many.runs))
    assert (
        "4.90 s of 5.00 s (800 requests)"
        in verdict_on("role-parallel, 200 certificates, 20 ms, all to do: at most", measurement).figure
    )


@pytest.mark.parametrize(("seconds", "passed"), [(1.9, True), (2.1, False)])
def test_one_certificate_takes_little_more_than_an_empty_play(seconds, passed):
    verdict = verdict_on(
        f"role, {ONE_DUE}: at most", measured(ONE_DUE, "role", seconds), measured(ONE_DUE, "empty", 0.5)
    )
    assert verdict.passed is passed


SOME = Case(200, 0, "some")
FEWEST = {
    "requests": 198 + 2 * 3 + 2,
    "connections": 1,
    "jwk_requests": 2,
    "in_sync": {"GET": 198},
    "updated": {"GET PUT GET": 2},
}


def test_as_few_requests_as_promised():
    verdict = verdict_on("loop, requests", measured(SOME, "loop", 1.0, **FEWEST))
    assert verdict.passed is True
    assert verdict.figure == "in all cases measured (1)"


@pytest.mark.parametrize(
    ("more", "figure"),
    [
        ({"in_sync": {"GET": 197, "GET GET": 1}, "requests": 207}, "1 in sync: GET GET"),
        ({"updated": {"GET GET PUT GET": 2}, "requests": 208}, "2 updated: GET GET PUT GET"),
        ({"jwk_requests": 3, "requests": 207}, "requests for JWKs: 3"),
        ({"list_requests": 1, "requests": 207}, "lists: 1"),
        ({"requests": 207}, "other requests: 1"),
    ],
)
def test_one_request_too_many(more, figure):
    verdict = verdict_on("loop, requests", measured(SOME, "loop", 1.0, **{**FEWEST, **more}))
    assert verdict.passed is False
    assert figure in verdict.figure


def test_the_role_reads_due_certificates_before_it_writes():
    traffic = {**FEWEST, "jwk_requests": 4, "updated": {"GET GET PUT GET": 2}, "requests": 198 + 2 * 4 + 4}
    assert verdict_on("role, requests", measured(SOME, "role", 1.0, **traffic)).passed is True
    assert verdict_on("role, requests", measured(SOME, "role", 1.0, **{**traffic, "jwk_requests": 5})).passed is False


@pytest.mark.parametrize(("lists", "passed"), [(1, True), (2, False)])
def test_the_role_lists_a_project_once_to_find_nothing_to_do(lists, passed):
    measurement = measured(MANY, "role", 1.0, requests=lists, list_requests=lists)
    assert verdict_on("role, requests", measurement).passed is passed


@pytest.mark.parametrize(
    ("candidate", "case", "connections", "passed"),
    [
        ("loop", NEAR, 1, True),
        ("loop", NEAR, 200, False),
        ("ad-hoc", ONE, 2, False),
        ("role", MANY, 1, True),
        ("role", MANY, 2, False),
        ("role", MANY_DUE, 1, None),
    ],
)
def test_connections(candidate, case, connections, passed):
    measurement = measured(case, candidate, 1.0, connections=connections)
    assert verdict_on(f"{candidate}, connections", measurement).passed is passed


@pytest.mark.parametrize(("megabytes", "passed"), [(209, True), (211, False)])
def test_memory(megabytes, passed):
    measurements = measured(MANY_DUE, "role", 1.0, megabytes=megabytes), measured(MANY_DUE, "empty", 1.0, megabytes=60)
    assert verdict_on("role, 1,000 certificates: less than", *measurements).passed is passed
