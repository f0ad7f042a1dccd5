# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in private JSON files: dataclasses, dates and bytes as JSON, and back again by their types."""

from __future__ import annotations

import base64
import json
import os
import typing as t
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache
from types import UnionType


def open_private(path: str, *, new: bool = False) -> t.TextIO:
    """Open a file for writing that only its owner can read.

    :arg new: whether there must be no such file yet.
    :raises OSError: where it cannot be opened.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    return t.cast(t.TextIO, open(os.open(path, flags, 0o600), "w", encoding="utf-8"))


def dumps(value: t.Any) -> str:
    """A value as a line of JSON. A dataclass is a dictionary, without the fields whose metadata has C(saved) false."""
    return json.dumps(value, default=_encode)


def decode(kind: t.Any, value: t.Any) -> t.Any:
    """A value of JSON as one of a type: a dataclass or a container of these, a date, bytes, or what JSON has itself."""
    decoder = _decoder(kind)
    return value if decoder is None or value is None else decoder(value)


@cache
def hints_of(kind: t.Any) -> dict[str, t.Any]:
    """The types of a class's attributes."""
    return dict(t.get_type_hints(kind))


@cache
def _decoder(kind: t.Any) -> t.Callable[[t.Any], t.Any] | None:
    """The function that decodes values of a type; None where JSON has the type itself."""
    origin, kinds = t.get_origin(kind), t.get_args(kind)
    decoder: t.Callable[[t.Any], t.Any] | None = _FROM_TEXT.get(kind)
    if decoder is None and origin in (t.Union, UnionType):
        inner = _decoder(kinds[0])
        # Text stands for itself: it is the other kind of value of a union.
        decoder = inner and (lambda value: value if isinstance(value, str) else inner(value))
    elif origin is dict:
        decoder = _decoder(kinds[1]) and (lambda value: {key: decode(kinds[1], item) for key, item in value.items()})
    elif origin in (list, tuple):
        decoder = lambda value: origin(decode(kinds[0], item) for item in value)  # noqa: E731
    elif is_dataclass(kind):
        decoders = {name: inner for name, hint in hints_of(t.cast(t.Any, kind)).items() if (inner := _decoder(hint))}
        decoder = lambda value: _construct(kind, decoders, value)  # noqa: E731
    return decoder


def _construct(kind: t.Any, decoders: dict[str, t.Callable[[t.Any], t.Any]], value: dict[str, t.Any]) -> t.Any:
    decoded = {name: decode(value[name]) for name, decode in decoders.items() if value.get(name) is not None}
    return kind(**{**value, **decoded})


_FROM_TEXT: dict[t.Any, t.Callable[[str], t.Any]] = {
    bytes: base64.b64decode,
    datetime: datetime.fromisoformat,
    datetime | None: datetime.fromisoformat,
}


def _encode(value: t.Any) -> t.Any:
    """What json cannot encode by itself, as values that it can."""
    if is_dataclass(value):
        return {one.name: getattr(value, one.name) for one in fields(value) if one.metadata.get("saved", True)}
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return t.cast(datetime, value).isoformat()
