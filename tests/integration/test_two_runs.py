# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two runs on the same certificate: one of them wins, and no environment loses its certificate.

The second run is carried out as a whole between two phases of the first one, for each two phases, over real HTTP, in this
process.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, FileProblem
from integration.phase_runner import PhaseRunner
from manager import Authority, Fault, Issued, Manager

PROJECT, NAME, KEY = "MyProject", "my-certificate", "MyProject/my-certificate"
DEVELOPMENT, PRODUCTION = ENVIRONMENTS = "development", "production"
WAVES = [[DEVELOPMENT], [PRODUCTION]]
GENERATIONS = {"2024.09": "replace", "2025": "overlap", "2026.09": "per_environment"}
"""A strategy that is possible with each generation."""
MODIFIED = "modified by someone else since the plan"
HELD = "Another run is writing these certificates"

Json = dict[str, Any]

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]


@dataclass
class Ended:
    """How a run has ended."""

    won: bool
    message: str
    outcome: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class World:
    """A manager that holds the old certificate in two environments, and what two runs want it to hold.

    C(restored) is in a backup.
    """

    manager: Manager
    folder: Path
    strategy: str
    old: Issued
    ours: Issued
    theirs: Issued
    restored: Issued
    lock_dir: str = ""
    changed: Any = None

    @property
    def backup(self) -> str:
        """The folder of the backup that contains C(restored)."""
        return str(next(path for path in (self.folder / "backups").iterdir() if path.is_dir()))

    def variables(self, certificate: Issued, **others: Any) -> Json:
        item = {"project": PROJECT, "name": NAME, "content": certificate.pem}
        waves = {} if self.strategy == "replace" else {"waves": WAVES}
        given = {
            "certificates": [item],
            "strategy": self.strategy,
            "verify_gateways_timeout": 0,
            "lock_dir": self.lock_dir,
        }
        return {**given, **waves, "require_later_expiry": False, **others}

    def rotate(
        self,
        certificate: Issued,
        before: Callable[[str], object] = lambda _title: None,
        others: Json | None = None,
        **variables: Any,
    ) -> Ended:
        given = self.variables(certificate, **variables)
        runner = PhaseRunner(self.manager, self.folder, given, before=before, others=others)
        result = runner.run_role()
        outcome = str(result["outcome"])
        return Ended(outcome in ("rotated", "stored"), str(result["message"]), outcome, runner.warnings)

    def restore(self, before: Callable[[str], object] = lambda _title: None) -> Ended:
        runner = PhaseRunner(self.manager, self.folder, {}, before=before)
        settings = {"dir": self.backup, "lock_dir": self.lock_dir, "verify_gateways_timeout": 0}
        settings["strategy"] = "per_environment" if self.strategy == "per_environment" else "replace"
        result = runner.run_restore(**settings)
        return Ended(not result.get("failed"), str(result.get("msg", result.get("message"))))

    def held(self) -> dict[str, tuple[list[bytes], bytes | None]]:
        """What the record and the gateways hold, by environment."""
        record = self.manager.holds(PROJECT, NAME)
        return {name: (record.get(name, [])[-1:], self.manager.served(name, PROJECT, NAME)) for name in ENVIRONMENTS}

    def everywhere(self, certificate: Issued) -> dict[str, tuple[list[bytes], bytes]]:
        return {name: ([certificate.der], certificate.der) for name in ENVIRONMENTS}

    def leases(self) -> list[Path]:
        return [path for path in Path(self.lock_dir).iterdir() if path.name.startswith(".lease")]


