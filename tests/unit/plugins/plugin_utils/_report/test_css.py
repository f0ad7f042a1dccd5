# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contrast of the colors."""

from __future__ import annotations

import re

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rendering import FOLDER

LIGHT, DARK = (
    dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
    for block in re.findall(r":root \{(.*?)\}", (FOLDER / "report.css").read_text(encoding="utf-8"), re.DOTALL)
)
SEVERITIES = ("good", "info", "neutral", "warn", "bad")
BACKGROUNDS = ("ground", "card", "raised")


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_text_has_enough_contrast(colors):
    pairs = [(text, ground) for text in ("text", "muted", *SEVERITIES) for ground in BACKGROUNDS]
    pairs += [(text, f"{severity}-ground") for severity in SEVERITIES for text in (severity, "text")]
    # The row labeled "Now".
    pairs += [(text, "info-ground") for text in ("muted", *SEVERITIES)]
    pairs += [("today", "raised")]
    low = [pair for pair in pairs if contrast(colors[pair[0]], colors[pair[1]]) < 4.5]
    assert low == []


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_bars_have_enough_contrast(colors):
    low = [name for name in ("bar", "neutral", "info", "today") if contrast(colors[name], colors["card"]) < 3]
    assert low == []


def test_both_schemes_define_the_same_colors():
    assert len(LIGHT) > 15
    assert LIGHT.keys() == DARK.keys()


def test_a_long_badge_wraps_where_a_row_is_a_block():
    css = (FOLDER / "report.css").read_text(encoding="utf-8")
    assert re.search(r"max-width: 74rem\) \{.*?\.stacked \.badge \{ white-space: normal; \}", css, re.DOTALL)
