# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared fixtures of the AWX tests: the definitions that the setup sends to AWX, and a controller that runs them."""

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

pytest.register_assert_rewrite("integration.awx.controller")

# Imported after the line above, so that pytest rewrites its assertions.
from integration.awx.controller import EXTENSION, Controller, Definitions  # noqa: E402
from integration.role.conftest import case, issue, make_case, new, old  # noqa: E402
from integration.role.rotation_fixture import RotationFixture  # noqa: E402

# The jobs use the fixtures of the role.
__all__ = ["case", "issue", "make_case", "new", "old"]


@pytest.fixture(scope="session")
def awx_collection() -> Path:
    """A search path on which Ansible finds the real awx.awx."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "collections_from_package.py"), "awx.awx"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def checked_collection(awx_collection: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same collection, with action plugins that only validate the arguments of its modules."""
    folder = tmp_path_factory.mktemp("checked")
    real, checked = (one / "ansible_collections" / "awx" / "awx" for one in (awx_collection, folder))
    actions = checked / "plugins" / "action"
    actions.mkdir(parents=True)
    for part in real.iterdir():
        if part.name != "plugins":
            (checked / part.name).symlink_to(part)
    for part in (real / "plugins").iterdir():
        (checked / "plugins" / part.name).symlink_to(part)
    for module in (real / "plugins" / "modules").glob("[!_]*.py"):
        (actions / module.name).symlink_to(Path(__file__).with_name("checking_action.py"))
    return folder


class SetUp:
    """Runs the setup playbook."""

    def __init__(self, folder: Path, checked: Path, collections: str) -> None:
        """Keep the arguments. `checked` is the search path of the modules that only validate their arguments."""
        self.folder = folder
        self._checked = checked
        self._collections = collections

    def __call__(
        self,
        *arguments: str,
        collection: Path | None = None,
        playbook: Path = EXTENSION / "set_up.yml",
        **variables: Any,
    ) -> tuple[subprocess.CompletedProcess[str], Definitions]:
        """Run the playbook; return the process and the definitions that AWX would receive."""
        calls = self.folder / "calls.jsonl"
        calls.unlink(missing_ok=True)
        env = {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_COLLECTIONS_PATH": f"{collection or self._checked}:{self._collections}",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "APINIZER_TOKEN": "token-of-the-set-up",
            "APIOPS_TEST_CALLS": str(calls),
        }
        # ansible-runner and awx.awx run in the Python of the tests.
        program = Path(sys.executable).with_name("ansible-playbook")
        words = [str(program), str(playbook), "-e", json.dumps(variables), *arguments]
        done = subprocess.run(words, env=env, cwd=self.folder, capture_output=True, encoding="utf-8", check=False)
        lines = calls.read_text(encoding="utf-8").splitlines() if calls.exists() else []
        return done, Definitions([json.loads(line) for line in lines])


@pytest.fixture(scope="session")
def set_up(checked_collection: Path, collections: str, tmp_path_factory: pytest.TempPathFactory) -> SetUp:
    """The setup playbook, run with modules that only validate their arguments."""
    return SetUp(tmp_path_factory.mktemp("set-up"), checked_collection, collections)


@pytest.fixture(scope="session")
def backup_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The persistent folder that all jobs share."""
    return tmp_path_factory.mktemp("backups")


@pytest.fixture(scope="session")
def definitions(set_up: SetUp, backup_dir: Path) -> Definitions:
    """The definitions that AWX receives with the default settings and a backup folder."""
    done, definitions = set_up(apinizer_awx_backup_dir=str(backup_dir))
    assert done.returncode == 0, done.stdout + done.stderr
    return definitions


@pytest.fixture
def controller(definitions: Definitions, backup_dir: Path, case: RotationFixture) -> Controller:
    """A controller with a credential for the manager of the case."""
    for left_over in backup_dir.iterdir():
        shutil.rmtree(left_over)
    return Controller(definitions, case.machine, {"url": case.manager.url, "token": case.manager.token})
