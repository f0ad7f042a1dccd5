# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The site has a page for every playbook, with its variables, and for the event source. The start page lists all pages."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

PLAYBOOKS = sorted(ROOT.glob("playbooks/*.yml"))


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a tool by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module


def test_every_playbook_has_a_page_and_a_guide(tool: Any) -> None:
    guides = tool("docs").PLAYBOOKS

    assert sorted(guides) == [file.stem for file in PLAYBOOKS]
    assert all((ROOT / "docs" / "docsite" / "rst" / f"{guide}.rst").is_file() for guide in guides.values())


@pytest.mark.parametrize("file", PLAYBOOKS, ids=lambda file: file.stem)
def test_page_of_a_playbook_has_its_variables(tool: Any, file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    prefix = "merge_reports" if file.stem == "merge_reports" else f"certificate_{file.stem}"
    used = set(re.findall(rf"(?<![\w.]){prefix}_(?!_)\w+(?= *(?:\||is defined|\}}\}}))", text))

    page = tool("reference_pages").playbook(f"apinizer.apiops.{file.stem}", text, "guide_waves")

    documented = set(re.findall(r"^``(\w+)``$", page, re.MULTILINE))
    set_by_the_playbook = set(re.findall(rf"^ +({prefix}_\w+): ", text, re.MULTILINE))
    registered = set(re.findall(r"register: (\w+)", text))
    if file.stem != "rotate":
        assert documented
        assert used - documented - set_by_the_playbook - registered <= set(re.findall(r"``(\w+)``", page))


def test_markup_of_a_playbook(tool: Any) -> None:
    text = "\n".join(
        [
            "---",
            "# SPDX-License-Identifier: GPL-3.0-or-later",
            "",
            "# Does it with --check in",
            "# two lines.",
            "#",
            "#   ansible-playbook apinizer.apiops.do -e do_it=true",
            "#",
            "# do_it      the first",
            "#            of two; see do_more",
            "# do_more_of_it",
            "#            the second",
            "",
            "- name: Do it",
        ]
    )

    page = tool("reference_pages").playbook("apinizer.apiops.do", text, "guide_waves")

    assert page.splitlines()[3:] == [
        "Does it with ``--check`` in two lines.",
        "",
        ".. code-block:: console",
        "",
        "   $ ansible-playbook apinizer.apiops.do -e do_it=true",
        "",
        "Variables",
        "---------",
        "",
        "``do_it``",
        "   the first of two; see ``do_more``",
        "",
        "``do_more_of_it``",
        "   the second",
        "",
        "",
        "See also",
        "--------",
        "",
        "The guide :ref:`ansible_collections.apinizer.apiops.docsite.guide_waves`.",
        "",
    ]


def test_page_of_an_event_source(tool: Any) -> None:
    documentation = {
        "short_description": "Watch it",
        "description": ["Reads O(what)."],
        "options": {
            "what": {"description": "What to watch.", "type": "str", "default": "all", "aliases": ["which"]},
            "often": {"description": ["How often.", "In seconds."], "type": "float"},
        },
        "notes": ["It only reads."],
    }

    page = tool("reference_pages").event_plugin(
        "event source", "a.b.watch", documentation, "- name: Watch\n  hosts: all\n", "guide_waves"
    )

    assert "Watch it. See the guide :ref:" in page
    assert "- Reads :literal:`what`." in page
    assert "``what``\n   *str*, default: ``all``, also named ``which``\n\n   - What to watch.\n" in page
    assert "``often``\n   *float*\n\n   - How often.\n   - In seconds.\n" in page
    assert ".. code-block:: yaml\n\n   - name: Watch\n     hosts: all\n" in page


def test_page_of_an_event_filter_without_arguments(tool: Any) -> None:
    documentation = {"short_description": "Check it", "description": ["Checks it."]}

    page = tool("reference_pages").event_plugin(
        "event filter", "a.b.check", documentation, "- a.b.check:", "guide_waves"
    )

    assert page.startswith("a.b.check event filter\n======================\n")
    assert "Arguments" not in page
    assert "Notes" not in page


def test_page_that_the_start_page_leaves_out_is_found(tool: Any, tmp_path: Path) -> None:
    read = tool("links").read_html
    texts = {"index.html": "<a href='listed.html#x'>x</a>", "listed.html": "", "left_out.html": "", "search.html": ""}
    pages = {tmp_path / name: read(text) for name, text in texts.items()}

    assert tool("docs").pages_without_entry(pages, tmp_path / "index.html") == ["left_out.html"]
