# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role says of gateways: when it continues a rotation, with records that are not due, and after a rollback.

The phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from integration.phase_runner import PhaseRunner
from manager import Authority, Fault, Issued, Manager

PROJECT, NAME, KEY = "MyProject", "my-certificate", "MyProject/my-certificate"
ENVIRONMENTS = DEVELOPMENT, STAGING, PRODUCTION = "development", "staging", "production"
WAVES = [[DEVELOPMENT], [STAGING], [PRODUCTION]]

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode, pytest.mark.measured]


class Outcome:
    """What a run of the role said, and what it did."""

    def __init__(self, result: dict[str, Any], warnings: list[str], requests: list[Any]) -> None:
        self.result = result
        self.warnings = " ".join(warnings)
        self.asked = [request.segments[4] for request in requests if "truststore" in request.segments]
        self.written = [request.fields.get("environmentList", "") for request in requests if request.writes]
        (self.certificate,) = result["certificates"] or [{"environments": []}]
        self.environments = {one["name"]: one for one in self.certificate["environments"]}

    @property
    def outcome(self) -> str:
        return str(self.result["outcome"])

    @property
    def message(self) -> str:
        return str(self.result["message"])

    @property
    def states(self) -> dict[str, str | None]:
        """The state of the gateways, by environment."""
        return {name: (one["gateway"] or {}).get("state") for name, one in self.environments.items()}

    def each(self, key: str) -> dict[str, Any]:
        """What the result has for each environment."""
        return {name: one[key] for name, one in self.environments.items()}


class World:
    """A manager, and the role that rotates its certificate."""

    def __init__(self, manager: Manager, folder: Path, old: Issued, new: Issued) -> None:
        self.manager, self.folder, self.old, self.new = manager, folder, old, new
        manager.add_project(PROJECT, ENVIRONMENTS)

    def hold(self, gateways: dict[str, Issued] | None = None, **record: Any) -> None:
        """The record holds these certificates, and the gateways the same, unless others are given for them."""
        self.manager.add_certificate(PROJECT, NAME, record, alias="web")
        for environment, certificate in (gateways or {}).items():
            self.manager.set_gateway(PROJECT, NAME, environment, certificate.pem)

    def record(self) -> dict[str, list[bytes]]:
        return {name: list(entries) for name, entries in self.manager.holds(PROJECT, NAME).items()}

    def gateways(self) -> dict[str, bytes | None]:
        return {name: self.manager.served(name, PROJECT, NAME) for name in ENVIRONMENTS}

    def rotate(
        self,
        *,
        check: bool = False,
        hook: str = "",
        obtains: bool = False,
        before: Callable[[str], object] = lambda _title: None,
        **variables: Any,
    ) -> Outcome:
        """Run the role. The hook is the message of a task of the user that fails after the last wave; for C(before), see
        PhaseRunner.
        """
        item = {"project": PROJECT, "name": NAME, **({} if obtains else {"content": self.new.pem})}
        given = {"certificates": [item], "verify_gateways_timeout": 0, **variables}
        if obtains:
            given["obtain_tasks"] = "obtain.yml"
        mark = self.manager.journal.mark()
        holding = [name for name, der in self.gateways().items() if der]
        runner = PhaseRunner(self.manager, self.folder, given, check=check, before=before)
        result = runner.run_role(hook=hook)
        assert read_rotation(result)
        found = Outcome(result, runner.warnings, list(mark))
        assert not (check and found.written)
        after = self.gateways()
        assert all(after[name] for name in holding), "a gateway has lost its certificate"
        return found


MakeWorld = Callable[..., World]


@pytest.fixture
def make_world(tmp_path: Path, authority: Authority) -> Iterator[MakeWorld]:
    now = datetime.now(timezone.utc)
    old, new = (authority.issue("www.example.com", not_after=now + timedelta(days=days)) for days in (60, 300))
    started: list[Manager] = []

    def make_world(generation: str = "2026.09", **traits: Any) -> World:
        manager = Manager(generation, **traits)  # type: ignore[arg-type]
        started.append(manager)
        manager.__enter__()
        return World(manager, tmp_path, old, new)

    yield make_world
    for manager in started:
        manager.__exit__(None, None, None)


