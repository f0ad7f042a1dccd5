# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `restore`: it restores the certificate of each environment from the backup of a rotation."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from integration.certificate_fixture import calls, key_lines
from integration.machine import Run
from integration.phase_runner import PhaseRunner
from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    RotationFixture,
)
from manager import Environment, Fault, Issued

PLAYBOOK = "apinizer.apiops.restore"
OLD_FORMAT = Path(__file__).parents[2] / "backups" / "2026-06-01T120000Z-localhost"


def _restore(case: RotationFixture, folder: Path | str, *arguments: str, env: Mapping[str, str] | None = None) -> Run:
    return case.ansible("ansible-playbook", PLAYBOOK, "-e", f"certificate_restore_dir={folder}", *arguments, env=env)


def _given(**settings: Any) -> tuple[str, str]:
    """The arguments of the command that set variables of the playbook, named here without their prefix."""
    return "-e", json.dumps({f"certificate_restore_{name}": value for name, value in settings.items()})


def _restore_in_process(case: RotationFixture, folder: Path, *, check: bool = False, **settings: Any) -> Run:
    """Run the phases of the playbook in this process, without Ansible. `settings`: its variables, without their prefix."""
    runner = PhaseRunner(case.manager, case.machine.folder, {}, check=check)
    reported = runner.run_restore(dir=str(case.machine.folder / folder), **settings)
    case.manager.settle()
    return Run(2 if reported.get("failed") else 0, runner.text)


def _backup(case: RotationFixture) -> Path:
    (folder,) = case.backups.iterdir()
    return folder.relative_to(case.machine.folder)


def _rotated(case: RotationFixture, **variables: Any) -> Path:
    """Rotate a certificate that every environment holds, and return the folder of its backup."""
    case.rotate_in_process(strategy="per_environment", backup_dir=str(case.backups), **variables)
    (folder,) = case.backups.iterdir()
    return folder


def _unwrapped(run: Run) -> str:
    """The output without line breaks."""
    return " ".join(run.text.split())


def test_certificate_of_each_environment_is_restored(case: RotationFixture, different: list[Issued]) -> None:
    """The folder is the path in the report or a relative one; check mode first, then a real run, then again."""
    case.add_drifted_certificate("a name / with: all, sorts", certificates=different)
    case.add_drifted_certificate(certificates=different)
    certificates = [case.desired(), {**case.desired(), "name": "a name / with: all, sorts"}]
    before = case.snapshot()
    case.rotate(*certificates, strategy="per_environment", backup_dir=str(case.backups))
    rotated = case.snapshot()
    writes = len(case.manager.journal.writes())

    check = _restore(case, _backup(case), "--check", "--diff")
    assert check.status == 0, check.text
    assert case.snapshot() == rotated
    assert len(case.manager.journal.writes()) == writes
    real = _restore(case, _backup(case))
    again = _restore(case, case.backups / _backup(case).name)

    for run, what in ((check, "Would restore"), (real, "Restored")):
        assert "in production: restore in wave 1 (SHA-256" in run.text
        assert f"{what} 2 certificates in 6 environments" in run.text
    assert f"Gateways: deployment reported by the manager in {', '.join(sorted(ENVIRONMENTS))}" in _unwrapped(real)
    assert real.status == 0, real.text
    assert case.snapshot() == before
    assert f"{PROJECT}/{NAME} in {STAGING}" in real.text
    assert again.status == 0, again.text
    assert "changed=0" in again.text
    assert "in production: already in sync" in again.text
    assert calls(case.manager.journal.writes())[writes:] == ["import"] * 2 * len(ENVIRONMENTS)


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_restore_can_be_limited_to_some_environments(case: RotationFixture, different: list[Issued]) -> None:
    """Both the rotation and the restore leave the other environments of the certificate unchanged."""
    case.add_drifted_certificate(certificates=different)
    rotation = case.rotate_in_process(environments=f"{DEVELOPMENT}, {STAGING}", backup_dir=str(case.backups))
    assert rotation.result["strategy"] == "per_environment"
    assert rotation.written == [("import", NAME, DEVELOPMENT), ("import", NAME, STAGING)]

    run = _restore_in_process(case, _backup(case), environments=STAGING)

    assert run.status == 0, run.text
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.new.der],
        STAGING: [different[1].der],
        PRODUCTION: [different[2].der],
    }


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_equal_certificates_are_restored_with_one_update(make_case: MakeCase) -> None:
    """A manager without import-file allows nothing else."""
    case = make_case("2025")
    case.add_certificate(description="Web site")
    case.add_certificate(OTHER, {DEVELOPMENT: case.old})
    before = case.snapshot()
    case.rotate_in_process(case.desired(), case.desired(OTHER), backup_dir=str(case.backups))

    run = _restore_in_process(case, _backup(case), strategy="replace")

    assert run.status == 0, run.text
    assert case.snapshot() == before
    assert calls(case.manager.journal.writes()) == ["update"] * 4


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_expired_certificate_is_not_restored(case: RotationFixture, issue: Issue) -> None:
    """The other certificates are restored, and the play fails because of the expired one."""
    case.add_drifted_certificate(certificates=[case.old, case.old, issue(-1)])
    case.rotate_in_process(strategy="per_environment", backup_dir=str(case.backups))

    run = _restore_in_process(case, _backup(case))

    assert run.status != 0
    assert f"{PROJECT}/{NAME} in {PRODUCTION}: the previous certificate expired on" in " ".join(run.text.split())
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.old.der],
        STAGING: [case.old.der],
        PRODUCTION: [case.new.der],
    }


