# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the Jinja2 templates in C(templates/) as HTML and as Markdown.

A page of HTML is one file that loads nothing: no script, font, image, or request. In both formats every value that a
template prints is escaped, unless a macro of ours has produced it.
"""

from __future__ import annotations

import functools
import re
import typing as t
from pathlib import Path

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_lines
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.markdown import escape, escape_line_start

if t.TYPE_CHECKING:
    from jinja2 import Environment

FOLDER = Path(__file__).parent / "templates"

_CSS_COMMENT = re.compile(r"/\*.*?\*/\n?", re.DOTALL)


def render_html(name: str, **values: t.Any) -> str:
    """Render a template as a page of HTML.

    :arg name: the file name of the template.
    :arg values: the variables of the template.
    """
    return html_environment().get_template(name).render(values)


def render_markdown(name: str, **values: t.Any) -> str:
    """Render a template as GitHub Flavored Markdown.

    :arg name: the file name of the template.
    :arg values: the variables of the template.
    """
    return markdown_environment().get_template(name).render(values)


@functools.cache
def html_environment() -> Environment:
    """Return the Jinja2 environment of the HTML templates. The style sheet is its variable C(css)."""
    from markupsafe import Markup

    css = _CSS_COMMENT.sub("", (FOLDER / "report.css").read_text(encoding="utf-8"))

    def finalize(value: object) -> object:
        """Make control characters visible; the escaping for HTML follows."""
        return escape_lines(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = _environment(finalize=finalize)
    environment.globals["css"] = Markup(css)  # noqa: S704
    return environment


@functools.cache
def markdown_environment() -> Environment:
    """Return the Jinja2 environment of the Markdown templates. C(line_start) is for values that start a line."""
    from markupsafe import Markup

    def finalize(value: object) -> object:
        """Escape what a template prints. Macros and filters of ours return C(Markup), which stays as it is."""
        return value if isinstance(value, Markup) else Markup(escape(value))  # noqa: S704

    environment = _environment(finalize=finalize)
    environment.filters["line_start"] = lambda value: Markup(escape_line_start(value))  # noqa: S704
    return environment


def _environment(**options: t.Any) -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    environment.filters.update(clock=text.clock, day=text.day, days=text.days)
    return environment
