# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the report of an audit as HTML and as Markdown."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import EnvironmentEntry
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rendering import render_html, render_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.timeline import Lane, make_scale


def audit_html(audit: Audit) -> str:
    """Render the page."""
    moments = (
        moment
        for certificate in audit.certificates
        for entry in certificate.entries
        for moment in (entry.not_before, entry.not_after)
    )
    scale = make_scale(moments, audit.generated)
    return render_html("audit.html.j2", audit=audit, kinds=audit.kinds, scale=scale, lanes=_lanes)


def audit_markdown(audit: Audit) -> str:
    """Render the document."""
    return render_markdown("audit.md.j2", audit=audit, kinds=audit.kinds)


def _lanes(entry: EnvironmentEntry) -> list[Lane]:
    return [Lane("Current", "current", entry)]
