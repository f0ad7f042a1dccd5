# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failing rotations, in every phase and every wave, and their rollback.

`RotationFixture` asserts after every run that nothing is lost and that the report is accurate; these tests assert what
is specific to each failure.
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

from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
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
    UNRELATED,
    RotationFixture,
)
from manager import Fault, Issued, Manager

ALL = ",".join(sorted(ENVIRONMENTS))
FAILING_TASKS = """
- name: Check a gateway
  ansible.builtin.assert:
    that: certificate_rotation_wave.number != {wave}
    fail_msg: "wave {{{{ certificate_rotation_wave.number }}}} of {{{{ certificate_rotation_wave.environments | join(', ') }}}} is not ready"
    quiet: true
"""

NOT_READY = "the gateway is not ready"
"""The message of a task of the user that fails."""


def _failing_tasks(case: RotationFixture, wave: int) -> str:
    return case.machine.file("failing.yml", FAILING_TASKS.format(wave=wave))


def _other_client(environment: str) -> Callable[[Manager], object]:
    """Return an action of another client, which writes the unrelated certificate."""

    def write(manager: Manager) -> None:
        (entry, *_unused) = manager.state.certificates[PROJECT, UNRELATED].entries
        manager.set_entry(PROJECT, NAME, environment, entry.pem)

    return write


@dataclass(frozen=True)
class FailureCase:
    """A failure in a wave: a fault of the manager, or the user's own tasks.

    `words`: the part of the message that appears once. `reports`: whether import-file reports the deployment.
    """

    name: str
    wave: int
    fault: Fault | None
    words: str
    variables: dict[str, Any] = field(default_factory=dict)
    tasks: str = ""
    generation: Any = "2026.09"
    reports: bool = True


