# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy overlap: on each kind of manager, gateways never trust neither the old nor the new certificate.

The phases of the role run in this process, over real HTTP. `overlap_world` asserts the trust after every request.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
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
    Ran,
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
    for _unused in range(2):
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


FAULTS = {
    "refused": {"kind": "status", "status": 500},
    "lost": {"kind": "drop_before"},
    "unanswered": {"kind": "drop_after"},
    "malformed": {"kind": "malformed", "after": True},
}
SITES = [
    pytest.param(method, path, id=f"{method}-{number}")
    for number, (method, path) in enumerate(
        [
            ("POST", "/certificates/"),
            ("POST", "/certificates/"),
            ("PUT", f"/{NAME}/"),
            ("DELETE", f"/{COMPANIONS[DEVELOPMENT]}/"),
            ("DELETE", f"/{COMPANIONS[PRODUCTION]}/"),
        ]
    )
]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("method", "path"), SITES)
@pytest.mark.parametrize("generation", ["2024.09", "2026.09"])
def test_a_write_that_fails_is_rolled_back_or_retired_later(
    make: MakeWorld, request: pytest.FixtureRequest, generation: str, method: str, path: str, fault: str
) -> None:
    world = make(generation, {"truststore": ("manager",)})
    skip = int(request.node.callspec.id.endswith("POST-1-" + fault) or "POST-1" in request.node.callspec.id)
    world.manager.faults.add(Fault(method=method, path=path, skip=skip, **FAULTS[fault]))  # type: ignore[arg-type]

    made = world.run()

    assert not len(world.manager.faults)
    if method == "DELETE":
        assert made.outcome == "rotated"
        deleted = fault in ("unanswered", "malformed")
        assert ("could not be deleted" in made.message) == (not deleted)
        left = {} if deleted else {path.strip("/"): world.new.der}
        assert world.held() == world.everywhere(world.new) | left
    elif made.outcome == "rolled_back":
        assert world.held() == world.everywhere(world.old)
        assert all(trusted == {world.old.der} for trusted in world.trusted().values())
    else:
        # The answer was lost, and the gateways have confirmed what it would have said.
        assert (made.outcome, fault in ("unanswered", "malformed")) == ("rotated", True)
    world.run()
    world.assert_rotated(world.new)
    assert world.run().outcome == "nothing_to_do"


@pytest.mark.parametrize("environments", [(DEVELOPMENT,), (PRODUCTION,)], ids=["development", "production"])
@pytest.mark.parametrize(
    ("days", "method", "path"),
    # After the days have passed, there are companions already, which no POST creates.
    [(0, *SITES[0].values), *((days, *site.values) for days in (0, 7) for site in (SITES[2], SITES[3]))],
)
def test_a_deployment_that_fails_is_rolled_back_or_retired_later(
    make: MakeWorld, method: str, path: str, environments: tuple[str, ...], days: int
) -> None:
    """The companions are deleted only after the gateways are known to hold the previous certificate again."""
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=days)
    if days:
        world.run()
        world.wait(days=8)
    world.manager.faults.add(
        Fault(
            "deployment_failure",
            method=method,
            path=path,
            environments=environments,
            times=None if method == "POST" else 1,
        )
    )

    made = world.run()

    if method == "DELETE":
        assert made.outcome == "rotated"
    else:
        assert made.outcome == "rolled_back"
        assert world.held() == world.everywhere(world.old, companions=world.new if days else None)
    world.manager.faults.clear()
    world.run()
    assert world.held() == world.everywhere(world.new)
    assert all(world.new.der in trusted and world.old.der not in trusted for trusted in world.trusted().values())


PHASES_OF_A_RUN = ["preflight", "write 1", "verify 1", "write 2", "verify 2", "write 3", "verify 3", "retire", "report"]