def test_restore_in_waves_stops_at_the_first_failure(case: RotationFixture) -> None:
    """The second wave fails. The message says what was restored and what was not; the next run completes it."""
    folder = _rotated(case)
    before, mark = case.snapshot(), len(case.manager.journal.writes())
    waves = _given(waves=THREE_WAVES)
    case.manager.faults.add(Fault("status", method="POST", status=403, skip=1))

    failed = _restore(case, folder, *waves)

    assert failed.status != 0
    text = _unwrapped(failed)
    assert "THE RESTORE IS NOT COMPLETE: wave 2 failed" in text
    assert f"Restored and verified: {PROJECT}/{NAME} in {DEVELOPMENT}." in text
    assert f"Not restored: {PROJECT}/{NAME} in {STAGING}; {PROJECT}/{NAME} in {PRODUCTION}." in text
    assert f"Restore wave 3 ({PRODUCTION})" not in text
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.old.der],
        STAGING: [case.new.der],
        PRODUCTION: [case.new.der],
    }
    assert case.snapshot() != before

    completed = _restore(case, folder, *waves)

    assert completed.status == 0, completed.text
    written = [request.fields["environmentList"] for request in case.manager.journal.writes()[mark:]]
    assert written == [DEVELOPMENT, STAGING, STAGING, PRODUCTION]
    for environment in ENVIRONMENTS:
        assert case.manager.served(environment, PROJECT, NAME) == case.old.der


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_waves_by_stage(case: RotationFixture) -> None:
    folder = _rotated(case)
    stages = [Environment(name, kind) for name, kind in zip(ENVIRONMENTS, ("TEST", "SANDBOX", "PRODUCTION"))]
    case.manager.add_project(PROJECT, stages)
    mark = len(case.manager.journal.writes())

    run = _restore_in_process(case, folder, waves="auto")

    assert run.status == 0, run.text
    written = [request.fields["environmentList"] for request in case.manager.journal.writes()[mark:]]
    assert written == list(ENVIRONMENTS)


@pytest.mark.exhaustive
def test_deployment_can_be_repeated_with_force(case: RotationFixture) -> None:
    """The record holds the certificate of the backup, but the gateways of one environment do not."""
    folder = _rotated(case)
    case.manager.faults.add(Fault("deployment_failure", environments=(STAGING,), times=1))
    failed = _restore_in_process(case, folder)
    assert failed.status != 0
    assert case.manager.holds(PROJECT, NAME) == {key: [case.old.der] for key in ENVIRONMENTS}
    assert case.manager.served(STAGING, PROJECT, NAME) == case.new.der

    mark = case.manager.journal.mark()
    unforced = _restore_in_process(case, folder)
    assert not [request for request in mark if request.writes]
    forced = _restore(case, folder, *_given(force=True, environments=STAGING))

    assert unforced.status == 0, unforced.text
    assert forced.status == 0, forced.text
    assert f"{PROJECT}/{NAME} in {STAGING}: write again in wave 1" in forced.text
    assert case.manager.served(STAGING, PROJECT, NAME) == case.old.der


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_manager_without_import_file_is_refused_before_the_first_write(make_case: MakeCase) -> None:
    case = make_case("2025")
    case.add_certificate()
    case.rotate_in_process(backup_dir=str(case.backups))
    mark = case.manager.journal.mark()

    run = _restore_in_process(case, _backup(case))

    assert run.status != 0
    assert "this manager has no import-file" in _unwrapped(run)
    assert "Set certificate_restore_strategy: replace, and use a single wave" in _unwrapped(run)
    assert not [request for request in mark if request.writes]


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_the_plan_warns_where_import_file_may_be_missing(make_case: MakeCase, different: list[Issued]) -> None:
    """On a manager of 2026.04, in check mode and for real. The first import then changes nothing, and no other is sent."""
    case = make_case("2026.04")
    case.add_certificate(NAME, dict(zip(ENVIRONMENTS, different)))
    case.rotate_in_process(strategy="replace", backup_dir=str(case.backups))
    before, mark = case.snapshot(), case.manager.journal.mark()

    check, real = _restore_in_process(case, _backup(case), check=True), _restore_in_process(case, _backup(case))

    for run in (check, real):
        assert "needs import-file, which a manager has from release 2026.09 on, and whether this" in _unwrapped(run)
        assert f"certificate_restore_strategy: replace does not help for {PROJECT}/{NAME}" in _unwrapped(run)
    assert (check.status, real.status) == (0, 2)
    assert "THE RESTORE IS NOT COMPLETE: wave 1 failed" in _unwrapped(real)
    assert "certificate_rotation_strategy" not in real.text
    assert [(request.status, request.applied) for request in mark if request.writes] == [(404, False)]
    assert case.snapshot() == before


