# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guides do what they say, and so do the playbooks of the README files: they are run against a stand-in manager."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from integration.docs.blocks import Block, blocks, documents, guides
from integration.docs.doc_runner import Command, Performance

pytestmark = [pytest.mark.exhaustive, pytest.mark.one_way]

PLAYED = [guide for guide in guides() if any(block.language == "stage" for block in blocks(guide))]
PLAYBOOKS = [
    block
    for document in documents()
    if document.suffix == ".md"
    for block in blocks(document)
    if block.language == "yaml" and block.text.startswith("- ") and "hosts" in yaml.safe_load(block.text)[0]
]


def test_there_is_something_to_play() -> None:
    assert len(PLAYED) >= 5
    assert len(PLAYBOOKS) >= 3


@pytest.mark.parametrize("guide", PLAYED, ids=lambda guide: guide.stem)
def test_the_guide_can_be_followed(performance: Performance, guide: Path) -> None:
    performance.play(blocks(guide))


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda block: block.where)
def test_the_playbook_rotates_the_certificate(performance: Performance, playbook: Block) -> None:
    performance.set_stage({})
    performance.write("playbook.yml", playbook)

    # Without the waiting.
    command = Command("ansible-playbook playbook.yml -e certificate_rotation_soak_seconds=0", shown=())
    performance.run(command, playbook)

    performance.assert_held(["new", "new", "new"], playbook)
