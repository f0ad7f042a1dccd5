# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools in `tools/` that check the documentation find errors."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a tool by its name."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))

    def tool(name: str) -> ModuleType:
        return importlib.import_module(name)

    return tool


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("guide.html", None),
        ("guide.html#a-heading", None),
        ("#here", None),
        ("#", None),
        ("https://docs.example.com/a?b#c", None),
        ("data:image/png;base64,AAAA", None),
        ("", "empty target"),
        ("gone.html", "file not found"),
        ("../outside.html", "file not found"),
        ("/", "file not found"),
        ("#gone", "anchor not found in the page"),
        ("guide.html#gone", "anchor not found in the page"),
        ("http://docs.example.com/", "not a well-formed https address"),
        ("https://nowhere/", "not a well-formed https address"),
        ("https://docs.example.com/a b", "not a well-formed https address"),
        ("javascript:alert()", "not a well-formed https address"),
        ("//[docs", "invalid address (Invalid IPv6 URL)"),
    ],
)
def test_broken_link_is_found(tool: Any, tmp_path: Path, link: str, fault: str | None) -> None:
    links = tool("links")
    texts = {
        "index.html": f"<h1 id='here'></h1><a href='{link}'>x</a>",
        "guide.html": "<a name='a-heading'></a>",
    }
    pages = {tmp_path / name: links.read_html(text) for name, text in texts.items()}

    found = links.broken(pages, tmp_path, pages.__contains__)

    assert found == ([f"index.html: {link or 'an empty link'}: {fault}"] if fault else [])


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("blob/main/docs/guide.md", None),
        ("blob/main/docs/guide.md#a-heading", None),
        ("tree/main/docs", None),
        ("tree/main/docs/", None),
        ("edit/main/docs/guide.md?description=x", None),
        ("actions/workflows/ci.yml", None),
        ("actions/workflows/ci.yml/badge.svg?branch=main", None),
        ("issues/new", None),
        ("blob/main/docs/gone.md", "file not found in this repository"),
        ("blob/main/docs/guide.md#gone", "anchor not found in the page"),
        ("actions/workflows/gone.yml", "file not found in this repository"),
        ("https://raw.githubusercontent.com/apinizer-apiops/apinizer.apiops/main/docs/guide.md", None),
        (
            "https://raw.githubusercontent.com/apinizer-apiops/apinizer.apiops/main/gone.svg",
            "file not found in this repository",
        ),
    ],
)
def test_address_of_our_own_repository_is_compared_with_its_files(
    tool: Any, tmp_path: Path, link: str, fault: str | None
) -> None:
    links = tool("links")
    guide = tmp_path / "docs" / "guide.md"
    known = {guide, guide.parent, tmp_path / ".github" / "workflows" / "ci.yml"}
    repository = links.Repository(tmp_path, known, {guide: links.read_markdown("# A heading")})
    address = link if "://" in link else f"https://github.com/apinizer-apiops/apinizer.apiops/{link}"
    pages = {tmp_path / "README.md": links.read_markdown(f"[x]({address})")}

    found = links.broken(pages, tmp_path, pages.__contains__, repository)

    assert found == ([f"README.md: {address}: {fault}"] if fault else [])


def test_markdown_page_has_links_and_the_anchors_of_github(tool: Any) -> None:
    text = "# One `two`, three!\n\n## Again\n\n## Again\n\n[a](b.md#c) ![d](e.png) <a id='f' href='g'>h</a> `[i](j)`\n"

    page = tool("links").read_markdown(text)

    assert page.anchors == {"one-two-three", "again", "again-1", "f"}
    assert page.links == ("b.md#c", "e.png", "g")


def test_package_with_an_unexpected_checksum_is_not_unpacked(tool: Any, tmp_path: Path) -> None:
    fetching = tool("collections_from_package")
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("ansible_collections/community/crypto/README.md", "")

    with pytest.raises(tool("project").Failed, match="instead of"):
        fetching._unpack(wheel, tmp_path, ["community.crypto"])

    assert list(tmp_path.iterdir()) == [wheel]
