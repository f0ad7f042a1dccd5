# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and commands in a guide, so that tests run exactly what users read."""

from __future__ import annotations

import re
import textwrap

from integration.machine import ROOT


def shown_files(guide: str) -> dict[str, str]:
    """Return the code blocks of a guide that have a caption, by caption."""
    blocks = re.findall(r"^\.\. code-block:: \w+\n   :caption: (\S+)\n\n((?:   .*\n|\n)+)", _text(guide), re.MULTILINE)
    return {caption: textwrap.dedent(body).strip() + "\n" for caption, body in blocks}


def shown_commands(guide: str) -> dict[str, str]:
    """Return the commands in the console blocks of a guide, with the output shown for each."""
    consoles = re.findall(r"^\.\. code-block:: console\n\n((?:   .*\n|\n)+)", _text(guide), re.MULTILINE)
    shown = {}
    for console in consoles:
        for step in re.split(r"^\$ ", textwrap.dedent(console).strip(), flags=re.MULTILINE)[1:]:
            command, _newline, output = step.partition("\n")
            shown[command] = output
    return shown


def _text(guide: str) -> str:
    return (ROOT / "docs" / "docsite" / "rst" / f"{guide}.rst").read_text(encoding="utf-8")