@pytest.mark.parametrize("stop_before", PHASES_OF_A_RUN)
@pytest.mark.parametrize(("generation", "truststore"), [("2024.09", ()), ("2025", ("manager",)), ("2026.09", ())])
def test_a_run_that_was_killed_is_continued(
    make: MakeWorld, generation: str, stop_before: str, truststore: tuple[str, ...]
) -> None:
    world = make(generation, {"truststore": truststore})
    world.run(stop_before=stop_before)
    at = PHASES_OF_A_RUN.index(stop_before)
    stage = "introduce" if at < 4 else "promote" if at < 6 else "retire" if at < 8 else None

    made = world.run()

    assert made.stages == [stage]
    assert made.outcome == ("rotated" if stage else "nothing_to_do")
    world.assert_rotated(world.new)
    assert world.run().outcome == "nothing_to_do"


@pytest.mark.parametrize("stop_before", ["preflight", "verify 1", "verify 2", "verify 3", "retire"])
@pytest.mark.parametrize("truststore", [("manager",), ()])
def test_check_mode_predicts_what_the_rest_of_an_overlap_changes(
    make: MakeWorld, stop_before: str, truststore: tuple[str, ...]
) -> None:
    world = make("2026.04", {"truststore": truststore})
    world.run(stop_before=stop_before)

    check, made = world.run(check=True), world.run()

    def headers(run: Ran) -> list[str]:
        return [str(diff["before_header"]) for phase in run.phases.values() for diff in phase.get("diff", ())]

    assert (check.outcome, check.changed) == ("planned", made.changed)
    assert headers(check) == headers(made)


@pytest.mark.parametrize("stop_before", ["verify 1", "verify 2", "verify 3"])
@pytest.mark.parametrize("gateway", ["missing", "stale"])
def test_what_the_gateways_do_not_hold_is_written_again(
    make: MakeWorld, issue: Callable[[int], Issued], stop_before: str, gateway: str
) -> None:
    """A companion of an earlier run, or the certificate itself, whose deployment got lost."""
    world = make("2026.04", {"truststore": ("manager",)})
    world.run(stop_before=stop_before)
    name = NAME if stop_before == "verify 3" else COMPANIONS[DEVELOPMENT]
    other = None if gateway == "missing" else issue(1)
    world.manager.set_gateway(PROJECT, name, DEVELOPMENT, other)

    made = world.run()

    assert f"PUT {name}" in made.requests
    assert made.outcome == "rotated"
    world.assert_rotated(world.new)


def test_what_the_companion_holds_does_not_verify_the_certificate(make: MakeWorld) -> None:
    """The answer to the update is lost and its deployment fails. The gateways hold its content under the other alias."""
    world = make("2026.04", {"truststore": ("manager",)})
    world.manager.faults.add(
        Fault("drop_after", method="PUT"), Fault("deployment_failure", method="PUT", environments=(PRODUCTION,))
    )

    made = world.run()

    assert made.outcome == "rolled_back"
    assert f"{PROJECT}/{NAME} in {PRODUCTION}: the gateways hold SHA-256" in made.message
    assert world.held() == world.everywhere(world.old)
    assert world.run().outcome == "rotated"


def test_companions_that_nobody_confirms_are_not_followed_by_an_update(make: MakeWorld) -> None:
    world = make("2026.04", {"truststore": ()})
    world.manager.faults.add(Fault("drop_after", method="POST", path="/certificates/"))

    made = world.run()

    assert made.outcome == "rolled_back"
    assert "Wave 3 was not started" in made.message
    assert f"{COMPANIONS[DEVELOPMENT]} in {DEVELOPMENT}" in made.message
    assert "certificate_rotation_verify_gateways" in made.message
    assert made.requests == ["POST", "POST", *(f"DELETE {COMPANIONS[one]}" for one in reversed(ENVIRONMENTS))]
    assert world.held() == world.everywhere(world.old)


def test_never_asks_and_relies_on_what_the_manager_reports(make: MakeWorld) -> None:
    world = make("2026.09", None, verify_gateways="never", overlap_days=1)
    mark = world.manager.journal.mark()
    world.run()
    world.wait(days=2)

    made = world.run()

    assert made.requests == [*(f"PUT {name}" for name in COMPANIONS.values()), *WRITES[2:]]
    assert not any("truststore" in request.path for request in mark)
    world.assert_rotated(world.new)


