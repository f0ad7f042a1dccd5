# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A reader who follows the README from top to bottom succeeds at each step."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from integration.docs.blocks import blocks
from integration.docs.doc_runner import DocRunner, commands
from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

README = ROOT / "README.md"
BLOCKS = blocks(README)
PREPARATIONS = (
    r"make (demo|test)",
    r"pip install 'requests>=2\.28' 'cryptography>=37'",
    r"export APINIZER_URL=\S+ APINIZER_TOKEN=\S+",
)
INSTALL = "ansible-galaxy collection install -r requirements.yml"


def test_each_block_in_order_leads_to_a_first_success(doc_runner: DocRunner) -> None:
    doc_runner.start({})
    written, ran = [], []
    for block in BLOCKS:
        if block.caption:
            doc_runner.write(block.caption, block)
            written.append(block.caption)
        for command in commands(block) if block.language == "console" else ():
            if any(re.fullmatch(prepared, command.line) for prepared in PREPARATIONS):
                continue
            if command.line == INSTALL:
                assert "requirements.yml" in written
                continue
            ran.append(command.line)
            # Skip the soak time.
            extra = " -e certificate_rotation_soak_seconds=0" if "waves.yml" in command.line else ""
            doc_runner.run(replace(command, line=command.line + extra), block)
            is_applied = "ansible-playbook" in command.line and "--check" not in command.line
            doc_runner.assert_certificates(["new" if is_applied else "old"] * 3, block)

    assert written == ["requirements.yml", "replace.yml", "waves.yml"]
    assert ran == [
        'ansible localhost -m apinizer.apiops.apinizer_certificate_info -a "expiring_within=30"',
        "ansible-playbook replace.yml --check --diff",
        "ansible-playbook waves.yml --check --diff",
        "ansible-playbook waves.yml",
    ]
    assert (doc_runner.machine.folder / "reports" / "rotation.html").is_file()
    assert list((doc_runner.machine.folder / "backups").glob("*/manifest.json"))


def test_readme_is_short_and_its_links_work_on_every_site() -> None:
    text = README.read_text(encoding="utf-8")

    assert len(text.splitlines()) < 150
    assert [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("https://")] == []


def test_readme_names_every_playbook_and_module() -> None:
    text = README.read_text(encoding="utf-8")
    names = {file.stem for file in [*ROOT.glob("playbooks/*.yml"), *ROOT.glob("plugins/modules/apinizer_*.py")]}

    assert {name for name in names if f"`{name}`" not in text} == set()