@pytest.mark.exhaustive
def test_one_update_deploys_what_the_manager_only_stores(make_case: MakeCase, different: list[Issued]) -> None:
    """An import changes the record only. The message names the variables that deploy it."""
    case = make_case("2026.09", import_deploys=False)
    case.add_certificate(NAME, dict.fromkeys(ENVIRONMENTS, different[1]))
    case.rotate_in_process(strategy="replace", backup_dir=str(case.backups))

    stored = _restore(case, _backup(case), *_given(verify_gateways_timeout=0))
    repeated = _restore_in_process(case, _backup(case), verify_gateways_timeout=0)
    deployed = _restore(case, _backup(case), *_given(strategy="replace", force=True))

    assert (stored.status, repeated.status, deployed.status) == (2, 0, 0)
    assert "Restored in the record, but not at all gateways" in _unwrapped(stored)
    assert "certificate_restore_strategy: replace, certificate_restore_force: true and a single wave" in _unwrapped(
        stored
    )
    assert "The gateways of what was in sync already were not asked" in _unwrapped(repeated)
    assert "Gateways: deployment reported by the manager in" in _unwrapped(deployed)
    for environment in ENVIRONMENTS:
        assert case.manager.served(environment, PROJECT, NAME) == different[1].der


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_one_update_does_not_remove_what_someone_has_added(make_case: MakeCase) -> None:
    """The certificate is in another environment since the rotation, which an update would remove it from."""
    case = make_case("2025")
    case.add_certificate(holds=dict.fromkeys([DEVELOPMENT, STAGING], case.old))
    case.rotate_in_process(backup_dir=str(case.backups))
    case.add_certificate(holds=dict.fromkeys(ENVIRONMENTS, case.new))
    before = case.snapshot()

    run = _restore_in_process(case, _backup(case), strategy="replace")

    assert run.status != 0
    assert f"also in {PRODUCTION}" in _unwrapped(run)
    assert case.snapshot() == before


@pytest.mark.single_mode
@pytest.mark.exhaustive
def test_long_and_similar_names_are_backed_up_and_restored(case: RotationFixture) -> None:
    names = ["Sertifika", "sertifika", "müşteri " * 30 + "1", "müşteri " * 30 + "2", "证书" * 100]
    for number, name in enumerate(names):
        # Java truststores do not distinguish upper and lower case in aliases.
        case.add_certificate(name, alias=f"alias-{number}")
    before = case.snapshot()
    new = case.machine.file("new.pem", case.new.pem)
    folder = _rotated(case, certificates=[{"project": PROJECT, "name": name, "path": new} for name in names])
    files = [path.name for path in folder.glob("*.pem")]

    run = _restore_in_process(case, folder)

    assert run.status == 0, run.text
    assert case.snapshot() == before
    assert len({name.casefold() for name in files}) == len(names) * len(ENVIRONMENTS)
    assert max(len(name.encode()) for name in files) <= 143
    assert {name.partition(",")[2].partition(",")[0] for name in files} >= {"Sertifika", "sertifika"}


@pytest.mark.exhaustive
def test_backup_of_version_0_2_is_restored(case: RotationFixture) -> None:
    """It is of another manager, which a variable allows. What is not in this manager is created."""
    case.manager.add_project("Ödeme / Servisi", ["Üretim"])
    folder = case.machine.folder / "backup"
    shutil.copytree(OLD_FORMAT, folder)

    refused = _restore_in_process(case, folder)
    assert refused.status != 0
    assert "the backup is of the manager https://manager.example.com" in _unwrapped(refused)
    assert not len(case.manager.journal)
    run = _restore(case, folder, *_given(any_manager=True))

    assert run.status != 0, "the manager did not return one of the certificates"
    assert "did not return the previous certificate, so it cannot be restored" in _unwrapped(run)
    assert sorted(case.manager.holds(PROJECT, NAME)) == [DEVELOPMENT, PRODUCTION, STAGING]
    assert list(case.manager.holds("Ödeme / Servisi", "müşteri sertifikası")) == ["Üretim"]


