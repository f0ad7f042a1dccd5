# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operation has returned and shown, and what must hold for any of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_lines

Json = dict[str, Any]

RAW = re.compile(
    r"Traceback|object has no attribute|\w(Error|Exception)\b|'NoneType'|invalid literal|codec|Errno|object at 0x|<class|"
    r"unexpected error|not subscriptable|not iterable|unhashable|not callable|maximum recursion|HTTPConnection|Max retries|"
    r"Expecting |unpack|can't |couldn't |[(:=] ?b'|index out of range|positional argument|keyword argument|must be str|int too large|"
    r"\b(attribute|type|key|value|index|recursion|decode|encode|overflow|memory|assertion|runtime|lookup) error\b|"
    r"not supported between|unsupported operand|year \S+ is out of range|Invalid (control|isoformat)|MODULE FAILURE",
)
"""What Python and its libraries say, and no user should read."""

UNKNOWN = re.compile(r"is unknown|it is not known|could not be read back|cannot be read|may have")
_MESSAGES = ("msg", "message", "reason", "warnings", "messages", "skip_reason", "problems", "impossible")


@dataclass
class Outcome:
    """The results of an operation.

    :arg data: results that are data for programs, such as a report. They may contain any character.
    :arg texts: messages that are shown without a result.
    :arg problems: what does not hold.
    """

    results: list[Json] = field(default_factory=list)
    data: list[Json] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def check_texts(self) -> None:
        """Check every message, and that every result can be printed."""
        for result in (*self.results, *self.data):
            if result.get("crashed"):
                self.problems.append(f"crashed: {result.get('msg')}")
            try:
                json.dumps(result, ensure_ascii=False, allow_nan=False).encode()
            except (ValueError, TypeError) as error:
                self.problems.append(f"a result that cannot be printed: {error}")
        shown = [*self.texts, *(text for result in self.results for text in _messages(result))]
        for text in dict.fromkeys(shown):
            # Line breaks and tabs control nothing. A report and a message of the role may have several lines.
            if (plain := text.replace("\t", " ")) != escape_lines(plain):
                self.problems.append(f"control characters: {text[:600]!r}")
        for text in dict.fromkeys([*shown, *(text for result in self.data for text in _messages(result))]):
            if RAW.search(text):
                self.problems.append(f"raw text: {text[:600]!r}")


def _messages(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "deployment":
                continue  # what the manager has said about a deployment is data
            if key in _MESSAGES:
                yield from [inner] if isinstance(inner, str) else [one for one in inner or () if isinstance(one, str)]
            yield from _messages(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _messages(inner)
