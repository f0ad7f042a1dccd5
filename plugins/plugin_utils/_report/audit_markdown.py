# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of an audit as Markdown."""

from __future__ import annotations

import typing as t

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit, Place
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.markdown import heading, join, quote, table
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_markdown import HELD_HEADS, held_cells
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import days


def audit_md(audit: Audit) -> str:
    """The whole document."""
    blocks: list[str | list[str]] = [
        heading(1, f"Certificate audit: {audit.state.text}"),
        quote(audit.message),
        heading(2, "Summary"),
        table(("Fact", "Value"), audit.summary),
        table(
            ("Finding", "Certificates"),
            ((kind.text, number) for kind, number in audit.counts),
            numbers=("Certificates",),
        ),
    ]
    if audit.findings:
        findings = (
            (finding.kind.text, f"{finding.project} / {finding.name}", ", ".join(finding.environments), finding.message)
            for finding in audit.findings
        )
        heads = ("Finding", "Certificate", "Environments", "What it is")
        blocks += [heading(2, "Findings"), table(heads, findings)]
    if audit.certificates:
        blocks += [
            heading(2, "Days remaining by environment"),
            table(("Certificate", "Findings", *audit.environments), _matrix(audit), numbers=audit.environments),
            heading(2, "What the environments hold"),
            table(("Certificate", "Environment", "Entries", *HELD_HEADS), _held(audit), numbers=("Days left",)),
        ]
    return join(*blocks)


def _matrix(audit: Audit) -> t.Iterator[tuple[object, ...]]:
    kinds = audit.kinds
    for certificate in audit.certificates:
        found = ", ".join(kind.text for kind in kinds.get((certificate.project, certificate.name), ()))
        cells = (_days_left(certificate.place(environment)) for environment in audit.environments)
        yield (f"{certificate.project} / {certificate.name}", found, *cells)


def _days_left(place: Place | None) -> str | None:
    if place is None:
        return None
    return days(place.held.days_remaining) + (f" ({place.entries} entries)" if place.entries > 1 else "")


def _held(audit: Audit) -> t.Iterator[tuple[object, ...]]:
    for certificate in audit.certificates:
        for place in certificate.places:
            name = f"{certificate.project} / {certificate.name}"
            yield (name, place.environment, place.entries, *held_cells(place.held))