@pytest.fixture
def make_world(tmp_path: Path, authority: Authority) -> Callable[..., Any]:
    now = datetime.now(timezone.utc)
    days = (60, 300, 330, 45)
    issued = [authority.issue("www.example.com", not_after=now + timedelta(days=number)) for number in days]

    @contextmanager
    def make_world(generation: str = "2026.09", *, lease: bool = False) -> Iterator[World]:
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        with Manager(generation) as manager:  # type: ignore[arg-type]
            manager.add_project(PROJECT, ENVIRONMENTS)
            manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, issued[3]), alias="web")
            world = World(manager, folder, "replace", *issued)
            assert world.rotate(world.old, backup_dir="backups").won
            world.strategy = GENERATIONS[generation]
            world.lock_dir = str(folder / "backups") if lease else ""
            yield world

    return make_world


First = Callable[..., Ended]
Second = Callable[[World], Ended]


def an_awx_job(world: World, before: Callable[[str], object] = lambda _title: None) -> Ended:
    return world.rotate(world.ours, before, others={"awx_job_id": 4711})


def a_role(world: World) -> Ended:
    return world.rotate(world.theirs)


def a_rulebook(world: World) -> Ended:
    """The variables with which the rulebook rotate_expiring starts the playbook rotate."""
    item = {"project": PROJECT, "name": NAME, "environments": list(ENVIRONMENTS), "content": world.theirs.pem}
    return world.rotate(world.theirs, certificates=[item], renew_before="90")


def a_restore(world: World, before: Callable[[str], object] = lambda _title: None) -> Ended:
    return world.restore(before)


def meet(
    make_world: Callable[..., Any], generation: str, first: First, second: Second
) -> Iterator[tuple[str, World, Ended, Ended]]:
    """Run the second run between each two phases of the first one; yields the phase that comes next, and how both ended."""
    phases: list[str] = []
    with make_world(generation) as world:
        first(world, phases.append)
    for phase in phases[1:]:
        with make_world(generation) as world:
            between = _Between(phase, world, second)
            found = first(world, between)
            assert between.ended
            yield f"before {phase}: {found} {between.ended}", world, found, between.ended


class _Between:
    """Runs the second run before a phase of the first one."""

    def __init__(self, phase: str, world: World, second: Second) -> None:
        self.ended: Ended | None = None
        self._phase = phase
        self._world = world
        self._second = second

    def __call__(self, title: str) -> None:
        if title == self._phase:
            self.ended = self._second(self._world)


def assert_refused(make_world: Callable[..., Any], generation: str, first: First, second: Second) -> World:
    """Assert that the lease of the first run refuses the second one before each of its phases, and is freed at its end."""
    with make_world(generation, lease=True) as world:
        ended: list[tuple[str, Ended]] = []

        def between(title: str) -> None:
            if title not in ("plan", "restore_plan"):
                ended.append((title, second(world)))

        assert first(world, between).won
        assert len(ended) > 2
        for title, other in ended:
            assert not other.won, title
            assert HELD in other.message, title
            assert ("AWX job 4711" in other.message) == (first is an_awx_job), title
        assert world.leases() == []
        return world  # type: ignore[no-any-return]


@pytest.mark.parametrize("second", [a_role, a_restore])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_without_a_lease_the_run_that_comes_between_wins(
    make_world: Callable[..., Any], generation: str, second: Second
) -> None:
    for what, world, first, other in meet(make_world, generation, an_awx_job, second):
        assert (first.won, other.won) == (False, True), what
        assert world.held() == world.everywhere(world.restored if second is a_restore else world.theirs), what
        assert "someone else" in first.message or "Verification of wave" in first.message, what
        if what.startswith("before write 1:"):
            assert f"{KEY} in" in first.message, what
            assert (
                f"{MODIFIED}. Nothing was written there. Run the role again: the new plan starts from the present"
                in first.message
            )
            assert first.outcome == "rolled_back", what


