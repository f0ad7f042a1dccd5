# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The colours can be read."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.css import DARK, LIGHT

TONES = ("good", "info", "neutral", "warn", "bad")
GROUNDS = ("ground", "card", "raised")


def luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_its_ground(colours):
    pairs = [(text, ground) for text in ("text", "muted", *TONES) for ground in GROUNDS]
    pairs += [(text, f"{tone}-ground") for tone in TONES for text in (tone, "text")]
    # What stands in the row that says "Now".
    pairs += [(text, "info-ground") for text in ("muted", *TONES)]
    pairs += [("today", "raised")]
    low = [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 4.5]
    assert low == []


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_stand_out_from_the_card(colours):
    low = [name for name in ("held", "neutral", "info", "today") if contrast(colours[name], colours["card"]) < 3]
    assert low == []


def test_both_have_the_same_colours():
    assert LIGHT.keys() == DARK.keys()
