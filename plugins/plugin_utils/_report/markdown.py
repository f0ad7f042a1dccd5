# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values -> GitHub-flavoured Markdown in which no value can pass for markup. Pure."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import NOTHING

_MARKUP = re.compile(r"[\\`*_\[\]<>|~$]")
_OPENS_A_BLOCK = re.compile(r"^(\d+(?=[.)])|(?=[-+=:#]))")
# What GitHub and its like turn into a reference to a person or an issue, outside of an entity.
_REFERENCE = re.compile(r"(?<![\w&])(@(?=\w)|#(?=\d))")


def escape(value: object) -> str:
    """One line of text that reads as it is, within a line; a dash for nothing.

    References to people and issues are broken up: a certificate must not notify anybody.
    """
    line = " ".join(str(NOTHING if value in (None, "") else value).split())
    line = _MARKUP.sub(_escape_one, line.replace("&", "&amp;"))
    return _REFERENCE.sub("\\1\u2060", line)


def _escape_one(found: re.Match[str]) -> str:
    """Entities for HTML and the pipe, which not every table takes with a backslash; a backslash for the rest."""
    return {"<": "&lt;", ">": "&gt;", "|": "&#124;"}.get(found.group(), "\\" + found.group())


def _opening(text: str) -> str:
    """A line of text that opens a paragraph, and no list, heading or rule."""
    return _OPENS_A_BLOCK.sub(r"\1\\", escape(text))


def table(
    heads: t.Sequence[str], rows: t.Iterable[t.Sequence[object]], *, numbers: t.Collection[str] = ()
) -> list[str]:
    """The lines of a table.

    :arg numbers: the heads of the columns that are set to the right.
    """
    rule = ["---:" if head in numbers else "---" for head in heads]
    lines = [_row(escape(head) for head in heads), _row(rule)]
    lines.extend(_row(escape(cell) for cell in row) for row in rows)
    return lines


def _row(cells: t.Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def bullets(texts: t.Iterable[str]) -> list[str]:
    """The lines of a list."""
    return [f"- {_opening(text)}" for text in texts]


def quote(text: str) -> list[str]:
    """A paragraph that stands out, line by line as it came."""
    return [f"> {_opening(line)}  " for line in text.splitlines() if line.strip()]


def heading(level: int, text: str) -> str:
    """A heading."""
    return f"{'#' * level} {_opening(text)}"


def join(*blocks: str | list[str]) -> str:
    """The document: blocks with an empty line between them. Empty blocks are left out."""
    texts = [block if isinstance(block, str) else "\n".join(block) for block in blocks]
    return "\n\n".join(text for text in texts if text) + "\n"
