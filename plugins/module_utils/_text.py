# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of a server, made fit for a terminal: control characters are visible, and URLs have no credentials. Pure."""

from __future__ import annotations

import re
import typing as t

# Control characters (C0, DEL, C1), which can start escape sequences; the line and paragraph separators; the characters that
# change the direction of text (Unicode Standard Annex #9, section 2), which can make a line read differently from what it
# says; and lone surrogates, which no output can encode.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# RFC 3986, section 3.2.1. A path may contain an @ as well, and is left alone.
_USERINFO = re.compile(r"(?<=//)[^/?#\s]*@")
_REDACTED = "********"


def escape_controls(text: str) -> str:
    r"""Replace each control character with its escape sequence in Python, such as C(\\x1b) or C(\\u202e).

    Applied twice, the result is the same.
    """
    return _UNSAFE.sub(_escape_one, text)


def escape_lines(text: str) -> str:
    """Escape control characters in text of several lines; the line breaks stay."""
    return "\n".join(map(escape_controls, text.split("\n")))


def with_escaped(secrets: t.Iterable[str]) -> set[str]:
    """Return secrets in both forms: as they are, and as a message shows them after its control characters are escaped."""
    return {form for secret in secrets for form in (secret, escape_controls(secret))}


def redact_userinfo(text: str) -> str:
    """Redact the username and the password of each URL in a text."""
    return _USERINFO.sub(f"{_REDACTED}@", text)


def _escape_one(found: re.Match[str]) -> str:
    number = ord(found.group())
    return {9: "\\t", 10: "\\n", 13: "\\r"}.get(number) or (
        f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
    )
