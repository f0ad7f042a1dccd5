# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of extensions/awx: what set_up.yml sends to AWX, and a fake controller that runs it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from integration.machine import ROOT

pytest.register_assert_rewrite("integration.awx.fake_controller")

# Imported after the line above, so that pytest rewrites its assertions.
from integration.awx.fake_controller import EXTENSION, Definitions, FakeController  # noqa: E402
from integration.role.conftest import case, issue, make_case, new, old  # noqa: E402
from integration.role.rotation_fixture import RotationFixture  # noqa: E402

# Fixtures of the role that the tests of jobs use as well.
__all__ = ["case", "issue", "make_case", "new", "old"]

MANAGERS = ("manager-a", "manager-b", "manager-c")
"""The managers of the fleet, as hosts of the inventory."""


@pytest.fixture(scope="session")
def awx_collection() -> Path:
    """A collections path with the real awx.awx."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "collections_from_package.py"), "awx.awx"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def validating_collection(awx_collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collections path with a copy of awx.awx whose modules only validate and record their arguments."""
    folder = tmp_path_factory.mktemp("validating")
    real, copy = (path / "ansible_collections" / "awx" / "awx" for path in (awx_collection, folder))
    actions = copy / "plugins" / "action"
    actions.mkdir(parents=True)
    for part in real.iterdir():
        if part.name != "plugins":
            (copy / part.name).symlink_to(part)
    for part in (real / "plugins").iterdir():
        (copy / "plugins" / part.name).symlink_to(part)
    for module in (real / "plugins" / "modules").glob("[!_]*.py"):
        (actions / module.name).symlink_to(Path(__file__).with_name("validating_action.py"))
    return folder


class SetUp:
    """Runs set_up.yml."""

    def __init__(self, folder: Path, collection: Path, collections: str) -> None:
        """Set up. `collection` is the default collections path for awx.awx, and `collections` that of this collection."""
        self.folder = folder
        self._collection = collection
        self._collections = collections

    def __call__(
        self,
        *arguments: str,
        collection: Path | None = None,
        playbook: Path = EXTENSION / "set_up.yml",
        **variables: Any,
    ) -> tuple[subprocess.CompletedProcess[str], Definitions]:
        """Run a playbook with these variables. Return the finished process, and what it would have sent to AWX."""
        calls = self.folder / "calls.jsonl"
        calls.unlink(missing_ok=True)
        env = {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": f"{collection or self._collection}:{self._collections}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "APINIZER_TOKEN": "token-for-set-up",
            "APIOPS_TEST_CALLS": str(calls),
        }
        # awx.awx runs with the Ansible of the environment of the tests.
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), str(playbook), "-e", json.dumps(variables), *arguments]
        done = subprocess.run(command, env=env, cwd=self.folder, capture_output=True, encoding="utf-8", check=False)
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        return done, Definitions([json.loads(line) for line in lines])


@pytest.fixture(scope="session")
def set_up(validating_collection: Path, collections: str, tmp_path_factory: pytest.TempPathFactory) -> SetUp:
    """Runs set_up.yml with modules that only validate and record their arguments."""
    return SetUp(tmp_path_factory.mktemp("set-up"), validating_collection, collections)


@pytest.fixture(scope="session")
def backup_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The backup folder, which all jobs see and which outlives them."""
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="session")
def definitions(set_up: SetUp, backup_dir: Path) -> Definitions:
    """What set_up.yml sends to AWX with the default settings, except for the backup folder."""
    done, definitions = set_up(apinizer_awx_backup_dir=str(backup_dir))
    assert done.returncode == 0, done.stdout + done.stderr
    return definitions


@pytest.fixture(scope="session")
def fleet_definitions(set_up: SetUp, backup_dir: Path) -> Definitions:
    """What set_up.yml sends to AWX for a fleet of three managers in two slices."""
    managers = [
        {"name": name, "variables": {"certificate_rotation_url": f"https://{name}.example.com"}} for name in MANAGERS
    ]
    done, definitions = set_up(
        apinizer_awx_backup_dir=str(backup_dir), apinizer_awx_managers=managers, apinizer_awx_job_slice_count=2
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return definitions


@pytest.fixture(scope="session", params=["definitions", "fleet_definitions"])
def each_definitions(request: pytest.FixtureRequest) -> Definitions:
    """What set_up.yml sends to AWX for a single manager, and for a fleet."""
    definitions: Definitions = request.getfixturevalue(request.param)
    return definitions


@pytest.fixture
def controller(definitions: Definitions, backup_dir: Path, case: RotationFixture) -> FakeController:
    """A fake controller with a credential for the fake manager."""
    for earlier_backup in backup_dir.iterdir():
        shutil.rmtree(earlier_backup)
    return FakeController(definitions, case.machine, {"url": case.manager.url, "token": case.manager.token})
