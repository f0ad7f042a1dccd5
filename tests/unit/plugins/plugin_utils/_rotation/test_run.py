# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_input
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.lease import Lease, LeaseFile
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.owner import Owner
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import NAME as FILE_NAME
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, RunError, Write, load_run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    KEY,
    NAME,
    NEW,
    NOW,
    OLD,
    PROD,
    PROJECT,
    STAGE,
    TWO_WAVES,
    RunBuilder,
    bundle,
    deployment,
    entry,
    holding,
    issued,
)

BEFORE = holding({DEV: OLD, PROD: OLD})
CHAIN = parse_input(issued(days=300).chain_pem.encode())
UNICODE = "Üretim/ortamı 😀\u2028"


def kept(run: Run, tmp_path: Path) -> Run:
    """A run with a file that has all its attributes."""
    run.create_file(str(tmp_path))
    run.save(**{one.name: getattr(run, one.name) for one in fields(run) if one.name != "path"})
    return run


def everything() -> Run:
    """A run in which every attribute has another value than its default."""
    builder = RunBuilder(
        holding({UNICODE: OLD, PROD: OLD}, name=UNICODE),
        new=CHAIN,
        desired=DesiredCertificate(
            PROJECT, UNICODE, path="ü.pem", alias=UNICODE, description="\udcff", environments=(UNICODE, PROD)
        ),
        waves=((UNICODE,), (PROD,)),
        environments=(UNICODE, PROD),
        minimum_remaining_days=7,
        update_scope="all_projects",
        check_mode=True,
    )
    builder.also(holding({PROD: OLD}, project="admin", name="api"), new=None)
    builder.wrote(UNICODE, key=f"{PROJECT}/{UNICODE}", deployment=deployment(None, UNICODE), duplicated=True)
    builder.interrupted_write(PROD, wave=2, key=f"{PROJECT}/{UNICODE}").verified(1).failed(UNICODE).rolled_back(UNICODE)
    run = builder.build()
    run.host = UNICODE
    file = LeaseFile(f"/{UNICODE}", Lease("a", UNICODE, PROJECT, Owner(UNICODE), replaces=("b",)), 1.5)
    run.leases = Leases(UNICODE, Owner(UNICODE, pid=1), [file])
    run.listed = {PROJECT: [holding({PROD: OLD}, name=UNICODE)]}
    run.environments = {PROJECT: {UNICODE: {"name": UNICODE, "type": "TEST", "status": None}}}
    run.unrestored = [f"{PROJECT}/{UNICODE} in {PROD}"]
    run.gateways = {f"{PROJECT}/{UNICODE}": {PROD: {"name": PROD, "state": "unknown", "reason": UNICODE}}}
    run.retired = {f"{PROJECT}/{UNICODE}-next": UNICODE}
    run.not_retired = {f"{PROJECT}/{UNICODE}-next": UNICODE}
    run.new = {f"{PROJECT}/{UNICODE}": CHAIN}
    run.diffs = {f"{PROJECT}/{UNICODE}": {"before": {}, "after": {"environments": {PROD: {"alias": UNICODE}}}}}
    run.backup = f"/backups/{UNICODE}"
    run.finished = True
    return run


def test_every_attribute_of_a_run_survives_dump_and_load(tmp_path: Path) -> None:
    run = everything()
    default = Run(started=NOW)
    untouched = {one.name for one in fields(run) if getattr(run, one.name) == getattr(default, one.name)}
    assert untouched <= {"path", "started"}

    kept(run, tmp_path)

    assert load_run(run.path) == run


def test_the_new_certificate_keeps_its_issuers(tmp_path: Path) -> None:
    run = kept(RunBuilder(BEFORE, new=CHAIN).build(), tmp_path)

    assert load_run(run.path).plan.certificates[0].new == CHAIN
    assert len(CHAIN.issuers) == 1


@pytest.mark.parametrize("waves", ["auto", (), TWO_WAVES])
def test_waves_survive_in_each_form(tmp_path: Path, waves: Any) -> None:
    run = kept(RunBuilder(BEFORE, waves=waves, types={DEV: "TEST", PROD: "PRODUCTION"}).build(), tmp_path)

    found = load_run(run.path)
    assert found.settings is not None
    assert (found.settings.waves, found.plan) == (waves, run.plan)


