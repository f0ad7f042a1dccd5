# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a playbook hands over."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError, plain


class Odd(str):
    """A text with ideas of its own, as Ansible's tagged texts and markupsafe's have them."""

    def __html__(self) -> str:
        return "<b>"

    def __str__(self) -> str:
        return "something else"


def test_values_become_plain():
    copy = plain({Odd("a"): [Odd("b"), (1, 2.5, True, None)]}, "result")
    assert copy == {"a": ["b", [1, 2.5, True, None]]}
    assert {type(next(iter(copy))), type(copy["a"][0])} == {str}


@pytest.mark.parametrize("text", ["\x00", "\x1b", "\u202e", "\u2066", "\ud800", "\x85"])
def test_misleading_characters_become_visible(text):
    assert plain(f"a{text}b", "result") == "a\ufffdb"


def test_line_breaks_and_writing_from_right_to_left_stay():
    assert plain("a\n\tשלם", "result") == "a\n\tשלם"


def test_a_value_of_no_use_is_named():
    with pytest.raises(ReportError, match=r"result\.a\[1\]: a value of type object is of no use here"):
        plain({"a": [1, object()]}, "result")


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda reader: reader.text("missing"), "result.missing: is missing"),
        (lambda reader: reader.text("number"), "result.number: must be text, not a number"),
        (lambda reader: reader.number("text"), "result.text: must be a whole number, not the text 'abc'"),
        (lambda reader: reader.number("flag"), "result.flag: must be a whole number, not true or false"),
        (lambda reader: reader.flag("number"), "result.number: must be true or false, not a number"),
        (lambda reader: reader.moment("text"), "result.text: must be a date such as 2026-11-23T05:00:00Z, not the"),
        (lambda reader: reader.texts("list"), "result.list: must be a list of texts, not a list"),
        (lambda reader: reader.each("list"), r"result.list\[0\]: must be a dictionary, not a number"),
        (lambda reader: reader.each("text"), "result.text: must be a list, not the text 'abc'"),
        (lambda reader: reader.optional("text"), "result.text: must be a dictionary, not the text 'abc'"),
        (
            lambda reader: reader.expect("number", 2),
            "result.number: must be 2, the only one that this version can read",
        ),
        (lambda reader: reader.expect("flag", 1), "result.flag: must be 1"),
    ],
)
def test_a_wrong_value_is_named_with_its_place(read, message):
    reader = Reader({"text": "abc", "number": 1, "flag": True, "list": [1]}, "result")
    with pytest.raises(ReportError, match=message):
        read(reader)


@pytest.mark.parametrize("text", ["2026-11-23T05:00:00Z", "2026-11-23T05:00:00", "2026-11-23T08:00:00+03:00"])
def test_dates_are_utc(text):
    assert Reader({"at": text}, "result").moment("at").isoformat() == "2026-11-23T05:00:00+00:00"
