# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request and an answer as the manager sees them, free of any HTTP library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from multidict import CIMultiDictProxy


@dataclass(frozen=True)
class FilePart:
    """An uploaded file, byte for byte as it travelled."""

    filename: str
    content_type: str
    transfer_encoding: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """A form: values and files by field name. A repeated name counts once, the first time."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FilePart] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """A request, read to its end. `content_type` is lower case and without parameters."""

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]
    content_type: str
    form: Form

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, decoded one by one, so an encoded slash stays in its name.

        A final slash adds an empty segment.
        """
        return tuple(unquote(segment) for segment in self.raw_path.split("/")[1:])

    @property
    def path(self) -> str:
        """The decoded path, for people and patterns: it no longer tells a slash from an encoded one."""
        return unquote(self.raw_path)

    @property
    def deploys(self) -> bool:
        """Whether this is one of the calls that write a certificate, and so deploy it."""
        return self.method in ("POST", "PUT", "DELETE") and "certificates" in self.segments


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def json_answer(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with JSON."""
    return Answer(status, json.dumps(payload, ensure_ascii=False).encode(), "application/json", headers or {})


def text_answer(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None, content_type: str = "text/plain"
) -> Answer:
    """Answer with text."""
    return Answer(status, text.encode(), content_type, headers or {})


def first_values(encoded: str) -> dict[str, str]:
    """Parse a query string or a urlencoded form. Of a repeated name the first value counts, as in a servlet."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        values.setdefault(name, value)
    return values
