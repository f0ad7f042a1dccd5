# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The workspace of a user who rotates certificates: files, variables, and the environment of the commands."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .cases import PROJECT, certificate_name
from .certificates import CertificatePairs
from .manager_process import Address

PROGRAMS = Path(sys.executable).parent
PLAYBOOKS = Path(__file__).parent / "playbooks"
COLLECTIONS = Path(sys.prefix, "collections")


class Workspace:
    """A folder with the new certificates as files and with variable files that refer to them.

    `list` is the JSON list that the baseline reads. `certificates`, `rotation`, and `rotation_of_contents` are YAML
    files with the variables of the playbooks.
    """

    def __init__(self, folder: Path, pairs: CertificatePairs) -> None:
        """Write all files. The variables are block-style YAML, as people write it."""
        self.folder = folder
        certificates = folder / "certificates"
        for new_folder in (certificates, folder / "home"):
            new_folder.mkdir(parents=True)
        by_path, by_content = [], []
        for index, pem in enumerate(pairs.new):
            name = certificate_name(index)
            file = certificates / f"{name}.pem"
            file.write_text(pem, encoding="ascii")
            by_path.append({"project": PROJECT, "name": name, "path": str(file)})
            by_content.append({"project": PROJECT, "name": name, "content": pem})
        self.list = folder / "certificates.json"
        self.list.write_text(json.dumps(by_path), encoding="utf-8")
        self.certificates = self._variables("certificates", by_path)
        self.rotation = self._variables("certificate_rotation_certificates", by_path)
        self.rotation_of_contents = self._variables("certificate_rotation_certificates", by_content, "contents")
        (folder / "ansible.cfg").touch()

    def environment(self, address: Address) -> dict[str, str]:
        """Return the environment of the commands. It inherits nothing, so that the user's settings change no result."""
        home = self.folder / "home"
        return {
            "PATH": os.pathsep.join([str(PROGRAMS), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(home),
            "LC_ALL": "C.UTF-8",
            "APINIZER_URL": address.url,
            "APINIZER_TOKEN": address.token,
            "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
            "ANSIBLE_CONFIG": str(self.folder / "ansible.cfg"),
            "ANSIBLE_HOME": str(home / ".ansible"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "ANSIBLE_NOCOLOR": "true",
        }

    def _variables(self, key: str, certificates: list[dict[str, str]], kind: str = "paths") -> Path:
        lines = [f"{key}:"]
        for certificate in certificates:
            lines += [f"{'    ' if index else '  - '}{_pair(*pair)}" for index, pair in enumerate(certificate.items())]
        file = self.folder / f"{key}-{kind}.yml"
        file.write_text("\n".join([*lines, ""]), encoding="utf-8")
        return file


def _pair(key: str, value: str) -> str:
    if "\n" not in value:
        return f"{key}: {json.dumps(value)}"
    return "\n      ".join([f"{key}: |", *value.splitlines()])
