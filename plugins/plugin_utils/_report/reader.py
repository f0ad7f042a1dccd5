# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the input of the filters and of the watch, with errors that name the path of a wrong value. Pure.

Ansible passes its own subclasses of strings and lists, and servers allow any character in a name. Everything behind
this file works with built-in types and printable text.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone

_T = t.TypeVar("_T")

# Characters that no name needs and that can make a page show something other than what it contains: control characters
# (except tab and line feed), lone surrogates, and the bidirectional overrides and isolates (Unicode Standard Annex #9).
_MISLEADING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class ReportError(ValueError):
    """The input has the wrong shape. The message names the path of the value and what it must be."""


def sanitize(value: object, where: str) -> t.Any:
    """Copy a value into built-in types: dict, list, str, int, float, bool, and None.

    Misleading characters in strings are replaced by U+FFFD.

    :arg where: the path of the value, for messages.
    :raises ReportError: if it contains a value of any other type.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _MISLEADING.sub("\ufffd", str.__str__(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, t.Mapping):
        return {sanitize(key, where): sanitize(value[key], f"{where}.{key}") for key in value}
    if isinstance(value, (list, tuple)):
        return [sanitize(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise ReportError(f"{where}: must be a dictionary, list, string, number, boolean, or null, not {_kind(value)}")


class Reader:
    """Reads the keys of one dictionary of the input. A missing key counts as null.

    Every method raises C(ReportError), with the path of the value, if the value has the wrong type.
    """

    def __init__(self, value: object, where: str) -> None:
        """Wrap a dictionary.

        :arg value: a value that C(sanitize) returned.
        :arg where: its path, for messages.
        :raises ReportError: if it is not a dictionary.
        """
        if not isinstance(value, dict):
            raise ReportError(f"{where}: must be a dictionary, not {_kind(value)}")
        self._values: dict[str, t.Any] = value
        self._where = where

    def expect(self, key: str, expected: int) -> None:
        """Check the version of the input's schema."""
        found = self._values.get(key)
        if found != expected or isinstance(found, bool):
            raise ReportError(f"{self._where}.{key}: must be {expected}, the only version that this release can read")

    def value(self, key: str) -> t.Any:
        """Return a value of any type, for a caller that checks it."""
        return self._values.get(key)

    def text(self, key: str) -> str:
        """Return a required string."""
        return self._required(key, self.optional_text(key))

    def optional_text(self, key: str) -> str | None:
        """Return a string or None."""
        return self._optional(key, str, "a string")

    def flag(self, key: str) -> bool:
        """Return a required boolean."""
        return self._required(key, self.optional_flag(key))

    def optional_flag(self, key: str) -> bool | None:
        """Return a boolean or None."""
        return self._optional(key, bool, "true or false")

    def number(self, key: str) -> int:
        """Return a required integer."""
        return self._required(key, self.optional_number(key))

    def optional_number(self, key: str) -> int | None:
        """Return an integer or None."""
        number = self._optional(key, int, "a whole number")
        if isinstance(number, bool):
            raise self._error(key, "a whole number")
        return number

    def moment(self, key: str) -> datetime:
        """Return a required time in UTC."""
        return self._required(key, self.optional_moment(key))

    def optional_moment(self, key: str) -> datetime | None:
        """Return a time in UTC or None. The input is ISO 8601, such as 2026-11-23T05:00:00Z."""
        text = self.optional_text(key)
        if text is None:
            return None
        try:
            # Before Python 3.11, fromisoformat does not accept the Z.
            moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
            return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)
        except (ValueError, OverflowError) as exc:
            raise self._error(key, "a date such as 2026-11-23T05:00:00Z") from exc

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings; empty for null."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self._error(key, "a list of strings")
        return tuple(values)

    def each(self, key: str) -> list[Reader]:
        """Return readers of the dictionaries in a list; empty for null."""
        return [Reader(value, f"{self._where}.{key}[{index}]") for index, value in enumerate(self._list(key))]

    def optional(self, key: str) -> Reader | None:
        """Return the reader of a dictionary or None."""
        value = self._values.get(key)
        return None if value is None else Reader(value, f"{self._where}.{key}")

    def _list(self, key: str) -> list[t.Any]:
        return self._optional(key, list, "a list") or []

    def _required(self, key: str, value: _T | None) -> _T:
        if value is None:
            raise ReportError(f"{self._where}.{key}: is missing")
        return value

    def _optional(self, key: str, kind: type[_T], called: str) -> _T | None:
        value = self._values.get(key)
        if value is None or isinstance(value, kind):
            return value
        raise self._error(key, called)

    def _error(self, key: str, called: str) -> ReportError:
        return ReportError(f"{self._where}.{key}: must be {called}, not {_kind(self._values.get(key))}")


def _kind(value: object) -> str:
    """Describe a value in the terms of YAML."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the string {value!r}"[:80]
    for kind, name in ((bool, "true or false"), (int, "a number"), (float, "a number"), (dict, "a dictionary")):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, list) else f"a value of type {type(value).__name__}"
