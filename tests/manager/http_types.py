# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests and responses as the fake manager sees them, independent of any HTTP library."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote

from multidict import CIMultiDictProxy

BINARY = "application/octet-stream"


@dataclass(frozen=True)
class FilePart:
    """An uploaded file, byte for byte as it was sent."""

    filename: str
    content_type: str
    transfer_encoding: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """A form: values and files by field name. If a name is repeated, the first one counts."""

    fields: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, FilePart] = field(default_factory=dict)


@dataclass(frozen=True)
class HttpRequest:
    """A complete request. `content_type` is in lowercase and has no parameters."""

    method: str
    raw_path: str
    query: Mapping[str, str]
    headers: CIMultiDictProxy[str]
    content_type: str
    form: Form

    @property
    def segments(self) -> tuple[str, ...]:
        """The segments of the path, decoded one by one, so that an encoded slash stays part of its name.

        A trailing slash adds an empty segment.
        """
        return tuple(unquote(segment) for segment in self.raw_path.split("/")[1:])

    @property
    def path(self) -> str:
        """The decoded path, for messages and patterns. It no longer distinguishes a slash from an encoded one."""
        return unquote(self.raw_path)

    @property
    def deploys(self) -> bool:
        """Whether the request writes a certificate, which also deploys it."""
        return self.method in ("POST", "PUT", "DELETE") and "certificates" in self.segments


@dataclass(frozen=True)
class HttpResponse:
    """A complete HTTP response. `content_type` has no parameters."""

    status: int
    body: bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)


def json_response(payload: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """Return a response with a JSON body."""
    return HttpResponse(status, json.dumps(payload, ensure_ascii=False).encode(), "application/json", headers or {})


def text_response(
    text: str, status: int = 200, headers: Mapping[str, str] | None = None, content_type: str = "text/plain"
) -> HttpResponse:
    """Return a response with a text body."""
    return HttpResponse(status, text.encode(), content_type, headers or {})


def file_response(filename: str, content: bytes) -> HttpResponse:
    """Return a response with a file to download."""
    disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
    return HttpResponse(200, content, BINARY, {"Content-Disposition": disposition})


def first_values(encoded: str) -> dict[str, str]:
    """Parse a query string or a URL-encoded form. If a name is repeated, its first value counts, as in a servlet."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        values.setdefault(name, value)
    return values