@pytest.mark.parametrize("generation", GENERATIONS)
def test_without_a_lease_one_of_a_job_and_a_rulebook_wins(make_world: Callable[..., Any], generation: str) -> None:
    """For the rulebook, what the job has written is not due, so the job wins once it has written everything."""
    for what, world, first, other in meet(make_world, generation, an_awx_job, a_rulebook):
        held = world.held()
        if first.won:
            assert held == world.everywhere(world.ours), what
        elif what.startswith(("before verify 1", "before write 2")) and generation == "2026.09":
            # The rulebook has left alone what the job had written in development, and the job has rolled it back.
            assert other.won, what
            old, theirs = world.everywhere(world.old), world.everywhere(world.theirs)
            assert held == {DEVELOPMENT: old[DEVELOPMENT], PRODUCTION: theirs[PRODUCTION]}, what
        else:
            assert other.won, what
            assert held == world.everywhere(world.theirs), what


@pytest.mark.parametrize(
    ("generation", "second"),
    [("2024.09", a_role), ("2025", a_rulebook), ("2025", a_restore), ("2026.09", a_role), ("2026.09", a_restore)],
)
def test_with_a_lease_the_run_that_comes_between_is_refused(
    make_world: Callable[..., Any], generation: str, second: Second
) -> None:
    world = assert_refused(make_world, generation, an_awx_job, second)
    assert world.held() == world.everywhere(world.ours)


@pytest.mark.parametrize("generation", ["2025", "2026.09"])
def test_a_role_meets_a_restore_without_a_lease(make_world: Callable[..., Any], generation: str) -> None:
    for what, world, restore, role in meet(make_world, generation, a_restore, a_role):
        assert role.won, what
        assert world.held() == world.everywhere(world.theirs), what
        if what.startswith("before restore_write"):
            assert MODIFIED in restore.message, what
            assert "Run the playbook again: the new plan starts from the present record" in restore.message, what
        # At the end, the restore was complete before the role began.
        assert restore.won == what.startswith("before restore_report"), what


@pytest.mark.parametrize("generation", ["2025", "2026.09"])
def test_a_role_meets_a_restore_with_a_lease(make_world: Callable[..., Any], generation: str) -> None:
    world = assert_refused(make_world, generation, a_restore, a_role)
    assert world.held() == world.everywhere(world.restored)


# What someone else does between the plan and a write, such as a hook


def delete_everywhere(world: World) -> None:
    world.manager.state.certificates.pop((PROJECT, NAME))


def change_alias(world: World) -> None:
    world.manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, world.old), alias="other", deploy=False)


def add_environment(world: World) -> None:
    world.manager.add_project(PROJECT, (*ENVIRONMENTS, "staging"))
    world.manager.add_certificate(PROJECT, NAME, dict.fromkeys((*ENVIRONMENTS, "staging"), world.old), alias="web")


def remove_environment(world: World) -> None:
    world.manager.add_certificate(PROJECT, NAME, {DEVELOPMENT: world.old}, alias="web", deploy=False)


def add_entry(world: World) -> None:
    held = {DEVELOPMENT: [world.old], PRODUCTION: [world.old, world.old]}
    world.manager.add_certificate(PROJECT, NAME, held, alias="web", deploy=False)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (delete_everywhere, "development, production"),
        (change_alias, "development, production"),
        (add_environment, "staging"),
        (remove_environment, "production"),
        (add_entry, "production"),
    ],
)
@pytest.mark.parametrize("phase", ["preflight", "write 1"])
def test_a_modified_record_is_not_overwritten(
    make_world: Callable[..., Any], change: Callable[[World], None], where: str, phase: str
) -> None:
    with make_world("2025") as world:
        world.strategy = "replace"

        def before(title: str) -> None:
            if title == phase:
                change(world)
                world.changed = world.manager.snapshot()

        mark = world.manager.journal.mark()
        ended = world.rotate(world.ours, before)

        assert ended.outcome == ("refused" if phase == "preflight" else "rolled_back")
        assert f"{KEY} in {where}: {MODIFIED}. Nothing was written there. Run the role again" in ended.message
        assert not mark.writes()
        assert world.manager.snapshot() == world.changed


