# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter rotation_report."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ROTATIONS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_formats import MERGED_FORMATS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_input import is_several, read_several
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_pages import (
    rotation_html,
    rotation_markdown,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_prometheus import rotation_prometheus

_FORMATS = {"html": rotation_html, "md": rotation_markdown, "prom": rotation_prometheus}


def rotation_report(result: object, output_format: object, expected: object = None) -> str:
    """Render the result of a rotation, or those of several managers in one report.

    :arg result: one, a list, or a dictionary by host.
    :arg expected: the hosts or addresses of managers that must be among several.
    :raises AnsibleFilterError: if the format is unknown or the input has the wrong shape.
    """
    several = is_several(result)
    wanted = str(output_format)
    if wanted not in (MERGED_FORMATS if several else _FORMATS):
        allowed = "html, md, json, prom, text or failure" if several else "html, md or prom"
        raise AnsibleFilterError(f"rotation_report: the format must be {allowed}, not '{output_format}'")
    try:
        if several:
            return MERGED_FORMATS[wanted](read_several(ROTATIONS, result, "results", expected))
        if expected is not None:
            raise ReportError("expected: is for a list of results only, or for a dictionary of them by host")
        return _FORMATS[wanted](read_rotation(result))
    except ReportError as exc:
        raise AnsibleFilterError(f"rotation_report: {exc}") from exc


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"rotation_report": rotation_report}