def sha256(certificate: Issued) -> str:
    return hashlib.sha256(certificate.der).hexdigest()


# A run that continues a rotation


def test_a_second_run_says_again_what_was_not_deployed(make_world: MakeWorld) -> None:
    """The first run was not rolled back, so the record holds the new certificate where the gateways do not."""
    world = make_world(import_deploys=False)
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    options = {"waves": WAVES, "rollback": False}
    first = world.rotate(**options)
    assert (first.outcome, first.states[DEVELOPMENT]) == ("failed", "stale")
    assert world.record()[DEVELOPMENT] == [world.new.der]

    planned = world.rotate(check=True, **options)
    assert planned.outcome == "planned"
    assert planned.each("reason") == {DEVELOPMENT: "not_on_gateway", STAGING: "differs", PRODUCTION: "differs"}
    assert planned.states == {DEVELOPMENT: "stale", STAGING: None, PRODUCTION: None}
    for _unused in range(2):
        again = world.rotate(**options)

        assert (again.outcome, again.states[DEVELOPMENT]) == ("failed", "stale")
        assert "stores imported certificates without deploying them" in again.message
        assert again.written == [DEVELOPMENT], "no later wave is written"
        assert [wave["outcome"] for wave in again.result["waves"]] == ["failed", "not_started", "not_started"]
    assert world.gateways() == dict.fromkeys(ENVIRONMENTS, world.old.der)


@pytest.mark.parametrize("stale", ENVIRONMENTS[:2])
def test_a_stale_gateway_is_written_again_before_the_next_wave(make_world: MakeWorld, stale: str) -> None:
    world = make_world()
    world.hold({stale: world.old}, development=world.new, staging=world.new, production=world.old)

    found = world.rotate(waves=WAVES)

    assert found.outcome == "rotated"
    assert found.written == [stale, PRODUCTION]
    assert world.gateways() == dict.fromkeys(ENVIRONMENTS, world.new.der)
    assert found.states == dict.fromkeys(ENVIRONMENTS, "confirmed")


def test_gateways_are_asked_before_the_first_write_only_if_the_run_continues_a_rotation(
    make_world: MakeWorld,
) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    assert world.rotate(check=True, waves=WAVES).asked == []
    found = world.rotate(waves=WAVES)
    assert (found.outcome, found.asked) == ("rotated", [*ENVIRONMENTS])
    assert world.rotate(waves=WAVES).asked == []


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ({"waves": WAVES}, {DEVELOPMENT}),
        ({"waves": WAVES, "verify_gateways": "never"}, set()),
        # One update writes all environments, and the manager reports the deployment.
        ({}, set()),
        # This run is not about development.
        ({"environments": [STAGING, PRODUCTION]}, set()),
    ],
)
def test_who_is_asked_if_a_run_continues_a_rotation(
    make_world: MakeWorld, options: dict[str, Any], asked: set[str]
) -> None:
    world = make_world()
    world.hold(development=world.new, staging=world.old, production=world.old)
    found = world.rotate(check=True, **options)
    assert (found.outcome, set(found.asked)) == ("planned", asked)


def test_a_gateway_that_cannot_be_asked_makes_the_rotation_stored(make_world: MakeWorld) -> None:
    world = make_world(truststore=(), import_reports_deployment=True)
    world.hold(development=world.new, staging=world.old, production=world.old)

    found = world.rotate(waves=WAVES)

    assert found.outcome == "stored"
    assert "What the gateways of development hold is unknown" in found.message
    assert DEVELOPMENT in found.warnings
    assert found.states == {DEVELOPMENT: "unknown", STAGING: None, PRODUCTION: None}


