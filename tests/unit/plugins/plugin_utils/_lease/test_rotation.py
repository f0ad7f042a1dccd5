# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a run of the role takes leases, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.leases import Leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._lease.rotation import take_leases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from unit.plugins.plugin_utils._rotation.fakes import FakeTask

OWN = ("discover", "plan", "preflight", "apply")
"""The tags of the role's first task."""


def leases_of(
    folder: Path, *, on_controller: bool = True, settings: dict[str, Any] | None = None, **task: Any
) -> Leases:
    given = {"lock_dir": "leases", "base_dir": str(folder), **(settings or {})}
    certificates = tuple(DesiredCertificate(project, "web", path="x") for project in ("B", "A", "B"))
    fake: Any = FakeTask(folder, None, None, {}, **task)
    fake.on_controller = on_controller
    return take_leases(fake, Settings(certificates, **given), "run.jsonl")


@pytest.mark.parametrize(
    ("tags", "skip_tags", "own_tags", "writes"),
    [
        ([], [], [], True),
        (["all"], [], OWN, True),
        (["apply"], [], OWN, True),
        (["tagged"], [], OWN, True),
        (["rotate"], [], (*OWN, "rotate"), True),
        (["all"], ["backup"], OWN, True),
        (["plan"], [], OWN, False),
        (["preflight"], [], OWN, False),
        (["all"], ["apply"], OWN, False),
        (["all"], ["always"], OWN, False),
        (["all"], ["rotate"], (*OWN, "rotate"), False),
    ],
)
def test_only_tags_that_write_take_leases(
    tmp_path: Path, tags: list[str], skip_tags: list[str], own_tags: list[str], *, writes: bool
) -> None:
    leases = leases_of(tmp_path, tags=tags, skip_tags=skip_tags, own_tags=own_tags)
    assert [file.lease.project for file in leases.held] == (["A", "B"] if writes else [])
    assert (tmp_path / "leases").exists() == writes


def test_check_mode_takes_no_lease(tmp_path: Path) -> None:
    assert leases_of(tmp_path, check_mode=True) == Leases()


def test_without_a_folder_there_is_no_lease(tmp_path: Path) -> None:
    assert leases_of(tmp_path, settings={"lock_dir": ""}) == Leases()


@pytest.mark.parametrize(("lock_dir", "taken"), [("backups", False), ("leases", True)])
def test_a_backup_folder_on_another_host_is_not_used(tmp_path: Path, lock_dir: str, *, taken: bool) -> None:
    settings = {"lock_dir": lock_dir, "backup_dir": "backups"}
    leases = leases_of(tmp_path, on_controller=False, settings=settings)
    assert leases.folder == (str(tmp_path / "leases") if taken else "")


@pytest.mark.parametrize("name", ["lock_dir", "backup_dir"])
def test_the_plan_is_told_of_a_folder_that_cannot_be_used(tmp_path: Path, name: str) -> None:
    occupied = tmp_path / "leases"
    occupied.write_text("", encoding="utf-8")
    leases = leases_of(tmp_path, settings={name: "leases"})
    assert leases.held == []
    assert leases.problems == (
        f"certificate_rotation_{name}: the folder {occupied} cannot be created: {occupied} is not a folder",
    )


def test_a_lease_outlasts_the_pauses_that_the_run_plans(tmp_path: Path) -> None:
    leases = leases_of(tmp_path, settings={"soak_seconds": 600, "verify_gateways_timeout": 30})
    assert {file.lease.seconds for file in leases.held} == {1800 + 600 + 30}
