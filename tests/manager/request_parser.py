# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read an aiohttp request completely and convert it."""

from __future__ import annotations

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.multipart import BodyPartReader

from .http_types import FilePart, Form, HttpRequest, first_values

MULTIPART = "multipart/form-data"
URLENCODED = "application/x-www-form-urlencoded"


async def parse_request(request: web.BaseRequest) -> HttpRequest:
    """Read a request and its whole body.

    If the body is not a valid form of its content type, the form is empty: the fields are missing, as in a servlet.
    """
    raw_path, _unused, query = request.raw_path.partition("?")
    content_type = request.content_type.lower()
    if content_type == MULTIPART:
        form = await _read_multipart(request)
    elif content_type == URLENCODED:
        form = Form(fields=first_values(await request.text()))
    else:
        await request.read()
        form = Form()
    return HttpRequest(request.method, raw_path, first_values(query), request.headers, content_type, form)


async def _read_multipart(request: web.BaseRequest) -> Form:
    fields: dict[str, str] = {}
    files: dict[str, FilePart] = {}
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            if not isinstance(part, BodyPartReader) or part.name is None:
                continue
            # Do not decode anything, since a servlet container ignores Content-Transfer-Encoding.
            content = bytes(await part.read(decode=False))
            if part.filename is None:
                fields.setdefault(part.name, content.decode(errors="replace"))
            else:
                files.setdefault(part.name, _file(part, part.filename, content))
    except (ValueError, KeyError, AssertionError, HttpProcessingError):
        return Form()
    return Form(fields, files)


def _file(part: BodyPartReader, filename: str, content: bytes) -> FilePart:
    headers = part.headers
    return FilePart(filename, headers.get("Content-Type", ""), headers.get("Content-Transfer-Encoding", ""), content)