def test_the_manager_itself_is_not_asked_about(make_world: MakeWorld) -> None:
    world = make_world(import_reports_deployment=True)
    world.hold(apimanager=world.new, staging=world.old, development=world.old, production=world.old)
    found = world.rotate(waves=[*WAVES, ["apimanager"]])
    assert (found.outcome, found.asked, found.warnings) == ("rotated", [], "")


def test_a_run_that_continues_leaves_alone_what_is_not_due(make_world: MakeWorld, authority: Authority) -> None:
    """A stale gateway is no reason to give an environment the new certificate before it is due."""
    world = make_world()
    soon = authority.issue("www.example.com", not_after=datetime.now(timezone.utc) + timedelta(days=10))
    world.hold({PRODUCTION: world.new}, development=soon, staging=world.new, production=world.old)

    found = world.rotate(waves=WAVES, renew_before=30)

    assert found.outcome == "rotated"
    assert found.environments[PRODUCTION]["reason"] == "not_due"
    assert world.record() == {DEVELOPMENT: [world.new.der], STAGING: [world.new.der], PRODUCTION: [world.old.der]}


# What is required of certificates that are not due


@pytest.mark.parametrize("waves", [WAVES, []])
def test_required_rotates_a_certificate_that_is_not_due_where_the_gateways_do_not_hold_it(
    make_world: MakeWorld, waves: list[list[str]]
) -> None:
    world = make_world()
    world.hold({STAGING: world.new}, **dict.fromkeys(ENVIRONMENTS, world.old))
    options = {"waves": waves, "renew_before_days": 30}
    assert world.rotate(**options).outcome == "nothing_to_do"

    found = world.rotate(verify_gateways="required", **options)

    assert found.outcome == "rotated"
    assert found.environments[STAGING]["reason"] == "not_on_gateway"
    assert set(found.states.values()) == {"confirmed"}
    assert {name: [der] for name, der in world.gateways().items()} == world.record()
    assert world.rotate(verify_gateways="required", **options).outcome == "nothing_to_do"


@pytest.mark.parametrize("check", [True, False])
def test_required_fails_where_a_certificate_would_have_to_be_obtained(make_world: MakeWorld, check: bool) -> None:
    """With each run, another certificate would be obtained if the deployment does not succeed."""
    world = make_world()
    world.hold({STAGING: world.new, PRODUCTION: world.new}, **dict.fromkeys(ENVIRONMENTS, world.old))
    (world.folder / "obtain.yml").write_text("[]")

    found = world.rotate(check=check, obtains=True, verify_gateways="required", renew_before_days=30)

    assert found.outcome == "refused"
    assert f"{KEY} in production, staging: the gateways do not hold the certificate of the" in found.message
    assert "apinizer_certificate" in found.message
    assert "raise certificate_rotation_renew_before, or set renew: true for it" in found.message
    assert found.states == {DEVELOPMENT: "confirmed", STAGING: "stale", PRODUCTION: "stale"}
    assert found.environments[STAGING]["gateway"]["fingerprint_sha256"] == sha256(world.new)


@pytest.mark.parametrize("days", [None, 30])
def test_required_fails_if_the_gateways_of_any_certificate_are_unknown(make_world: MakeWorld, days: int | None) -> None:
    world = make_world(truststore=())
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old if days else world.new))
    found = world.rotate(verify_gateways="required", renew_before_days=days)
    assert found.outcome == "refused"
    assert "certificate_rotation_verify_gateways" in found.message
    assert set(found.states.values()) == {"unknown"}


def test_required_asks_about_duplicate_entries(make_world: MakeWorld) -> None:
    world = make_world()
    held = {DEVELOPMENT: [world.new, world.new], STAGING: world.new, PRODUCTION: world.new}
    world.hold({DEVELOPMENT: world.old}, **held)
    assert world.rotate().outcome == "nothing_to_do"

    found = world.rotate(verify_gateways="required")

    assert (found.outcome, found.written) == ("rotated", [DEVELOPMENT])
    assert world.record() == {key: [world.new.der] for key in ENVIRONMENTS}
    assert world.gateways() == dict.fromkeys(ENVIRONMENTS, world.new.der)


# Aliases


