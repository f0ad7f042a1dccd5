# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenario reads what the fake manager prints. Molecule itself is no part of the tests; ansible-lint checks the playbooks."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from integration.examples.conftest import EXAMPLES
from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

CREATE = EXAMPLES / "molecule/molecule/default/create.yml"


def test_scenario_finds_the_manager_in_what_it_prints() -> None:
    (play,) = yaml.safe_load(CREATE.read_text(encoding="utf-8"))
    tasks = {task["name"]: task for task in play["tasks"]}
    started = subprocess.run(
        [sys.executable, "-m", "manager", "--for", "0"],
        env={"PYTHONPATH": str(ROOT / "tests")},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=60,
        check=True,
    ).stdout

    assert tasks["Wait until it has printed how to use it"]["ansible.builtin.wait_for"]["search_regex"] in started
    variables = tasks["Save its address, its token, and the folder with the new certificates"]["vars"]
    found = {}
    for name, template in variables.items():
        if expression := re.search(r"regex_search\('(.+?)', '\\1'\)", template):
            match = re.search(expression[1], started)
            assert match, name
            found[name] = match[1]
    assert found.keys() == {"manager_url", "manager_token", "manager_folder"}
    assert found["manager_url"].startswith("http://")
    assert found["manager_folder"].startswith("/")
