# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report files of a rotation."""

from __future__ import annotations

import os

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.report_files import json_text, write_report_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_pages import (
    rotation_html,
    rotation_markdown,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_prometheus import rotation_prometheus
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import RotationResult

RESULT_FILE = "rotation.json"
METRICS_FILE = "apinizer_rotation.prom"


def write_rotation_files(result: RotationResult, folder: str, files: Files) -> str:
    """Write the report files of a run, in check mode as well, and return the path of the one with the result.

    The metrics describe the last rotation, so check mode leaves them as they are.

    :raises FileProblem: where one of them cannot be written.
    """
    rotation = read_rotation(result)
    texts = {
        RESULT_FILE: json_text(result),
        "rotation.html": rotation_html(rotation),
        "rotation.md": rotation_markdown(rotation),
    }
    if not result["check_mode"]:
        texts[METRICS_FILE] = rotation_prometheus(rotation)
    write_report_files(files, folder, texts)
    return os.path.join(folder, RESULT_FILE)