def _append(file: Path, text: str) -> None:
    file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")


def _link(folder: Path) -> None:
    file = folder / _FILE
    other = folder.parent / "other.pem"
    shutil.move(file, other)
    file.symlink_to(other)


def _manifest(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "manifest.json"
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new), encoding="utf-8")

    return change


_FILE = f"{PROJECT},{NAME},{STAGING}.pem"
_CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "symbolic link": (_link, f"{_FILE} is a symbolic link"),
    "text": (
        lambda folder: _append(folder / _FILE, "hidden-text"),
        f"{_FILE} contains something other than certificates",
    ),
    "not JSON": (_manifest("{", "hidden-text"), "is not the manifest of a backup: it is not valid JSON (line 1)"),
}
"""The unit tests have all kinds of changes, in test_changed_backup.py."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", _CHANGES)
def test_backup_that_was_changed_is_refused_before_any_request(case: RotationFixture, kind: str) -> None:
    """The message is one line that names what is wrong, and no output shows what a file contains."""
    change, expected = _CHANGES[kind]
    folder = _rotated(case)
    change(folder)
    mark = case.manager.journal.mark()

    run = _restore(case, folder)

    assert run.status != 0
    assert expected in _unwrapped(run)
    assert not list(mark)
    assert "Traceback" not in run.text
    assert "hidden-text" not in run.text


@pytest.mark.exhaustive
def test_private_key_in_a_backup_is_never_shown(case: RotationFixture) -> None:
    folder = _rotated(case)
    _append(folder / _FILE, case.old.key_pem)
    mark = case.manager.journal.mark()

    run = _restore(case, folder, "-vvvv")

    assert run.status != 0
    assert f"{_FILE} contains a private key" in _unwrapped(run)
    assert not list(mark)
    assert not [line for line in key_lines(case.old) if line in run.text]


@pytest.mark.exhaustive
def test_no_output_contains_a_file(case: RotationFixture) -> None:
    """Not even the certificates."""
    folder = _rotated(case)
    lines = [line for file in folder.glob("*.pem") for line in file.read_text(encoding="utf-8").splitlines()]

    for arguments in (["--check", "--diff"], ["--diff"]):
        run = _restore(case, folder, "-vvvv", *arguments)
        assert run.status == 0, run.text
        assert not [line for line in lines if line in run.text]


@pytest.mark.exhaustive
def test_misspelled_variable_is_refused(case: RotationFixture) -> None:
    folder = _rotated(case)
    mark = case.manager.journal.mark()

    refused = _restore(case, folder, "-e", f"certificate_restore_environment={STAGING}")
    assert refused.status != 0
    assert "Did you mean certificate_restore_environments?" in _unwrapped(refused)
    assert not list(mark)

    warned = _restore(case, folder, "-e", "certificate_restore_ticket=CHG-1", "--check")
    assert warned.status == 0, warned.text
    assert "certificate_restore_ticket is not a variable of the playbook restore" in _unwrapped(warned)


@pytest.mark.exhaustive
def test_writes_of_a_task_that_timed_out_are_reported(case: RotationFixture) -> None:
    """The write that was in progress is completed. What it wrote is not verified, and the next run continues."""
    folder = _rotated(case)
    case.manager.faults.add(Fault("delay", method="POST", seconds=15))

    run = _restore(case, folder, env={"ANSIBLE_TASK_TIMEOUT": "12"})

    assert run.status != 0
    text = _unwrapped(run)
    assert "THE RESTORE IS NOT COMPLETE" in text
    assert re.search(rf"Possibly written, but not verified: {PROJECT}/{NAME} in ", text)


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["no manifest", "newer", "not given"])
def test_folder_without_a_backup_is_refused(case: RotationFixture, kind: str) -> None:
    """It is refused before any request."""
    folder = case.machine.folder / "backup"
    folder.mkdir()
    if kind == "newer":
        (folder / "manifest.json").write_text(json.dumps({"schema": 2, "certificates": []}), encoding="utf-8")

    run = _restore(case, "" if kind == "not given" else folder)

    assert run.status != 0
    text = " ".join(run.text.split())
    assert (
        "has schema 2, not 1" if kind == "newer" else "certificate_restore_dir: set it to the folder of a backup"
    ) in text
    assert not len(case.manager.journal)
