# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pages of the reference that antsibull-docs cannot write: those of the plugins for ansible-rulebook and of the playbooks."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from antsibull_docs_parser.parser import Context, parse
from antsibull_docs_parser.rst import to_rst_plain

GUIDE = ":ref:`ansible_collections.apinizer.apiops.docsite.{}`"


def event_plugin(kind: str, name: str, documentation: Mapping[str, Any], examples: str, guide: str) -> str:
    """Return the page of a plugin for ansible-rulebook as reStructuredText.

    :arg kind: `event source` or `event filter`.
    :arg name: its full name.
    :arg documentation: its DOCUMENTATION, with the keys of a plugin of Ansible.
    :arg examples: its EXAMPLES.
    :arg guide: the name of its guide.
    """
    sections = {
        "Synopsis": _bullets(documentation["description"]),
        "Arguments": _options(documentation.get("options", {})),
        "Notes": _bullets(documentation.get("notes", [])),
        "Examples": _block("yaml", examples),
    }
    return _page(
        f"{name} {kind}",
        f"{documentation['short_description']}. See the guide {GUIDE.format(guide)}.",
        "",
        *(line for title, lines in sections.items() for line in _section(title, lines)),
    )


def playbook(name: str, text: str, guide: str) -> str:
    """Return the page of a playbook as reStructuredText.

    :arg name: its full name.
    :arg text: the playbook. Its first comment after the license describes it: paragraphs, commands (indented), and variables,
        each with its description in the same line or in indented lines below it.
    :arg guide: the name of its guide.
    """
    lines = text.splitlines()
    license_ends = next(number for number, line in enumerate(lines) if "SPDX-License-Identifier" in line) + 1
    comment = [line[1:].removeprefix(" ") for line in lines[license_ends : lines.index("", license_ends + 1)] if line]
    parts = [part.splitlines() for part in re.split(r"\n\n+", "\n".join(comment))]
    return _page(
        f"{name} playbook",
        *(line for part in parts for line in _part(part)),
        *_section("See also", [f"The guide {GUIDE.format(guide)}."]),
    )


def _page(title: str, *lines: str) -> str:
    return "\n".join([title, "=" * len(title), "", *lines, ""])


def _part(lines: list[str]) -> Iterator[str]:
    """Yield a paragraph of the comment of a playbook, with its commands and variables marked up."""
    if lines[0].startswith("  "):
        yield from _block("console", "\n".join(f"$ {line.strip()}" for line in lines))
    elif re.match(r"\w+_\w+(  |$)", lines[0]):
        yield from _section("Variables", _variables(lines))
    else:
        yield from (_marked(" ".join(lines)), "")


def _variables(lines: list[str]) -> Iterator[str]:
    for entry in re.split(r"\n(?=\S)", "\n".join(lines)):
        name, _space, meaning = entry.partition(" ") if "\n" not in entry.split(" ")[0] else entry.partition("\n")
        yield from (f"``{name}``", f"   {_marked(' '.join(meaning.split()))}", "")


def _marked(text: str) -> str:
    """Return text with names, options of commands, and file names as literals."""
    code = r"\{[^{}]*\}|--[\w-]+|\b\w+_\w+(?:=\w+)?\b(?!\.\w)|\b[\w-]+\.(?:html|json|md|prom|yml)\b|\bAPINIZER_\w+"
    return re.sub(code, lambda found: f"``{found[0]}``", text)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield a section, or nothing if it is empty."""
    text = [*lines]
    if any(text):
        yield from (title, "-" * len(title), "", *text, "")


def _block(language: str, text: str) -> Iterator[str]:
    yield from (f".. code-block:: {language}", "", textwrap.indent(text.strip(), "   "), "")


def _bullets(paragraphs: list[str] | str) -> Iterator[str]:
    for paragraph in paragraphs if isinstance(paragraphs, list) else [paragraphs]:
        # Ansible's markup, such as O(interval), becomes a literal.
        yield f"- {to_rst_plain(parse(paragraph, Context())).strip()}"
    yield ""


def _options(options: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for option, about in options.items():
        facts = [f"*{about['type']}*"]
        if "default" in about:
            facts.append(f"default: ``{about['default']}``")
        facts += [f"also named ``{alias}``" for alias in about.get("aliases", ())]
        yield from (f"``{option}``", "   " + ", ".join(facts), "")
        yield from (textwrap.indent(line, "   ") for line in _bullets(about["description"]))
