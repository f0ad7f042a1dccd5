# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several certificates of a wave written at once: the order of waves, the first failure, the way back, and the report hold."""

from __future__ import annotations

import time
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import pytest

from integration.role.conftest import SetStage
from integration.role.stage import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    NOT_HERE,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    Rotation,
    Stage,
)
from manager import Fault, Request

NAMES = [f"certificate-{number}" for number in range(5)]
SLOW = 0.1
"""Seconds that the manager takes before it looks at a request: long enough for others to arrive meanwhile."""


@pytest.fixture
def fleet(set_stage: SetStage) -> Stage:
    """A manager with five certificates, which is slow."""
    return _fleet(set_stage, latency=SLOW)


def _fleet(set_stage: SetStage, **options: Any) -> Stage:
    stage = set_stage(import_reports_deployment=True, **options)
    for name in NAMES:
        stage.hold(name)
    return stage


def _rotate(stage: Stage, at_once: int | str, **options: Any) -> Rotation:
    return stage.rotate(*map(stage.wanted, NAMES), parallel_writes=at_once, **options)


def _names(rotation: Rotation) -> list[str]:
    """The certificates that were written, in order."""
    return [name for _call, name, _places in rotation.written]


def _places(rotation: Rotation) -> list[str]:
    """Where was written, in order, as long as it stays the same once."""
    return [places for places, _unused in groupby(places for _call, _name, places in rotation.written)]


def _longest_run_of_writes(requests: Sequence[Request]) -> int:
    """How many writes arrived at most before anything else did: each is read back by who sent it."""
    runs = [len(list(group)) for writes, group in groupby(requests, key=lambda one: one.writes) if writes]
    return max(runs, default=0)


@pytest.mark.one_way
@pytest.mark.parametrize(("at_once", "least"), [(1, 1), ("3", 2)])
def test_so_many_are_written_at_once(fleet: Stage, at_once: int | str, least: int) -> None:
    rotation = _rotate(fleet, at_once)

    assert rotation.outcome == "rotated"
    assert sorted(_names(rotation)) == NAMES
    # On a busy machine one may be late, and the first read back by then; but never are there more.
    assert least <= _longest_run_of_writes(rotation.requests) <= int(at_once)
    assert len({request.connection for request in rotation.writes}) == int(at_once)


@pytest.mark.exhaustive
def test_a_wave_begins_when_all_of_the_one_before_is_done(fleet: Stage) -> None:
    rotation = _rotate(fleet, 3, waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.waves == ["done", "done", "done"]
    assert _places(rotation) == list(ENVIRONMENTS)
    assert sorted(_names(rotation)) == sorted(NAMES * 3)
    for name in NAMES:
        assert {rotation.after[PROJECT, name, place].gateway for place in ENVIRONMENTS} == {fleet.new.sha1}


@pytest.mark.one_way
@pytest.mark.exhaustive
def test_what_only_reads_is_asked_for_at_once_whatever_is_written(fleet: Stage) -> None:
    rotation = _rotate(fleet, 1, check=True)

    assert rotation.outcome == "planned"
    looks = [request for request in rotation.requests if request.segments[3:]]
    assert sorted(request.segments[3] for request in looks) == NAMES
    assert len({request.connection for request in looks}) == len(NAMES)


@pytest.mark.one_way
@pytest.mark.exhaustive
def test_one_login_serves_all_who_write(fleet: Stage) -> None:
    login = {"username": "operator", "password": "s3cr3t-of-operator"}
    fleet.manager.add_user(login["username"], login["password"])

    one, several = (
        _rotate(fleet, at_once, force=True, env=NOT_HERE, url=fleet.manager.url, **login) for at_once in (1, 5)
    )

    logins = [
        sum(request.segments == ("auth", "token") for request in rotation.requests) for rotation in (one, several)
    ]
    assert logins[0] == logins[1]
    assert len({request.connection for request in several.writes}) == len(NAMES)
    assert login["password"] not in several.text


FAILING = NAMES[1]
PATH = f"/{FAILING}/"


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("status", method="PUT", path=PATH, status=400), "HTTP 400"),
        (Fault("status", method="PUT", path=PATH, status=500, after=True), "HTTP 500"),
        (Fault("drop_before", method="PUT", path=PATH), "was interrupted during PUT"),
        (Fault("lost_update", path=PATH), "does not hold what was written"),
        (Fault("deployment_failure", path=PATH, environments=(STAGING,)), STAGING),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_one_that_fails_lets_those_beside_it_end_and_begins_no_other(
    set_stage: SetStage, fault: Fault, words: str
) -> None:
    stage = _fleet(set_stage)
    before = stage.snapshot()
    stage.manager.faults.add(fault)

    rotation = _rotate(stage, 3, strategy="replace")

    assert not len(stage.manager.faults)
    assert rotation.outcome == "rolled_back"
    assert f"{PROJECT}/{FAILING}" in rotation.message
    assert words in rotation.message
    assert stage.snapshot() == before
    assert set(_names(rotation)) == set(NAMES[:3])
    outcomes = {name: rotation.certificate(name)["outcome"] for name in NAMES}
    assert [outcomes[name] for name in NAMES[3:]] == ["not_started", "not_started"]
    assert [outcomes[name] for name in (NAMES[0], NAMES[2])] == ["rolled_back", "rolled_back"]