@pytest.mark.parametrize("generation", ["2025", "2026.09"])
def test_companions_stay_where_the_certificate_cannot_be_restored(make: MakeWorld, generation: str) -> None:
    """The update fails to deploy, and so does the rollback: without the companions, a gateway might trust neither."""
    world = make(generation, {"truststore": ()})
    world.manager.faults.add(
        Fault("deployment_failure", method="PUT", path=f"/{NAME}/", environments=(PRODUCTION,), times=None)
    )

    made = world.run()

    assert made.outcome == "rollback_failed"
    for environment in ENVIRONMENTS:
        assert f"{COMPANIONS[environment]} in {environment}: this companion was kept" in made.message
        assert world.new.der in world.trusted()[environment]
    world.manager.faults.clear()
    assert world.run().outcome == "rotated"
    world.assert_rotated(world.new)


@pytest.mark.parametrize("after", ["write 1", "write 3"])
def test_rollback_leaves_alone_what_someone_else_has_modified(
    make: MakeWorld, issue: Callable[[int], Issued], after: str
) -> None:
    world = make("2026.04", {"truststore": ("manager",)})
    name = COMPANIONS[DEVELOPMENT] if after == "write 1" else NAME
    other = issue(90)
    world.watch.new.append(other.der)

    def modify(title: str) -> None:
        if title == after.replace("write", "verify"):
            world.manager.set_entry(PROJECT, name, DEVELOPMENT, other)

    made = world.run(between=modify)

    assert made.outcome == "rollback_failed"
    assert f"{PROJECT}/{name} in {DEVELOPMENT}: modified by someone else" in made.message
    assert world.manager.holds(PROJECT, name)[DEVELOPMENT] == [other.der]
    if name == NAME:
        assert "this companion was kept" in made.message
        assert world.manager.holds(PROJECT, COMPANIONS[PRODUCTION])


@pytest.mark.parametrize("deleted", [True, False])
def test_a_companion_that_someone_else_modifies_is_not_followed_by_an_update(
    make: MakeWorld, issue: Callable[[int], Issued], deleted: bool
) -> None:
    """It was verified before the soak of a later wave, and the update would rely on it."""
    world = make("2026.04", {"truststore": ("manager",)})

    def modify(title: str) -> None:
        if title == "write 3" and deleted:
            world.manager.remove_certificate(PROJECT, COMPANIONS[DEVELOPMENT])
        elif title == "write 3":
            world.manager.set_entry(PROJECT, COMPANIONS[DEVELOPMENT], DEVELOPMENT, issue(90))

    made = world.run(between=modify)

    assert f"PUT {NAME}" not in made.requests
    assert "Wave 3 was not started, since someone else has modified the companions" in made.message
    assert f"{PROJECT}/{COMPANIONS[DEVELOPMENT]} in {DEVELOPMENT}" in made.message
    assert world.run().outcome == "rotated"
    world.assert_rotated(world.new)


@pytest.mark.parametrize("name", [NAME, COMPANIONS[DEVELOPMENT]])
def test_a_companion_is_not_deleted_after_someone_else_has_written(
    make: MakeWorld, issue: Callable[[int], Issued], name: str
) -> None:
    world = make("2026.04", {"truststore": ("manager",)})
    other = issue(90)
    world.watch.new.append(other.der)

    def modify(title: str) -> None:
        if title == "retire":
            world.manager.set_entry(PROJECT, name, DEVELOPMENT, other)

    made = world.run(between=modify)

    assert world.manager.holds(PROJECT, COMPANIONS[DEVELOPMENT])
    assert "modified by someone else" in str(made.phases["retire"]["warnings"])