IN_WAVES = [
    FailureCase("refused", 1, Fault("status", path=IMPORT, status=400, body={"resultMessage": "No!"}), "No!"),
    FailureCase("token expired", 2, Fault("status", path=IMPORT, status=401, skip=1), "HTTP 401"),
    FailureCase(
        "not deployed",
        3,
        Fault("deployment_failure", path=IMPORT, skip=2, environments=(PRODUCTION,)),
        f"its deployment failed in: {PRODUCTION} (",
        generation="openapi",
    ),
    FailureCase(
        "dropped",
        2,
        Fault("drop_before", path=IMPORT, skip=1),
        "connection to the manager was interrupted during POST",
        reports=False,
    ),
    FailureCase("lost update", 3, Fault("lost_update", path=IMPORT, skip=2), "does not hold what was written"),
    FailureCase(
        "error after the write", 1, Fault("status", path=IMPORT, status=500, after=True), "HTTP 500", reports=False
    ),
    FailureCase("sign-in page", 2, Fault("html", path=IMPORT, skip=1), "an HTML page titled"),
    FailureCase("tasks before a wave", 2, None, f"wave 2 of {STAGING} is not ready", tasks="before_wave_tasks"),
    FailureCase("tasks that verify", 3, None, f"wave 3 of {PRODUCTION} is not ready", tasks="verify_tasks"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("failure", IN_WAVES, ids=lambda failure: f"{failure.name} in wave {failure.wave}")
def test_rollback_restores_the_certificate_of_each_environment(
    make_case: MakeCase, different: list[Issued], failure: FailureCase
) -> None:
    """The environments differ before the run, and the rollback preserves every difference, including aliases."""
    case = make_case(failure.generation, import_reports_deployment=failure.reports)
    case.add_drifted_certificate(certificates=different)
    before = case.snapshot()
    if failure.fault:
        case.manager.faults.add(failure.fault)
    if failure.tasks:
        tasks = {failure.tasks: _failing_tasks(case, failure.wave)}
        rotation = case.rotate(waves=THREE_WAVES, **failure.variables, **tasks)
    else:
        rotation = case.rotate_in_process(waves=THREE_WAVES, **failure.variables)

    assert not len(case.manager.faults)
    assert rotation.outcome == "rolled_back"
    assert case.snapshot() == before
    assert failure.words in rotation.message
    assert rotation.message.count(failure.words) == 1
    # No further wave was started, and the previous waves were rolled back.
    assert rotation.waves[failure.wave :] == ["not_started"] * (3 - failure.wave)
    assert rotation.waves[: failure.wave - 1] == ["rolled_back"] * (failure.wave - 1)
    reported = rotation.environments()
    assert [reported[name]["rolled_back"] for name in ENVIRONMENTS[: failure.wave - 1]] == [True] * (failure.wave - 1)
    assert rotation.result["rollback"] == {"performed": True, "complete": True, "messages": []}
    assert "Traceback" not in rotation.text
    for environment, previous in zip(ENVIRONMENTS, different):
        if environment in ENVIRONMENTS[: failure.wave]:
            assert f"{NAME} in {environment}: SHA-256 {previous.sha256[:16]}" in rotation.message


MODIFIED = [
    FailureCase(
        "during the write",
        2,
        Fault("other_writer", path=IMPORT, skip=1, after=True, action=_other_client(STAGING)),
        "does not hold what was written",
    ),
    FailureCase(
        "before verification",
        2,
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=_other_client(STAGING)),
        f"Verification of wave 2 ({STAGING}) failed: {PROJECT}/{NAME} in {STAGING}: the manager holds SHA-256",
        generation="openapi",
    ),
    FailureCase(
        "during the soak",
        1,
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=_other_client(DEVELOPMENT)),
        f"Verification of wave 1 ({DEVELOPMENT}) failed: {PROJECT}/{NAME} in {DEVELOPMENT}: the manager holds SHA-256",
        variables={"soak_seconds": "1"},
    ),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize("failure", MODIFIED, ids=lambda failure: failure.name)
def test_rollback_leaves_alone_what_another_client_has_written(
    make_case: MakeCase, different: list[Issued], failure: FailureCase
) -> None:
    """The run stops; all other environments get their certificate back, and the modified one is named."""
    case = make_case(failure.generation, import_reports_deployment=failure.reports)
    case.add_drifted_certificate(certificates=different)
    modified = ENVIRONMENTS[failure.wave - 1]
    assert failure.fault
    case.manager.faults.add(failure.fault)
    # A soak time is a task of Ansible.
    rotate = case.rotate if "soak_seconds" in failure.variables else case.rotate_in_process

    rotation = rotate(waves=THREE_WAVES, **failure.variables)

    assert rotation.outcome == "rollback_failed"
    assert rotation.message.count(failure.words) == 1
    assert f"{PROJECT}/{NAME} in {modified}: modified by someone else" in rotation.message
    assert rotation.waves[failure.wave :] == ["not_started"] * (3 - failure.wave)
    expected = {name: [issued.der] for name, issued in zip(ENVIRONMENTS, different)}
    assert case.manager.holds(PROJECT, NAME) == {**expected, modified: [case.old.der]}


IN_UPDATES = [
    FailureCase(
        "not deployed",
        1,
        Fault("deployment_failure", method="PUT", skip=1, environments=(STAGING,)),
        STAGING,
        {},
        "",
        "2024.09",
    ),
    FailureCase("refused", 1, Fault("status", method="PUT", skip=1, status=400), "HTTP 400", {}, "", "2025"),
    FailureCase(
        "not deployed",
        1,
        Fault("deployment_failure", method="PUT", environments=(PRODUCTION,)),
        PRODUCTION,
        {},
        "",
        "2025",
    ),
    FailureCase("lost update", 1, Fault("lost_update", method="PUT", skip=1), "does not hold what was written"),
]


@pytest.mark.single_mode
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "failure", IN_UPDATES, ids=lambda failure: f"{failure.name}, {failure.generation}, update {failure.fault.skip + 1}"
)
def test_one_failure_rolls_back_all_certificates(make_case: MakeCase, failure: FailureCase) -> None:
    """One update for all environments is rolled back with one update for all environments."""
    case = make_case(failure.generation)
    # Some generations do not report the description, so it cannot be restored; the name is the default.
    for name in (NAME, OTHER):
        case.add_certificate(name, alias=f"{name}-alias", description=name)
    before = case.snapshot()
    assert failure.fault

    check = case.rotate_in_process(case.desired(), case.desired(OTHER), check=True, strategy="replace")
    case.manager.faults.add(failure.fault)
    rotation = case.rotate_in_process(case.desired(), case.desired(OTHER), strategy="replace")

    assert check.outcome == "planned"
    assert check.plan() == rotation.plan()
    assert rotation.outcome == "rolled_back"
    assert failure.words in rotation.message
    assert case.snapshot() == before
    assert {call for call, _unused, _unused in rotation.written} == {"update"}
    assert {environments for _unused, _unused, environments in rotation.written} == {ALL}
    assert rotation.certificate(NAME)["outcome"] == "rolled_back"
    if not failure.fault.skip:
        assert rotation.certificate(OTHER)["outcome"] == "not_started"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_write_that_takes_effect_late_is_not_reported_as_rolled_back(case: RotationFixture) -> None:
    """A proxy timed out before a slow manager, which applies the write after the rollback has read the record."""

    def apply_late(manager: Manager) -> None:
        manager.set_entry(PROJECT, NAME, STAGING, case.new)

    case.manager.faults.add(
        Fault("status", path=IMPORT, skip=1, status=504),
        Fault("other_writer", method="GET", path=LISTING, skip=2, action=apply_late),
    )

    rotation = case.rotate_in_process(waves=THREE_WAVES)

    assert rotation.outcome == "rollback_failed"
    assert rotation.environments()[DEVELOPMENT]["rolled_back"] is True
    assert f"{PROJECT}/{NAME} in {STAGING}" in rotation.message
    assert case.new.sha256 in str(rotation.result["rollback"]["messages"])
    assert rotation.result["rollback"]["complete"] is False