@pytest.mark.exhaustive
def test_a_failure_in_a_later_wave_undoes_those_before(set_stage: SetStage) -> None:
    stage = _fleet(set_stage)
    before = stage.snapshot()
    # The second write of the second wave: of its five, two are tried.
    stage.manager.faults.add(Fault("status", path=IMPORT, skip=len(NAMES) + 1, status=400))

    rotation = _rotate(stage, 2, waves=TWO_WAVES)

    assert rotation.outcome == "rolled_back"
    assert rotation.waves == ["rolled_back", "rolled_back"]
    assert stage.snapshot() == before
    assert "HTTP 400" in rotation.message


@pytest.mark.exhaustive
def test_several_that_fail_are_all_told(set_stage: SetStage) -> None:
    stage = _fleet(set_stage)
    before = stage.snapshot()
    refused = {NAMES[0]: 400, NAMES[2]: 403}
    for name, status in refused.items():
        stage.manager.faults.add(Fault("status", method="PUT", path=f"/{name}/", status=status))

    rotation = _rotate(stage, 5, strategy="replace")

    assert rotation.outcome == "rolled_back"
    for name, status in refused.items():
        assert f"{PROJECT}/{name}: The manager answered PUT with HTTP {status}" in rotation.message
    assert stage.snapshot() == before


@pytest.mark.exhaustive
def test_answers_that_are_lost_do_no_harm(set_stage: SetStage) -> None:
    """Each reads back what it wrote, and nobody else's."""
    stage = _fleet(set_stage)
    stage.manager.faults.add(Fault("drop_after", method="PUT", times=len(NAMES)))

    rotation = _rotate(stage, len(NAMES), strategy="replace", env={"APINIZER_RETRIES": "2"})

    assert rotation.outcome == "rotated"
    assert sorted(_names(rotation)) == NAMES


def _wait_for_survivors(stage: Stage) -> None:
    """Since ansible-core 2.19, a worker has a session of its own, and ends its task although Ansible is dead."""
    journal = stage.manager.journal
    seen = -1
    while len(journal) != seen:
        seen = len(journal)
        time.sleep(10 * SLOW)


@pytest.mark.one_way
@pytest.mark.exhaustive
def test_a_run_that_was_killed_amid_several_writes_is_finished_by_the_next(fleet: Stage) -> None:
    fleet.manager.faults.add(
        Fault("other_writer", path=IMPORT, skip=len(NAMES) + 1, after=True, action=lambda _unused: fleet.kill())
    )

    killed = _rotate(fleet, 4, waves=THREE_WAVES, killed=True)
    _wait_for_survivors(fleet)
    finished = _rotate(fleet, 4, waves=THREE_WAVES)

    held = {name: [killed.after[PROJECT, name, place].gateway for place in ENVIRONMENTS] for name in NAMES}
    assert {one[0] for one in held.values()} == {fleet.new.sha1}
    assert {one[2] for one in held.values()} == {fleet.old.sha1}
    assert finished.outcome == "rotated"
    assert DEVELOPMENT not in _places(finished)
    for name in NAMES:
        assert {finished.after[PROJECT, name, place].gateway for place in ENVIRONMENTS} == {fleet.new.sha1}


@pytest.mark.one_way
def test_the_screen_names_what_is_written_together(fleet: Stage) -> None:
    rotation = _rotate(fleet, 2, strategy="replace", arguments=["--diff"])

    first, second = (f"{PROJECT}/{name} in {', '.join(sorted(ENVIRONMENTS))}" for name in NAMES[:2])
    assert f"changed: [localhost] => (item={first}; {second})" in rotation.text
    assert rotation.text.count(f"+++ after: {PROJECT}/") == len(NAMES)


@pytest.mark.parametrize("number", ["0", "many"])
def test_a_number_that_cannot_be_is_refused(stage: Stage, number: str) -> None:
    run = stage.ansible("ansible-playbook", stage.play({"certificates": [stage.wanted()], "parallel_writes": number}))

    assert f"certificate_rotation_parallel_writes: must be a whole number of 1 or more, not '{number}'" in run.text
    assert not len(stage.manager.journal)
