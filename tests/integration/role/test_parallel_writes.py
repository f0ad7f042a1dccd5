# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parallel writes within a wave: the order of waves, failures, rollback and the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest

from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    NOT_HERE,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    RotationFixture,
    RotationRun,
)
from manager import Fault, Request

NAMES = [f"certificate-{number}" for number in range(5)]
SLOW = 0.1
"""Seconds before the manager handles a request: long enough for others to arrive."""


@pytest.fixture
def fleet(make_case: MakeCase) -> RotationFixture:
    """A slow manager with five certificates."""
    return _fleet(make_case, latency=SLOW)


def _fleet(make_case: MakeCase, **options: Any) -> RotationFixture:
    case = make_case(import_reports_deployment=True, **options)
    for name in NAMES:
        case.add_certificate(name)
    return case


def _rotate(case: RotationFixture, parallel: int | str, **options: Any) -> RotationRun:
    return case.rotate(*map(case.desired, NAMES), parallel_writes=parallel, **options)


def _rotate_in_process(case: RotationFixture, parallel: int, **options: Any) -> RotationRun:
    return case.rotate_in_process(*map(case.desired, NAMES), parallel_writes=parallel, **options)


def _names(rotation: RotationRun) -> list[str]:
    """Return the written certificates, in order."""
    return [name for _call, name, _environments in rotation.written]


def _written_environments(rotation: RotationRun) -> list[str]:
    """Return the written environments in order, without consecutive repetitions."""
    return [
        environments
        for environments, _unused in groupby(environments for _call, _name, environments in rotation.written)
    ]


def _longest_run_of_writes(requests: Sequence[Request]) -> int:
    """Return the largest number of writes that arrived without a read in between; each write is followed by a read."""
    runs = [len(list(group)) for writes, group in groupby(requests, key=lambda one: one.writes) if writes]
    return max(runs, default=0)


@pytest.mark.single_mode
@pytest.mark.parametrize(("parallel", "least"), [(1, 1), ("3", 2)])
def test_parallel_writes_limits_concurrent_writes(fleet: RotationFixture, parallel: int | str, least: int) -> None:
    rotation = _rotate(fleet, parallel)

    assert rotation.outcome == "rotated"
    assert sorted(_names(rotation)) == NAMES
    # On a busy machine, one write may arrive after the first read; but there are never more than the limit.
    assert least <= _longest_run_of_writes(rotation.requests) <= int(parallel)
    assert len({request.connection for request in rotation.writes}) == int(parallel)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_wave_starts_after_the_previous_wave_is_complete(fleet: RotationFixture) -> None:
    rotation = _rotate_in_process(fleet, 3, waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.waves == ["done", "done", "done"]
    assert _written_environments(rotation) == list(ENVIRONMENTS)
    assert sorted(_names(rotation)) == sorted(NAMES * 3)
    for name in NAMES:
        assert {rotation.after[PROJECT, name, environment].gateway for environment in ENVIRONMENTS} == {fleet.new.sha1}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_reads_are_parallel_whatever_the_limit_of_writes(fleet: RotationFixture) -> None:
    rotation = _rotate_in_process(fleet, 1, check=True)

    assert rotation.outcome == "planned"
    looks = [request for request in rotation.requests if request.segments[3:]]
    assert sorted(request.segments[3] for request in looks) == NAMES
    assert len({request.connection for request in looks}) == len(NAMES)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_parallel_writes_share_one_login(fleet: RotationFixture) -> None:
    login = {"username": "operator", "password": "s3cr3t-of-operator"}
    fleet.manager.add_user(login["username"], login["password"])

    one, several = (
        _rotate(fleet, parallel, force=True, env=NOT_HERE, url=fleet.manager.url, **login) for parallel in (1, 5)
    )

    logins = [
        sum(request.segments == ("auth", "token") for request in rotation.requests) for rotation in (one, several)
    ]
    assert logins[0] == logins[1]
    assert len({request.connection for request in several.writes}) == len(NAMES)
    assert login["password"] not in several.text


FAILING = NAMES[1]
PATH = f"/{FAILING}/"


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("status", method="PUT", path=PATH, status=400), "HTTP 400"),
        (Fault("status", method="PUT", path=PATH, status=500, after=True), "HTTP 500"),
        (Fault("drop_before", method="PUT", path=PATH), "interrupted during PUT"),
        (Fault("lost_update", path=PATH), "does not hold what was written"),
        (Fault("deployment_failure", path=PATH, environments=(STAGING,)), STAGING),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_failure_lets_running_writes_finish_and_starts_no_other(make_case: MakeCase, fault: Fault, words: str) -> None:
    case = _fleet(make_case)
    before = case.snapshot()
    # The writes beside the failing one are answered when it has failed already.
    running = [Fault("delay", method="PUT", path=f"/{name}/", seconds=4, after=True) for name in (NAMES[0], NAMES[2])]
    case.manager.faults.add(fault, *running)

    rotation = _rotate_in_process(case, 3, strategy="replace")

    assert not len(case.manager.faults)
    assert rotation.outcome == "rolled_back"
    assert f"{PROJECT}/{FAILING}" in rotation.message
    assert words in rotation.message
    assert case.snapshot() == before
    assert set(_names(rotation)) == set(NAMES[:3])
    outcomes = {name: rotation.certificate(name)["outcome"] for name in NAMES}
    assert [outcomes[name] for name in NAMES[3:]] == ["not_started", "not_started"]
    assert [outcomes[name] for name in (NAMES[0], NAMES[2])] == ["rolled_back", "rolled_back"]


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_failure_in_a_later_wave_rolls_back_the_previous_waves(make_case: MakeCase) -> None:
    case = _fleet(make_case)
    before = case.snapshot()
    # The second write of the second wave fails; two of its five writes are sent.
    case.manager.faults.add(Fault("status", path=IMPORT, skip=len(NAMES) + 1, status=400))

    rotation = _rotate_in_process(case, 2, waves=TWO_WAVES)

    assert rotation.outcome == "rolled_back"
    assert rotation.waves == ["rolled_back", "rolled_back"]
    assert case.snapshot() == before
    assert "HTTP 400" in rotation.message


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_every_failure_is_reported(make_case: MakeCase) -> None:
    case = _fleet(make_case)
    before = case.snapshot()
    refused = {NAMES[0]: 400, NAMES[2]: 403}
    for name, status in refused.items():
        case.manager.faults.add(Fault("status", method="PUT", path=f"/{name}/", status=status))

    rotation = _rotate_in_process(case, 5, strategy="replace")

    assert rotation.outcome == "rolled_back"
    for name, status in refused.items():
        assert f"{PROJECT}/{name}: The manager answered PUT with HTTP {status}" in rotation.message
    assert case.snapshot() == before