@pytest.mark.exhaustive
def test_slow_response_is_not_a_failure(case: RotationFixture) -> None:
    """The write took effect before the timeout, as reading back shows."""
    case.manager.faults.add(Fault("delay", path=IMPORT, skip=1, seconds=6, after=True))

    rotation = case.rotate(waves=TWO_WAVES, timeout="5")

    assert rotation.outcome == "rotated"
    assert [call for call, _unused, _unused in rotation.written] == ["import", "import"]
    assert rotation.environments()[PRODUCTION]["deployment"] in (None, {"success": None, "message": None})


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_rollback_removes_entries_that_an_update_added(make_case: MakeCase, different: list[Issued]) -> None:
    """An update on such a manager fails verification, and only import-file can restore the previous state."""
    case = make_case(duplicates=True)
    case.add_drifted_certificate(certificates=different)
    before = case.snapshot()

    rotation = case.rotate_in_process(case.desired(alias="one-for-all"), strategy="replace")

    assert rotation.outcome == "rolled_back"
    names = ", ".join(sorted(ENVIRONMENTS))
    assert f"{PROJECT}/{NAME} in {names}: the manager lists 2 entries" in rotation.message
    assert [call for call, _unused, _unused in rotation.written] == ["update", "import", "import", "import"]
    assert case.snapshot() == before


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_manager_without_import_file_fails_in_the_first_wave(make_case: MakeCase) -> None:
    """Only a request reveals that import-file is missing. Nothing is written, and the message names the remedy."""
    case = make_case("2025")
    case.add_certificate()
    before = case.snapshot()

    rotation = case.rotate_in_process(waves=TWO_WAVES)

    assert [(request.status, request.applied) for request in rotation.writes] == [(404, False)]
    assert rotation.waves == ["failed", "not_started"]
    assert "import-file" in rotation.message
    assert "strategy" in rotation.message
    assert case.snapshot() == before


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_rollback_continues_after_a_failed_step(case: RotationFixture, different: list[Issued]) -> None:
    """The report names the environment where it failed, and the certificate that is there now."""
    case.add_drifted_certificate(certificates=different)
    # The fourth import is the first one of the rollback.
    case.manager.faults.add(Fault("status", path=IMPORT, skip=3, status=400, body={"resultMessage": "Not now!"}))

    rotation = case.rotate_in_process(waves=THREE_WAVES, failing={"verify 3": NOT_READY})

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "Not now!" in rotation.message
    assert f"A task failed after wave 3 ({PRODUCTION}) was verified: " in rotation.message
    undone = {name: environment["rolled_back"] for name, environment in rotation.environments().items()}
    assert sorted(undone.values()) == [False, True, True]
    (left,) = (name for name, back in undone.items() if not back)
    assert rotation.after[PROJECT, NAME, left].gateway == case.new.sha1
    assert f"{NAME} in {left}: SHA-256 {case.new.sha256[:16]}" in rotation.message
    assert rotation.certificate()["outcome"] == "failed"


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_unreachable_manager_leaves_the_state_unknown(case: RotationFixture) -> None:
    """The manager stops responding after the second wave: the state is unknown, and the report says so."""
    case.manager.faults.add(Fault("drop_before", path=LISTING, skip=2, times=None))
    case.manager.faults.add(Fault("drop_before", path=IMPORT, skip=2, times=None))

    rotation = case.rotate_in_process(waves=THREE_WAVES)

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "could not be read back" in rotation.message
    for environment in rotation.environments().values():
        assert environment["now"] is None
        assert environment["entries"] is None
        assert not environment["rolled_back"]
    assert rotation.after[PROJECT, NAME, DEVELOPMENT].gateway == case.new.sha1
    assert rotation.after[PROJECT, NAME, PRODUCTION].gateway == case.old.sha1


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_rollback_never_restores_an_expired_certificate(case: RotationFixture, issue: Issue) -> None:
    """The other environments are restored; this one keeps the new certificate, and the message says so."""
    expired = issue(-3)
    case.add_drifted_certificate(certificates=[expired, case.old, case.old])

    rotation = case.rotate_in_process(waves=TWO_WAVES, failing={"verify 1": NOT_READY})

    assert rotation.outcome == "rollback_failed"
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.new.der],
        STAGING: [case.old.der],
        PRODUCTION: [case.old.der],
    }
    until = expired.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert f"{PROJECT}/{NAME} in {DEVELOPMENT}: the previous certificate expired on {until}" in rotation.message
    assert "NOT restored" in rotation.message
    assert rotation.environments()[DEVELOPMENT]["rolled_back"] is False
    assert rotation.environments()[STAGING]["rolled_back"] is True


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_drift_cannot_be_restored_without_import_file(make_case: MakeCase, different: list[Issued]) -> None:
    """One update cannot restore different certificates. No environment loses its certificate; the report names the remedy."""
    case = make_case("2025")
    case.add_certificate(holds=dict(zip(ENVIRONMENTS, different)))

    rotation = case.rotate_in_process(failing={"verify 1": NOT_READY})

    assert rotation.outcome == "rollback_failed"
    assert "THE ROLLBACK IS NOT COMPLETE" in rotation.message
    assert "import-file" in rotation.message
    assert case.manager.holds(PROJECT, NAME) == {name: [case.new.der] for name in ENVIRONMENTS}


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_without_rollback_the_new_certificate_remains(case: RotationFixture) -> None:
    """The report of such a run says that nothing was rolled back."""
    rotation = case.rotate_in_process(waves=THREE_WAVES, rollback="no", failing={"verify 2": NOT_READY})

    assert rotation.outcome == "failed"
    assert "Nothing was rolled back" in rotation.message
    assert rotation.waves == ["done", "failed", "not_started"]
    assert [rotation.after[PROJECT, NAME, name].gateway == case.new.sha1 for name in ENVIRONMENTS] == [
        True,
        True,
        False,
    ]
    assert rotation.result["rollback"]["performed"] is False


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_rollback_deletes_what_the_run_created(case: RotationFixture) -> None:
    """One certificate was absent before the run, and another one was missing in an environment."""
    case.add_certificate(OTHER, {DEVELOPMENT: case.old, STAGING: case.old})
    case.manager.remove_certificate(PROJECT, NAME)
    before = case.snapshot()
    certificates = [case.desired(name, environments=list(ENVIRONMENTS)) for name in (NAME, OTHER)]

    rotation = case.rotate_in_process(*certificates, failing={"verify 1": NOT_READY})

    assert rotation.outcome == "rolled_back"
    assert [(call, name) for call, name, _unused in rotation.written] == [
        ("create", NAME),
        ("update", OTHER),
        ("update", OTHER),
        ("delete", NAME),
    ]
    assert case.snapshot() == before
    assert rotation.environments(NAME)[PRODUCTION]["now"] is None


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_failed_backup_stops_the_run(case: RotationFixture) -> None:
    case.add_certificate()
    occupied = case.machine.file("occupied", "a file, where the folder should be")

    rotation = case.rotate_in_process(waves=THREE_WAVES, backup_dir=occupied)

    assert rotation.outcome == "refused"
    assert not rotation.written
    assert rotation.waves == ["not_started"] * 3


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_check_mode_reports_drift(case: RotationFixture, different: list[Issued]) -> None:
    case.add_drifted_certificate(certificates=different)
    before = case.snapshot()

    check = case.rotate_in_process(check=True, waves=THREE_WAVES)

    assert check.outcome == "planned"
    reported = {name: environment["from"]["fingerprint_sha1"] for name, environment in check.environments().items()}
    assert reported == {name: issued.sha1 for name, issued in zip(ENVIRONMENTS, different)}
    assert case.snapshot() == before


