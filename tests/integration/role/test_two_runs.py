# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two processes of ansible-playbook that overlap in time. Their phases are combined in `integration/test_two_runs.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.role.conftest import Issue
from integration.role.rotation_fixture import ENVIRONMENTS, NAME, PRODUCTION, PROJECT, TWO_WAVES, RotationFixture
from manager import Issued

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]


def _hook(case: RotationFixture, theirs: Issued, **variables: Any) -> str:
    """Return a file with tasks that run another ansible-playbook before the wave with production."""
    item = {"project": PROJECT, "name": NAME, "content": theirs.pem}
    play = Path(case.write_playbook({"certificates": [item], "waves": TWO_WAVES, **variables}))
    second = str(play.rename(play.with_name("second.yml")))
    tasks = [
        {
            "ansible.builtin.command": {"argv": case.machine.words("ansible-playbook", second)},
            "register": "second",
            "failed_when": False,
        },
        {"ansible.builtin.copy": {"content": "{{ second.stdout }}", "dest": str(play.with_name("second.txt"))}},
    ]
    block = {"when": f"'{PRODUCTION}' in certificate_rotation_wave.environments", "block": tasks}
    return case.machine.file("before-wave.yml", json.dumps([block]))


def test_a_run_that_overlaps_with_another_one_is_refused(case: RotationFixture, issue: Issue) -> None:
    """The folder of the backups is the default for the leases."""
    hook = _hook(case, issue(400), backup_dir=str(case.backups))

    rotation = case.rotate(waves=TWO_WAVES, backup_dir=str(case.backups), before_wave_tasks=hook)

    assert rotation.outcome == "rotated"
    second = (case.machine.folder / "second.txt").read_text(encoding="utf-8")
    assert f"Another run is writing these certificates: the lease of project {PROJECT} on" in second
    assert f"{case.backups}/.lease-{PROJECT}-" in second
    assert case.manager.holds(PROJECT, NAME) == {key: [case.new.der] for key in ENVIRONMENTS}
    assert not list(case.backups.glob(".lease-*"))


def test_without_a_lease_the_run_that_writes_last_wins(case: RotationFixture, issue: Issue) -> None:
    theirs = issue(400)
    hook = _hook(case, theirs)

    given = {"certificates": [case.desired()], "waves": TWO_WAVES, "before_wave_tasks": hook}
    run = case.ansible("ansible-playbook", case.write_playbook(given))

    assert run.status == 2, run.text
    assert f"{PROJECT}/{NAME} in {PRODUCTION}: modified by someone else since the plan" in run.text
    assert case.manager.holds(PROJECT, NAME) == {key: [theirs.der] for key in ENVIRONMENTS}
