# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples work as they are against the fake manager."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from integration.docs.blocks import blocks
from integration.docs.doc_runner import commands
from integration.examples.conftest import EXAMPLES, Example
from integration.machine import ROOT
from manager.demo_data import ENVIRONMENTS

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

# The file has tags that only Ansible reads.
AWX_SETTINGS = set(
    re.findall(r"^(\w+):", (ROOT / "extensions/awx/vars/settings.yml").read_text(encoding="utf-8"), re.M)
)


def _commands(name: str, program: str) -> list[str]:
    """The commands of an example's README that start with a program."""
    found = (command for block in blocks(EXAMPLES / name / "README.md") for command in commands(block))
    return [command.line for command in found if command.line.startswith(f"{program} ")]


def _rotation_of_three() -> str:
    """The command of the example that rotates on three managers."""
    return [line for line in _commands("three_managers", "ansible-playbook") if "apinizer.apiops.rotate" in line][-1]


def _arguments(command: str) -> list[str]:
    return command.split()[1:]


def test_ad_hoc_commands_replace_a_certificate(example: Example) -> None:
    """The other commands are left out here: their options are checked with the documentation."""
    example.copy("ad_hoc")
    (update,) = (line for line in _commands("ad_hoc", "ansible") if line.endswith(" --diff") and "--check" not in line)

    assert "CHANGED" in example.shell(update)
    assert example.renewed() == list(ENVIRONMENTS)


def test_one_manager_is_rotated_in_waves(example: Example) -> None:
    example.copy("one_manager")
    preview, rotate, _restore = _commands("one_manager", "ansible-playbook")

    example.playbook(*_arguments(preview))
    assert not list(example.manager.journal.writes())

    example.playbook(*_arguments(rotate))
    assert example.renewed() == list(ENVIRONMENTS)
    report = json.loads((example.folder / "reports/rotation.json").read_text(encoding="utf-8"))
    assert (report["outcome"], len(report["waves"])) == ("rotated", 3)

    assert len(list((example.folder / "backups").iterdir())) == 1


def test_three_managers_are_rotated_one_after_the_other(example: Example) -> None:
    example.copy("three_managers")
    managers = {"DEV": example.start_manager(), "TEST": example.start_manager(), "PROD": example.start_manager()}
    connections = {f"{name}_MANAGER_URL": manager.url for name, manager in managers.items()}
    connections |= {f"{name}_MANAGER_TOKEN": manager.token for name, manager in managers.items()}
    rotate = _rotation_of_three()

    example.playbook(*_arguments(rotate), **connections)

    for manager in managers.values():
        assert example.renewed(manager) == list(ENVIRONMENTS)
    reports = example.folder / "reports"
    assert {path.name for path in reports.iterdir()} == {"manager-dev", "manager-test", "manager-prod"}
    # APINIZER_URL in the environment must never replace the address of a manager.
    assert not list(example.manager.journal)


def test_three_managers_need_their_addresses(example: Example) -> None:
    example.copy("three_managers")
    rotate = _rotation_of_three()

    run = example.playbook(*_arguments(rotate), fails=True)

    assert "certificate_rotation_url" in run.text
    assert not list(example.manager.journal)


@pytest.mark.parametrize(
    "folder", sorted(path for path in EXAMPLES.iterdir() if path.is_dir()), ids=lambda one: one.name
)
def test_every_example_is_introduced(folder: Path) -> None:
    assert (folder / "README.md").is_file()
    assert f"]({folder.name})" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


def test_settings_of_awx_exist() -> None:
    settings = yaml.safe_load((EXAMPLES / "awx_fleet" / "settings.yml").read_text(encoding="utf-8"))

    assert set(settings) <= AWX_SETTINGS
    assert settings["apinizer_awx_canary_managers"] in {one["name"] for one in settings["apinizer_awx_managers"]}


def test_examples_are_shipped() -> None:
    """Users find them in the artifact, next to what the guides say about them."""
    assert "examples" not in (ROOT / "galaxy.yml").read_text(encoding="utf-8")
