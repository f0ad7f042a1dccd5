# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the documentation can refer to: options of modules, variables of this collection, and options of commands."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC
from integration.machine import COLLECTION, ROOT, Machine

Documentation = Mapping[str, Any]

_OURS = re.compile(r"\b(?:certificate_(?:rotation|audit|restore|export)|merge_reports)_[a-z]\w*")
_INSTALLED = "~/.ansible/collections/ansible_collections/apinizer/apiops/"
"""Where ansible-galaxy installs the collection by default."""

_COMMANDS = {
    "ansible": "adhoc.AdHocCLI",
    "ansible-doc": "doc.DocCLI",
    "ansible-galaxy": "galaxy.GalaxyCLI",
    "ansible-inventory": "inventory.InventoryCLI",
    "ansible-playbook": "playbook.PlaybookCLI",
    "ansible-vault": "vault.VaultCLI",
}
OTHERS = ("community.crypto", "community.hashi_vault")
"""The other collections with which the examples are checked."""

ENVIRONMENT = {*(f"APINIZER_{option.upper()}" for option in CONNECTION_SPEC), "APINIZER_TOKENS", "APINIZER_TOKENS_FILE"}
"""The environment variables that the modules read, and those that extensions/awx reads."""


def variables() -> set[str]:
    """Return the public variables of the role, the playbooks and the rulebooks."""
    specs = [_load(file) for file in ROOT.glob("roles/*/meta/argument_specs.yml")]
    options = {option for spec in specs for entry in spec["argument_specs"].values() for option in entry["options"]}
    sources = [
        file for where in ("roles/*/tasks", "playbooks/**", "extensions/**") for file in ROOT.glob(f"{where}/*.yml")
    ]
    return options | {name for file in sources for name in _OURS.findall(file.read_text(encoding="utf-8"))}


def variables_in(text: str) -> set[str]:
    """Return the variables of this collection that a text names."""
    return set(_OURS.findall(text))


def _load(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def tasks_in(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the full module name and the options of each task in a play or a list of tasks, including blocks."""
    for item in value:
        for key in ("pre_tasks", "tasks", "post_tasks", "block", "rescue", "always"):
            yield from tasks_in(item.get(key) or [])
        for key, options in item.items():
            if key.count(".") >= 2:
                yield key, options or {}


def collections_of(plays: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the collections whose roles and modules the plays use."""
    roles = [role["role"] if isinstance(role, Mapping) else role for play in plays for role in play.get("roles", ())]
    return {name.rpartition(".")[0] for name in [*roles, *(module for module, _unused in tasks_in(plays))]}


def read_documentation(machine: Machine, names: Iterable[str], collections: str, kind: str = "module") -> Documentation:
    """Return the documentation of plugins by full name; unknown plugins are missing."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    environment = {"ANSIBLE_COLLECTIONS_PATH": collections}
    run = machine.command("ansible-doc", "--type", kind, "--json", *wanted, env=environment)
    # Warnings may precede and follow the JSON.
    found: Documentation = json.JSONDecoder().raw_decode(run.text[run.text.index("{") :])[0]
    return found


def unknown_options(documentation: Documentation, module: str, options: Any) -> list[str]:
    """Return the problems of a task: an unknown module, or unknown options."""
    if module not in documentation:
        return [f"there is no module {module}"]
    known: set[str] = set()
    for name, option in documentation[module]["doc"].get("options", {}).items():
        known |= {name, *option.get("aliases", ())}
    # Modules such as set_fact accept any key.
    if not isinstance(options, Mapping) or known & {"free_form", "key_value"}:
        return []
    return [f"{module} has no option {option}" for option in sorted(set(options) - known)]


def unknown_in_command(line: str, files: Iterable[str]) -> list[str]:
    """Return the problems of an Ansible command line: unknown options, and missing playbooks and files.

    :arg files: the names of the files that the reader has.
    """
    words = _words(line)
    program = words[0]
    if program not in _COMMANDS:
        return []
    module, _unused, name = _COMMANDS[program].partition(".")
    command = getattr(importlib.import_module(f"ansible.cli.{module}"), name)(words)
    command.init_parser()
    parser: argparse.ArgumentParser = command.parser
    try:
        given, left = parser.parse_known_args(words[1:])
    except SystemExit:
        return [f"{program} cannot read its options"]
    wrong = [f"{program} has no option {option}" for option in left if option.startswith("-")]
    for playbook in getattr(given, "args", []) if program == "ansible-playbook" else []:
        collection, _unused, own = playbook.rpartition(".")
        in_collection = playbook.removeprefix(_INSTALLED)
        place = ROOT / "playbooks" / f"{own}.yml" if collection == COLLECTION else ROOT / in_collection
        there = place.is_file() or playbook in files
        if not there:
            wrong.append(f"there is no playbook {playbook}")
    for value in getattr(given, "extra_vars", None) or []:
        # The parser has made the path absolute.
        if value.startswith("@") and Path(value[1:]).name not in files:
            wrong.append(f"there is no file {value[1:]}")
    return wrong


def ad_hoc_task(line: str) -> tuple[str, dict[str, str]] | None:
    """Return the module of an ad hoc command and its options; None for any other command."""
    words = _words(line)
    if words[0] != "ansible" or "-m" not in words:
        return None
    given = words[words.index("-a") + 1] if "-a" in words else ""
    return words[words.index("-m") + 1], dict(part.split("=", 1) for part in shlex.split(given))


def _words(line: str) -> list[str]:
    """Return the words of a command line, with a placeholder for each command substitution."""
    return shlex.split(re.sub(r"\$\(.*?\)", "value", line))