@pytest.mark.parametrize("check", [True, False])
def test_an_alias_in_use_in_an_added_environment_is_refused(make_world: MakeWorld, check: bool) -> None:
    world = make_world()
    world.hold(**{DEVELOPMENT: world.old, STAGING: world.old})
    world.manager.add_certificate(PROJECT, "other", {PRODUCTION: world.old}, alias="Web")
    world.manager.set_gateway(PROJECT, NAME, PRODUCTION, world.old.pem)
    item = {"project": PROJECT, "name": NAME, "content": world.new.pem, "environments": [*ENVIRONMENTS]}
    for waves in ([], WAVES):
        found = world.rotate(check=check, certificates=[item], waves=waves)
        assert (found.outcome, found.written) == ("refused", [])
        assert "alias: web is already the alias of certificate other in production" in found.message


# After a failure


def test_environments_with_the_same_reason_share_it_in_the_message(make_world: MakeWorld) -> None:
    world = make_world(import_deploys=False)
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    found = world.rotate(strategy="per_environment", rollback=False)

    held = f"{KEY} in development, production, staging: the gateways hold SHA-256 {sha256(world.old)[:16]}... instead"
    assert found.message.startswith("Verification of wave 1 (development, production, staging) failed. The gateways")
    assert found.message.count(held) == found.message.count("instead") == 1


def test_after_a_rollback_the_gateways_are_asked_again(make_world: MakeWorld) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    world.manager.faults.add(Fault("status", path="/import-file/", skip=1, status=400, times=1))

    found = world.rotate(waves=WAVES)

    assert found.outcome == "rolled_back"
    assert found.states == {DEVELOPMENT: "confirmed", STAGING: None, PRODUCTION: None}
    assert found.environments[DEVELOPMENT]["gateway"]["fingerprint_sha256"] == sha256(world.old)
    assert found.each("rolled_back") == {DEVELOPMENT: True, STAGING: None, PRODUCTION: None}
    assert world.gateways() == dict.fromkeys(ENVIRONMENTS, world.old.der)


def test_without_an_answer_after_the_rollback_the_state_of_the_wave_is_not_given(make_world: MakeWorld) -> None:
    """The manager reports the deployment of the rollback, so that the gateways are not asked again."""
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    found = world.rotate(verify_gateways="auto", hook="HTTP 503")
    assert found.states == dict.fromkeys(ENVIRONMENTS)
    required = world.rotate(verify_gateways="required", hook="HTTP 503")
    for one in required.environments.values():
        assert one["gateway"]["fingerprint_sha256"] == sha256(world.old)
    assert (required.outcome, set(required.states.values())) == ("rolled_back", {"confirmed"})
    assert "after wave 1 (development, production, staging) was verified: HTTP 503" in required.message


@pytest.mark.parametrize("waves", [[], [[*ENVIRONMENTS]]])
@pytest.mark.parametrize("failing", [(STAGING,), (STAGING, PRODUCTION)])
def test_an_environment_whose_rollback_was_not_deployed_is_not_called_restored(
    make_world: MakeWorld, failing: tuple[str, ...], waves: list[list[str]]
) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    world.manager.faults.add(Fault("deployment_failure", environments=failing, skip=1, times=None))

    found = world.rotate(waves=waves, hook="The backend does not answer")

    assert found.outcome == "rollback_failed"
    assert found.each("rolled_back") == {name: name not in failing for name in ENVIRONMENTS}
    assert {name for name, der in world.gateways().items() if der == world.new.der} == {*failing}
    assert world.record() == {key: [world.old.der] for key in ENVIRONMENTS}


