# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that the documentation quotes exists in our code."""

from __future__ import annotations

import pytest

from integration.docs.blocks import Block, blocks, guides
from integration.docs.messages import Template, says, templates, words

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

QUOTED = [block for guide in guides() for block in blocks(guide) if block.language == "text"]


@pytest.fixture(scope="module")
def ours() -> set[Template]:
    """The texts in our code."""
    return templates()


@pytest.mark.parametrize("block", QUOTED, ids=lambda block: block.where)
def test_quoted_message_exists(ours: set[Template], block: Block) -> None:
    assert words(block.text) >= 2, "the quote is too short to identify a message"
    assert any(says(template, block.text) for template in ours)


@pytest.mark.parametrize(
    ("template", "quoted", "expected"),
    [
        (("The manager refused", ":"), "The manager refused ...: ...", True),
        (("The manager refused", ":"), "The manager refuses ...", False),
        (("holds", "and", "not what it held"), "holds ... and ... not what it held", True),
        (("holds", "and", "not what it held"), "holds ... not what it held ... and", False),
        (("holds", "and"), "holds and", False),
    ],
)
def test_messages_are_compared_by_their_fixed_parts(template: Template, quoted: str, expected: bool) -> None:
    assert says(template, quoted) is expected
