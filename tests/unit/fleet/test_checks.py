# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks after a run find what is wrong, and name it."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from fleet import checks
from fleet.checks import Check
from fleet.managers import Inspection


def inspection(manager, **found):
    values = {"requests": {}, "writes": {}, "failed": {}, "wrong": 0, "problems": ()}
    return Inspection(manager, **{**values, **found})


@dataclass(frozen=True)
class Job:
    """A finished job."""

    job: str = "slice-1"
    hosts: tuple[str, ...] = ("manager-1",)
    status: str = "successful"
    reason: str = "fatal: [manager-1]"
    text: str = ""
    memory: int | None = 70_000_000
    artifact_bytes: int = 100
    failed_hosts: frozenset[str] = frozenset()


def test_wrong_gateways_are_counted_and_described():
    found = [inspection("manager-1"), inspection("manager-2", wrong=7, problems=("one", "two"))]

    assert checks.gateways(found) == ["manager-2: 7 wrong certificates: one; two"]


def test_request_of_another_slice():
    slices = {"slice-1": ["manager-1"], "slice-2": ["manager-2"]}
    found = [
        inspection("manager-1", requests={"slice-1": 9, "slice-2": 1}),
        inspection("manager-2", requests={"None": 2}),
    ]

    assert checks.requests_in_slices(found, slices) == [
        "manager-1: 1 requests of slice-2",
        "manager-2: 2 requests of None",
    ]
    assert checks.requests_in_slices([inspection("manager-1", requests={"slice-1": 9})], slices) == []


def test_failed_requests():
    assert checks.no_failed_requests([inspection("manager-1", failed={"503": 2})]) == [
        "manager-1: HTTP 503: 2 responses"
    ]


def test_repeated_and_missing_writes():
    found = [inspection("manager-1", writes={"a": 1, "b": 1}), inspection("manager-2", writes={"a": 2})]

    assert checks.one_write_each(found, 2) == [
        "manager-2: 2 writes of a",
        "manager-2: 1 certificates were written, and 2 were due",
    ]


def test_statuses_are_compared_with_what_is_expected():
    jobs = [Job(), Job("slice-2", status="failed"), Job("slice-3", status="failed")]

    assert checks.statuses(jobs, {"slice-2": "failed"}) == ["slice-3 ended with the status failed: fatal: [manager-1]"]


def test_hosts_that_failed():
    jobs = [Job(failed_hosts=frozenset({"manager-1", "manager-2"})), Job("slice-2")]

    assert checks.failed_hosts(jobs, {"manager-1", "manager-3"}) == ["manager-2 failed", "manager-3 did not fail"]


def test_a_killed_job_left_something_to_do():
    assert checks.interrupted(inspection("manager-1", wrong=3)) == []
    assert checks.interrupted(inspection("manager-1")) == ["manager-1: everything had been written before"]


def test_a_refused_job_names_the_holder():
    refused = Job("rival", text="held by root on node (process 7, AWX job slice-3, run /run.json)")

    assert checks.names_holder(refused, "slice-3") == []
    assert checks.names_holder(refused, "slice-1") == ["rival does not name slice-1: fatal: [manager-1]"]


def test_a_merged_report_without_a_host_is_incomplete():
    rotated = {"host": "manager-1", "failed": False, "message": "Rotated"}
    failed = {"host": "manager-2", "failed": True, "message": "Not reached"}

    assert checks.complete_report({"managers": [rotated]}, ["manager-1"]) == []
    assert checks.complete_report({"managers": [rotated, failed]}, ["manager-1", "manager-2", "manager-3"]) == [
        "manager-3 is missing",
        "manager-2: Not reached",
    ]


@pytest.mark.parametrize(("size", "found"), [(65_536, []), (65_537, ["slice-1: 65,537 bytes"])])
def test_size_of_an_artifact(size, found):
    assert checks.small_artifacts([Job(artifact_bytes=size)]) == found


@pytest.mark.parametrize(("megabytes", "found"), [(100, 0), (101, 1)])
def test_memory_may_grow_a_little_with_the_hosts(megabytes, found):
    large = Job("single-1", hosts=tuple(f"manager-{number}" for number in range(11)), memory=megabytes * 1_000_000)
    killed = Job("slice-3", hosts=(), memory=None)

    assert len(checks.flat_memory([Job(), large, killed], certificates=100)) == found


def test_speed_up_is_limited_by_the_cores():
    assert checks.speed_up(100, 62, slices=8, cores=2) == []
    assert checks.speed_up(100, 64, slices=8, cores=2) == ["1.56 instead of 1.60"]
    assert checks.speed_up(100, 64, slices=2, cores=8) == ["1.56 instead of 1.60"]


def test_a_check_shows_the_first_problems():
    assert str(Check("all gateways are right", [])) == "PASS  all gateways are right"
    assert str(Check("all gateways are right", ["a", "b", "c", "d"])).splitlines() == [
        "FAIL  all gateways are right",
        "      a",
        "      b",
        "      c",
        "      and 1 more",
    ]
