# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of the fake manager lists every endpoint and every trait, and nothing that does not exist."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import get_args

import pytest

import manager as package
from manager import Manager
from manager.dialect import Generation
from manager.options import Options
from manager.routes import ROUTES

README = Path(package.__file__).with_name("README.md").read_text(encoding="utf-8")
GENERATIONS = get_args(Generation)
OUT_OF_SCOPE = "out of scope: "


def rows(section: str) -> list[list[str]]:
    """Return the cells of the table in a section, without its header."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return [re.split(r"\s*\|\s*", line.strip("| ")) for line in text.splitlines() if line.startswith("|")][2:]


ENDPOINTS, RULES = rows("Endpoints"), rows("Rules")


def generations(cell: str) -> tuple[str, ...]:
    """Return the generations that a cell of the table means."""
    if cell == "all":
        return GENERATIONS
    word, generation = cell.split()
    start = GENERATIONS.index(generation)
    return GENERATIONS[start:] if word == "since" else GENERATIONS[start : start + 1]


def test_every_route_is_in_the_table_and_every_served_endpoint_has_a_route():
    served = [
        (endpoint.strip("`"), generations(cell)) for endpoint, cell, status, _page in ENDPOINTS if status == "served"
    ]
    assert sorted(served) == sorted((f"{route.method} {route.template}", route.generations) for route in ROUTES)


def test_the_default_of_the_trait_for_truststores_matches_the_table():
    for route in ROUTES:
        if route.source is not None:
            offered = tuple(name for name in GENERATIONS if route.offered(Options(name)))
            assert offered == route.generations


def test_an_endpoint_that_is_not_served_has_a_reason_and_no_route():
    others = {endpoint: status for endpoint, _cell, status, _page in ENDPOINTS if status != "served"}
    assert others
    assert all(status.startswith(OUT_OF_SCOPE) for status in others.values())
    assert not {f"`{route.method} {route.template}`" for route in ROUTES}.intersection(others)


def test_the_table_of_generations_is_complete():
    assert [generation.strip("`") for generation, _releases in rows("Generations")] == list(GENERATIONS)


@pytest.mark.parametrize("row", [*ENDPOINTS, *RULES], ids=lambda row: row[0][:60])
def test_every_row_is_complete(row):
    assert len(row) in (3, 4)
    assert all(row)


def test_every_trait_is_in_the_table():
    traits = {field.name for field in dataclasses.fields(Options)} - {"generation"}
    parameters = set(inspect.signature(Manager.__init__).parameters) - {"self", "generation", "traits"}
    named = {name for _rule, how, _page in RULES for name in re.findall(r"`(\w+)`", how)}
    assert traits | parameters <= named


def test_everything_that_the_table_names_exists():
    known = {field.name for field in dataclasses.fields(Options)} | set(package.__all__)
    known |= set(inspect.signature(Manager.__init__).parameters) | set(dir(Manager))
    for _rule, how, _page in RULES:
        if how.startswith(OUT_OF_SCOPE):
            continue
        assert how.startswith(("always", "generation", "`"))
        assert {re.match(r"\w+", text)[0] for text in re.findall(r"`([^`]+)`", how)} <= known | {
            "permissions",
            "deploy",
        }
