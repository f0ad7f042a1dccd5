# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Leases in a folder, with real files and real processes."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease import lease as lease_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.lease import LeaseError, LeaseFile, LeaseFolder
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import LeaseKeeper, Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import Owner, this_owner

MANAGER = "https://manager.example.com"
PROJECT = "MyProject"
PREFIX = "certificate_rotation_"
SECONDS = 100
LEASES = "ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases"
FORK = multiprocessing.get_context("fork")


def folder_of(path: Path, project: str = PROJECT, manager: str = MANAGER) -> LeaseFolder:
    return LeaseFolder(str(path), manager, project)


def owner(**values: Any) -> Owner:
    return replace(this_owner(os.getpid(), {}, "/backups/run.jsonl"), **values)


def leases_of(path: Path, run: str = "/backups/run.jsonl") -> Leases:
    return Leases(str(path), owner(run=run))


def take(leases: Leases, *projects: str, timeout: int = 0, manager: str = MANAGER) -> list[str]:
    """Take leases; return the lines that were shown."""
    shown: list[str] = []
    leases.take(manager, projects or (PROJECT,), SECONDS, timeout, PREFIX, shown.append)
    return shown


def taken(path: Path, **values: Any) -> LeaseFile:
    done, file = folder_of(path).take(owner(**values), SECONDS)
    assert done
    return file


def expire(file: LeaseFile) -> None:
    """Let a lease expire, as the clock of the file server shows it."""
    ago = time.time() - SECONDS - 1
    os.utime(file.path, (ago, ago))


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


def ended_process() -> int:
    """The number of a process that has ended."""
    process = FORK.Process(target=int)
    process.start()
    process.join()
    assert process.pid
    return process.pid


def test_a_lease_that_is_taken_refuses_the_next_run(tmp_path: Path) -> None:
    file = taken(tmp_path)
    done, found = folder_of(tmp_path).take(owner(), SECONDS)
    assert not done
    assert found.lease == file.lease
    assert names(tmp_path) == [os.path.basename(file.path)]


def test_the_file_names_its_owner_and_its_times(tmp_path: Path) -> None:
    file = taken(tmp_path, job="12")
    content = json.loads(Path(file.path).read_text(encoding="utf-8"))
    assert (content["manager"], content["project"]) == (MANAGER, PROJECT)
    assert content["owner"]["pid"] == os.getpid()
    assert (content["owner"]["job"], content["owner"]["run"]) == ("12", "/backups/run.jsonl")
    assert content["started"] < content["expires"]
    assert os.stat(file.path).st_mode & 0o777 == 0o644
    text = str(file.lease)
    assert f"project {PROJECT} on {MANAGER} is held by {content['owner']['user']} on {content['owner']['host']}" in text
    assert f"process {os.getpid()}, AWX job 12, run /backups/run.jsonl" in text
    assert f"since {content['started']} and until {content['expires']}" in text


def test_projects_and_managers_have_leases_of_their_own(tmp_path: Path) -> None:
    for folder in (
        folder_of(tmp_path),
        folder_of(tmp_path, "Other"),
        folder_of(tmp_path, "myproject"),
        folder_of(tmp_path, PROJECT, "https://other.example.com"),
        # The same file name without its digest.
        folder_of(tmp_path, "a b"),
        folder_of(tmp_path, "a/b"),
    ):
        assert folder.take(owner(), SECONDS)[0]


