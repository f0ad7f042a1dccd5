# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy overlap: on each kind of manager, gateways never trust neither the old nor the new certificate.

The phases of the role run in this process, over real HTTP. `overlap_world` asserts the trust after every request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration.overlap_world import (
    COMPANIONS,
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    PRODUCTION,
    PROJECT,
    World,
    make_world,
    marker_start,
)
from manager import Authority, Fault, Issued, Manager

pytestmark = pytest.mark.exhaustive

SOURCES = (("workers", "manager"), ("manager",), ())
GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
MANAGERS = [
    pytest.param(generation, {"truststore": truststore}, id=f"{generation}-{'+'.join(truststore) or 'none'}")
    for generation in GENERATIONS
    for truststore in SOURCES
]
WRITES = ["POST", "POST", f"PUT {NAME}", *(f"DELETE {name}" for name in COMPANIONS.values())]

MakeWorld = Callable[..., World]


@pytest.fixture
def issue(authority: Authority) -> Callable[[int], Issued]:
    """Issue a certificate with that many days left."""
    now = datetime.now(timezone.utc)
    return lambda days: authority.issue("www.example.com", not_after=now + timedelta(days=days))


@pytest.fixture
def make(tmp_path: Path, issue: Callable[[int], Issued]) -> Iterator[MakeWorld]:
    """Start a manager of a generation, with the traits of `Options`, and prepare the variables of the role."""
    with ExitStack() as stack:

        def make(generation: str = "2025", traits: dict[str, Any] | None = None, **variables: Any) -> World:
            manager = stack.enter_context(Manager(generation, **(traits or {})))  # type: ignore[arg-type]
            return make_world(manager, tmp_path, issue(30), issue(300), **variables)

        yield make


@pytest.mark.parametrize(("generation", "traits"), MANAGERS)
def test_one_run_introduces_promotes_and_retires(make: MakeWorld, generation: str, traits: dict[str, Any]) -> None:
    world = make(generation, traits)
    check = world.run(check=True)
    assert (check.outcome, check.changed, check.stages) == ("planned", True, ["introduce"])

    made = world.run()

    assert made.outcome == "rotated"
    assert made.requests == WRITES
    assert "Rotated 1 of 1 certificates in 2 environments" in made.message
    assert "Retired 2 companions" in made.message
    assert [wave["stage"] for wave in made.result["waves"]] == ["introduce", "introduce", "promote"]
    assert [one["outcome"] for one in made.result["certificates"]] == ["rotated", "retired", "retired"]
    world.assert_rotated(world.new)
    again = world.run()
    assert (again.outcome, again.requests, again.stages) == ("nothing_to_do", [], [None])


@pytest.mark.parametrize(("generation", "traits"), MANAGERS)
def test_an_overlap_of_some_days_takes_several_runs(make: MakeWorld, generation: str, traits: dict[str, Any]) -> None:
    world = make(generation, traits, overlap_days=7)

    first = world.run()

    assert (first.outcome, first.requests) == ("introduced", WRITES[:2])
    assert world.held() == world.everywhere(world.old, companions=world.new)
    assert all(trusted == {world.old.der, world.new.der} for trusted in world.trusted().values())
    known = generation != "2024.09"  # which reports no descriptions
    assert ("overlapping until 20" in first.message) == known
    for _ in range(2):
        waiting = world.run()
        assert (waiting.outcome, waiting.requests, waiting.changed) == ("introduced", [], False)
        assert waiting.stages == ["overlapping"]
        assert "Nothing was written. 1 of 1 certificates overlapping until" in waiting.message
    world.wait(days=6.9)
    assert world.run().outcome == "introduced"
    world.wait(days=0.2)

    last = world.run(promote=not known)

    confirmed = bool(traits["truststore"])
    # What no gateway confirms is written again, so that the manager reports its deployment.
    rewritten = [] if confirmed else [f"PUT {name}" for name in COMPANIONS.values()]
    assert (last.outcome, last.requests) == ("rotated", [*rewritten, *WRITES[2:]])
    world.assert_rotated(world.new)
    assert world.run().outcome == "nothing_to_do"
