# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter rotation_report."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_pages import (
    rotation_html,
    rotation_markdown,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_prometheus import rotation_prometheus

_FORMATS = {"html": rotation_html, "md": rotation_markdown, "prom": rotation_prometheus}


def rotation_report(result: object, output_format: object) -> str:
    """Render the result of a rotation.

    :raises AnsibleFilterError: if the format is unknown or the result has the wrong shape.
    """
    render = _FORMATS.get(str(output_format))
    if render is None:
        raise AnsibleFilterError(f"rotation_report: the format must be html, md or prom, not '{output_format}'")
    try:
        return render(read_rotation(result))
    except ReportError as exc:
        raise AnsibleFilterError(f"rotation_report: {exc}") from exc


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filters of this file by name."""
        return {"rotation_report": rotation_report}