@pytest.mark.parametrize("rollback", [None, [], ["The manager cannot be reached"]])
def test_whether_a_rollback_was_performed_survives(tmp_path: Path, rollback: list[str] | None) -> None:
    run = kept(Run(rollback=rollback), tmp_path)

    assert load_run(run.path).rollback == rollback


@pytest.mark.parametrize("certificate", [bundle(days=5), Bundle(bundle(days=5).leaf, (bundle(days=6).leaf,))])
def test_obtained_certificates_survive(tmp_path: Path, certificate: Bundle) -> None:
    run = kept(Run(new={KEY: certificate}), tmp_path)

    assert load_run(run.path).new == {KEY: certificate}


def test_only_its_owner_can_read_the_file_wherever_it_is(tmp_path: Path) -> None:
    run = kept(RunBuilder(BEFORE).build(), tmp_path)
    assert stat.S_IMODE(Path(run.path).stat().st_mode) == 0o600

    (tmp_path / "backup").mkdir()
    run.move_file(str(tmp_path / "backup"))
    assert stat.S_IMODE(Path(run.path).stat().st_mode) == 0o600


def test_the_file_begins_with_what_the_run_is(tmp_path: Path) -> None:
    run = Run("https://manager.example.com", "localhost", True, NOW)
    run.create_file(str(tmp_path))

    assert Path(run.path).parent == tmp_path
    assert load_run(run.path) == run


def test_a_run_without_a_file_keeps_its_state_in_memory_only() -> None:
    run = Run()

    run.save(ready=True)
    run.fail("No")

    assert (run.ready, run.failure, run.path) == (True, "No", "")


def test_the_first_failure_is_kept(tmp_path: Path) -> None:
    run = kept(Run(), tmp_path)

    run.fail("first")
    run.fail("second")

    assert load_run(run.path).failure == run.failure == "first"


def test_later_values_replace_earlier_ones(tmp_path: Path) -> None:
    run = kept(Run(), tmp_path)
    run.save(verified=[1])
    run.save(verified=[1, 2], ready=True)

    found = load_run(run.path)
    assert (found.verified, found.ready) == ([1, 2], True)


def test_a_write_without_a_result_counts_as_interrupted(tmp_path: Path) -> None:
    """Its intent is on disk before the request is sent."""
    run = kept(RunBuilder(BEFORE).build(), tmp_path)

    number = run.save_write(Write(KEY, 1, (DEV, PROD)))

    (found,) = load_run(run.path).writes
    assert (number, found) == (0, Write(KEY, 1, (DEV, PROD)))
    assert found.failed
    assert found.may_have_changed
    assert found.unreported == (DEV, PROD)


def test_the_result_of_a_write_replaces_its_intent(tmp_path: Path) -> None:
    run = kept(RunBuilder(BEFORE).build(), tmp_path)
    first, second, third = (run.save_write(Write(key, 1, (DEV,))) for key in ("p/a", "p/b", "p/c"))
    done = Write("p/b", 1, (DEV,), failed=False, deployment=deployment(), duplicated=True)

    assert run.save_write(done, second) == second

    assert (first, second, third) == (0, 1, 2)
    assert load_run(run.path).writes == run.writes == [Write("p/a", 1, (DEV,)), done, Write("p/c", 1, (DEV,))]


@pytest.mark.parametrize(
    ("changed", "failed", "reported", "unreported"),
    [
        (True, False, deployment(True), ("other",)),
        (True, False, {"success": True, "message": None, "environments": []}, (DEV, "other")),
        (True, False, deployment(False, **{DEV: "no worker"}), ("other",)),
        (True, False, deployment(None), (DEV, "other")),
        (True, False, None, (DEV, "other")),
        (True, True, None, (DEV, "other")),
        # A write that was refused has changed nothing. Where nothing was left to write, someone else has written.
        (False, True, None, ()),
        (False, False, None, (DEV, "other")),
    ],
)
def test_a_deployment_is_unreported_where_the_record_is_as_planned_and_the_environment_not_named(
    changed: bool, failed: bool, reported: Any, unreported: tuple[str, ...]
) -> None:
    write = Write(KEY, 1, (DEV, "other"), failed=failed, may_have_changed=changed, deployment=reported)

    assert write.unreported == unreported


@pytest.mark.parametrize("cut", [1, 10])
def test_a_last_line_that_was_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    run = kept(RunBuilder(BEFORE).build(), tmp_path)
    run.save_write(Write(KEY, 1, (DEV,)))
    expected = load_run(run.path)
    run.save(verified=[1])

    file = Path(run.path)
    file.write_bytes(file.read_bytes()[:-cut])

    assert load_run(run.path) == expected


