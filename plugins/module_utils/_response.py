# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The response of a manager, read completely and within its limits: bytes to text and JSON."""

from __future__ import annotations

import codecs
import json
import re
import typing as t
import zlib
from dataclasses import dataclass
from functools import cached_property

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import UnreadableError
from ansible_collections.apinizer.apiops.plugins.module_utils._exchange import LARGEST_RESPONSE, TOO_LARGE

ACCEPTED_ENCODINGS = "gzip, deflate"
INCOMPLETE = "the response ended before it was complete"

_CHUNK = 64 * 1024
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)
# Other codecs of Python do not belong to a charset, or take very long.
_TEXT_CODECS = re.compile(r"utf|iso8859|cp|koi8|ascii|latin|mac|gb|big5|euc|shift|hz")
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_GZIP_OR_ZLIB, _RAW_DEFLATE = 47, -15


@dataclass(frozen=True)
class Response:
    """A response that was read to its end."""

    status_code: int
    headers: t.Mapping[str, str]
    content: bytes

    @cached_property
    def text(self) -> str:
        """The content as text. Bytes that are not valid are replaced, as is a charset that does not exist."""
        named = _CHARSET.search(self.headers.get("Content-Type") or "")
        return self.content.decode(_codec(named.group(1)) if named else json.detect_encoding(self.content), "replace")

    @cached_property
    def json(self) -> t.Any:
        """The content as JSON, or None if it is none.

        :raises UnreadableError: if it is nested too deeply.
        """
        text = self.text.lstrip("\ufeff")
        try:
            value = json.loads(text)
        except ValueError:
            return None
        except RecursionError as exc:
            raise UnreadableError("its JSON is nested too deeply") from exc
        return _without_lone_surrogates(value) if _SURROGATE_ESCAPE.search(text) else value


def read_response(response: t.Any) -> Response:
    """Read a response of requests that was opened with C(stream=True). Its connection can then be used again.

    :raises UnreadableError: if it is too large, or compressed in an unknown way.
    :raises Exception: one of requests, urllib3, http.client, or the system if it does not arrive completely.
    """
    encoding = (response.headers.get("Content-Encoding") or "").strip().lower()
    try:
        if (response.raw.length_remaining or 0) > LARGEST_RESPONSE:
            raise UnreadableError(TOO_LARGE)
        chunks = iter(lambda: response.raw.read(_CHUNK, decode_content=False), b"")
        content = b"".join(chunks if encoding in ("", "identity") else _decompress(chunks, encoding))
        if response.raw.length_remaining:
            # urllib3 raises an error of its own from version 2 on.
            raise ConnectionError(INCOMPLETE)
    except BaseException:
        response.close()
        raise
    return Response(response.status_code, response.headers, content)


def _decompress(chunks: t.Iterator[bytes], encoding: str) -> t.Iterator[bytes]:
    """Decompress a body (RFC 9110, section 8.4.1). The decoders of urllib3 have no limit before its version 2.6."""
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnreadableError("its Content-Encoding is not one that was requested")
    decoder: t.Any = None
    left = LARGEST_RESPONSE
    for chunk in chunks:
        if decoder is None:
            # Some servers send deflate without the header of zlib.
            has_header = chunk[:2] == b"\x1f\x8b" or (chunk[0] & 15 == 8 and int.from_bytes(chunk[:2], "big") % 31 == 0)
            decoder = zlib.decompressobj(_GZIP_OR_ZLIB if has_header else _RAW_DEFLATE)
        try:
            data = decoder.decompress(chunk, left + 1)
        except zlib.error as exc:
            raise UnreadableError("its compressed content is damaged") from exc
        left -= len(data)
        if left < 0:
            raise UnreadableError(TOO_LARGE)
        yield data
    if decoder is not None and not decoder.eof:
        raise UnreadableError("its compressed content is damaged")


def _codec(charset: str) -> str:
    try:
        name = codecs.lookup(charset).name
    except (LookupError, ValueError):
        return "utf-8"
    return name if _TEXT_CODECS.match(name) else "utf-8"


def _without_lone_surrogates(value: t.Any) -> t.Any:
    """Replace lone surrogates, which JSON can express (RFC 8259, section 8.2) and no output can encode."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_lone_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_lone_surrogates(key): _without_lone_surrogates(item) for key, item in value.items()}
    return value
