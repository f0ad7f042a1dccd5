# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The code blocks in the documentation, extracted with parsers for Markdown and reStructuredText."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives
from docutils.parsers.rst.directives.admonitions import Note
from markdown_it import MarkdownIt

from integration.machine import ROOT

DIRECTIVE = "guide-test:"
"""The prefix of a comment in a guide that controls its test: see `doc_runner`."""


@dataclass(frozen=True)
class Block:
    """A code block. `caption` is the name of the file that the reader creates from it, `line` its first line.

    In Markdown, the paragraph before the block names the file: "Save this as `waves.yml`".

    A test directive is a block of the language `guide-test`.
    """

    file: Path
    line: int
    language: str
    text: str
    caption: str = ""

    @property
    def where(self) -> str:
        """The position as `file:line`."""
        return f"{self.file.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Return the documents for users and contributors: README files, CONTRIBUTING, and guides."""
    return [
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *sorted(ROOT.glob("roles/*/README.md")),
        *sorted(ROOT.glob("examples/**/README.md")),
        *guides(),
    ]


def guides() -> list[Path]:
    """Return the guides of the documentation site."""
    return sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst"))


def blocks(file: Path) -> list[Block]:
    """Return the blocks of a document, in order."""
    read = _of_markdown if file.suffix == ".md" else _of_rst
    return list(read(file, file.read_text(encoding="utf-8")))


def _of_markdown(file: Path, text: str) -> Iterator[Block]:
    caption = ""
    for token in MarkdownIt("commonmark").parse(text):
        if token.type in ("fence", "code_block"):
            assert token.map
            yield Block(file, token.map[0] + 2, token.info.strip(), token.content, caption)
            caption = ""
        elif token.type == "inline":
            saved = re.search(r"\bSave this as `([\w.-]+)`", token.content)
            caption = saved[1] if saved else ""


class _CodeBlock(Directive):
    """The directive of Sphinx, with the options that the guides use."""

    has_content = True
    optional_arguments = 1
    option_spec = {"caption": directives.unchanged_required, "emphasize-lines": directives.unchanged_required}  # noqa: RUF012

    def run(self) -> list[nodes.Node]:
        text = "\n".join(self.content) + "\n"
        block = nodes.literal_block(text, text, caption=self.options.get("caption", ""))
        block["language"] = self.arguments[0] if self.arguments else ""
        block.line = self.content_offset + 1
        return [block]


directives.register_directive("code-block", _CodeBlock)
# Blocks inside these directives belong to the guide as well.
for _name in ("seealso", "versionadded", "versionchanged", "deprecated", "glossary"):
    directives.register_directive(_name, Note)


def _of_rst(file: Path, text: str) -> Iterator[Block]:
    # docutils does not know the roles and labels of Sphinx; the build of the site reports those that are wrong.
    settings: dict[str, Any] = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False}
    tree = publish_doctree(text, source_path=str(file), settings_overrides=settings)
    for node in tree.findall(lambda node: isinstance(node, (nodes.literal_block, nodes.comment))):
        if isinstance(node, nodes.literal_block):
            yield Block(file, node.line or 0, node.get("language", ""), node.astext(), node.get("caption", ""))
        elif node.astext().startswith(DIRECTIVE):
            yield Block(file, node.line or 0, "guide-test", node.astext().removeprefix(DIRECTIVE).strip())