def test_an_import_only_looks_at_the_environments_that_it_writes(make_world: Callable[..., Any]) -> None:
    """Two runs that are limited to different environments do not disturb each other."""
    with make_world("2026.09") as world:
        ended: list[Ended] = []

        def between(title: str) -> None:
            if title == "write 1":
                ended.append(world.rotate(world.theirs, environments=[PRODUCTION], waves=[[PRODUCTION]]))

        first = world.rotate(world.ours, between, environments=[DEVELOPMENT], waves=[[DEVELOPMENT]])
        assert (first.won, ended[0].won) == (True, True)
        assert world.held() == {
            DEVELOPMENT: world.everywhere(world.ours)[DEVELOPMENT],
            PRODUCTION: world.everywhere(world.theirs)[PRODUCTION],
        }


def test_what_someone_else_has_written_exactly_as_planned_is_not_written_again(make_world: Callable[..., Any]) -> None:
    with make_world("2026.09") as world:

        def between(title: str) -> None:
            if title == "write 2":
                assert world.rotate(world.ours).won

        mark = world.manager.journal.mark()
        first = world.rotate(world.ours, between)

        assert first.won
        assert world.held() == world.everywhere(world.ours)
        assert [request.fields["environmentList"] for request in mark.writes()] == [DEVELOPMENT, PRODUCTION]
        (warning,) = [text for text in first.warnings if "someone else" in text]
        assert warning == (
            f"{KEY} in {PRODUCTION} is already as planned: someone else has written it since the plan. Nothing was written there"
        )


@pytest.mark.parametrize("exists", [False, True])
def test_a_certificate_that_was_created_or_deleted_meanwhile_is_left_alone(
    make_world: Callable[..., Any], *, exists: bool
) -> None:
    """A run that creates a certificate does not replace one that was created meanwhile, and does not bring one back."""
    with make_world("2026.09") as world:
        if not exists:
            delete_everywhere(world)
        item = {"project": PROJECT, "name": NAME, "content": world.ours.pem, "environments": list(ENVIRONMENTS)}

        def between(title: str) -> None:
            if title != "write 1":
                return
            if exists:
                delete_everywhere(world)
            else:
                world.manager.add_project(PROJECT, (*ENVIRONMENTS, "staging"))
                world.manager.add_certificate(PROJECT, NAME, {"staging": world.old}, alias="web")

        mark = world.manager.journal.mark()
        first = world.rotate(world.ours, between, certificates=[item])

        assert first.outcome == "rolled_back"
        assert MODIFIED in first.message
        assert not mark.writes()


def test_every_certificate_of_a_wave_is_checked_for_itself(make_world: Callable[..., Any]) -> None:
    with make_world("2026.09") as world:
        names = [f"cert-{number}" for number in range(6)]
        for name in names:
            world.manager.add_certificate(PROJECT, name, dict.fromkeys(ENVIRONMENTS, world.old), alias=name)
        items = [{"project": PROJECT, "name": name, "content": world.ours.pem} for name in names]

        def between(title: str) -> None:
            if title == "write 2":
                world.manager.add_certificate(
                    PROJECT, "cert-3", {DEVELOPMENT: world.ours, PRODUCTION: world.theirs}, alias="cert-3"
                )

        first = world.rotate(world.ours, between, certificates=items, parallel_writes=3)

        assert first.outcome == "rolled_back"
        assert f"{PROJECT}/cert-3 in {PRODUCTION}: {MODIFIED}" in first.message
        for name in names:
            production = world.theirs if name == "cert-3" else world.old
            assert world.manager.holds(PROJECT, name) == {DEVELOPMENT: [world.old.der], PRODUCTION: [production.der]}


# Leases


@pytest.mark.parametrize(("variables", "check"), [({}, True), ({"lock_dir": ""}, False)])
def test_a_run_without_a_lease_is_not_refused(make_world: Callable[..., Any], variables: Json, *, check: bool) -> None:
    with make_world(lease=True) as world:
        ended: list[str] = []

        def between(title: str) -> None:
            if title == "preflight":
                runner = PhaseRunner(
                    world.manager, world.folder, {**world.variables(world.theirs), **variables}, check=check
                )
                ended.append(runner.run_role()["outcome"])

        world.rotate(world.ours, between)
        assert ended == ["planned" if check else "rotated"]