@pytest.mark.exhaustive
def test_obtain_tasks_without_a_certificate_stop_the_run(case: RotationFixture) -> None:
    """The run stops before the first write."""
    desired = {"project": PROJECT, "name": NAME}
    tasks = case.machine.file("obtain.yml", "- name: Ask\n  ansible.builtin.fail:\n    msg: The authority is closed\n")

    rotation = case.rotate(desired, renew_before_days=30, obtain_tasks=tasks)

    assert rotation.outcome == "refused"
    assert rotation.message == "Nothing was written. The authority is closed."


def _kill_module(home: Path) -> None:
    """Kill the process that runs a module of that user, as the kernel does when memory runs out."""
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
@pytest.mark.single_mode
def test_module_killed_during_a_write_is_rolled_back(case: RotationFixture) -> None:
    before = case.snapshot()
    killed = []

    def kill(_manager: Manager) -> None:
        killed.append(True)
        _kill_module(case.machine.home)

    case.manager.faults.add(Fault("other_writer", path=IMPORT, skip=1, after=True, action=kill))

    rotation = case.rotate(waves=THREE_WAVES, env={"ANSIBLE_KEEP_REMOTE_FILES": "1"})

    assert killed
    assert rotation.outcome == "rolled_back"
    assert rotation.waves == ["rolled_back", "rolled_back", "not_started"]
    assert case.snapshot() == before


