# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation that fails: in every phase, in every wave, in every way. Nothing is lost, and the report tells the truth.

The laws of the stage are checked after every run; what each case demands beyond them stands here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from integration.role.conftest import Issue, SetStage
from integration.role.stage import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    LISTING,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    Stage,
)
from manager import Fault, Issued, Manager

ALL = ",".join(sorted(ENVIRONMENTS))
FAILING_TASKS = """
- name: Look at a gateway
  ansible.builtin.assert:
    that: certificate_rotation_wave.number != {wave}
    fail_msg: "wave {{{{ certificate_rotation_wave.number }}}} of {{{{ certificate_rotation_wave.environments | join(', ') }}}} is no good"
    quiet: true
"""


def _failing_tasks(stage: Stage, wave: int) -> str:
    return stage.machine.file("failing.yml", FAILING_TASKS.format(wave=wave))


def _somebody_else(environment: str) -> Callable[[Manager], object]:
    """Another writer, who puts the bystander's certificate there."""

    def write(manager: Manager) -> None:
        (entry, *_unused) = manager.state.certificates[PROJECT, "bystander"].entries
        manager.set_entry(PROJECT, NAME, environment, entry.pem)

    return write


@dataclass(frozen=True)
class Bad:
    """Something that goes wrong in a wave: a fault of the manager, or the user's own tasks.

    `words`: what the message says of it, once. `reports`: whether import-file's answer has a deployment result.
    """

    name: str
    wave: int
    fault: Fault | None
    words: str
    variables: dict[str, Any] = field(default_factory=dict)
    tasks: str = ""
    generation: Any = "2026"
    reports: bool = True


