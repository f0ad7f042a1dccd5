# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block of code in the documentation is well-formed, and speaks of nothing that does not exist."""

from __future__ import annotations

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
    spoken_of,
    tasks_in,
    unknown_in_command,
    unknown_options,
    variables,
)
from integration.machine import COLLECTION, Machine

pytestmark = [pytest.mark.exhaustive, pytest.mark.one_way]

DOCUMENTS = documents()
BLOCKS = [block for document in DOCUMENTS for block in blocks(document)]
LANGUAGES = {"console", "ini", "jinja", "json", "prometheus", "python", "stage", "text", "yaml"}


class _Loader(yaml.SafeLoader):
    """Takes tags that are Ansible's, such as !vault and !unsafe, for the text that follows them."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def _load(block: Block) -> Any:
    return yaml.load(block.text, Loader=_Loader)


def _in(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def _plays(block: Block) -> list[Any] | None:
    """A block as plays: a playbook as it is, a list of tasks within one; None for what is neither."""
    loaded = _load(block)
    if not isinstance(loaded, list) or not all(isinstance(item, dict) for item in loaded):
        return None
    if any("rules" in item for item in loaded):
        return None  # a rulebook
    if any("hosts" in item for item in loaded):
        return loaded
    return [{"hosts": "localhost", "gather_facts": False, "tasks": loaded}] if any(tasks_in(loaded)) else None


def _is_checked(plays: list[Any]) -> bool:
    """Whether all collections that plays use are at hand: some are on a user's machine only."""
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
    """A machine for all tests of this file, none of which changes it."""
    return Machine(tmp_path_factory.mktemp("blocks"), programs, collections, "process")


@pytest.fixture(scope="module")
def documentation(scratch: Machine, all_collections: str) -> Documentation:
    """The documentation of all modules that the blocks use."""
    modules = {module for block in RUNNABLE for module, _unused in tasks_in(_plays(block) or [])}
    modules |= {task[0] for _unused, line in AD_HOC for task in [ad_hoc_task(line)] if task}
    return read_documentation(scratch, modules, all_collections)


@pytest.fixture(scope="module")
def all_pass(scratch: Machine, all_collections: str) -> bool:
    """Whether Ansible accepts all playbooks and lists of tasks together, which takes one start of Ansible."""
    return _syntax(scratch, all_collections, *RUNNABLE) == ""


def _syntax(machine: Machine, collections: str, *checked: Block) -> str:
    """What Ansible has against playbooks and lists of tasks; empty for nothing."""
    names = []
    for block in checked:
        names.append(f"{block.file.stem}-{block.line}.yml")
        machine.file(names[-1], block.text if "hosts" in _load(block)[0] else json.dumps(_plays(block)))
    environment = {"ANSIBLE_COLLECTIONS_PATH": collections}
    run = machine.command("ansible-playbook", "--syntax-check", *names, env=environment)
    return run.text if run.status else ""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_no_block_is_overlooked(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    marks = r"^\s*```\w" if document.suffix == ".md" else r"^\s*(?:\.\. code-block::|\.\. stage:)"
    found = blocks(document)

    assert len(found) == len(re.findall(marks, text, flags=re.MULTILINE))
    assert {block.language for block in found} <= LANGUAGES


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: f"{document.parent.name}/{document.name}")
def test_what_is_ours_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")

    assert spoken_of(text) - variables() == set()
    assert set(re.findall(r"\bAPINIZER_[A-Z]\w*", text)) - ENVIRONMENT == set()


@pytest.mark.parametrize("block", _in("yaml", "json"), ids=lambda block: block.where)
def test_data_can_be_read(block: Block) -> None:
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
def test_an_inventory_has_the_options_of_its_plugin(scratch: Machine, collections: str, block: Block) -> None:
    loaded = _load(block)
    plugin = loaded.get("plugin", "") if isinstance(loaded, Mapping) else ""
    if plugin.startswith(COLLECTION):
        known = read_documentation(scratch, [plugin], collections, kind="inventory")
        assert unknown_options(known, plugin, loaded) == []


@pytest.mark.parametrize("block", _in("console"), ids=lambda block: block.where)
def test_commands_can_be_given(block: Block) -> None:
    # A README says what to call a file in passing; a guide shows it, or speaks of it.
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
