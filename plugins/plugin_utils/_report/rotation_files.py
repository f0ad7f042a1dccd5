# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report files of a rotation."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_pages import (
    rotation_html,
    rotation_markdown,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import RotationResult


def rotation_files(result: RotationResult) -> Mapping[str, str]:
    """The texts of the report files of a run, by file name."""
    rotation = read_rotation(result)
    return {
        "rotation.json": json.dumps(result, indent=4, sort_keys=True, ensure_ascii=False) + "\n",
        "rotation.html": rotation_html(rotation),
        "rotation.md": rotation_markdown(rotation),
    }
