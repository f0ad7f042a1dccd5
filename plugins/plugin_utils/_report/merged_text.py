# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders the reports of several managers as lines of plain text, for the screen. Pure."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import join_sentences
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged, shortened
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.status import short

_LONGEST = 400
"""Characters of a manager's message. The report has all of it."""


def merged_lines(merged: Merged) -> list[str]:
    """The result, and a line for each report that is too old, cannot be read, or is a failure."""
    lines = [
        f"{short(merged.outcome).label}. {merged.message}",
        *(f"{one.name}: {one.text}" for one in merged.missing if one.last),
        *(f"{one.source}: {one.problem}" for one in merged.unusable),
        *(_line(report) for report in merged.failures),
    ]
    return [escape_controls(" ".join(line.split())) for line in lines]


def merged_text(merged: Merged) -> str:
    """The lines as one text."""
    return "".join(f"{line}\n" for line in merged_lines(merged))


def merged_failure(merged: Merged) -> str:
    """Which managers have failed, and which reports are missing or cannot be read; empty if nothing fails."""
    sentences = []
    if failures := merged.failures:
        sentences.append(f"Failed: {shortened([report.host for report in failures])}")
    if merged.missing:
        sentences.append(f"Without a report: {shortened([one.name for one in merged.missing])}")
    if merged.unusable:
        sentences.append(f"Not readable: {shortened([one.source for one in merged.unusable])}")
    if merged.failed and not sentences:
        sentences.append("No reports")
    return escape_controls(" ".join(join_sentences(*sentences).split())) if sentences else ""


def _line(report: ManagerReport) -> str:
    message = report.message if len(report.message) <= _LONGEST else f"{report.message[:_LONGEST]}..."
    return f"{report.is_called}: {short(report.outcome).label}. {message}"
