# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the execution environment: ansible-builder accepts it, and it adds only the libraries that modules import."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import project

DEFINITION = project.ROOT / "extensions" / "execution-environment" / "execution-environment.yml"
CONTEXT = project.CACHE / "execution-environment"
BUILDER = project.BIN / "ansible-builder"


def check() -> str:
    """Run both checks and return a summary."""
    _create()
    found = _introspect()
    return f"ansible-builder {project.output(BUILDER, '--version').strip()}: {', '.join(found)}, no system package"


def _create() -> None:
    """Create the build context from the definition, which must not add requirements of its own."""
    shutil.rmtree(CONTEXT, ignore_errors=True)
    options = ("--output-filename", "Containerfile", "--context", CONTEXT)
    project.run(BUILDER, "create", "--file", DEFINITION, *options)
    added = {file.name for file in (CONTEXT / "_build").iterdir() if file.is_file()}
    if added != {"requirements.yml"}:
        raise project.Failed(f"{DEFINITION.name} adds {', '.join(sorted(added))}, but only the collection is allowed")


def _introspect() -> list[str]:
    """Return the Python requirements that ansible-builder finds in the collection."""
    tree = project.copy_tree("ee")
    pip, bindep = CONTEXT / "pip.txt", CONTEXT / "bindep.txt"
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
