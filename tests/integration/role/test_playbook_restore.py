# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook restore, by its name: each environment gets its own certificate back from the backup of a rotation."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import Issue, SetStage
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    Stage,
)
from manager import Issued

PLAYBOOK = "apinizer.apiops.restore"


def _restore(stage: Stage, folder: Path | str, *arguments: str) -> Run:
    return stage.ansible("ansible-playbook", PLAYBOOK, "-e", f"certificate_restore_dir={folder}", *arguments)


def _backup(stage: Stage) -> Path:
    (folder,) = stage.backups.iterdir()
    return folder.relative_to(stage.machine.folder)


def test_each_environment_gets_its_own_certificate_back(stage: Stage, different: list[Issued]) -> None:
    """From a folder named as the report names it, or as seen from where one stands; first in check mode, then again."""
    stage.drift("a name / with: all, sorts", held=different)
    stage.drift(held=different)
    certificates = [stage.wanted(), {**stage.wanted(), "name": "a name / with: all, sorts"}]
    before = stage.snapshot()
    stage.rotate(*certificates, strategy="per_environment", backup_dir=str(stage.backups))
    rotated = stage.snapshot()
    writes = len(stage.manager.journal.writes())

    check = _restore(stage, _backup(stage), "--check", "--diff")
    assert check.status == 0, check.text
    assert stage.snapshot() == rotated
    assert len(stage.manager.journal.writes()) == writes
    real = _restore(stage, _backup(stage))
    again = _restore(stage, stage.backups / _backup(stage).name)

    assert real.status == 0, real.text
    assert stage.snapshot() == before
    assert f"{PROJECT}/{NAME} in {STAGING}" in real.text
    assert again.status == 0, again.text
    assert "changed=0" in again.text
    assert calls(stage.manager.journal.writes())[writes:] == ["import"] * 2 * len(ENVIRONMENTS)


@pytest.mark.exhaustive
def test_only_in_some_environments(stage: Stage, different: list[Issued]) -> None:
    """The rotation, and then the restore; what else the certificate is in stays as it is."""
    stage.drift(held=different)
    rotation = stage.rotate(environments=f"{DEVELOPMENT}, {STAGING}", backup_dir=str(stage.backups))
    assert rotation.result["strategy"] == "per_environment"
    assert rotation.written == [("import", NAME, DEVELOPMENT), ("import", NAME, STAGING)]

    run = _restore(stage, _backup(stage), "-e", f"certificate_restore_environments={STAGING}")

    assert run.status == 0, run.text
    assert stage.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [stage.new.der],
        STAGING: [different[1].der],
        PRODUCTION: [different[2].der],
    }


@pytest.mark.exhaustive
def test_one_update_for_all_where_they_held_the_same(set_stage: SetStage) -> None:
    """The only way on a manager without import-file."""
    stage = set_stage("2025")
    stage.hold(description="Web site")
    stage.hold(OTHER, {DEVELOPMENT: stage.old})
    before = stage.snapshot()
    stage.rotate(stage.wanted(), stage.wanted(OTHER), backup_dir=str(stage.backups))

    run = _restore(stage, _backup(stage), "-e", "certificate_restore_strategy=replace")

    assert run.status == 0, run.text
    assert stage.snapshot() == before
    assert calls(stage.manager.journal.writes()) == ["update"] * 4


@pytest.mark.exhaustive
def test_what_has_expired_stays_away(stage: Stage, issue: Issue) -> None:
    """The others are put back all the same, and the play fails for the one that is not."""
    stage.drift(held=[stage.old, stage.old, issue(-1)])
    stage.rotate(strategy="per_environment", backup_dir=str(stage.backups))

    run = _restore(stage, _backup(stage))

    assert run.status != 0
    assert f"{PROJECT}/{NAME} in {PRODUCTION}: the previous certificate expired on" in " ".join(run.text.split())
    assert stage.manager.holds(PROJECT, NAME) == {
        DEVELOPMENT: [stage.old.der],
        STAGING: [stage.old.der],
        PRODUCTION: [stage.new.der],
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["no manifest", "newer", "not given"])
def test_a_folder_that_is_no_backup(stage: Stage, kind: str) -> None:
    """It is refused before a single request."""
    folder = stage.machine.folder / "backup"
    folder.mkdir()
    if kind == "newer":
        (folder / "manifest.json").write_text(json.dumps({"schema": 2, "certificates": []}), encoding="utf-8")

    run = _restore(stage, "" if kind == "not given" else folder)

    assert run.status != 0
    text = " ".join(run.text.split())
    assert ("manifest of schema 1" if kind == "newer" else "certificate_restore_dir: give the folder") in text
    assert not len(stage.manager.journal)
