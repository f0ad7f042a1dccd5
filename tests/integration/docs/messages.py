# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts in our code, each as its fixed pieces without the values between them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from integration.machine import ROOT

Template = tuple[str, ...]
"""The fixed pieces of a text in order, with whitespace normalized."""

_GAP = "\0"
_NAMED_FIRST = {
    "InputError": "",
    "SettingError": "certificate_rotation_",
    "RestoreSettingError": "certificate_restore_",
    "ExportSettingError": "certificate_export_",
    "MergeSettingError": "merge_reports_",
}
"""Error classes whose message starts with their first argument, the name of an option or variable."""


def templates() -> set[Template]:
    """Return the texts of the plugins, the role and the playbooks."""
    found: set[Template] = set()
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in ROOT.glob("plugins/**/*.py")]
    constants = dict(constant for tree in trees for constant in _constants(tree))
    for tree in trees:
        found |= set(_of_python(tree, constants))
    for file in [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/**/*.yml")]:
        found |= {_pieces(re.sub(r"\{\{.*?\}\}", _GAP, text, flags=re.DOTALL)) for text in _texts(_load(file))}
    return found


def says(template: Template, quoted: str) -> bool:
    """Return whether a template can produce the quoted text, in which `...` stands for values.

    Each part between the `...` must occur in one fixed piece, in order.
    """
    pieces = list(template)
    for part in _fragments(quoted):
        while pieces and part not in pieces[0]:
            pieces.pop(0)
        if not pieces:
            return False
        pieces[0] = pieces[0].partition(part)[2]
    return True


def _fragments(quoted: str) -> list[str]:
    parts = (" ".join(part.split()) for part in quoted.split("..."))
    return [part for part in parts if re.search(r"\w", part)]


def words(quoted: str) -> int:
    """Return the number of words of a quoted text outside `...`."""
    return sum(len(part.split()) for part in _fragments(quoted))


def _pieces(text: str) -> Template:
    return tuple(" ".join(piece.split()) for piece in text.split(_GAP) if piece.strip())


def _load(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in a value, and those inside Jinja expressions."""
    if isinstance(value, str):
        yield value
        yield from re.findall(r"'([^'{}]+)'", value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _of_python(tree: ast.Module, constants: dict[str, str]) -> Iterator[Template]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _NAMED_FIRST:
            prefix = _NAMED_FIRST[node.func.id]
            yield _pieces(prefix + ": ".join(_text(argument, constants) for argument in node.args))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "join_sentences":
            yield _pieces(". ".join(_text(argument, constants) for argument in node.args))
        elif isinstance(node, (ast.JoinedStr, ast.BinOp, ast.Constant)):
            yield _pieces(_text(node, constants))


def _constants(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the string constants of a module, which can be parts of other texts."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield from ((target.id, node.value.value) for target in node.targets if isinstance(target, ast.Name))


def _text(node: ast.expr, constants: dict[str, str]) -> str:
    """Return a text with a gap in place of each value."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else _GAP
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(value, constants) for value in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants)
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text(node.left, constants) + _text(node.right, constants)
    return _GAP
