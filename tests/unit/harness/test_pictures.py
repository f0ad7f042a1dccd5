# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pictures of the documentation are small, and the one of the terminal is made from what the demo prints."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[3]
PICTURES = [file for file in (ROOT / "docs").rglob("*.*") if file.suffix in (".svg", ".png")]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the tool that makes the pictures."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("pictures")


def _lines(picture: str) -> list[str]:
    return ["".join(text.itertext()) for text in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_terminal_is_made_from_the_stored_output(tool: Any) -> None:
    made = tool.terminal(tool.OUTPUT.read_text(encoding="utf-8"))

    assert tool.TERMINAL.read_text(encoding="utf-8") == made, "run python tools/pictures.py"


def test_stored_output_has_the_tasks_of_the_role(tool: Any) -> None:
    """A task that was renamed makes the picture stale: run python tools/pictures.py --record."""
    shown = re.findall(r"^TASK \[(.*)\]", tool.OUTPUT.read_text(encoding="utf-8"), re.MULTILINE)
    tasks = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("roles/certificate_rotation/tasks/*.yml"))
    named = [re.sub(r"\\{\\{.*?\\}\\}", ".+", re.escape(name)) for name in re.findall(r"- name: (.*)", tasks)]

    assert len(shown) > 8
    assert [name for name in shown if not any(re.fullmatch(pattern, name) for pattern in named)] == []


def test_dates_fingerprints_and_paths_are_the_same_in_every_recording(tool: Any) -> None:
    output = "\n".join(
        [
            "$ ansible-playbook waves.yml -e reports=/home/me/.cache/demo/rolled-back",
            "TASK [apinizer.apiops.certificate_rotation : Show the plan] ***",
            "1  development  2030-01-02  2031-03-04",
            "included: /home/me/wave.yml for localhost",
            f"SHA-256 {'0' * 16}... until 2030-01-02T03:04:05Z",
        ]
    )

    assert tool.normalized(output).splitlines() == [
        "$ ansible-playbook waves.yml -e reports=reports",
        "TASK [Show the plan] ".ljust(80, "*"),
        "1  development  2026-12-05  2027-11-26",
        "SHA-256 4db5846275c3ff2c... until 2026-12-05T12:00:00Z",
    ]


def test_colors_become_classes_and_long_lines_are_cut_off(tool: Any) -> None:
    picture = tool.terminal(f"$ run <it>\n\x1b[0;31mred\x1b[0m and {'x' * 200}\n")

    assert _lines(picture) == ["$ run <it>", f"red and {'x' * (tool.COLUMNS - 8)}"]
    assert '<tspan class="c31">red</tspan> and' in picture


@pytest.mark.parametrize("picture", PICTURES, ids=lambda file: file.name)
def test_picture_is_small_and_names_itself(picture: Path) -> None:
    assert picture.stat().st_size < 160_000
    if picture.suffix == ".svg":
        root = ElementTree.fromstring(picture.read_text(encoding="utf-8"))
        assert root.find(f"{SVG}title") is not None
        assert root.get("viewBox")