def test_a_file_whose_last_line_was_cut_short_can_be_continued(tmp_path: Path) -> None:
    """The rollback after a killed write goes on in the same file."""
    run = kept(RunBuilder(BEFORE).build(), tmp_path)
    run.save_write(Write(KEY, 1, (DEV,)))
    run.save_write(Write(KEY, 1, (DEV,), failed=False), 0)
    file = Path(run.path)
    file.write_bytes(file.read_bytes()[:-10])

    load_run(run.path).fail("The task timed out")

    found = load_run(run.path)
    assert found.failure == "The task timed out"
    assert found.writes == [Write(KEY, 1, (DEV,))]


def test_a_moved_file_is_found_by_its_first_name(tmp_path: Path) -> None:
    run = kept(RunBuilder(BEFORE).build(), tmp_path)
    first, backup = run.path, tmp_path / "backup"
    backup.mkdir()

    run.move_file(str(backup))
    run.save(verified=[1])

    assert run.path == str(backup / FILE_NAME)
    assert load_run(first) == load_run(run.path) == run


def test_a_file_is_not_moved_over_another_one(tmp_path: Path) -> None:
    run = kept(Run(), tmp_path)
    (tmp_path / FILE_NAME).write_text("another run")

    with pytest.raises(RecordError, match="File exists"):
        run.move_file(str(tmp_path))
    assert load_run(run.path) == run


@pytest.mark.parametrize(
    "text",
    ["not JSON\n", "[]\n", "7\n", '{"unknown": 1}\n', '{"write": [0]}\n', '{"settings": {"unknown": 1}}\n', "ü\n"],
)
def test_a_file_that_is_not_a_run_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(RunError, match=f"^The run file {path} cannot be read: "):
        load_run(str(path))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="No such file"):
        load_run(str(tmp_path / "missing"))


def test_a_new_certificate_is_kept_once_and_not_as_a_setting(tmp_path: Path) -> None:
    desired = DesiredCertificate(PROJECT, NAME, content=issued(days=300).pem)
    run = kept(RunBuilder(BEFORE, desired=desired).build(), tmp_path)

    text = Path(run.path).read_text()
    assert text.count(base64.b64encode(NEW.leaf.der).decode()) == 1
    assert json.dumps(issued(days=300).pem)[1:-1] not in text
    found = load_run(run.path)
    assert found.settings is not None
    assert found.settings.certificates[0].content is None
    assert found.plan.certificates[0].new == NEW


def test_nothing_secret_can_be_in_the_file() -> None:
    """Only these attributes are saved, and none of them takes a token, a password or a private key."""
    run = RunBuilder(BEFORE).build()

    assert {one.name for one in fields(run)} == {
        *("manager", "host", "check_mode", "started", "settings", "listed", "environments", "new", "plan"),
        *("previous", "diffs", "guards", "ready", "backup", "writes", "verified", "failure", "rollback", "finished"),
        *("path", "gateways", "unrestored", "new_views", "retired", "not_retired", "leases"),
    }
    assert run.settings is not None
    assert not {"token", "password", "username", "client_key"} & {one.name for one in fields(run.settings)}


def test_the_certificates_to_write_are_due_in_the_wave_and_pass_their_guards() -> None:
    builder = RunBuilder(holding({DEV: NEW, PROD: OLD}), waves=TWO_WAVES, on_guard_failure="skip")
    builder.also(holding({DEV: OLD, PROD: OLD}, name="api"))
    run = builder.also(holding({DEV: OLD}, name="odd"), new=bundle(days=0)).build()

    assert [[planned.key for planned in run.to_write(wave)] for wave in (1, 2, 3)] == [
        ["MyProject/api"],
        [KEY, "MyProject/api"],
        [],
    ]
    assert [run.stopped_by_guards(planned) for planned in run.plan.certificates] == [False, False, True]


def test_an_environment_before_the_run_is_as_preflight_read_it() -> None:
    run = RunBuilder(BEFORE).build()

    assert run.previous_in(KEY, PROD) == entry(PROD, OLD)
    assert run.previous_in(KEY, STAGE) is None
    assert run.previous_in("MyProject/other", PROD) is None
    assert RunBuilder(None, desired=DesiredCertificate(PROJECT, NAME, environments=(DEV,))).build().previous == {
        KEY: None
    }