@dataclass(frozen=True)
class Kill:
    """When a run is killed, and which environments hold the new certificate by then."""

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
def test_killed_run_is_completed_by_the_next(case: RotationFixture, different: list[Issued], kill: Kill) -> None:
    """The next run reads what the manager holds, and does only the rest."""
    case.add_drifted_certificate(certificates=different)
    case.manager.faults.add(
        Fault(
            "other_writer",
            method=kill.method,
            path=kill.path,
            skip=kill.skip,
            after=kill.after,
            action=lambda _unused: case.kill(),
        )
    )

    given = {"waves": THREE_WAVES, "backup_dir": str(case.backups)}

    killed = case.rotate(killed=True, **given)
    finished = case.rotate(**given)

    on_gateways = [killed.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS]
    assert on_gateways == [case.new.sha1] * kill.done + [issued.sha1 for issued in different[kill.done :]]
    assert finished.outcome == "rotated"
    assert finished.waves == ["done", "done", "done"]
    assert finished.environments()[DEVELOPMENT]["reason"] == "in_sync"
    assert finished.written == [("import", NAME, environment) for environment in ENVIRONMENTS[kill.done :]]
    assert {finished.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}
    # The backup of the killed run contains the certificates that the next run could no longer read.
    first, second = sorted(case.backups.iterdir())
    assert len(list(first.glob("*.pem"))) == len(ENVIRONMENTS)
    assert different[0].pem in [file.read_text(encoding="utf-8") for file in first.glob("*.pem")]
    assert second.is_dir()