def test_a_companion_that_is_someone_elses_now_is_not_left_to_the_next_run(make: MakeWorld) -> None:
    world = make("2026.04", {"truststore": ("manager",)})
    name = COMPANIONS[DEVELOPMENT]

    def modify(title: str) -> None:
        if title == "retire":
            held = world.manager.state.certificates[PROJECT, name]
            foreign = held.description.replace(f"overlap of {NAME} ", "overlap of another ")
            world.manager.state.certificates[PROJECT, name] = replace(held, description=foreign)

    made = world.run(between=modify)

    assert made.outcome == "rotated"
    (warning,) = made.phases["retire"]["warnings"]
    for text in (warning, made.message):
        assert f"The companion {PROJECT}/{name} was not deleted: it was modified by someone else" in text
        assert "is now the companion of another" in text
        assert f"No later run deletes it, and the next overlap of {NAME} is refused as long as" in text
        assert "delete it with apinizer_certificate and state=absent" in text
        assert "next run deletes it" not in text
        assert "left to the next run" not in text
    assert world.run().outcome == "nothing_to_do"
    assert world.manager.holds(PROJECT, name)


def test_a_deletion_that_is_not_deployed_is_named(make: MakeWorld) -> None:
    """The record has no companion any more, so no later run can find it."""
    world = make("2026.04", {"truststore": ("manager",)})
    name = COMPANIONS[DEVELOPMENT]
    world.manager.faults.add(
        Fault("deployment_failure", method="DELETE", path=f"/{name}/", environments=(DEVELOPMENT,))
    )

    made = world.run()

    assert made.outcome == "rotated"
    assert "Retired 2 companions" in made.message
    for text in (made.phases["retire"]["warnings"][0], made.message):
        assert f"The companion {PROJECT}/{name} was deleted, but its gateways may still hold it" in text
        assert f"its deployment failed in: {DEVELOPMENT} (" in text
        assert "They trust the new certificate in any case" in text
    assert world.held() == world.everywhere(world.new)
    assert world.run().outcome == "nothing_to_do"


