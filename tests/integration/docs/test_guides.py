# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides, and the playbooks in the README files, work as shown: they run against the fake manager."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from integration.docs.blocks import Block, blocks, documents, guides
from integration.docs.doc_runner import Command, DocRunner

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

TESTED_GUIDES = [guide for guide in guides() if any(block.language == "guide-test" for block in blocks(guide))]
PLAYBOOKS = [
    block
    for document in documents()
    if document.suffix == ".md"
    for block in blocks(document)
    if block.language == "yaml" and block.text.startswith("- ") and "hosts" in yaml.safe_load(block.text)[0]
]


def test_guides_and_playbooks_are_found() -> None:
    assert len(TESTED_GUIDES) >= 5
    assert len(PLAYBOOKS) >= 3


@pytest.mark.parametrize("guide", TESTED_GUIDES, ids=lambda guide: guide.stem)
def test_guide_works_as_shown(doc_runner: DocRunner, guide: Path) -> None:
    doc_runner.run_guide(blocks(guide))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda block: block.where)
def test_playbook_rotates_the_certificate(doc_runner: DocRunner, playbook: Block) -> None:
    doc_runner.start({})
    doc_runner.write("playbook.yml", playbook)

    # Skip the soak time.
    command = Command("ansible-playbook playbook.yml -e certificate_rotation_soak_seconds=0", shown=())
    doc_runner.run(command, playbook)

    doc_runner.assert_certificates(["new", "new", "new"], playbook)
