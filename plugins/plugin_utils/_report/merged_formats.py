# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats in which the reports of several managers are rendered."""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_json import merged_json
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_pages import merged_html, merged_markdown
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_prometheus import merged_prometheus
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_text import merged_failure, merged_text

FILE_FORMATS: dict[str, Callable[[Merged], str]] = {
    "html": merged_html,
    "md": merged_markdown,
    "json": merged_json,
    "prom": merged_prometheus,
}
"""Those that are written to files, by the ends of their names."""

MERGED_FORMATS: dict[str, Callable[[Merged], str]] = {**FILE_FORMATS, "text": merged_text, "failure": merged_failure}