@pytest.mark.exhaustive
def test_lost_responses_are_recovered_by_reading_back(make_case: MakeCase) -> None:
    """Each write reads back its own certificate only."""
    case = _fleet(make_case)
    case.manager.faults.add(Fault("drop_after", method="PUT", times=len(NAMES)))

    rotation = _rotate(case, len(NAMES), strategy="replace", env={"APINIZER_RETRIES": "2"})

    assert rotation.outcome == "rotated"
    assert sorted(_names(rotation)) == NAMES


def _wait_for_workers(case: RotationFixture) -> None:
    """Wait for workers: since ansible-core 2.19, a worker has its own session and finishes its task after Ansible dies."""
    journal = case.manager.journal
    seen = -1
    while len(journal) != seen:
        seen = len(journal)
        time.sleep(10 * SLOW)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_run_killed_during_parallel_writes_is_completed_by_the_next(fleet: RotationFixture) -> None:
    fleet.manager.faults.add(
        Fault("other_writer", path=IMPORT, skip=len(NAMES) + 1, after=True, action=lambda _unused: fleet.kill())
    )

    killed = _rotate(fleet, 4, waves=THREE_WAVES, killed=True)
    _wait_for_workers(fleet)
    finished = _rotate(fleet, 4, waves=THREE_WAVES)

    on_gateways = {
        name: [killed.after[PROJECT, name, environment].gateway for environment in ENVIRONMENTS] for name in NAMES
    }
    assert {one[0] for one in on_gateways.values()} == {fleet.new.sha1}
    assert {one[2] for one in on_gateways.values()} == {fleet.old.sha1}
    assert finished.outcome == "rotated"
    assert DEVELOPMENT not in _written_environments(finished)
    for name in NAMES:
        assert {finished.after[PROJECT, name, environment].gateway for environment in ENVIRONMENTS} == {fleet.new.sha1}


@pytest.mark.single_mode
def test_parallel_writes_show_the_difference_of_each_certificate(fleet: RotationFixture) -> None:
    rotation = _rotate(fleet, 2, strategy="replace", arguments=["--diff"])

    for name in NAMES:
        assert rotation.text.count(f"+++ after: {PROJECT}/{name}\n") == 1


@pytest.mark.parametrize("number", ["0", "many"])
def test_invalid_number_is_refused(case: RotationFixture, number: str) -> None:
    run = case.ansible(
        "ansible-playbook", case.write_playbook({"certificates": [case.desired()], "parallel_writes": number})
    )

    assert f"certificate_rotation_parallel_writes: must be a whole number of 1 or more, not '{number}'" in run.text
    assert not len(case.manager.journal)
