# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escapes values so that they read as plain text in GitHub Flavored Markdown. Pure."""

from __future__ import annotations

import re

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import NOTHING

_MARKUP = re.compile(r"[\\`*_\[\]<>|~$]")
_OPENS_A_BLOCK = re.compile(r"^(\d+(?=[.)])|(?=[-+=:#]))")
# GitHub and GitLab turn these into mentions of people and issues.
_REFERENCE = re.compile(r"(?<![\w&])(@(?=\w)|#(?=\d))")


def escape(value: object) -> str:
    """Escape a value for use inside a line or a table cell; a dash stands for None and for an empty string.

    The result is one line, in which control characters are visible. Mentions of people and issues are broken up with a word joiner, so that the name of a
    certificate cannot notify anyone.
    """
    line = escape_controls(" ".join(str(NOTHING if value in (None, "") else value).split()))
    line = _MARKUP.sub(_escape_one, line.replace("&", "&amp;"))
    return _REFERENCE.sub("\\1\u2060", line)


def escape_line_start(value: object) -> str:
    """Escape a value that starts a line, so that it does not open a list, a heading, or a rule."""
    return _OPENS_A_BLOCK.sub(r"\1\\", escape(value))


def _escape_one(found: re.Match[str]) -> str:
    """Use entities for HTML and for the pipe, which some renderers accept only in that form in a table."""
    return {"<": "&lt;", ">": "&gt;", "|": "&#124;"}.get(found.group(), "\\" + found.group())
