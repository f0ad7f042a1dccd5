# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders an audit as lines of plain text, for the screen."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit, AuditFinding


def audit_text(audit: Audit) -> str:
    """Render one line for each problem, or one that there is none, and one line for each other finding and for each cause of
    what is unknown.
    """
    problems = [_line(finding) for finding in audit.findings if finding.is_problem]
    others = [_line(finding) for finding in audit.findings if not finding.is_problem]
    lines = (*(problems or ["No problems found"]), *others, *audit.notes)
    return "".join(f"{escape_controls(' '.join(line.split()))}\n" for line in lines)


def _line(finding: AuditFinding) -> str:
    return f"{finding.about} / {finding.message}"