def test_a_lost_lease_stops_the_run_before_its_next_write(make_world: Callable[..., Any]) -> None:
    """A task of the user's took so long that the lease expired, and another run has taken it over."""
    with make_world(lease=True) as world:
        ended: list[Ended] = []

        def between(title: str) -> None:
            if title == "write 2":
                (lease,) = world.leases()
                os.utime(lease, (1, 1))
                ended.append(world.rotate(world.theirs, environments=[PRODUCTION], waves=[[PRODUCTION]]))

        first = world.rotate(world.ours, between)

        assert ended[0].won
        assert first.outcome == "rolled_back"
        assert "Nothing more is written, since the lease of project MyProject on" in first.message
        old, theirs = world.everywhere(world.old), world.everywhere(world.theirs)
        assert world.held() == {DEVELOPMENT: old[DEVELOPMENT], PRODUCTION: theirs[PRODUCTION]}
        assert world.leases() == []


def test_a_run_that_fails_frees_its_lease(make_world: Callable[..., Any]) -> None:
    with make_world(lease=True) as world:
        world.manager.faults.add(Fault("deployment_failure", environments=(PRODUCTION,)))
        assert not world.rotate(world.ours, strategy="replace", waves=[]).won
        assert world.leases() == []
        assert not world.rotate(
            world.ours, certificates=[{"project": PROJECT, "name": NAME, "path": "missing.pem"}]
        ).won
        assert world.leases() == []


def test_a_lease_is_renewed_with_every_phase_and_follows_the_run_file(make_world: Callable[..., Any]) -> None:
    with make_world(lease=True) as world:
        ages: list[float] = []
        runs: set[str] = set()

        def between(title: str) -> None:
            if title != "plan":
                (lease,) = world.leases()
                ages.append(time.time() - lease.stat().st_mtime)
                os.utime(lease, (1e9, 1e9))
                runs.add(json.loads(lease.read_text(encoding="utf-8"))["owner"]["run"])

        assert world.rotate(world.ours, between, backup_dir="backups").won
        assert max(ages) < 60
        assert any(run.startswith(f"{world.folder}/backups/") for run in runs)


def test_a_lock_dir_that_cannot_be_used_is_found_before_the_first_write(make_world: Callable[..., Any]) -> None:
    with make_world(lease=True) as world:
        occupied = world.folder / "file"
        occupied.write_text("", encoding="utf-8")
        world.lock_dir = str(occupied)
        mark = world.manager.journal.mark()
        ended = world.rotate(world.ours)
        assert ended.outcome == "refused"
        checked = PhaseRunner(world.manager, world.folder, world.variables(world.ours), check=True).run_role()
        for message in (ended.message, checked["message"]):
            assert f"certificate_rotation_lock_dir: the folder {occupied} cannot be created" in message
        assert not mark.writes()


def test_a_run_whose_lock_dir_is_away_for_a_moment_is_refused(
    make_world: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is back when the plan looks at it, and the run has no lease."""
    real, looks = ControllerFiles.check_folder, []

    def check_folder(files: ControllerFiles, path: str) -> None:
        if path == world.lock_dir:
            looks.append(path)
            if len(looks) == 1:
                raise FileProblem(f"the folder {path} cannot be created: Stale file handle")
        real(files, path)

    with make_world(lease=True) as world:
        monkeypatch.setattr(ControllerFiles, "check_folder", check_folder)
        mark = world.manager.journal.mark()
        ended = world.rotate(world.ours)
        assert ended.outcome == "refused"
        assert f"certificate_rotation_lock_dir: the folder {world.lock_dir} cannot be created" in ended.message
        assert len(looks) == 2
        assert not mark.writes()
