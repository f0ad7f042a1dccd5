# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError, OperationError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._text import (
    escape_controls,
    escape_lines,
    redact_userinfo,
)

UNSAFE = [
    *map(
        chr, [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A)]
    ),
    "\ud800",
    "\udfff",
]


@pytest.mark.parametrize("character", UNSAFE, ids=ascii)
def test_a_control_character_is_shown_as_its_escape_sequence(character: str) -> None:
    escaped = escape_controls(f"a{character}b")
    assert escaped == f"a{ascii(character)[1:-1]}b"
    assert escaped.isprintable()
    assert escape_controls(escaped) == escaped


@pytest.mark.parametrize("text", ["", "Sertifika bulunamadı!", "証明書🔒", "a\xa0b", "\\x1b", "👩\u200d💻", "'\"%{}"])
def test_other_text_is_not_changed(text: str) -> None:
    assert escape_controls(text) == text


def test_line_breaks_of_several_lines_stay() -> None:
    assert escape_lines("a\x1b\nb\tc") == "a\\x1b\nb\\tc"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("http://user:pass@host/a@b?c=d@e", "http://********@host/a@b?c=d@e"),
        ("see https://u@host, or //u:p@w:@host", "see https://********@host, or //********@host"),
        ("https://host/a@b", "https://host/a@b"),
        ("me@example.com", "me@example.com"),
    ],
)
def test_credentials_in_urls_are_redacted(text: str, redacted: str) -> None:
    assert redact_userinfo(text) == redacted


@pytest.mark.parametrize("error", [RequestError("a\x1bb"), InputError("name", "a\x1bb"), OperationError("a\x1bb", {})])
def test_every_error_is_safe_to_show(error: Exception) -> None:
    assert str(error).endswith("a\\x1bb")
