# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Escaping of values in Markdown."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.markdown import escape, escape_line_start
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rendering import markdown_environment


def render(source: str, **values: object) -> str:
    """Render a template that is given as text."""
    return markdown_environment().from_string(source).render(values)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "—"),
        ("", "—"),
        (0, "0"),
        (-22, "-22"),
        ("a|b", "a&#124;b"),
        ("<b>&amp;", "&lt;b&gt;&amp;amp;"),
        ("`c` *d* _e_ [f](g) ~h~ $i$", r"\`c\` \*d\* \_e\_ \[f\](g) \~h\~ \$i\$"),
        (r"a\|b", r"a\\&#124;b"),
        ("two\r\nlines\n\n", "two lines"),
        ("a\x1b[0m\u202eb", r"a\\x1b\[0m\\u202eb"),
        ("@all a@b.c #1 a#1", "@\u2060all a@b.c #\u20601 a#1"),
    ],
)
def test_a_value_reads_as_plain_text(text, expected):
    assert escape(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a", r"\- a"),
        ("# a", r"\# a"),
        ("1. a", r"1\. a"),
        ("12) a", r"12\) a"),
        ("===", r"\==="),
        ("2026-11", "2026-11"),
    ],
)
def test_a_line_does_not_open_a_block(text, expected):
    assert escape_line_start(text) == expected
    assert render("- {{ text | line_start }}", text=text) == f"- {expected}"
    assert render("## {{ text | line_start }}", text=text) == f"## {expected}"
    quote = "{% from 'macros.md.j2' import quote %}{{ quote(text) }}"
    assert render(quote, text=f"{text}\n\n{text}").splitlines() == [f"> {expected}  "] * 2


def test_a_table():
    facts = "{% from 'macros.md.j2' import facts %}{{ facts(pairs) }}"
    assert render(facts, pairs=[("a|b", 1)]).splitlines() == [
        "| Fact | Value |",
        "| --- | --- |",
        "| a&#124;b | 1 |",
    ]


def test_every_printed_value_is_escaped():
    assert render("{{ a }} {{ a ~ '*' }} {{ [a, '*'] | join }} {{ b }}", a="*", b=None) == r"\* \*\* \*\* —"
