# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values in private JSON files: dataclasses, dates and bytes as JSON, and back again by their types."""

from __future__ import annotations

import base64
import json
import os
import tempfile
import typing as t
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from functools import cache, partial
from types import UnionType


class RecordError(Exception):
    """A record that cannot be kept; the message is for the user."""


def create_private(folder: str, *, prefix: str, suffix: str) -> str:
    """Create an empty file that only its owner can read; return its path.

    :raises RecordError: where it cannot be created.
    """
    with _writing(folder):
        handle, path = tempfile.mkstemp(prefix=prefix, suffix=suffix, dir=folder)
        os.close(handle)
    return path


def write_private(path: str, text: str, *, new: bool = False) -> None:
    """Write a file that only its owner can read.

    :arg new: whether there must be no such file yet.
    :raises RecordError: where it cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | (os.O_EXCL if new else os.O_TRUNC)
    with _writing(path), open(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def copy_private(source: str, target: str) -> None:
    """Copy a file to a new one that only its owner can read.

    :raises RecordError: where it cannot be written.
    """
    with open(source, encoding="ascii") as file:
        write_private(target, file.read(), new=True)


def append(path: str, value: t.Any) -> None:
    """Append a line of JSON to a file, so that it is on the disk when this returns.

    :raises RecordError: where it cannot be written.
    """
    with _writing(path), open(path, "a", encoding="ascii") as file:
        file.write(dumps(value) + "\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _writing(path: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise RecordError(f"{path} cannot be written: {exc.strerror}") from exc


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
    if kind in _FROM_TEXT:
        return _FROM_TEXT[kind]
    if origin in (t.Union, UnionType):
        inner = _decoder(kinds[0])
        return inner and partial(_decode_unless_text, inner)
    if origin is dict:
        return _decoder(kinds[1]) and partial(_decode_values, kinds[1])
    if origin in (list, tuple):
        return partial(_decode_items, origin, kinds[0])
    if is_dataclass(kind):
        hints = hints_of(t.cast(t.Any, kind))
        return partial(_construct, kind, {name: inner for name, hint in hints.items() if (inner := _decoder(hint))})
    return None


def _decode_unless_text(decoder: t.Callable[[t.Any], t.Any], value: t.Any) -> t.Any:
    """Text stands for itself: it is the other kind of value of a union."""
    return value if isinstance(value, str) else decoder(value)


def _decode_values(kind: t.Any, value: dict[str, t.Any]) -> t.Any:
    return {key: decode(kind, item) for key, item in value.items()}


def _decode_items(container: t.Any, kind: t.Any, value: list[t.Any]) -> t.Any:
    return container(decode(kind, item) for item in value)


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
