# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup of a run, one folder with a PEM file per certificate and environment and a manifest."""

from __future__ import annotations

import hashlib
import json
import os
import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.file_names import FileNames
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import MANIFEST, SCHEMA
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run


def write_backup(run: Run, files: Files, folder: str) -> str:
    """Keep the previous certificates of a run; on the controller, the run file moves there as well.

    :arg folder: the folder to make for this run.
    :returns: the folder's path as it was made.
    :raises FileProblem: where a file cannot be written.
    """
    if isinstance(files, ControllerFiles):
        folder = files.unused(files.path(folder))
    files.make_folder(folder, 0o700)
    certificates, file_names = [], FileNames()
    for planned in run.plan.certificates:
        previous = run.previous.get(planned.key)
        if previous:
            certificates.append(_write_certificate(previous, files, folder, file_names))
    manifest = {
        "schema": SCHEMA,
        "manager": run.manager,
        "host": run.host,
        "started": iso(run.started),
        "finished": iso(datetime.now(timezone.utc)),
        "backup": folder,
        "certificates": certificates,
    }
    files.write(os.path.join(folder, MANIFEST), json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", 0o600)
    if isinstance(files, ControllerFiles):
        run.move_file(folder)
    return folder


def _write_certificate(
    previous: Mapping[str, t.Any], files: Files, folder: str, file_names: FileNames
) -> dict[str, t.Any]:
    """Write a certificate's files; return its part of the manifest."""
    environments = []
    for view in previous["environments"]:
        file = sha256 = None
        if view["content"]:
            file = file_names.add(previous["project"], previous["name"], view["name"])
            sha256 = hashlib.sha256(view["content"].encode("ascii")).hexdigest()
            files.write(os.path.join(folder, file), view["content"], 0o600)
        kept = ("name", "alias", "not_after", "fingerprint_sha256")
        environments.append({**{key: view[key] for key in kept}, "file": file, "sha256": sha256})
    return {**{key: previous[key] for key in ("project", "name", "description")}, "environments": environments}
