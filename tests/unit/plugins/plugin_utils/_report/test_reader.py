# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the input of the filters."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, sanitize


class CustomString(str):
    """A string with overridden methods, as Ansible's tagged strings and markupsafe's have them."""

    def __html__(self) -> str:
        return "<b>"

    def __str__(self) -> str:
        return "something else"


def test_values_become_built_in_types():
    copy = sanitize({CustomString("a"): [CustomString("b"), (1, 2.5, True, None)]}, "result")
    assert copy == {"a": ["b", [1, 2.5, True, None]]}
    assert {type(next(iter(copy))), type(copy["a"][0])} == {str}


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800", "\x85"])
def test_misleading_characters_are_replaced(text):
    assert sanitize(f"a{text}b", "result") == "a\ufffdb"


def test_line_breaks_and_right_to_left_text_are_kept():
    assert sanitize("a\n\tשלם", "result") == "a\n\tשלם"


def test_the_path_of_an_unsupported_value_is_named():
    with pytest.raises(
        ReportError, match=r"result\.a\[1\]: must be a dictionary, .*, or null, not a value of type object"
    ):
        sanitize({"a": [1, object()]}, "result")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda reader: reader.text("missing"), "result.missing: is missing"),
        (lambda reader: reader.text("number"), "result.number: must be a string, not a number"),
        (lambda reader: reader.number("text"), "result.text: must be a whole number, not the string 'abc'"),
        (lambda reader: reader.number("flag"), "result.flag: must be a whole number, not true or false"),
        (lambda reader: reader.flag("number"), "result.number: must be true or false, not a number"),
        (lambda reader: reader.moment("text"), "result.text: must be a date such as 2026-11-23T05:00:00Z, not the"),
        (lambda reader: reader.texts("list"), "result.list: must be a list of strings, not a list"),
        (lambda reader: reader.each("list"), r"result.list\[0\]: must be a dictionary, not a number"),
        (lambda reader: reader.each("text"), "result.text: must be a list, not the string 'abc'"),
        (lambda reader: reader.optional("text"), "result.text: must be a dictionary, not the string 'abc'"),
        (
            lambda reader: reader.expect("number", 2),
            "result.number: must be 2, the only version that this release can read",
        ),
        (lambda reader: reader.expect("flag", 1), "result.flag: must be 1"),
    ],
)
def test_the_path_of_a_wrong_value_is_named(read, message):
    reader = Reader({"text": "abc", "number": 1, "flag": True, "list": [1]}, "result")
    with pytest.raises(ReportError, match=message):
        read(reader)


@pytest.mark.parametrize("text", ["2026-11-23T05:00:00Z", "2026-11-23T05:00:00", "2026-11-23T08:00:00+03:00"])
def test_dates_are_converted_to_utc(text):
    assert Reader({"at": text}, "result").moment("at").isoformat() == "2026-11-23T05:00:00+00:00"


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_date_that_has_no_utc_is_refused(text):
    with pytest.raises(ReportError, match=r"result\.at: must be a date such as 2026-11-23T05:00:00Z, not the string"):
        Reader({"at": text}, "result").moment("at")
