# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutations of a response: of its bytes, its JSON, its headers, its status, or its archive."""

from __future__ import annotations

import gzip
import io
import json
import random
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

Path = tuple[Any, ...]
Mutation = Callable[[random.Random, "Answer"], "Answer"]

NOT_JSON = object()


@dataclass(frozen=True)
class Answer:
    """A response before it is written to the connection. `length`: another Content-Length than that of the body."""

    status: str
    body: bytes
    headers: tuple[str, ...] = ()
    content_type: str = "application/json;charset=UTF-8"
    length: str | None = None
    start: bytes = b"HTTP/1.1 "
    notes: tuple[str, ...] = field(default=())

    def noted(self, note: str, **changes: Any) -> Answer:
        """Return a copy with changes, and say in words what has changed."""
        return replace(self, notes=(*self.notes, note), **changes)

    def to_bytes(self) -> bytes:
        """Return the response as it is sent."""
        length = str(len(self.body)) if self.length is None else self.length
        lines = [f"Content-Type: {self.content_type}", f"Content-Length: {length}", *self.headers, "", ""]
        head = self.start + self.status.encode() + b"\r\n" + "\r\n".join(lines).encode("utf-8", "surrogatepass")
        return head + self.body

    @property
    def json(self) -> Any:
        """The body as JSON; `NOT_JSON` if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return NOT_JSON


def mutate(rng: random.Random, answer: Answer) -> Answer:
    """Apply one to three mutations."""
    for _unused in range(rng.choice([1, 1, 1, 2, 3])):
        kinds = _ARCHIVE if answer.body[:2] == b"PK" and rng.random() < 0.7 else _ANY
        answer = rng.choice(kinds)(rng, answer)
    return answer


def another_manager(rng: random.Random) -> Mutation:
    """Return a mutation for all responses: some keys have another value everywhere, or are missing."""
    changes = {
        key: rng.choice([_MISSING, nasty_value(rng), nasty_value(rng)])
        for key in rng.sample(_KEYS, rng.choice([1, 2, 4]))
    }
    shown = ", ".join(
        f"{key}: {'missing' if value is _MISSING else repr(value)[:60]}" for key, value in changes.items()
    )

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(inner) for inner in value]
        if isinstance(value, dict):
            changed = {key: changes.get(key, change(inner)) for key, inner in value.items()}
            return {key: inner for key, inner in changed.items() if inner is not _MISSING}
        return value

    def mutation(_rng: random.Random, answer: Answer) -> Answer:
        if answer.json is NOT_JSON:
            return answer
        return answer.noted(f"everywhere {shown}", body=_dumped(change(answer.json)))

    return mutation


_MISSING = object()
_KEYS = [
    *(
        "alias",
        "environmentName",
        "base64EncodedContent",
        "sha1Thumbprint",
        "startDate",
        "endDate",
        "subjectDn",
        "name",
    ),
    *(
        "description",
        "certificateEnvironmentList",
        "resultCount",
        "status",
        "success",
        "deploymentResult",
        "detailList",
    ),
    *(
        "environmentResults",
        "message",
        "detail",
        "resultMessage",
        "type",
        "accessUrl",
        "sourceType",
        "sourceId",
        "podName",
    ),
]


def _nested(depth: int, *, objects: bool = False) -> Any:
    value: Any = []
    for _unused in range(depth):
        value = {"detailList": [value]} if objects else [value]
    return value


def nasty_value(rng: random.Random) -> Any:
    """Return a JSON value that a program may not expect."""
    text = rng.choice(
        [
            "",
            " ",
            "\ud800",
            "\udfff\ud800",
            "\x00",
            "\x1b[31mred\x07",
            "\u202eevil\u2066",
            "x" * 100_000,
            "../../etc",
            "a\r\nb",
            "{{ 7 * 7 }}",
            "${jndi:ldap://x}",
            "0000-00-00T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "0001-01-01T00:00:00+23:59",
            "2026-02-30T25:61:61Z",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----",
            "MIIB",
            "****",
            "SUCCESS",
            "FAILED",
            "true",
            "None",
            "web",
            "production",
            "\N{LATIN CAPITAL LETTER I WITH DOT ABOVE}",
        ]
    )
    return rng.choice(
        [
            None,
            True,
            False,
            0,
            -1,
            1,
            2**31,
            2**63,
            10**30,
            -(10**400),
            1.5,
            1e308,
            float("inf"),
            float("nan"),
            [],
            {},
            [[]],
            [None],
            [{}],
            ["web"],
            {"name": None},
            {"": {"": ""}},
            _nested(rng.choice([3, 50, 400])),
            _nested(rng.choice([3, 50, 200]), objects=True),
            text,
            text,
            text,
            text,
        ]
    )


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    if len(path) > 8:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:50]):
            yield from _paths(inner, (*path, index))


def _dumped(value: Any) -> bytes:
    return json.dumps(value).encode()


def _change_json(rng: random.Random, answer: Answer) -> Answer:
    """Change one place of the JSON."""
    whole = answer.json
    if whole is NOT_JSON:
        return _change_bytes(rng, answer)
    path = rng.choice(list(_paths(whole)))
    if not path:
        value = nasty_value(rng)
        return answer.noted(f"the whole body becomes {value!r:.60}", body=_dumped(value))
    parent = whole
    for key in path[:-1]:
        parent = parent[key]
    key, where = path[-1], "/".join(map(str, path))
    change = rng.choice(["replace", "replace", "replace", "delete", "duplicate", "add", "rename", "reverse"])
    if change == "duplicate" and isinstance(parent, list):
        parent.extend([parent[key]] * rng.choice([1, 1, 50]))
    elif change == "reverse" and isinstance(parent, list):
        parent.reverse()
    elif change == "delete":
        del parent[key]
    elif change == "rename" and isinstance(parent, dict):
        parent[rng.choice([key.upper(), key + "s", "\ud800", "success", "name"])] = parent.pop(key)
    elif change == "add" and isinstance(parent, dict):
        key = rng.choice(["success", "status", "resultCount", "deploymentResult", "message", "retry_after", "\x1b"])
        parent[key] = nasty_value(rng)
        where, change = f"{where} and {key}", f"add {parent[key]!r:.60} beside"
    else:
        parent[key] = nasty_value(rng)
        change = f"replace by {parent[key]!r:.60}"
    return answer.noted(f"{change}: {where}", body=_dumped(whole))


def _change_texts(rng: random.Random, answer: Answer) -> Answer:
    """Put unusual characters into some of the texts, and leave the structure as it is."""
    whole = answer.json
    if whole is NOT_JSON:
        return _change_bytes(rng, answer)
    places = [path for path in _paths(whole) if path]
    odd = rng.choice(
        ["\ud800", "\x00", "\x1b[31m\x07", "\u202e", "\r\n", "\u2028", "\x9b", "\u0130", " ", "'\"<b>&|`", "\U0010ffff"]
    )
    changed = []
    for path in rng.sample(places, min(len(places), rng.choice([1, 3, 20]))):
        parent = whole
        for key in path[:-1]:
            parent = parent[key]
        if isinstance(parent[path[-1]], str):
            parent[path[-1]] += odd
            changed.append("/".join(map(str, path)))
    return answer.noted(f"{odd!r} after {', '.join(changed)}", body=_dumped(whole))


def _change_bytes(rng: random.Random, answer: Answer) -> Answer:
    body = bytearray(answer.body)
    at = rng.randrange(len(body) + 1)
    change = rng.choice(["flip", "flip", "insert", "remove", "truncate", "repeat"])
    if change == "flip" and body:
        for _unused in range(rng.choice([1, 1, 3, 20])):
            body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    elif change == "insert":
        body[at:at] = rng.choice(
            [b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b"\\ud800", b"[" * 100_000, b"}", b"9" * 5000]
        )
    elif change == "remove":
        del body[at : at + rng.choice([1, 5, 100])]
    elif change == "repeat":
        body += body[:at]
    else:
        del body[at:]
    return answer.noted(f"{change} bytes at {at}", body=bytes(body))


def _change_charset(rng: random.Random, answer: Answer) -> Answer:
    codec = rng.choice(["utf-16", "utf-16-le", "utf-32", "latin-1", "utf-7", "cp1254", "utf-8-sig"])
    named = rng.choice(
        [codec, "utf-8", "klingon", "idna", "base64_codec", "unicode_escape", "undefined", "utf-16", "\x00"]
    )
    body = answer.body.decode("utf-8", "replace").encode(codec, "replace")
    return answer.noted(f"{codec}, called {named!r}", body=body, content_type=f"application/json;charset={named}")


def _change_encoding(rng: random.Random, answer: Answer) -> Answer:
    named = rng.choice(["gzip", "deflate", "br", "zstd", "gzip, gzip", "x-gzip", "identity", "\u00e9", "compress"])
    body = rng.choice([answer.body, gzip.compress(answer.body), gzip.compress(answer.body)[:-6], b"\x1f\x8b", b""])
    return answer.noted(
        f"Content-Encoding {named!r}", body=body, headers=(*answer.headers, f"Content-Encoding: {named}")
    )


def _bomb(rng: random.Random, answer: Answer) -> Answer:
    if rng.random() < 0.9:
        return _change_encoding(rng, answer)
    body = gzip.compress(bytes(40 << 20), 1)
    return answer.noted("a bomb of 40 MiB", body=body, headers=(*answer.headers, "Content-Encoding: gzip"))


def _change_status(rng: random.Random, answer: Answer) -> Answer:
    status = rng.choice(
        [
            *(
                "201 Created",
                "202 Accepted",
                "204 No Content",
                "206 Partial",
                "301 Moved",
                "302 Found",
                "304 Not Modified",
            ),
            *("400 Bad", "401 Who", "403 No", "404 Gone", "405 No", "407 Proxy", "408 Slow", "409 Conflict", "413 Big"),
            *(
                "429 Busy",
                "500 Oops",
                "501 No",
                "502 Bad",
                "503 Busy",
                "504 Late",
                "599 What",
                "999 What",
                "100 Continue",
            ),
            *("000 Zero", "-1 Minus", "abc", "", "200", "20000 OK", "2\u00b2 OK"),
        ]
    )
    waits = [
        "1",
        "-5",
        "1e400",
        "9" * 400,
        "Wed, 21 Oct 2015 07:28:00 +9999",
        "Thu, 99 Foo 99999 99:99:99 GMT",
        "\u0663",
        "nan",
    ]
    places = ["https://u:p@elsewhere.example.com/", "http://[", "\x1b[31m", "//", "", "/login?a=\ud800"]
    headers = (*answer.headers, f"Retry-After: {rng.choice(waits)}", f"Location: {rng.choice(places)}")
    return answer.noted(f"status {status!r} with {headers[-2:]}", status=status, headers=headers)


def _change_headers(rng: random.Random, answer: Answer) -> Answer:
    line = rng.choice(
        [
            "no colon",
            ": no name",
            "X-Long: " + "a" * 70_000,
            "Transfer-Encoding: chunked",
            "Transfer-Encoding: \x00",
            "Set-Cookie: a=\u00e9; Expires=never; Domain=..",
            "Set-Cookie: =; Max-Age=99999999999999999999",
            "Content-Type: text/html; charset=\ud800",
            "Connection: close, keep-alive, \x07",
            "Content-Length: 3",
            *["X-Many: " + "\r\nX-Many: ".join("1" * 150)],
            "\x00\x01\x02",
            "Content-Encoding:",
        ]
    )
    return answer.noted(f"header {line!r:.60}", headers=(*answer.headers, line))


def _change_length(rng: random.Random, answer: Answer) -> Answer:
    length = rng.choice(["0", "-1", "1", "99999", "9" * 30, "many", "", "\u0663", "33554433"])
    return answer.noted(f"Content-Length {length!r:.40}", length=length)


def _change_start(rng: random.Random, answer: Answer) -> Answer:
    start = rng.choice(
        [b"", b"HTTP/9.9 ", b"HTTP/1.0 ", b"SSH-2.0\r\n", b"\x15\x03\x01\x00\x02\x02", b"\n\n\nHTTP/1.1 "]
    )
    return answer.noted(f"starts with {start!r}", start=start)


def _change_archive(rng: random.Random, answer: Answer) -> Answer:
    """Damage the archive: its bytes, mostly those of its headers."""
    body = bytearray(answer.body)
    starts = [at for at in range(len(body) - 3) if body[at : at + 2] == b"PK"] or [0]
    for _unused in range(rng.choice([1, 1, 2, 8])):
        at = min(rng.choice(starts) + rng.randrange(46), len(body) - 1)
        body[at] = rng.choice([0, 1, 255, rng.randrange(256), body[at] ^ (1 << rng.randrange(8))])
    return answer.noted("damaged archive", body=bytes(body))


def _other_archive(rng: random.Random, answer: Answer) -> Answer:
    file = io.BytesIO()
    with zipfile.ZipFile(
        file, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
    ) as archive:
        for number in range(rng.choice([0, 1, 3, 500])):
            name = rng.choice(
                ["web.cer", "../web.cer", ".cer", "web.CER", "\x1b.cer", "\u0130.cer", f"{number}.cer", "a.txt"]
            )
            content = rng.choice([b"", b"-----BEGIN CERTIFICATE-----", b"MIIB", b"0\x82", bytes(300), b"-----\xff"])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the same name twice is intended
                archive.writestr(zipfile.ZipInfo(name), content)
    return answer.noted("another archive", body=file.getvalue())


_ANY: list[Mutation] = [
    *[_change_json] * 10,
    *[_change_texts] * 4,
    *[_change_bytes] * 5,
    *[_change_status] * 3,
    *(_change_charset, _change_encoding, _bomb, _change_headers, _change_length, _change_start),
]
_ARCHIVE: list[Mutation] = [*[_change_archive] * 3, _other_archive, _change_bytes]