@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
@pytest.mark.parametrize("verify", ["auto", "required"])
def test_a_created_certificate_that_was_the_only_one_at_the_gateways_is_rolled_back(
    make_world: MakeWorld, verify: str, strategy: str
) -> None:
    """Its deletion empties the truststores, which then look as if their workers could not be reached."""
    world = make_world(truststore=("workers",))
    item = {"project": PROJECT, "name": NAME, "content": world.new.pem, "environments": [*ENVIRONMENTS]}

    found = world.rotate(certificates=[item], verify_gateways=verify, strategy=strategy, hook="HTTP 503")

    assert found.outcome == "rolled_back"
    assert world.record() == {}
    assert world.gateways() == dict.fromkeys(ENVIRONMENTS)
    # It is only known that nothing can be read now, so this is said, where the gateways were to be asked.
    assert ("What the gateways of development, production, staging hold is unknown" in found.warnings) == (
        verify == "required"
    )


@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_what_the_gateways_held_is_not_reported_where_the_rollback_has_removed_it(
    make_world: MakeWorld, strategy: str
) -> None:
    world = make_world()
    world.hold(development=world.old)
    item = {"project": PROJECT, "name": NAME, "content": world.new.pem, "environments": [*ENVIRONMENTS]}

    found = world.rotate(certificates=[item], verify_gateways="required", strategy=strategy, hook="HTTP 503")

    assert found.outcome == "rolled_back"
    assert world.gateways() == {DEVELOPMENT: world.old.der, STAGING: None, PRODUCTION: None}
    assert found.states == {DEVELOPMENT: "confirmed", STAGING: None, PRODUCTION: None}
    assert found.environments[DEVELOPMENT]["gateway"]["fingerprint_sha256"] == sha256(world.old)


def test_a_confirmation_is_not_reported_if_someone_else_has_written_since(
    make_world: MakeWorld, authority: Authority
) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    other = authority.issue("www.example.com")

    def write(manager: Manager) -> None:
        manager.set_entry(PROJECT, NAME, DEVELOPMENT, other)

    world.manager.faults.add(Fault("other_writer", path="/import-file/", after=True, skip=1, action=write))

    found = world.rotate(waves=WAVES, hook="HTTP 503")

    assert found.outcome == "rollback_failed"
    assert found.environments[DEVELOPMENT]["now"]["fingerprint_sha256"] == sha256(other)
    assert found.states == {DEVELOPMENT: None, STAGING: "confirmed", PRODUCTION: "confirmed"}
    assert found.environments[STAGING]["gateway"]["fingerprint_sha256"] == sha256(world.old)


# Someone else writes during the run


def writes_production(world: World, certificate: Issued, *, deploy: bool = True) -> Callable[[str], object]:
    """Someone else writes production before the wave of production."""

    def before(title: str) -> None:
        if title == "write 3":
            world.manager.set_entry(PROJECT, NAME, PRODUCTION, certificate, deploy=deploy)

    return before


BY_OTHERS = f"Someone else had already written {KEY} in {PRODUCTION} as planned, so this run wrote nothing there."


def test_the_gateways_are_asked_about_what_someone_else_has_written(make_world: MakeWorld) -> None:
    world = make_world(import_reports_deployment=True)
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    found = world.rotate(before=writes_production(world, world.new), waves=WAVES)

    assert (found.outcome, found.written) == ("rotated", [DEVELOPMENT, STAGING])
    assert found.asked == [PRODUCTION]
    assert found.states == {DEVELOPMENT: None, STAGING: None, PRODUCTION: "confirmed"}
    assert BY_OTHERS in found.message


def test_what_someone_else_has_written_and_not_deployed_fails_its_wave(make_world: MakeWorld) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    found = world.rotate(before=writes_production(world, world.new, deploy=False), waves=WAVES)

    assert found.outcome == "rolled_back"
    assert f"The gateways do not hold the new certificate: {KEY} in {PRODUCTION}" in found.message
    assert BY_OTHERS in found.message
    assert found.states[PRODUCTION] == "stale"
    old, new = [world.old.der], [world.new.der]
    assert world.record() == {DEVELOPMENT: old, STAGING: old, PRODUCTION: new}
    assert found.each("rolled_back") == {DEVELOPMENT: True, STAGING: True, PRODUCTION: None}