IN_WAVES = [
    Bad("refused", 1, Fault("status", path=IMPORT, status=400, body={"resultMessage": "No!"}), "No!"),
    Bad("token expired", 2, Fault("status", path=IMPORT, status=401, skip=1), "HTTP 401"),
    Bad(
        "not deployed",
        3,
        Fault("deployment_failure", path=IMPORT, skip=2, environments=(PRODUCTION,)),
        f"its deployment failed in: {PRODUCTION} (",
        generation="openapi",
    ),
    Bad(
        "dropped",
        2,
        Fault("drop_before", path=IMPORT, skip=1),
        "connection to the manager was interrupted during POST",
        reports=False,
    ),
    Bad("lost update", 3, Fault("lost_update", path=IMPORT, skip=2), "does not hold what was written"),
    Bad("error after the write", 1, Fault("status", path=IMPORT, status=500, after=True), "HTTP 500", reports=False),
    Bad("sign-in page", 2, Fault("html", path=IMPORT, skip=1), "an HTML page titled"),
    Bad(
        "another writer",
        2,
        Fault("other_writer", path=IMPORT, skip=1, after=True, action=_somebody_else(STAGING)),
        "someone else modified the certificate at the same time",
    ),
    Bad(
        "verification",
        2,
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=_somebody_else(STAGING)),
        f"Verification failed: {PROJECT}/{NAME} in {STAGING}: the manager holds SHA-1",
        generation="openapi",
    ),
    Bad(
        "verification after the soak",
        1,
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=_somebody_else(DEVELOPMENT)),
        f"Verification failed: {PROJECT}/{NAME} in {DEVELOPMENT}: the manager holds SHA-1",
        variables={"soak_seconds": "1"},
    ),
    Bad("tasks before a wave", 2, None, f"wave 2 of {STAGING} is no good", tasks="before_wave_tasks"),
    Bad("tasks that verify", 3, None, f"wave 3 of {PRODUCTION} is no good", tasks="verify_tasks"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("bad", IN_WAVES, ids=lambda bad: f"{bad.name} in wave {bad.wave}")
def test_each_environment_gets_its_own_certificate_back(set_stage: SetStage, different: list[Issued], bad: Bad) -> None:
    """The environments have drifted apart before: nothing of that may be evened out, not even an alias."""
    stage = set_stage(bad.generation, import_reports_deployment=bad.reports)
    stage.drift(held=different)
    before = stage.snapshot()
    if bad.fault:
        stage.manager.faults.add(bad.fault)
    tasks = {bad.tasks: _failing_tasks(stage, bad.wave)} if bad.tasks else {}

    rotation = stage.rotate(waves=THREE_WAVES, **bad.variables, **tasks)

    assert not len(stage.manager.faults)
    assert rotation.outcome == "rolled_back"
    assert stage.snapshot() == before
    assert bad.words in rotation.message
    assert rotation.message.count(bad.words) == 1
    # No further wave was started, and those before it were undone.
    assert rotation.waves[bad.wave :] == ["not_started"] * (3 - bad.wave)
    assert rotation.waves[: bad.wave - 1] == ["rolled_back"] * (bad.wave - 1)
    reported = rotation.environments()
    assert [reported[name]["rolled_back"] for name in ENVIRONMENTS[: bad.wave - 1]] == [True] * (bad.wave - 1)
    assert rotation.result["rollback"] == {"performed": True, "complete": True, "messages": []}
    assert "Traceback" not in rotation.text
    for environment, held in zip(ENVIRONMENTS, different):
        if environment in ENVIRONMENTS[: bad.wave]:
            assert f"{NAME} in {environment}: {held.sha1[:16]}" in rotation.message


AT_ONCE = [
    Bad(
        "not deployed",
        1,
        Fault("deployment_failure", method="PUT", skip=1, environments=(STAGING,)),
        STAGING,
        {},
        "",
        "2023",
    ),
    Bad("refused", 1, Fault("status", method="PUT", skip=1, status=400), "HTTP 400", {}, "", "2025"),
    Bad(
        "not deployed",
        1,
        Fault("deployment_failure", method="PUT", environments=(PRODUCTION,)),
        PRODUCTION,
        {},
        "",
        "2025",
    ),
    Bad("lost update", 1, Fault("lost_update", method="PUT", skip=1), "does not hold what was written"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("bad", AT_ONCE, ids=lambda bad: f"{bad.name}, {bad.generation}, update {bad.fault.skip + 1}")
def test_all_certificates_go_back_with_one_that_fails(set_stage: SetStage, bad: Bad) -> None:
    """One update for all environments is undone with one update for all environments."""
    stage = set_stage(bad.generation)
    # Not every generation reports a description, so that it could be put back; those get the name.
    for name in (NAME, OTHER):
        stage.hold(name, alias=f"{name}-alias", description=name)
    before = stage.snapshot()
    assert bad.fault

    check = stage.rotate(stage.wanted(), stage.wanted(OTHER), check=True, strategy="replace")
    stage.manager.faults.add(bad.fault)
    rotation = stage.rotate(stage.wanted(), stage.wanted(OTHER), strategy="replace")

    assert check.outcome == "planned"
    assert check.plan() == rotation.plan()
    assert rotation.outcome == "rolled_back"
    assert bad.words in rotation.message
    assert stage.snapshot() == before
    assert {call for call, _unused, _unused in rotation.written} == {"update"}
    assert {places for _unused, _unused, places in rotation.written} == {ALL}
    assert rotation.certificate(NAME)["outcome"] == "rolled_back"
    if not bad.fault.skip:
        assert rotation.certificate(OTHER)["outcome"] == "not_started"


@pytest.mark.exhaustive
def test_a_write_that_takes_effect_late_is_not_said_to_be_undone(stage: Stage) -> None:
    """A proxy gave up on the manager, which was merely slow: it applies the write after everybody has looked."""

    def apply_late(manager: Manager) -> None:
        manager.set_entry(PROJECT, NAME, STAGING, stage.new)

    stage.manager.faults.add(
        Fault("status", path=IMPORT, skip=1, status=504),
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=apply_late),
    )

    rotation = stage.rotate(waves=THREE_WAVES)

    assert rotation.outcome == "rollback_failed"
    assert rotation.environments()[DEVELOPMENT]["rolled_back"] is True
    assert f"{PROJECT}/{NAME} in {STAGING}" in rotation.message
    assert stage.new.sha1 in str(rotation.result["rollback"]["messages"])
    assert rotation.result["rollback"]["complete"] is False


@pytest.mark.exhaustive
def test_a_slow_answer_is_no_failure(stage: Stage) -> None:
    """The write took effect before the answer came too late: reading back shows it."""
    stage.manager.faults.add(Fault("delay", path=IMPORT, skip=1, seconds=6, after=True))

    rotation = stage.rotate(waves=TWO_WAVES, timeout="5")

    assert rotation.outcome == "rotated"
    assert [call for call, _unused, _unused in rotation.written] == ["import", "import"]
    assert rotation.environments()[PRODUCTION]["deployment"] in (None, {"success": None, "message": None})


@pytest.mark.exhaustive
def test_entries_that_an_update_adds_are_replaced_again(set_stage: SetStage, different: list[Issued]) -> None:
    """On such a manager an update fails its verification, and only import-file leads back."""
    stage = set_stage(duplicates=True)
    stage.drift(held=different)
    before = stage.snapshot()

    rotation = stage.rotate(stage.wanted(alias="one-for-all"), strategy="replace")

    assert rotation.outcome == "rolled_back"
    assert f"{PROJECT}/{NAME} in {DEVELOPMENT}: the manager lists 2 entries" in rotation.message
    assert [call for call, _unused, _unused in rotation.written] == ["update", "import", "import", "import"]
    assert stage.snapshot() == before


@pytest.mark.exhaustive
def test_a_manager_without_import_file_stops_at_the_first_wave(set_stage: SetStage) -> None:
    """That it lacks it can only be found out by asking. Nothing is written, and the message says what to do."""
    stage = set_stage("2025")
    stage.hold()
    before = stage.snapshot()

    rotation = stage.rotate(waves=TWO_WAVES)

    assert [(request.status, request.applied) for request in rotation.writes] == [(404, False)]
    assert rotation.waves == ["failed", "not_started"]
    assert "import-file" in rotation.message
    assert "strategy" in rotation.message
    assert stage.snapshot() == before


@pytest.mark.exhaustive
def test_a_rollback_that_fails_somewhere_goes_on_elsewhere(stage: Stage, different: list[Issued]) -> None:
    """And the report says loudly where it did not work, and what is there now."""
    stage.drift(held=different)
    # The fourth import is the first one of the rollback.
    stage.manager.faults.add(Fault("status", path=IMPORT, skip=3, status=400, body={"resultMessage": "Not now!"}))

    rotation = stage.rotate(waves=THREE_WAVES, verify_tasks=_failing_tasks(stage, 3))

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "Not now!" in rotation.message
    assert "wave 3" in rotation.message
    undone = {name: environment["rolled_back"] for name, environment in rotation.environments().items()}
    assert sorted(undone.values()) == [False, True, True]
    (left,) = (name for name, back in undone.items() if not back)
    assert rotation.after[PROJECT, NAME, left].gateway == stage.new.sha1
    assert f"{NAME} in {left}: {stage.new.sha1[:16]}" in rotation.message
    assert rotation.certificate()["outcome"] == "failed"


@pytest.mark.exhaustive
def test_a_manager_that_is_gone_leaves_no_claims(stage: Stage) -> None:
    """It answers no more after the second wave: what holds what is not known, and nobody says that it is nothing."""
    stage.manager.faults.add(Fault("drop_before", path=LISTING, skip=2, times=None))
    stage.manager.faults.add(Fault("drop_before", path=IMPORT, skip=2, times=None))

    rotation = stage.rotate(waves=THREE_WAVES)

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "could not be read back" in rotation.message
    for environment in rotation.environments().values():
        assert environment["now"] is None
        assert environment["entries"] is None
        assert not environment["rolled_back"]
    assert rotation.after[PROJECT, NAME, DEVELOPMENT].gateway == stage.new.sha1
    assert rotation.after[PROJECT, NAME, PRODUCTION].gateway == stage.old.sha1


@pytest.mark.exhaustive
def test_an_expired_certificate_is_never_put_back(stage: Stage, issue: Issue) -> None:
    """The others get theirs. That one keeps the new certificate, which is said loudly."""
    expired = issue(-3)
    stage.drift(held=[expired, stage.old, stage.old])

    rotation = stage.rotate(waves=TWO_WAVES, verify_tasks=_failing_tasks(stage, 1))

    assert rotation.outcome == "rollback_failed"
    assert stage.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [stage.new.der],
        STAGING: [stage.old.der],
        PRODUCTION: [stage.old.der],
    }
    until = expired.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"{PROJECT}/{NAME} in {DEVELOPMENT}: the previous certificate expired on {until}" in rotation.message
    assert "NOT put back" in rotation.message
    assert rotation.environments()[DEVELOPMENT]["rolled_back"] is False
    assert rotation.environments()[STAGING]["rolled_back"] is True


@pytest.mark.exhaustive
def test_drift_on_a_manager_without_import_file_cannot_go_back(set_stage: SetStage, different: list[Issued]) -> None:
    """One update cannot give each its own. No environment is left without, and the report says what is left to do."""
    stage = set_stage("2025")
    stage.hold(holds=dict(zip(ENVIRONMENTS, different)))

    rotation = stage.rotate(verify_tasks=_failing_tasks(stage, 1))

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "import-file" in rotation.message
    assert stage.manager.holds(PROJECT, NAME) == {name: [stage.new.der] for name in ENVIRONMENTS}


@pytest.mark.exhaustive
def test_without_rollback_what_is_written_stays(stage: Stage) -> None:
    """A run that was told not to roll back says that it did not."""
    rotation = stage.rotate(waves=THREE_WAVES, rollback="no", verify_tasks=_failing_tasks(stage, 2))

    assert rotation.outcome == "failed"
    assert "Nothing was rolled back" in rotation.message
    assert rotation.waves == ["done", "failed", "not_started"]
    assert [rotation.after[PROJECT, NAME, name].gateway == stage.new.sha1 for name in ENVIRONMENTS] == [
        True,
        True,
        False,
    ]
    assert rotation.result["rollback"]["performed"] is False


@pytest.mark.exhaustive
def test_what_the_run_created_is_taken_away_again(stage: Stage) -> None:
    """A certificate that was absent, and an environment that a certificate was not in."""
    stage.hold(OTHER, {DEVELOPMENT: stage.old, STAGING: stage.old})
    stage.manager.remove_certificate(PROJECT, NAME)
    before = stage.snapshot()
    certificates = [stage.wanted(name, environments=list(ENVIRONMENTS)) for name in (NAME, OTHER)]

    rotation = stage.rotate(*certificates, verify_tasks=_failing_tasks(stage, 1))

    assert rotation.outcome == "rolled_back"
    assert [(call, name) for call, name, _unused in rotation.written] == [
        ("create", NAME),
        ("update", OTHER),
        ("update", OTHER),
        ("delete", NAME),
    ]
    assert stage.snapshot() == before
    assert rotation.environments(NAME)[PRODUCTION]["now"] is None


@pytest.mark.exhaustive
def test_a_backup_that_cannot_be_made_stops_the_run(stage: Stage) -> None:
    stage.hold()
    occupied = stage.machine.file("occupied", "a file, where the folder should be")

    rotation = stage.rotate(waves=THREE_WAVES, backup_dir=occupied)

    assert rotation.outcome == "refused"
    assert not rotation.written
    assert rotation.waves == ["not_started"] * 3


@pytest.mark.exhaustive
def test_drift_is_seen_in_check_mode_as_it_is(stage: Stage, different: list[Issued]) -> None:
    stage.drift(held=different)
    before = stage.snapshot()

    check = stage.rotate(check=True, waves=THREE_WAVES)

    assert check.outcome == "planned"
    held = {name: place["from"]["fingerprint_sha1"] for name, place in check.environments().items()}
    assert held == {name: issued.sha1 for name, issued in zip(ENVIRONMENTS, different)}
    assert stage.snapshot() == before


@pytest.mark.exhaustive
def test_tasks_that_obtain_nothing_stop_the_run(stage: Stage) -> None:
    """Before anything is written, of course."""
    wanted = {"project": PROJECT, "name": NAME}
    tasks = stage.machine.file("obtain.yml", "- name: Ask\n  ansible.builtin.fail:\n    msg: The authority is closed\n")

    rotation = stage.rotate(wanted, renew_before_days=30, obtain_tasks=tasks)

    assert rotation.outcome == "refused"
    assert rotation.message == "Nothing was written. The authority is closed"


def _kill_module(home: Path) -> None:
    """Kill the process in which a module of that user runs, as the kernel does where there is no memory left."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode().split("\0")
            if (
                words[1:2]
                and Path(words[1]).name == "AnsiballZ_apinizer_certificate.py"
                and words[1].startswith(str(home))
            ):
                os.kill(int(folder.name), signal.SIGKILL)


@pytest.mark.exhaustive
@pytest.mark.one_way
def test_a_module_that_is_killed_as_it_writes_may_have_written(stage: Stage) -> None:
    before = stage.snapshot()
    killed = []

    def kill(_manager: Manager) -> None:
        killed.append(True)
        _kill_module(stage.machine.home)

    stage.manager.faults.add(Fault("other_writer", path=IMPORT, skip=1, after=True, action=kill))

    rotation = stage.rotate(waves=THREE_WAVES, env={"ANSIBLE_KEEP_REMOTE_FILES": "1"})

    assert killed
    assert rotation.outcome == "rolled_back"
    assert rotation.waves == ["rolled_back", "rolled_back", "not_started"]
    assert stage.snapshot() == before


@dataclass(frozen=True)
class Kill:
    """When a run is killed, and where the new certificate is by then."""

    name: str
    method: str
    path: Any
    skip: int
    after: bool
    done: int


KILLS = [
    Kill("between two waves", "GET", LISTING, 1, after=False, done=1),
    Kill("as the second wave is written", "POST", IMPORT, 1, after=True, done=2),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("kill", KILLS, ids=lambda kill: kill.name)
def test_a_run_that_was_killed_is_finished_by_the_next(stage: Stage, different: list[Issued], kill: Kill) -> None:
    """What is done is recognised by what the manager holds. What is left is done, and nothing else."""
    stage.drift(held=different)
    stage.manager.faults.add(
        Fault(
            "other_writer",
            method=kill.method,
            path=kill.path,
            skip=kill.skip,
            after=kill.after,
            action=lambda _unused: stage.kill(),
        )
    )

    given = {"waves": THREE_WAVES, "backup_dir": str(stage.backups)}

    killed = stage.rotate(killed=True, **given)
    finished = stage.rotate(**given)

    served = [killed.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS]
    assert served == [stage.new.sha1] * kill.done + [issued.sha1 for issued in different[kill.done :]]
    assert finished.outcome == "rotated"
    assert finished.waves == ["done", "done", "done"]
    assert finished.environments()[DEVELOPMENT]["reason"] == "in_sync"
    assert finished.written == [("import", NAME, environment) for environment in ENVIRONMENTS[kill.done :]]
    assert {finished.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {stage.new.sha1}
    # The backup of the run that was killed has what the one that finished could no longer see.
    first, second = sorted(stage.backups.iterdir())
    assert len(list(first.glob("*.pem"))) == len(ENVIRONMENTS)
    assert different[0].pem in [file.read_text(encoding="utf-8") for file in first.glob("*.pem")]
    assert second.is_dir()
