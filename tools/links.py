# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find broken links in pages. Nothing is fetched: an external address only has to be well-formed.

An address of a file in our own repository on GitHub is compared with the files of this clone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

OWN = re.compile(
    r"https://(?:github\.com/apinizer-apiops/apinizer\.apiops/(?:(?:blob|tree|edit|raw)/main/|actions/(?=workflows/))"
    r"|raw\.githubusercontent\.com/apinizer-apiops/apinizer\.apiops/main/)(?P<path>[^?#]*)(?:\?[^#]*)?(?:#(?P<anchor>.*))?"
)
"""The addresses of files in our own repository. The address of a workflow contains its file name."""


@dataclass(frozen=True)
class Page:
    """The anchors of a page and its links, in order."""

    anchors: frozenset[str]
    links: tuple[str, ...]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (tag == "a" and name == "name"):
                self.anchors.add(value or "")
            elif name in ("href", "src"):
                self.links.append(value or "")


def read_html(text: str) -> Page:
    reader = _Reader()
    reader.feed(text)
    return Page(frozenset(reader.anchors), tuple(reader.links))


def read_markdown(text: str) -> Page:
    """Return a Markdown page with the anchors that GitHub generates for its headings."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
    found = [part for token in tokens for part in (token, *(token.children or ()))]
    wanted = {"link_open": "href", "image": "src"}
    links = [str(part.attrs.get(wanted[part.type], "")) for part in found if part.type in wanted]
    embedded = [read_html(part.content) for part in found if part.type in ("html_inline", "html_block")]
    return Page(
        frozenset(_anchors(headings)).union(*(page.anchors for page in embedded)),
        (*links, *(link for page in embedded for link in page.links)),
    )


def _anchors(headings: list[str]) -> list[str]:
    """Return GitHub's anchors: lowercase, hyphens for spaces, no punctuation, and a number for repetitions."""
    seen: Counter[str] = Counter()
    anchors = []
    for heading in headings:
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        anchors.append(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return anchors


@dataclass(frozen=True)
class Repository:
    """The files of our repository.

    :arg root: its folder.
    :arg known: its files and folders.
    :arg pages: its Markdown pages, whose anchors are checked.
    """

    root: Path
    known: Collection[Path]
    pages: Mapping[Path, Page]

    def fault(self, link: str) -> str | None:
        """Return why the address of one of our files is wrong, or None if it is right or not ours."""
        found = OWN.fullmatch(link)
        if not found:
            return None
        path = unquote(found["path"]).rstrip("/")
        target = self.root / (f".github/{path}" if "/actions/" in link else path).removesuffix("/badge.svg")
        if target not in self.known:
            return "file not found in this repository"
        if found["anchor"] and target in self.pages and unquote(found["anchor"]) not in self.pages[target].anchors:
            return "anchor not found in the page"
        return None


def broken(
    pages: Mapping[Path, Page], root: Path, exists: Callable[[Path], bool], repository: Repository | None = None
) -> list[str]:
    """Return the broken links, each as a line with its page and the reason.

    :arg root: the folder that no relative link may leave.
    :arg exists: returns whether a relative link may point to this file or folder.
    :arg repository: checks addresses of files in our own repository.
    """
    return [
        f"{file.relative_to(root)}: {link or 'an empty link'}: {reason}"
        for file, page in pages.items()
        for link in dict.fromkeys(page.links)
        for reason in [_fault(link, file, pages, root, exists) or (repository.fault(link) if repository else None)]
        if reason
    ]


def _fault(link: str, file: Path, pages: Mapping[Path, Page], root: Path, exists: Callable[[Path], bool]) -> str | None:
    try:
        parts = urlsplit(link)
    except ValueError as exc:
        return f"invalid address ({exc})"
    if parts.scheme or parts.netloc:
        return None if _is_well_formed(link) else "not a well-formed https address"
    if not link:
        return "empty target"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(root) or not exists(target):
        return "file not found"
    anchor = unquote(parts.fragment)
    if anchor and (target not in pages or anchor not in pages[target].anchors):
        return "anchor not found in the page"
    return None


def _is_well_formed(address: str) -> bool:
    parts = urlsplit(address)
    if parts.scheme in ("data", "mailto"):
        return True
    return parts.scheme == "https" and "." in (parts.hostname or "") and not re.search(r"\s", address)