@pytest.mark.parametrize("generation", ["2025", "2026.04", "2026.09"])
@pytest.mark.parametrize("days", [0, 7])
def test_a_third_certificate_restarts_the_overlap(
    make: MakeWorld, issue: Callable[[int], Issued], generation: str, days: int
) -> None:
    world = make(generation, {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    world.wait(days=5)
    before = marker_start(world.manager, PRODUCTION)
    third = issue(400)
    world.watch.new.append(third.der)
    world.variables["certificates"] = [{"project": PROJECT, "name": NAME, "content": third.pem}]

    made = world.run(overlap_days=days)

    puts = [f"PUT {name}" for name in COMPANIONS.values()]
    if days:
        assert (made.outcome, made.requests) == ("introduced", puts)
        assert world.held() == world.everywhere(world.old, companions=third)
        after = marker_start(world.manager, PRODUCTION)
        assert before
        assert after
        assert after - before > timedelta(days=4)
        assert world.run(promote=True).outcome == "rotated"
    else:
        assert (made.outcome, made.requests) == ("rotated", [*puts, *WRITES[2:]])
    world.assert_rotated(third)


def test_rollback_restores_the_companions_of_an_earlier_run(make: MakeWorld, issue: Callable[[int], Issued]) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    descriptions = {name: world.manager.state.certificates[PROJECT, name].description for name in COMPANIONS.values()}
    third = issue(400)
    world.watch.new.append(third.der)
    world.variables["certificates"] = [{"project": PROJECT, "name": NAME, "content": third.pem}]
    world.manager.faults.add(Fault("deployment_failure", method="PUT", path=f"/{NAME}/", environments=(PRODUCTION,)))

    made = world.run(overlap_days=0)

    assert made.outcome == "rolled_back"
    assert world.held() == world.everywhere(world.old, companions=world.new)
    for name, description in descriptions.items():
        assert world.manager.state.certificates[PROJECT, name].description == description


def test_companions_are_retired_if_the_user_goes_back(make: MakeWorld) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    world.variables["certificates"] = [{"project": PROJECT, "name": NAME, "content": world.old.pem}]

    made = world.run()

    assert (made.outcome, made.stages) == ("rotated", ["retire"])
    assert made.requests == WRITES[3:]
    assert world.held() == world.everywhere(world.old)
    assert world.run().outcome == "nothing_to_do"


@pytest.mark.parametrize("generation", ["2025", "2026.04"])
def test_a_certificate_is_obtained_once_for_all_runs_of_an_overlap(
    make: MakeWorld, issue: Callable[[int], Issued], generation: str
) -> None:
    world = make(generation, {"truststore": ("manager",), "list_content": False}, overlap_days=7)
    world.variables |= {
        "certificates": [{"project": PROJECT, "name": NAME, "renew_before_days": 60}],
        "obtain_tasks": "obtain.yml",
    }
    world.obtained = [world.new, issue(301)]

    outcomes = [world.run().outcome, world.run().outcome]
    world.wait(days=8)
    outcomes += [world.run(stop_before="retire").outcome, world.run().outcome, world.run().outcome]

    assert outcomes == ["introduced", "introduced", "killed", "rotated", "nothing_to_do"]
    assert len(world.obtained) == 1
    world.assert_rotated(world.new)


@pytest.mark.parametrize("truststore", [("manager",), ()])
def test_without_markers_the_alias_shows_that_an_obtained_certificate_is_introduced(
    make: MakeWorld, issue: Callable[[int], Issued], truststore: tuple[str, ...]
) -> None:
    """A manager of 2024.09 reports no descriptions. Otherwise each run would obtain another one, and be refused."""
    world = make("2024.09", {"truststore": truststore, "list_content": False}, overlap_days=7)
    world.variables |= {
        "certificates": [{"project": PROJECT, "name": NAME, "renew_before_days": 60}],
        "obtain_tasks": "obtain.yml",
    }
    world.obtained = [world.new, issue(301)]

    outcomes = [world.run().outcome, world.run().outcome, world.run(promote=True, stop_before="retire").outcome]
    outcomes += [world.run().outcome, world.run().outcome]

    assert outcomes == ["introduced", "introduced", "killed", "rotated", "nothing_to_do"]
    assert len(world.obtained) == 1
    world.assert_rotated(world.new)


def test_a_third_certificate_where_no_descriptions_are_reported_needs_the_companions_to_be_deleted(
    make: MakeWorld, issue: Callable[[int], Issued]
) -> None:
    world = make("2024.09", {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    third = issue(400)
    world.watch.new.append(third.der)
    world.variables["certificates"] = [{"project": PROJECT, "name": NAME, "content": third.pem}]

    made = world.run()

    assert (made.outcome, made.requests) == ("refused", [])
    assert made.message.count("this manager does not report descriptions") == 1
    assert "delete it with apinizer_certificate and state=absent, and run the role again" in made.message
    for name in COMPANIONS.values():  # as the message says
        world.manager.remove_certificate(PROJECT, name)
    assert world.run().outcome == "introduced"
    assert world.run(promote=True).outcome == "rotated"
    world.assert_rotated(third)


@pytest.mark.parametrize("obtained", [True, False])
def test_an_overlap_ends_although_the_certificate_is_not_due_any_more(make: MakeWorld, obtained: bool) -> None:
    """It was introduced with C(renew), which is true for one run only."""
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    given = {"project": PROJECT, "name": NAME, "renew_before": 5}
    if obtained:
        world.variables["obtain_tasks"] = "obtain.yml"
        world.obtained = [world.new]
    else:
        given["content"] = world.new.pem
    assert world.run(certificates=[{**given, "renew": True}]).outcome == "introduced"
    world.variables["certificates"] = [given]

    waiting = world.run()
    assert (waiting.outcome, waiting.stages, waiting.requests) == ("introduced", ["overlapping"], [])
    world.wait(days=8)

    assert world.run().outcome == "rotated"
    world.assert_rotated(world.new)
    assert world.run().outcome == "nothing_to_do"


def test_companions_that_were_left_and_are_older_do_not_replace_a_certificate(
    make: MakeWorld, authority: Authority
) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    now = datetime.now(timezone.utc)
    newer = authority.issue("www.example.com", not_before=now, not_after=now + timedelta(days=200))
    world.watch.new.append(newer.der)
    world.watch.promoted = True
    for environment in ENVIRONMENTS:
        world.manager.set_entry(PROJECT, NAME, environment, newer)
    certificate = {"project": PROJECT, "name": NAME, "renew_before": 60}

    made = world.run(certificates=[certificate], obtain_tasks="obtain.yml")

    assert (made.outcome, made.requests) == ("nothing_to_do", [])


@pytest.mark.parametrize(("window", "passed"), [(30, False), ("60%", False), (20, True)])
def test_a_certificate_that_would_be_due_before_its_overlap_ends_is_refused(
    make: MakeWorld, issue: Callable[[int], Issued], window: int | str, passed: bool
) -> None:
    """Otherwise a run would obtain another one before the promotion, and begin the overlap again, for ever."""
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=20)
    world.obtained = [issue(41), issue(41)]
    world.watch.new += [issued.der for issued in world.obtained]
    world.variables |= {
        "certificates": [{"project": PROJECT, "name": NAME, "renew_before": window, "renew": True}],
        "obtain_tasks": "obtain.yml",
    }

    made = world.run()

    assert made.outcome == ("introduced" if passed else "refused")
    if not passed:
        assert "left after certificate_rotation_overlap_days=20" in made.message
        assert "It would be due again before the overlap ends" in made.message
        assert world.run(overlap_days=0).outcome == "rotated"


def test_a_certificate_that_expires_during_its_overlap_is_refused(make: MakeWorld) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=400)

    made = world.run()

    assert (made.outcome, made.requests) == ("refused", [])
    assert "after certificate_rotation_overlap_days=400" in made.message
    assert world.run(promote=True).outcome == "rotated"


@pytest.mark.parametrize("generation", ["2025", "2026.04", "2026.09"])
def test_jwks_follow_with_the_promotion(make: MakeWorld, generation: str) -> None:
    world = make(
        generation,
        {"truststore": ("manager",)},
        update_referenced_jwks=True,
        update_scope="same_project",
        overlap_days=7,
    )
    world.manager.add_jwk(PROJECT, "signing", NAME)
    world.run()
    assert world.manager.state.jwks[PROJECT, "signing"].der == world.old.der
    world.wait(days=8)

    assert world.run().outcome == "rotated"

    assert world.manager.state.jwks[PROJECT, "signing"].der == world.new.der
    assert world.manager.state.jwks[PROJECT, "signing"].source_id


def test_a_guard_stops_the_companions_as_well(make: MakeWorld) -> None:
    world = make("2025", None, minimum_remaining_days=500)
    assert world.run().outcome == "refused"
    assert world.run(on_guard_failure="skip").outcome == "skipped"
    assert world.held() == world.everywhere(world.old)


def test_a_new_certificate_needs_no_companions(make: MakeWorld) -> None:
    world = make("2025")
    other = {"project": PROJECT, "name": "another", "content": world.new.pem, "environments": list(ENVIRONMENTS)}
    world.variables["certificates"] = [*world.variables["certificates"], other]

    made = world.run()

    assert made.outcome == "rotated"
    assert made.requests == [*WRITES[:2], f"PUT {NAME}", "POST", *WRITES[3:]]
    assert "Rotated 2 of 2 certificates in 4 environments" in made.message


def test_a_foreign_certificate_under_the_name_of_a_companion_is_refused(
    make: MakeWorld, issue: Callable[[int], Issued]
) -> None:
    world = make("2026.04")
    world.manager.add_certificate(PROJECT, COMPANIONS[PRODUCTION], {PRODUCTION: issue(90)})
    before = world.manager.snapshot()

    for check in (True, False):
        made = world.run(check=check)
        assert (made.outcome, made.requests) == ("refused", [])
        assert (
            f"{PROJECT}/{COMPANIONS[PRODUCTION]} in {PRODUCTION}: the name is that of a companion of {NAME}, but"
            in made.message
        )
        assert "Delete it, or set certificate_rotation_companion_name to another pattern" in made.message

    assert world.manager.snapshot() == before
    assert world.run(companion_name="{environment}.{name}.next").outcome == "refused"  # its alias is still in use
    assert world.run(companion_name="{environment}.{name}.next", companion_alias="{alias}.next").outcome == "rotated"


def test_a_companion_that_no_stage_uses_is_named(make: MakeWorld) -> None:
    """The patterns were changed during an overlap, or the certificate is no longer in the environment."""
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    assert "warnings" not in world.run().phases["plan"]
    given = {"companion_name": "{environment}.{name}", "companion_alias": "{alias}.next"}

    warnings = str(world.run(**given, overlap_days=0).phases["plan"]["warnings"])

    for environment, name in COMPANIONS.items():
        assert f"{PROJECT}/{name} is a companion of {NAME} in {environment} that the role neither uses nor" in warnings
    assert "certificate_rotation_companion_name gives companions another name" in warnings
    # With the former pattern, the role deletes them.
    assert world.run().requests == WRITES[3:]


def test_a_companion_in_an_environment_that_the_certificate_left_is_named(make: MakeWorld) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=7)
    world.run()
    held = world.manager.state.certificates[PROJECT, NAME]
    entries = tuple(entry for entry in held.entries if entry.environment == DEVELOPMENT)
    world.manager.state.certificates[PROJECT, NAME] = replace(held, entries=entries)

    made = world.run(promote=True)

    assert made.requests == [f"PUT {NAME}", f"DELETE {COMPANIONS[DEVELOPMENT]}"]
    (warning,) = made.phases["plan"]["warnings"]
    assert f"{COMPANIONS[PRODUCTION]} is a companion of {NAME} in {PRODUCTION}" in warning
    assert f"{NAME} is no longer in {PRODUCTION}" in warning


@pytest.mark.parametrize("days", [0, 7])
def test_a_companion_without_a_marker_is_recognized_by_its_content(make: MakeWorld, days: int) -> None:
    world = make("2026.04", {"truststore": ("manager",)}, overlap_days=days)
    for environment in ENVIRONMENTS:
        name = COMPANIONS[environment]
        world.manager.add_certificate(PROJECT, name, {environment: world.new}, alias=name, description="By hand")

    made = world.run()

    if days:
        # Its start is not known, so the overlap begins now.
        assert (made.outcome, made.requests) == ("introduced", [f"PUT {name}" for name in COMPANIONS.values()])
        assert marker_start(world.manager, PRODUCTION)
        assert world.manager.state.certificates[PROJECT, COMPANIONS[PRODUCTION]].description.startswith("By hand [")
        world.wait(days=8)
        made = world.run()
    assert (made.outcome, made.requests) == ("rotated", WRITES[2:])
    world.assert_rotated(world.new)


@pytest.mark.parametrize("seed", range(24))
def test_random_faults_never_leave_gateways_without_trust(make: MakeWorld, seed: int) -> None:
    """With one to three faults, and then without. `overlap_world` asserts the trust after every request."""
    rng = random.Random(seed)
    truststore = rng.choice(SOURCES)
    world = make(
        rng.choice(GENERATIONS),
        {"truststore": truststore},
        overlap_days=rng.choice([0, 0, 7]),
        verify_gateways=rng.choice(["auto", "auto", "never"]),
        rollback=rng.random() < 0.8,
    )
    for _unused in range(rng.randint(1, 3)):
        kind = rng.choice(["status", "drop_before", "drop_after", "malformed", "deployment_failure", "lost_update"])
        world.manager.faults.add(
            Fault(
                kind,
                method=rng.choice([None, "POST", "PUT", "DELETE"]),
                skip=rng.randint(0, 4),
                after=rng.random() < 0.5,
                environments=(rng.choice(ENVIRONMENTS),),
            )
        )
    outcomes = [world.run().outcome]
    world.wait(days=8)
    outcomes.append(world.run().outcome)
    world.manager.faults.clear()
    world.wait(days=8)

    outcomes += [world.run(promote=True).outcome for _unused in range(3)]

    assert outcomes[-1] == "nothing_to_do", outcomes
    assert world.held() == world.everywhere(world.new)
    assert all(world.new.der in trusted for trusted in world.trusted().values())