def test_a_lease_that_was_freed_can_be_taken_and_leaves_no_file(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    folder.free(taken(tmp_path))
    assert names(tmp_path) == []
    assert folder.take(owner(), SECONDS)[0]


def test_a_folder_that_only_the_lease_needed_is_removed_with_it(tmp_path: Path) -> None:
    leases = leases_of(tmp_path / "backups")
    take(leases)

    leases.free()

    assert names(tmp_path) == []


@pytest.mark.parametrize("existed", [True, False])
def test_a_folder_that_existed_or_is_used_is_kept(tmp_path: Path, existed: bool) -> None:
    folder = tmp_path / "backups"
    if existed:
        folder.mkdir()
    leases = leases_of(folder)
    take(leases)
    if not existed:
        (folder / "2026-11-26T050000Z-localhost").mkdir()

    leases.free()

    assert folder.is_dir()


def test_a_folder_that_another_run_removes_is_created_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, real, removed = tmp_path / "backups", LeaseFolder.take, []

    def take_late(*arguments: Any) -> tuple[bool, LeaseFile]:
        if not removed:
            removed.append(folder.rmdir())
        return real(*arguments)

    monkeypatch.setattr(LeaseFolder, "take", take_late)

    take(leases_of(folder))

    assert len(names(folder)) == 1


def test_a_folder_that_another_run_creates_and_removes_meanwhile_is_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real, met = tmp_path / "backups", os.mkdir, []

    def mkdir(path: str, mode: int) -> None:
        if not met:
            met.append(path)
            raise FileExistsError(17, "File exists", path)
        real(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)

    take(leases_of(folder))

    assert met == [str(folder)]
    assert len(names(folder)) == 1


def test_a_lease_of_a_process_that_has_ended_is_free(tmp_path: Path) -> None:
    crashed = taken(tmp_path, pid=ended_process())
    done, file = folder_of(tmp_path).take(owner(), SECONDS)
    assert done
    assert file.lease.replaces == (crashed.lease.id,)
    assert names(tmp_path) == [os.path.basename(file.path)]


def test_a_process_of_another_host_or_container_counts_as_alive(tmp_path: Path) -> None:
    taken(tmp_path, pid=ended_process(), processes="another host")
    assert not folder_of(tmp_path).take(owner(), SECONDS)[0]


def test_a_process_of_another_user_counts_as_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    assert not owner().has_ended()


def test_an_expired_lease_is_taken_over_and_its_run_notices(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    first = taken(tmp_path)
    expire(first)
    second = taken(tmp_path)
    lost = folder.lost(first)
    assert lost
    assert lost.lease.id == second.lease.id
    assert folder.renew(first, owner()) == lost
    folder.free(first)
    assert folder.lost(second) is None
    assert names(tmp_path) == [os.path.basename(second.path)]


def test_an_expired_lease_that_nobody_took_over_can_be_renewed(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    file = taken(tmp_path)
    expire(file)
    assert folder.renew(file, owner(run="/backups/moved.jsonl")) is None
    done, found = folder.take(owner(), SECONDS)
    assert not done
    assert found.lease.owner.run == "/backups/moved.jsonl"


def test_the_clock_of_a_host_does_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken(tmp_path)
    real = time.time()
    monkeypatch.setattr(time, "time", lambda: real + 10 * SECONDS)
    assert not folder_of(tmp_path).take(owner(), SECONDS)[0]


def test_a_removed_file_is_a_lost_lease_also_where_another_run_has_used_its_name(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    first = taken(tmp_path)
    os.unlink(first.path)
    assert folder.lost(first) == first
    second = taken(tmp_path)
    assert second.path == first.path
    assert folder.renew(first, owner()) == first
    assert folder.lost(second) is None


def test_a_renewal_that_meets_a_takeover_removes_what_it_has_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_of(tmp_path)
    first = taken(tmp_path)
    expire(first)
    replace_file = os.replace

    def take_over_first(source: str, target: str) -> None:
        taken(tmp_path)
        replace_file(source, target)

    monkeypatch.setattr(os, "replace", take_over_first)
    lost = folder.renew(first, owner())
    assert lost
    assert lost.lease.replaces == (first.lease.id,)
    assert names(tmp_path) == [os.path.basename(lost.path)]


@pytest.mark.parametrize("event", ["renewed", "freed and taken", "freed"])
def test_a_takeover_starts_over_if_the_folder_has_changed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    """The run has seen an expired lease, and was paused before it created its own file."""
    folder = folder_of(tmp_path)
    first = taken(tmp_path)
    expire(first)
    write = LeaseFolder._write

    def change_first(path: str, lease: lease_module.Lease, flag: int) -> None:
        monkeypatch.setattr(LeaseFolder, "_write", staticmethod(write))
        if event == "renewed":
            assert folder.renew(first, owner()) is None
        else:
            folder.free(first)
        if event == "freed and taken":
            assert folder.take(owner(run="faster"), SECONDS)[0]
        write(path, lease, flag)

    monkeypatch.setattr(LeaseFolder, "_write", staticmethod(change_first))
    done, _file = folder.take(owner(run="paused"), SECONDS)
    assert not done
    assert [file.lease.owner.run for file in folder.files()] == {
        "renewed": ["/backups/run.jsonl"],
        "freed and taken": ["faster"],
        "freed": [],
    }[event]


_UNREADABLE = [
    *("", "{", "[]", '"text"', '{"id": []}', '{"id": {}}', '{"owner": 1}', "[" * 100_000, "\0" * 100),
    *('{"id": "a", "replaces": 5}', '{"id": "a", "replaces": [[]]}', '{"id": "a", "owner": {"run": {}}}'),
    *('{"id": "a", "seconds": "x"}', '{"id": "a", "seconds": null}', '{"id": "a", "owner": null}'),
    '{"id": "a", "owner": {"pid": "x"}}',
]


@pytest.mark.parametrize("content", _UNREADABLE, ids=range(len(_UNREADABLE)))
def test_a_file_that_cannot_be_read_counts_as_held_until_it_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setattr(f"{LEASES}._FILE_IS_WRITTEN", 0.01)
    folder = folder_of(tmp_path)
    file = taken(tmp_path)
    Path(file.path).write_text(content, encoding="utf-8")
    os.utime(file.path, (1e9, 1e9))
    monkeypatch.setattr(LeaseFolder, "_now", lambda _folder: 1e9 + 100)
    with pytest.raises(LeaseError) as refused:
        take(leases_of(tmp_path))
    assert str(refused.value) == (
        "Another run may be writing these certificates: a lease that cannot be read, written at 2001-09-09T01:46:40Z, counts until "
        f"2001-09-09T02:16:40Z. Its file is {file.path}. Run again after that, or set certificate_rotation_lock_timeout to the "
        "number of seconds to wait. If you are sure that no other run is writing these certificates, delete the file"
    )
    monkeypatch.setattr(LeaseFolder, "_now", lambda _folder: 1e9 + 1801)
    assert folder.take(owner(), SECONDS)[0]


def test_keys_of_a_later_release_are_ignored(tmp_path: Path) -> None:
    file = taken(tmp_path)
    content = json.loads(Path(file.path).read_text(encoding="utf-8"))
    content["later"] = content["owner"]["later"] = [1]
    content["seconds"] = 9000
    Path(file.path).write_text(json.dumps(content), encoding="utf-8")
    ago = time.time() - 8000
    os.utime(file.path, (ago, ago))
    done, found = folder_of(tmp_path).take(owner(), SECONDS)
    assert not done
    assert found.lease == replace(file.lease, seconds=9000)


def make_entry(kind: str, path: str) -> None:
    """Create something that is not a regular file."""
    if kind == "directory":
        os.mkdir(path)
    elif kind == "named pipe":
        os.mkfifo(path)
    elif kind == "socket":
        folder = os.getcwd()
        os.chdir(os.path.dirname(path))  # the address of a socket is short
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.basename(path))
        os.chdir(folder)
    else:
        os.symlink(path if kind == "link to itself" else f"{path}.missing", path)


@pytest.mark.parametrize("kind", ["directory", "named pipe", "socket", "link to itself", "link to nothing"])
def test_what_is_not_a_regular_file_is_named(tmp_path: Path, kind: str) -> None:
    leases = leases_of(tmp_path)
    take(leases)
    entry = leases.held[0].path.replace(".1.json", ".2.json")
    make_entry(kind, entry)
    told = f"{entry} is not a regular file. Delete it, and run again"
    assert leases.check() == (
        f"Nothing more is written, since the lease in {leases.held[0].path} cannot be checked: {told}"
    )
    leases.free()
    with pytest.raises(LeaseError) as refused:
        take(leases_of(tmp_path))
    assert str(refused.value) == f"certificate_rotation_lock_dir: no lease can be taken: {told}"
    assert names(tmp_path) == [os.path.basename(entry)]


def test_a_run_does_not_wait_in_a_hurry_for_a_file_that_stays_unreadable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(taken(tmp_path).path).write_text("", encoding="utf-8")
    clock, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with pytest.raises(LeaseError, match="certificates after 60 seconds: a lease that cannot be read"):
        take(leases_of(tmp_path), timeout=60)
    assert len(pauses) < 200


def test_a_process_number_that_cannot_exist_counts_as_alive() -> None:
    assert not owner(pid=10**30).has_ended()


def test_a_file_that_cannot_be_written_completely_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full: without its content, the file would refuse all runs until it expires."""

    def refuse(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "held").mkdir()
    held = taken(tmp_path / "held")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", refuse)
        with pytest.raises(LeaseError, match="No space left on device"):
            take(leases_of(tmp_path / "new"))
        with pytest.raises(OSError, match="No space left on device"):
            folder_of(tmp_path / "held").renew(held, owner())
    assert not (tmp_path / "new").exists()
    assert names(tmp_path / "held") == [os.path.basename(held.path)]
    assert folder_of(tmp_path / "held").lost(held) is None


def fail_second_look(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Let the folder be read once, before the file of the lease is created; after that, fail once."""
    real, looks = LeaseFolder._now, []

    def now(folder: LeaseFolder) -> float:
        looks.append(folder)
        if len(looks) == 2:
            raise error
        return real(folder)

    monkeypatch.setattr(LeaseFolder, "_now", now)


def test_a_lease_that_fails_after_its_file_is_created_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_second_look(monkeypatch, OSError(28, "No space left on device"))
    with pytest.raises(LeaseError, match="No space left on device"):
        take(leases_of(tmp_path))
    assert names(tmp_path) == []
    take(leases_of(tmp_path))


def test_a_run_whose_second_look_finds_no_folder_does_not_refuse_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_second_look(monkeypatch, FileNotFoundError(2, "No such file or directory"))
    take(leases_of(tmp_path))
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("clock", ["the file server", "this host"])
def test_a_lease_that_cannot_be_renewed_holds_while_it_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: str
) -> None:
    """The disk is full; where it takes no empty file either, the clock of the file server cannot be read."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    leases = leases_of(tmp_path)
    take(leases)
    path = leases.held[0].path
    monkeypatch.setattr(os, "fsync", refuse)
    if clock == "this host":
        monkeypatch.setattr(lease_module.tempfile, "mkstemp", refuse)
    assert [leases.renew(), leases.check()] == ["", ""]
    ago = time.time() - SECONDS + 30
    os.utime(path, (ago, ago))
    told = f"Nothing more is written, since the lease in {path} cannot be checked: No space left on device"
    assert [leases.renew(), leases.check()] == [told, told]
    os.unlink(path)
    assert f"was removed ({path})" in leases.renew()
    assert names(tmp_path) == []


def test_an_expired_lease_that_cannot_be_removed_refuses_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder with the sticky bit, and the file of another user."""
    left = taken(tmp_path)
    expire(left)
    unlink = os.unlink

    def refuse(path: str) -> None:
        if path == left.path:
            raise PermissionError(1, "Operation not permitted")
        unlink(path)

    monkeypatch.setattr(os, "unlink", refuse)
    for _run in range(2):
        leases = leases_of(tmp_path)
        take(leases)
        assert leases.check() == ""
        with pytest.raises(LeaseError):
            take(leases_of(tmp_path))
        leases.free()
        assert names(tmp_path) == [os.path.basename(left.path)]


def test_a_run_that_waits_renews_the_leases_that_it_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take(leases_of(tmp_path, "other"), "B")
    clock, ages = [0.0], []
    ours = leases_of(tmp_path)

    def sleep(seconds: float) -> None:
        clock[0] += seconds
        ages.append(os.stat(ours.held[0].path).st_mtime)
        os.utime(ours.held[0].path, (1, 1))

    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with pytest.raises(LeaseError, match="the lease of project B on"):
        take(ours, "A", "B", timeout=300)
    assert len([age for age in ages[1:] if age > 1]) == 4


def test_two_hosts_of_a_play_with_the_same_manager_are_named(tmp_path: Path) -> None:
    first = Leases(str(tmp_path), owner(inventory_host="manager-a"))
    second = Leases(str(tmp_path), owner(inventory_host="manager-b"))
    take(first)
    with pytest.raises(LeaseError) as refused:
        take(second, manager=f"{MANAGER}:443/")
    assert "(inventory host manager-a, process " in str(refused.value)
    assert str(refused.value).endswith(
        "It is the same ansible-playbook: its hosts manager-a and manager-b have the same manager. Leave out one of them, or "
        "process one host after the other: with certificate_rotation_serial=1, or with serial: 1 in a play of your own"
    )


@pytest.mark.parametrize("project", ["../../etc", "a/b", "x" * 300, "\u011f" * 200, "\ud800", "a\nb", "."])
def test_the_file_of_any_project_is_in_the_folder(tmp_path: Path, project: str) -> None:
    folder = tmp_path / "a folder with \u011f and 'quotes'"
    folder.mkdir()
    leases = leases_of(folder)
    take(leases, project)
    assert len(names(folder)) == 1
    assert leases.renew() == ""
    leases.free()
    assert names(folder) == []


def _race(path: str, barrier: Barrier, winners: SimpleQueue[int], rounds: int, number: int) -> None:
    """Try to take the lease once in each round; say so in case of success."""
    folder = LeaseFolder(path, MANAGER, PROJECT)
    for _round in range(rounds):
        barrier.wait()
        done, _file = folder.take(owner(run=str(number)), SECONDS)
        barrier.wait()
        if done:
            winners.put(number)
        barrier.wait()


@pytest.fixture
def race(tmp_path: Path) -> Iterator[Callable[..., list[list[int]]]]:
    """Lets processes race for a lease; the winners of each round."""
    processes: list[Any] = []

    def run(prepare: Callable[[], object], runs: int, rounds: int) -> list[list[int]]:
        barrier, winners = FORK.Barrier(runs + 1), FORK.SimpleQueue()
        for number in range(runs):
            process = FORK.Process(target=_race, args=(str(tmp_path), barrier, winners, rounds, number))
            process.start()
            processes.append(process)
        found = []
        for _round in range(rounds):
            prepare()
            barrier.wait(30)
            barrier.wait(30)
            barrier.wait(30)
            found.append([])
            while not winners.empty():
                found[-1].append(winners.get())
        return found

    yield run
    for process in processes:
        process.join(30)


def test_of_processes_that_race_for_a_free_lease_one_wins(tmp_path: Path, race: Callable[..., list[list[int]]]) -> None:
    def free() -> None:
        for file in folder_of(tmp_path).files():
            os.unlink(file.path)

    winners = race(free, 2, 100)
    assert [len(one) for one in winners] == [1] * 100


@pytest.mark.parametrize("runs", [2, 4])
def test_of_processes_that_see_the_same_expired_lease_one_takes_it_over(
    tmp_path: Path, race: Callable[..., list[list[int]]], runs: int
) -> None:
    def expire_all() -> None:
        for file in folder_of(tmp_path).files():
            expire(file)

    taken(tmp_path)
    winners = race(expire_all, runs, 100)
    assert [len(one) for one in winners] == [1] * 100


def _hold(path: str, log: str, rounds: int) -> None:
    """Take, check and free the lease again and again; the log shows when it is held."""
    for _round in range(rounds):
        leases = Leases(path, owner())
        leases.take(MANAGER, [PROJECT], SECONDS, 60, PREFIX, lambda _line: None)
        with open(log, "a", encoding="ascii") as file:
            file.write("<")
            file.flush()
            assert not leases.check()
            file.write(">")
        leases.free()


def test_runs_that_wait_hold_the_lease_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{LEASES}._LOOK_AGAIN", 0.005)
    log = tmp_path / "log"
    processes = [FORK.Process(target=_hold, args=(str(tmp_path / "leases"), str(log), 20)) for _number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert log.read_text(encoding="ascii") == "<>" * 60


def test_a_run_takes_the_leases_of_all_its_projects_or_none(tmp_path: Path) -> None:
    other = leases_of(tmp_path, "other")
    take(other, "B")
    ours = leases_of(tmp_path)
    with pytest.raises(LeaseError, match="the lease of project B on"):
        take(ours, "C", "B", "A")
    assert [file.lease.project for file in ours.held] == ["A"]
    assert len(names(tmp_path)) == 1
    other.free()
    again = leases_of(tmp_path)
    take(again, "C", "B", "A", "B")
    assert [file.lease.project for file in again.held] == ["A", "B", "C"]
    again.free()
    assert names(tmp_path) == []


def test_addresses_of_the_same_manager_have_one_lease(tmp_path: Path) -> None:
    take(leases_of(tmp_path), manager="https://Manager.example.com:443/apiops/")
    with pytest.raises(LeaseError):
        take(leases_of(tmp_path), manager=MANAGER)


def test_a_refused_run_is_told_by_whom_since_when_and_what_to_do(tmp_path: Path) -> None:
    held = leases_of(tmp_path, "first")
    take(held)
    with pytest.raises(LeaseError) as refused:
        take(leases_of(tmp_path))
    file = held.held[0]
    assert str(refused.value) == (
        f"Another run is writing these certificates: {file.lease}. Its file is {file.path}. Run again when it has ended, or set "
        "certificate_rotation_lock_timeout to the number of seconds to wait for it. A run that has crashed does not renew its "
        "lease. If you are sure that it has, delete the file"
    )


def test_control_characters_of_another_run_are_visible(tmp_path: Path) -> None:
    held = Leases(str(tmp_path), owner(host="a\x1b[31m\nb"))
    take(held)
    with pytest.raises(LeaseError) as refused:
        take(leases_of(tmp_path))
    assert r" on a\x1b[31m\nb (process" in str(refused.value)
    expire(held.held[0])
    taken(tmp_path, host="c\x1b[31m\nd")
    assert r" on c\x1b[31m\nd (process" in held.check()


def test_a_run_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    held = leases_of(tmp_path)
    take(held)
    with pytest.raises(LeaseError, match="certificates after 1 seconds: the lease of"):
        take(leases_of(tmp_path), timeout=1)
    held.free()
    crashed = leases_of(tmp_path)
    take(crashed)
    expire(crashed.held[0])
    assert take(leases_of(tmp_path), timeout=5) == []


@pytest.mark.parametrize("kind", ["file", "read-only"])
def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "file" / "leases"
    if kind == "file":
        (tmp_path / "file").write_text("", encoding="utf-8")
    else:

        def refuse(*_arguments: object, **_options: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(lease_module.tempfile, "mkstemp", refuse)
    with pytest.raises(LeaseError) as refused:
        take(leases_of(folder))
    assert f"certificate_rotation_lock_dir: no lease can be taken in the folder {folder}: " in str(refused.value)
    assert "an empty string to run without a lease" in str(refused.value)


def test_a_keeper_lets_nothing_begin_once_the_lease_is_lost(tmp_path: Path) -> None:
    leases = leases_of(tmp_path)
    take(leases)
    keeper = LeaseKeeper(leases, "/backups/run.jsonl")
    assert keeper.guard(lambda: {"changed": True})() == {"changed": True}
    expire(leases.held[0])
    other = taken(tmp_path, user="somebody")
    result = keeper.guard(lambda: {"changed": True})()
    assert (result["changed"], result["failed"]) == (False, True)
    assert result["msg"].startswith(
        f"Nothing more is written, since the lease of project {PROJECT} on {MANAGER} had expired, and was taken over by somebody on"
    )
    assert other.path in result["msg"]


def test_a_keeper_renews_the_leases_during_a_long_phase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    leases = leases_of(tmp_path)
    take(leases)
    keeper = LeaseKeeper(leases, "")
    ago = int(time.time()) - 40
    os.utime(leases.held[0].path, (ago, ago))
    assert keeper.why_lost() == ""
    assert os.stat(leases.held[0].path).st_mtime == ago
    real = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: real + 61)
    assert keeper.why_lost() == ""
    assert os.stat(leases.held[0].path).st_mtime > ago + 30


def test_a_keeper_renews_a_lease_that_has_expired_while_its_host_was_suspended(tmp_path: Path) -> None:
    """The lease has expired, but no other run has taken it over. time.monotonic() stands still while a host is suspended."""
    leases = leases_of(tmp_path)
    take(leases)
    keeper = LeaseKeeper(leases, "/backups/moved.jsonl")
    expire(leases.held[0])
    assert keeper.why_lost() == ""
    done, found = folder_of(tmp_path).take(owner(), SECONDS)
    assert not done
    assert found.lease.owner.run == "/backups/moved.jsonl"


def test_a_lease_that_cannot_be_checked_or_was_removed_stops_the_run(tmp_path: Path) -> None:
    leases = leases_of(tmp_path / "leases")
    take(leases)
    path = leases.held[0].path
    os.unlink(path)
    assert leases.check() == (
        f"Nothing more is written, since the lease of project {PROJECT} on {MANAGER} was removed ({path}). Run again: the new plan "
        "starts from the present record"
    )
    (tmp_path / "leases").rmdir()
    assert leases.check() == (
        f"Nothing more is written, since the lease in {path} cannot be checked: No such file or directory"
    )
    leases.free()


@pytest.mark.parametrize(
    ("variables", "environment", "job"),
    [({}, "", ""), ({"awx_job_id": 7}, "9", "7"), ({"tower_job_id": "8"}, "9", "8"), ({}, "9", "9")],
)
def test_the_owner_names_the_job_of_awx(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, object], environment: str, job: str
) -> None:
    monkeypatch.setenv("JOB_ID", environment)
    assert this_owner(1, variables, "").job == job


def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", unknown)
    assert this_owner(1, {}, "").user == f"user {os.getuid()}"
