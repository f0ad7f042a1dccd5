# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy overlap as a user sees it: the screen, hooks, the reports, check mode, and runs that go on later.

`integration/test_overlap.py` tests what happens on each kind of manager, and what goes wrong.
"""

from __future__ import annotations

import json
import re

import pytest

from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    ENVIRONMENTS,
    NAME,
    PROJECT,
    THREE_WAVES,
    RotationFixture,
    RotationRun,
)
from manager import Fault

pytestmark = pytest.mark.single_mode

COMPANIONS = [f"{NAME}-next-{environment}" for environment in ENVIRONMENTS]
_HOOK = """
- name: Show the wave
  ansible.builtin.debug:
    msg: "{{ lookup('ansible.builtin.vars', 'certificate_rotation_wave').stage }}:
      {{ certificate_rotation_wave.requests | map(attribute='name') | join(' ') }}"
"""


@pytest.fixture
def case(make_case: MakeCase) -> RotationFixture:
    """A manager without import-file, which therefore cannot write in waves with another strategy."""
    case = make_case("2026.04", truststore=("manager",))
    case.add_certificate()
    return case


def _lines(rotation: RotationRun, pattern: str) -> list[str]:
    return re.findall(pattern, rotation.text, re.MULTILINE)


def test_one_run_takes_all_stages(case: RotationFixture) -> None:
    rotation = case.rotate(
        strategy="overlap",
        waves=THREE_WAVES,
        verify_tasks=case.machine.file("verify.yml", _HOOK),
        soak_seconds=1,
        backup_dir=str(case.backups),
    )

    assert rotation.outcome == "rotated"
    assert rotation.written == [
        *(("create", name, environment) for name, environment in zip(COMPANIONS, ENVIRONMENTS)),
        ("update", NAME, ",".join(sorted(ENVIRONMENTS))),
        *(("delete", name, "") for name in COMPANIONS),  # in the order of the waves
    ]
    headings = _lines(rotation, r"^TASK \[(?:apinizer.apiops.)?certificate_rotation : (.*)\] \**$")
    assert [heading for heading in headings if heading.startswith(("Write", "Retire"))] == [
        "Write wave 1 (introduce: development)",
        "Write wave 2 (introduce: staging)",
        "Write wave 3 (introduce: production)",
        "Write wave 4 (promote: development, production, staging)",
        "Retire the companions",
    ]
    hooks = _lines(rotation, r'"msg": "((?:introduce|promote): *.*)"')
    # Each wave but the last is verified again after the soak.
    assert hooks == [
        *(f"introduce: {name}" for name in COMPANIONS for _twice in range(2)),
        f"promote: {NAME}",
    ]
    assert re.search(rf"1 +{PROJECT}/{NAME}-next-development +development +create +absent", rotation.text)
    assert re.search(rf"4 +{PROJECT}/{NAME} +production +update +differs +\S+ +\S+ +new +introduce", rotation.text)
    assert "Rotated 1 of 1 certificates in 3 environments" in rotation.message
    assert rotation.certificate(COMPANIONS[0])["companion_of"] == NAME
    for page in ("rotation.html", "rotation.md"):
        text = (rotation.reports / page).read_text(encoding="utf-8")
        assert f"Companion of {NAME}" in text
        assert "Introduce" in text
    (manifest,) = case.backups.glob("*/manifest.json")
    assert [one["name"] for one in json.loads(manifest.read_text())["certificates"]] == [NAME]


def test_check_mode_shows_what_the_whole_overlap_would_change(case: RotationFixture) -> None:
    rotation = case.rotate(strategy="overlap", check=True)

    assert rotation.outcome == "planned"
    assert rotation.message == "Nothing was written in check mode: 1 of 1 certificates due in 3 environments."
    text = rotation.text.partition("CUSTOM STATS")[0]
    for name in COMPANIONS:
        # It is created, and deleted again.
        assert text.count(f"--- before: {PROJECT}/{name}\n") == 2
    assert text.count(f"--- before: {PROJECT}/{NAME}\n") == 1


def test_an_overlap_of_some_days_is_continued_by_later_runs(case: RotationFixture) -> None:
    given = {"strategy": "overlap", "overlap_days": "7"}

    introduced = case.rotate(**given)
    assert (introduced.outcome, introduced.run.status) == ("introduced", 0)
    (until,) = set(re.findall(r"overlapping until (\S+Z)", introduced.message))
    waiting = case.rotate(**given)
    assert (waiting.outcome, waiting.writes) == ("introduced", [])
    assert waiting.message.startswith(f"Nothing was written. 1 of 1 certificates overlapping until {until}. ")
    assert f"overlapping-until-{until}" in waiting.text
    assert re.search(r"changed=0 ", waiting.text)
    assert waiting.certificate()["overlapping_until"] == until

    promoted = case.rotate(**given, promote="yes")

    assert promoted.outcome == "rotated"
    assert [call for call, *_rest in promoted.written] == ["update", "delete", "delete", "delete"]
    assert "Retired 3 companions" in promoted.message


def test_a_timeout_while_companions_are_deleted_rolls_nothing_back(case: RotationFixture) -> None:
    case.manager.faults.add(Fault("delay", method="DELETE", after=True, seconds=9.0))

    rotation = case.rotate(strategy="overlap", env={"ANSIBLE_TASK_TIMEOUT": "6", "APINIZER_TIMEOUT": "30"})

    assert (rotation.outcome, rotation.run.status) == ("rotated", 0)
    # The first one was deleted, although its answer came too late.
    assert (
        "Retired 1 companion. These companions could not be deleted, and are left to the next run" in rotation.message
    )
    assert rotation.message.count("(the deletion was interrupted)") == 2
    assert "Roll back" not in rotation.text
    assert case.rotate(strategy="overlap").message == "Retired 2 companions."
    assert {name for _project, name in case.manager.state.certificates} == {NAME, "unrelated-certificate"}