@pytest.mark.parametrize("asks", ["auto", "never"])
def test_what_someone_else_has_written_is_stored_where_the_gateways_are_not_known(
    make_world: MakeWorld, asks: str
) -> None:
    world = make_world(truststore=(), import_reports_deployment=True)
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    found = world.rotate(before=writes_production(world, world.new), waves=WAVES, verify_gateways=asks)

    assert found.outcome == found.certificate["outcome"] == "stored"
    assert f"What the gateways of {PRODUCTION} hold is unknown" in found.message
    assert (f"What the gateways of {PRODUCTION} hold is unknown" in found.warnings) == (asks == "auto")
    assert BY_OTHERS in found.message


def test_a_certificate_that_someone_else_has_written_alone_is_asked_about_as_well(make_world: MakeWorld) -> None:
    """One update for all environments, of which nothing is left to write."""
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    def before(title: str) -> None:
        if title == "write 1":
            world.hold(**dict.fromkeys(ENVIRONMENTS, world.new))

    found = world.rotate(before=before)

    assert (found.outcome, found.written) == ("rotated", [])
    assert found.states == dict.fromkeys(ENVIRONMENTS, "confirmed")
    assert f"Someone else had already written {KEY} in {', '.join(sorted(ENVIRONMENTS))} as planned" in found.message


def test_what_was_in_sync_at_the_plan_was_not_written_by_someone_else(make_world: MakeWorld) -> None:
    world = make_world(import_reports_deployment=True)
    world.hold(development=world.new, staging=world.old, production=world.old)

    found = world.rotate(waves=WAVES)

    assert (found.outcome, found.written) == ("rotated", [STAGING, PRODUCTION])
    assert "omeone else" not in found.message + found.warnings


@pytest.mark.parametrize("same", [False, True])
def test_an_import_is_not_disturbed_by_what_someone_else_writes_elsewhere(
    make_world: MakeWorld, authority: Authority, *, same: bool
) -> None:
    """Someone else writes the third environment in the moment between the import of the first one and its reading back."""
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))
    theirs = world.new if same else authority.issue("www.example.com")

    def write(manager: Manager) -> None:
        manager.set_entry(PROJECT, NAME, PRODUCTION, theirs)

    world.manager.faults.add(Fault("other_writer", path="/import-file/", after=True, action=write))

    found = world.rotate(waves=WAVES)

    assert "does not hold what was written" not in found.message
    assert world.record()[PRODUCTION] == [theirs.der]
    if same:
        assert (found.outcome, found.written) == ("rotated", [DEVELOPMENT, STAGING])
        assert BY_OTHERS in found.message
    else:
        assert found.outcome == "rolled_back"
        assert f"{KEY} in {PRODUCTION}: modified by someone else since the plan" in found.message
        assert [wave["outcome"] for wave in found.result["waves"]] == ["rolled_back", "rolled_back", "failed"]


def test_force_writes_again_what_someone_else_has_written_as_planned(make_world: MakeWorld) -> None:
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    found = world.rotate(before=writes_production(world, world.new), waves=WAVES, force=True)

    assert (found.outcome, found.written) == ("rotated", [*ENVIRONMENTS])
    assert "omeone else" not in found.message + found.warnings


def test_a_rollback_is_complete_where_this_run_has_written_nothing(make_world: MakeWorld) -> None:
    """Someone else has written the new certificate under another alias, so the run stops before its request."""
    world = make_world()
    world.hold(**dict.fromkeys(ENVIRONMENTS, world.old))

    def before(title: str) -> None:
        if title == "write 3":
            world.manager.set_entry(PROJECT, NAME, PRODUCTION, world.new, alias="other")

    item = {"project": PROJECT, "name": NAME, "content": world.new.pem, "alias": "web"}
    found = world.rotate(before=before, waves=WAVES, certificates=[item], force=True)

    assert f"{KEY} in {PRODUCTION}: modified by someone else since the plan" in found.message
    assert found.outcome == "rolled_back"
    assert found.result["rollback"] == {"performed": True, "complete": True, "messages": []}
    assert world.record()[PRODUCTION] == [world.new.der]
