# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the execution and the decision environment: ansible-builder accepts them, and they add only the collection.

The collection itself adds only the libraries that its modules import.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import project

NAMES = ("execution-environment", "decision-environment")
"""The definitions in extensions, each in a folder of the same name."""
BUILDER = project.BIN / "ansible-builder"


def check() -> str:
    """Run all checks and return a summary."""
    for name in NAMES:
        _create(name)
    found = _introspect()
    return f"ansible-builder {project.output(BUILDER, '--version').strip()}: {', '.join(found)}, no system package"


def _create(name: str) -> None:
    """Create the build context from a definition, which must not add requirements of its own."""
    context = project.CACHE / name
    shutil.rmtree(context, ignore_errors=True)
    options = ("--output-filename", "Containerfile", "--context", context)
    project.run(BUILDER, "create", "--file", project.ROOT / "extensions" / name / f"{name}.yml", *options)
    added = {file.name for file in (context / "_build").iterdir() if file.is_file()}
    if added != {"requirements.yml"}:
        raise project.Failed(f"{name}.yml adds {', '.join(sorted(added))}, but only the collection is allowed")


def _introspect() -> list[str]:
    """Return the Python requirements that ansible-builder finds in the collection."""
    tree = project.copy_tree("ee")
    pip, bindep = (project.CACHE / NAMES[0] / f"{kind}.txt" for kind in ("pip", "bindep"))
    folder = tree.parents[len(project.PLACE.parts) - 1]
    project.run(BUILDER, "introspect", "--sanitize", "--write-pip", pip, "--write-bindep", bindep, folder)
    found, wanted = _requirements(pip), _requirements(project.ROOT / "requirements.txt")
    if found != wanted:
        raise project.Failed(f"ansible-builder finds {found}, but requirements.txt contains {wanted}")
    if bindep.exists():
        raise project.Failed(f"the collection requires system packages: {bindep.read_text(encoding='utf-8')}")
    return found


def _requirements(file: Path) -> list[str]:
    """Return the requirements in a file, without comments."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return sorted(filter(None, (re.sub(r"(^|\s+)#.*", "", line).strip() for line in lines)))
