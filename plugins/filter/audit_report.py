# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter audit_report."""

from __future__ import annotations

import typing as t
from functools import partial

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import Audit, read_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_failure import audit_failure
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_pages import audit_html, audit_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_prometheus import audit_prometheus
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit_text import audit_text
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import AUDITS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_formats import MERGED_FORMATS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_input import is_several, read_several
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import audit_summary

_FORMATS = {
    "html": audit_html,
    "md": audit_markdown,
    "prom": audit_prometheus,
    "text": audit_text,
    "failure": audit_failure,
}


def audit_report(
    audit: object, output_format: object, hosts: object = 1, expected: object = None, report: object = None
) -> str:
    """Render an audit, or those of several managers in one report.

    :arg audit: one, a list, or a dictionary by host.
    :arg hosts: how many hosts publish a summary together; the other formats do not use it.
    :arg expected: the hosts or addresses of managers that must be among several.
    :arg report: the path of the report file, for a summary; the other formats do not use it.
    :raises AnsibleFilterError: if the format is unknown or the input has the wrong shape.
    """
    several = is_several(audit)
    if isinstance(hosts, bool) or not isinstance(hosts, int) or hosts < 1:
        raise AnsibleFilterError(f"audit_report: hosts must be a positive number, not '{hosts}'")
    path = str(report) if report else None
    single: dict[str, t.Callable[[Audit], str]] = {
        **_FORMATS,
        "summary": partial(audit_summary, hosts=hosts, report=path),
    }
    wanted = str(output_format)
    if wanted not in (MERGED_FORMATS if several else single):
        allowed = "html, md, json, prom, text or failure" if several else "html, md, prom, text, failure or summary"
        raise AnsibleFilterError(f"audit_report: the format must be {allowed}, not '{output_format}'")
    try:
        if several:
            return MERGED_FORMATS[wanted](read_several(AUDITS, audit, "audits", expected))
        if expected is not None:
            raise ReportError("expected: is for a list of audits only, or for a dictionary of them by host")
        return single[wanted](read_audit(audit))
    except ReportError as exc:
        raise AnsibleFilterError(f"audit_report: {exc}") from exc


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"audit_report": audit_report}
