# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every code block in the documentation is valid, and refers only to options, variables and files that exist."""

from __future__ import annotations

import csv
import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.docs.blocks import Block, blocks, documents
from integration.docs.doc_runner import commands
from integration.docs.references import (
    ENVIRONMENT,
    OTHERS,
    Documentation,
    ad_hoc_task,
    collections_of,
    read_documentation,
    tasks_in,
    unknown_in_command,
    unknown_options,
    variables,
    variables_in,
)
from integration.machine import COLLECTION, ROOT, Machine

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

DOCUMENTS = documents()
BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
LANGUAGES = {"console", "guide-test", "ini", "jinja", "json", "prometheus", "python", "text", "yaml"}


class _Loader(yaml.SafeLoader):
    """Reads the tags of Ansible, such as !vault and !unsafe, as plain text."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def _load(block: Block) -> Any:
    return yaml.load(block.text, Loader=_Loader)


def _in(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def _plays(block: Block) -> list[Any] | None:
    """Return a block as plays, with a list of tasks wrapped in a play; None if it is neither."""
    loaded = _load(block)
    if not isinstance(loaded, list) or not all(isinstance(item, dict) for item in loaded):
        return None
    if any("rules" in item for item in loaded):
        return None  # a rulebook
    if any("hosts" in item for item in loaded):
        return loaded
    return [{"hosts": "localhost", "gather_facts": False, "tasks": loaded}] if any(tasks_in(loaded)) else None


def _is_checked(plays: list[Any]) -> bool:
    """Return whether all collections that the plays use are available for the check."""
    return collections_of(plays) <= {"ansible.builtin", COLLECTION, *OTHERS}


RUNNABLE = [block for block in _in("yaml") for plays in [_plays(block)] if plays and _is_checked(plays)]
AD_HOC = [
    (block, command.line)
    for block in _in("console")
    for command in commands(block)
    if command.line.startswith("ansible ")
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory, programs: Path, collections: str) -> Machine:
    """A machine that all tests of this file share, because none changes it."""
    return Machine(tmp_path_factory.mktemp("blocks"), programs, collections, "process")


@pytest.fixture(scope="module")
def documentation(scratch: Machine, all_collections: str) -> Documentation:
    """The documentation of the modules in the blocks."""
    modules = {module for block in RUNNABLE for module, _unused in tasks_in(_plays(block) or [])}
    modules |= {task[0] for _unused, line in AD_HOC for task in [ad_hoc_task(line)] if task}
    return read_documentation(scratch, modules, all_collections)


@pytest.fixture(scope="module")
def all_pass(scratch: Machine, all_collections: str) -> bool:
    """Whether Ansible accepts all blocks at once, which saves one start of Ansible for each."""
    return _syntax(scratch, all_collections, *RUNNABLE) == ""


def _syntax(machine: Machine, collections: str, *checked: Block) -> str:
    """Return the errors of Ansible's syntax check, or an empty string."""
    names = []
    for block in checked:
        names.append(f"{block.file.stem}-{block.line}.yml")
        machine.file(names[-1], block.text if "hosts" in _load(block)[0] else json.dumps(_plays(block)))
    environment = {"ANSIBLE_COLLECTIONS_PATH": collections}
    run = machine.command("ansible-playbook", "--syntax-check", *names, env=environment)
    return run.text if run.status else ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_every_block_is_found(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    marks = r"^\s*```\w" if document.suffix == ".md" else r"^\s*(?:\.\. code-block::|\.\. guide-test:)"
    found = blocks(document)

    assert len(found) == len(re.findall(marks, text, flags=re.MULTILINE))
    assert {block.language for block in found} <= LANGUAGES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.parent.name}/{document.name}")
def test_variables_of_this_collection_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    assert variables_in(text) - variables() == set()
    assert set(re.findall(r"\bAPINIZER_[A-Z]\w*", text)) - ENVIRONMENT == set()


@pytest.mark.parametrize("block", _in("yaml", "json"), ids=lambda block: block.where)
def test_yaml_and_json_are_valid(block: Block) -> None:
    assert json.loads(block.text) if block.language == "json" else _load(block)


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.where)
def test_ansible_accepts_the_syntax(scratch: Machine, all_collections: str, all_pass: bool, block: Block) -> None:
    if not all_pass:
        assert _syntax(scratch, all_collections, block) == ""


@pytest.mark.parametrize("block", RUNNABLE, ids=lambda block: block.where)
def test_modules_have_the_options(documentation: Documentation, block: Block) -> None:
    for module, options in tasks_in(_plays(block) or []):
        assert unknown_options(documentation, module, options) == []


@pytest.mark.parametrize("block", _in("yaml"), ids=lambda block: block.where)
def test_inventory_plugin_has_the_options(scratch: Machine, collections: str, block: Block) -> None:
    loaded = _load(block)
    plugin = loaded.get("plugin", "") if isinstance(loaded, Mapping) else ""
    if plugin.startswith(COLLECTION):
        known = read_documentation(scratch, [plugin], collections, kind="inventory")
        assert unknown_options(known, plugin, loaded) == []


@pytest.mark.parametrize("block", _in("console"), ids=lambda block: block.where)
def test_commands_are_valid(block: Block) -> None:
    # A README may name a file only in passing; a guide shows the file or mentions it in its text.
    text = block.file.read_text(encoding="utf-8")
    if block.file.suffix != ".md":
        for other in BLOCKS:
            if other.file == block.file and other.language == "console":
                text = text.replace(textwrap.indent(other.text, "   "), "")
    files = set(re.findall(r"[\w-]+\.\w+", text))
    for command in commands(block):
        assert unknown_in_command(command.line, files) == [], command.line


@pytest.mark.parametrize(("block", "line"), AD_HOC, ids=[f"{block.where} {line[:60]}" for block, line in AD_HOC])
def test_ad_hoc_commands_have_the_options(documentation: Documentation, block: Block, line: str) -> None:
    task = ad_hoc_task(line)
    assert task
    assert unknown_options(documentation, *task) == []


def test_figures_for_1000_certificates_are_measured() -> None:
    """The guide rounds the seconds that the benchmark has written."""
    guides = ROOT / "docs" / "docsite" / "rst"
    with (guides / "guide_speed.csv").open(encoding="utf-8", newline="") as file:
        measured = {tuple(row.values())[:4]: round(float(row["seconds"])) for row in csv.DictReader(file)}
    nothing = measured["1000", "0", "nothing to do", "certificate_rotation, paths"]
    everything = measured["1000", "20", "all to do", "certificate_rotation, 8 in parallel"]

    text = " ".join((guides / "guide_obtain.rst").read_text(encoding="utf-8").split())

    assert f"a run over 1,000 certificates takes {nothing} seconds if none of them is due" in text
    assert f"it takes {everything} seconds with a latency of 20 ms and eight parallel writes" in text
