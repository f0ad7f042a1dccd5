# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook hands to a filter -> plain values, with errors that say where a wrong one stands. Pure.

Values may come as Ansible's own kinds of string and list, and names as whatever a server let through. Both end here.
"""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone

_T = t.TypeVar("_T")

# Characters that no name needs and that make a page say something else than it seems to: controls (other than tab and
# line feed), halves of surrogate pairs, and the overrides of the writing direction.
_MISLEADING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class ReportError(ValueError):
    """Input that no report can be made of. The message says where it is wrong and how."""


def plain(value: object, where: str) -> t.Any:
    """Copy of C(value) made of nothing but dict, list, str, int, float, bool and None; safe to print.

    :arg where: what the value is, for messages.
    :raises ReportError: where it holds anything else.
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
        return {plain(key, where): plain(value[key], f"{where}.{key}") for key in value}
    if isinstance(value, (list, tuple)):
        return [plain(item, f"{where}[{index}]") for index, item in enumerate(value)]
    raise ReportError(f"{where}: {_kind(value)} is of no use here")


class Reader:
    """One dictionary of the input, and where it stands.

    Keys that are left out count as null.
    """

    def __init__(self, value: object, where: str) -> None:
        """Read this value.

        :raises ReportError: where it is no dictionary.
        """
        if not isinstance(value, dict):
            raise ReportError(f"{where}: must be a dictionary, not {_kind(value)}")
        self._values: dict[str, t.Any] = value
        self._where = where

    def expect(self, key: str, wanted: int) -> None:
        """Make sure that a number is the one that this code was written for."""
        found = self._values.get(key)
        if found != wanted or isinstance(found, bool):
            raise ReportError(f"{self._where}.{key}: must be {wanted}, the only one that this version can read")

    def text(self, key: str) -> str:
        """A text that must be there."""
        return self._required(key, self.optional_text(key))

    def optional_text(self, key: str) -> str | None:
        """A text, or None."""
        return self._optional(key, str, "text")

    def flag(self, key: str) -> bool:
        """True or false; it must be there."""
        return self._required(key, self.optional_flag(key))

    def optional_flag(self, key: str) -> bool | None:
        """True, false, or None."""
        return self._optional(key, bool, "true or false")

    def number(self, key: str) -> int:
        """A whole number that must be there."""
        return self._required(key, self.optional_number(key))

    def optional_number(self, key: str) -> int | None:
        """A whole number, or None."""
        number = self._optional(key, int, "a whole number")
        if isinstance(number, bool):
            raise self._error(key, "a whole number")
        return number

    def moment(self, key: str) -> datetime:
        """A date with its time that must be there."""
        return self._required(key, self.optional_moment(key))

    def optional_moment(self, key: str) -> datetime | None:
        """A date with its time, as in 2026-11-23T05:00:00Z, or None."""
        text = self.optional_text(key)
        if text is None:
            return None
        try:
            # Python 3.10 does not know the Z.
            moment = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
        except ValueError as exc:
            raise self._error(key, "a date such as 2026-11-23T05:00:00Z") from exc
        return moment.replace(tzinfo=moment.tzinfo or timezone.utc).astimezone(timezone.utc)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts; none where it is left out."""
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise self._error(key, "a list of texts")
        return tuple(values)

    def each(self, key: str) -> list[Reader]:
        """The dictionaries of a list; none where it is left out."""
        return [Reader(value, f"{self._where}.{key}[{index}]") for index, value in enumerate(self._list(key))]

    def optional(self, key: str) -> Reader | None:
        """A dictionary, or None."""
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
    """What a value is, in the words of people who write YAML."""
    if value is None:
        return "null"
    if isinstance(value, str):
        return f"the text {value!r}"[:80]
    for kind, name in ((bool, "true or false"), (int, "a number"), (float, "a number"), (dict, "a dictionary")):
        if isinstance(value, kind):
            return name
    return "a list" if isinstance(value, list) else f"a value of type {type(value).__name__}"
