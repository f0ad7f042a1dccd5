# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `restore`: it restores the certificate of each environment from the backup of a rotation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import Issue, MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    RotationFixture,
)
from manager import Issued

PLAYBOOK = "apinizer.apiops.restore"


def _restore(case: RotationFixture, folder: Path | str, *arguments: str) -> Run:
    return case.ansible("ansible-playbook", PLAYBOOK, "-e", f"certificate_restore_dir={folder}", *arguments)


def _backup(case: RotationFixture) -> Path:
    (folder,) = case.backups.iterdir()
    return folder.relative_to(case.machine.folder)


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

    assert real.status == 0, real.text
    assert case.snapshot() == before
    assert f"{PROJECT}/{NAME} in {STAGING}" in real.text
    assert again.status == 0, again.text
    assert "changed=0" in again.text
    assert calls(case.manager.journal.writes())[writes:] == ["import"] * 2 * len(ENVIRONMENTS)


@pytest.mark.exhaustive
def test_restore_can_be_limited_to_some_environments(case: RotationFixture, different: list[Issued]) -> None:
    """Both the rotation and the restore leave the other environments of the certificate unchanged."""
    case.add_drifted_certificate(certificates=different)
    rotation = case.rotate(environments=f"{DEVELOPMENT}, {STAGING}", backup_dir=str(case.backups))
    assert rotation.result["strategy"] == "per_environment"
    assert rotation.written == [("import", NAME, DEVELOPMENT), ("import", NAME, STAGING)]

    run = _restore(case, _backup(case), "-e", f"certificate_restore_environments={STAGING}")

    assert run.status == 0, run.text
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.new.der],
        STAGING: [different[1].der],
        PRODUCTION: [different[2].der],
    }


@pytest.mark.exhaustive
def test_equal_certificates_are_restored_with_one_update(make_case: MakeCase) -> None:
    """A manager without import-file allows nothing else."""
    case = make_case("2025")
    case.add_certificate(description="Web site")
    case.add_certificate(OTHER, {DEVELOPMENT: case.old})
    before = case.snapshot()
    case.rotate(case.desired(), case.desired(OTHER), backup_dir=str(case.backups))

    run = _restore(case, _backup(case), "-e", "certificate_restore_strategy=replace")

    assert run.status == 0, run.text
    assert case.snapshot() == before
    assert calls(case.manager.journal.writes()) == ["update"] * 4


@pytest.mark.exhaustive
def test_expired_certificate_is_not_restored(case: RotationFixture, issue: Issue) -> None:
    """The other certificates are restored, and the play fails because of the expired one."""
    case.add_drifted_certificate(certificates=[case.old, case.old, issue(-1)])
    case.rotate(strategy="per_environment", backup_dir=str(case.backups))

    run = _restore(case, _backup(case))

    assert run.status != 0
    assert f"{PROJECT}/{NAME} in {PRODUCTION}: the previous certificate expired on" in " ".join(run.text.split())
    assert case.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [case.old.der],
        STAGING: [case.old.der],
        PRODUCTION: [case.new.der],
    }


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
