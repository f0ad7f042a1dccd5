# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _definition

FOLDER = Path(_definition.__file__).parent
PACKAGE = "ansible_collections.apinizer.apiops.plugins."


def files_on_the_map() -> list[str]:
    """The files in the order of the map at the top of `_definition.py`, highest layer first."""
    assert _definition.__doc__ is not None
    return re.findall(r"(?<!\S)_[a-z0-9]+\b", _definition.__doc__.partition("::")[2])


def imported(file: Path) -> Iterator[str]:
    """The modules of the collection that a file imports, as `module_utils._client`."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith(PACKAGE))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(PACKAGE):
            module = str(node.module).removeprefix(PACKAGE)
            yield from ([module] if "." in module else [f"{module}.{name.name}" for name in node.names])


def test_every_file_is_on_the_map_once() -> None:
    assert sorted(files_on_the_map()) == sorted(file.stem for file in FOLDER.glob("*.py"))


@pytest.mark.parametrize("name", files_on_the_map())
def test_a_file_only_imports_files_below_it(name: str) -> None:
    order = files_on_the_map()
    below = {f"module_utils.{other}" for other in order[order.index(name) + 1 :]}
    assert set(imported(FOLDER / f"{name}.py")) <= below
