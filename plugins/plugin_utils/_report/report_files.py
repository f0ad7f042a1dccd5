# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the files of a report into its folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import Files


def json_text(value: object) -> str:
    """The content of a JSON file that people read as well."""
    return json.dumps(value, indent=4, sort_keys=True, ensure_ascii=False) + "\n"


def write_report_files(files: Files, folder: str, texts: Mapping[str, str]) -> None:
    """Write files, readable by everyone, into a folder that is created if needed.

    :arg texts: the contents by the names of the files.
    :raises FileProblem: where one of them cannot be written.
    """
    files.make_folder(folder, 0o755)
    for name, text in texts.items():
        files.write(os.path.join(folder, name), text, 0o644)
