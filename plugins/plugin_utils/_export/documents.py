# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of an export: lists of certificates for the role, and PEM files. Pure.

The text of a file depends on nothing but the certificates, so that a second export changes nothing.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence

import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.file_names import FileNames
from ansible_collections.apinizer.apiops.plugins.plugin_utils._export.selection import Exported, Selection

LIST = "certificates.yml"
PEM_FOLDER, LIST_FOLDER = "certificates", "differences"
"""The folders of the PEM files, and of the lists of environments whose certificates differ from those of others."""

_VARIABLE = "certificate_rotation_certificates"
_TEMPLATES = ("{{", "{%", "{#")
_LINE_BREAKS = frozenset("\n\r\x85\u2028\u2029")


def make_files(selection: Selection) -> dict[str, str]:
    """The text of each file by its path in the folder of the export, PEM files first: a list names only files that exist."""
    pem, lists = FileNames(), FileNames(".yml")
    files: dict[str, str] = {}

    def item(one: Exported, *environment: str) -> dict[str, t.Any]:
        path = f"{PEM_FOLDER}/{pem.add(one.project, one.name, *environment)}"
        files[path] = one.bundle.pem
        optional = {"alias": one.alias, "description": one.description}
        return {
            "project": one.project,
            "name": one.name,
            "path": path,
            **{key: value for key, value in optional.items() if value},
            "environments": list(one.environments),
        }

    same = [item(one) for one in selection.same]
    differing = {
        f"{LIST_FOLDER}/{lists.add(name)}": [item(one, name) for one in items]
        for name, items in selection.differing.items()
    }
    files.update({path: _document(path, items, ()) for path, items in differing.items()})
    files[LIST] = _document(LIST, same, [*_about_differences(differing), *_about_left_out(selection.left_out)])
    return files


def differences(lists: Mapping[str, Sequence[Mapping[str, t.Any]]]) -> dict[str, list[str]]:
    """The files that list each certificate that differs between environments, by C(project/name)."""
    found: dict[str, list[str]] = {}
    for path, items in lists.items():
        for item in items:
            found.setdefault(f"{item['project']}/{item['name']}", []).append(path)
    return found


def _about_differences(lists: Mapping[str, Sequence[Mapping[str, t.Any]]]) -> list[str]:
    if not lists:
        return []
    return [
        "",
        "These certificates differ between environments, and an item of the list has one certificate for all its",
        "environments. They are in a list of each environment, which is rotated separately:",
        *(f"  {key}: {', '.join(paths)}" for key, paths in sorted(differences(lists).items())),
    ]


def _about_left_out(messages: Sequence[str]) -> list[str]:
    return ["", "Not exported:", *(f"  {message}" for message in messages)] if messages else []


def _document(path: str, items: Sequence[Mapping[str, t.Any]], comments: Iterable[str]) -> str:
    lines = [
        "The certificates in the record of the manager, as the role certificate_rotation reads them. The playbook",
        "apinizer.apiops.export wrote this file, and overwrites it. Paths of PEM files start in the folder of certificates.yml, so",
        "run the playbook there, or set certificate_rotation_base_dir to that folder:",
        "",
        f"  ansible-playbook apinizer.apiops.rotate -e @{path} --check --diff",
        *comments,
    ]
    # A name in a comment must not start a line of its own.
    header = "".join(f"# {escape_controls(line)}".rstrip() + "\n" for line in lines)
    return f"---\n{header}\n{_dump({_VARIABLE: list(items)})}"


def _dump(value: Mapping[str, t.Any]) -> str:
    text: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10**9)
    if escape_controls(text.replace("\n", "")) == text.replace("\n", ""):
        return text
    # Characters that change how the text around them is shown are escaped, and with them all that are not ASCII.
    escaped: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=False, sort_keys=False, width=10**9)
    return escaped


class _Dumper(yaml.SafeDumper):
    """Writes YAML as ansible-lint asks for it, and names that contain a template so that Ansible never renders it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        """Indent the items of a list."""
        super().increase_indent(flow, False)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    tag = "!unsafe" if any(start in text for start in _TEMPLATES) else "tag:yaml.org,2002:str"
    return dumper.represent_scalar(tag, text, style='"' if _LINE_BREAKS.intersection(text) else None)


_Dumper.add_representer(str, _represent_text)
