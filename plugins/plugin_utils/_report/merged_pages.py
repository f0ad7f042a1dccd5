# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the reports of several managers as HTML and as Markdown."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rendering import render_html, render_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import short

DETAILED = 200
"""With more managers than this, a page has details of those that failed only, so that it opens quickly."""


def merged_html(merged: Merged) -> str:
    """Render the page."""
    details = merged.others if len(merged.reports) <= DETAILED else []
    return render_html(
        "merged.html.j2",
        merged=merged,
        details=details,
        detailed={id(report) for report in (*merged.failures, *details)},
        lacking=status.REPORT,
        short=short,
        address=_address,
        key=id,
    )


def merged_markdown(merged: Merged) -> str:
    """Render the document."""
    return render_markdown("merged.md.j2", merged=merged, lacking=status.REPORT, short=short)


def _address(path: str) -> str:
    """A relative path as the address of a link. It starts with a dot, so that no name can be taken for a scheme."""
    return quote(path if path.startswith(("./", "../")) else f"./{path}")
