# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    CREATE,
    NONE,
    UPDATE,
    RotationPlan,
    Wave,
    make_plan,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import Settings, WantedCertificate
from unit.plugins.plugin_utils._rotation.rotation_scene import (
    DEV,
    EXPIRED,
    KEY,
    NAME,
    NEW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    STAGE,
    Json,
    bundle,
    certificate,
    entry,
    holding,
)

TWO_WAVES = ((DEV, STAGE), (PROD,))


def want(*environments: str, name: str = NAME, project: str = PROJECT, **changes: Any) -> WantedCertificate:
    return WantedCertificate(project, name, path="web.pem", environments=environments or None, **changes)


def plan(
    held: Json | None,
    wanted: WantedCertificate | None = None,
    *,
    new: Bundle | None = NEW,
    types: Mapping[str, str | None] | None = None,
    **settings: Any,
) -> RotationPlan:
    """A plan for one certificate."""
    return make_plan(
        Settings(certificates=(wanted or want(),), **settings),
        {PROJECT: [held] if held else []},
        {KEY: new} if new else {},
        {PROJECT: types or {}},
    )


def actions(made: RotationPlan) -> dict[str, tuple[str, str]]:
    """What happens in each environment, and why."""
    (planned,) = made.certificates
    return {step.environment: (step.action, step.reason) for step in planned.steps}


def decide(held: Json | None, **changes: Any) -> tuple[str, str]:
    """What happens to a certificate that is wanted in production alone, whatever the strategy makes of it."""
    wanted = {key: changes.pop(key) for key in ("alias", "renew_before_days") if key in changes}
    made = plan(certificate(held) if held else None, want(PROD, **wanted), strategy="per_environment", **changes)
    return actions(made)[PROD]


@pytest.mark.parametrize(
    ("held", "decision"),
    [
        (None, (CREATE, "absent")),
        (entry(PROD, OLD), (UPDATE, "differs")),
        (entry(PROD, EXPIRED), (UPDATE, "differs")),
        (entry(PROD, NEW), (NONE, "in_sync")),
        (entry(PROD, NEW, entries=2), (NONE, "duplicate_entries")),
        (entry(PROD, OLD, entries=2), (UPDATE, "differs")),
    ],
)
def test_without_days_what_differs_is_due(held: Json | None, decision: tuple[str, str]) -> None:
    assert decide(held) == decision


@pytest.mark.parametrize(
    ("held", "decision"),
    [
        (None, (CREATE, "absent")),
        (entry(PROD, OLD), (UPDATE, "expires_soon")),
        (entry(PROD, EXPIRED), (UPDATE, "expired")),
        (entry(PROD, bundle(days=29)), (UPDATE, "expires_soon")),
        (entry(PROD, bundle(days=30)), (NONE, "not_due")),
        (entry(PROD, bundle(days=31)), (NONE, "not_due")),
        (entry(PROD, NEW), (NONE, "in_sync")),
        (entry(PROD, NEW, entries=2), (NONE, "duplicate_entries")),
        (entry(PROD) | {"days_remaining": None, "expired": None}, (UPDATE, "expires_soon")),
    ],
)
def test_with_days_what_expires_sooner_is_due(held: Json | None, decision: tuple[str, str]) -> None:
    assert decide(held, renew_before_days=30) == decision


@pytest.mark.parametrize(
    ("days", "decision"), [(0, (NONE, "not_due")), (20, (NONE, "not_due")), (21, (UPDATE, "expires_soon"))]
)
def test_the_limit_itself_is_not_due(days: int, decision: tuple[str, str]) -> None:
    assert decide(entry(PROD, OLD), renew_before_days=days) == decision


def test_expired_is_due_with_any_number_of_days() -> None:
    assert decide(entry(PROD, EXPIRED), renew_before_days=0) == (UPDATE, "expired")


@pytest.mark.parametrize(("days", "decision"), [(None, (NONE, "in_sync")), (30, (UPDATE, "expired"))])
def test_an_expired_certificate_that_is_also_the_new_one(days: int | None, decision: tuple[str, str]) -> None:
    """With days it is due, so that the guards speak up."""
    assert decide(entry(PROD, EXPIRED), new=EXPIRED, renew_before_days=days) == decision


@pytest.mark.parametrize("days", [None, 5])
@pytest.mark.parametrize(
    ("held", "alias", "decision"),
    [
        (NEW, None, (NONE, "in_sync")),
        (NEW, "web-alias", (NONE, "in_sync")),
        (NEW, "other-alias", (UPDATE, "differs")),
    ],
)
def test_an_alias_counts_when_it_is_given(
    days: int | None, held: Bundle, alias: str | None, decision: tuple[str, str]
) -> None:
    assert decide(entry(PROD, held), alias=alias, renew_before_days=days) == decision


def test_an_alias_does_not_bring_an_early_rotation() -> None:
    assert decide(entry(PROD, OLD), alias="other-alias", renew_before_days=5) == (NONE, "not_due")


@pytest.mark.parametrize("days", [None, 5, 30])
@pytest.mark.parametrize(
    ("held", "decision"),
    [(entry(PROD, NEW), (UPDATE, "forced")), (entry(PROD, OLD), (UPDATE, "forced")), (None, (CREATE, "absent"))],
)
def test_force_makes_everything_due(days: int | None, held: Json | None, decision: tuple[str, str]) -> None:
    assert decide(held, force=True, renew_before_days=days) == decision


@pytest.mark.parametrize(
    ("held", "decision"),
    [
        (None, (CREATE, "absent")),
        (entry(PROD, OLD), (UPDATE, "expires_soon")),
        (entry(PROD, EXPIRED), (UPDATE, "expired")),
        (entry(PROD, bundle(days=30)), (NONE, "not_due")),
    ],
)
def test_what_has_to_be_obtained_is_due_by_its_days(held: Json | None, decision: tuple[str, str]) -> None:
    assert decide(held, new=None, renew_before_days=30) == decision


def test_environments_that_are_left_out_are_kept() -> None:
    (planned,) = plan(certificate(entry(PROD, OLD), entry(DEV, NEW))).certificates

    assert [step.environment for step in planned.steps] == [DEV, PROD]
    assert (planned.exists, planned.unlisted, planned.due) == (True, (), True)
    assert [step.current["alias"] for step in planned.steps if step.current] == ["web-alias", "web-alias"]


def test_environments_that_are_given_keep_their_order_and_name_the_rest() -> None:
    held = holding({PROD: OLD, DEV: OLD, "apimanager": OLD})
    (planned,) = plan(held, want(STAGE, PROD), strategy="per_environment").certificates

    assert [(step.environment, step.action) for step in planned.steps] == [(STAGE, CREATE), (PROD, UPDATE)]
    assert planned.unlisted == ("apimanager", DEV)


def test_an_absent_certificate_is_created_where_it_is_wanted() -> None:
    made = plan(None, want(DEV, PROD))

    assert actions(made) == {DEV: (CREATE, "absent"), PROD: (CREATE, "absent")}
    assert not made.certificates[0].exists
    assert made.problems == ()


@pytest.mark.parametrize("held", [None, certificate()])
def test_a_certificate_in_no_environment_needs_some(held: Json | None) -> None:
    (problem,) = plan(held).problems

    assert problem.startswith("MyProject/web is in no environment yet")
    assert "certificate_rotation_certificates" in problem


def test_names_and_projects_are_case_sensitive() -> None:
    made = plan(certificate(entry(PROD), name="Web"), want(PROD))

    assert actions(made) == {PROD: (CREATE, "absent")}


def test_each_certificate_is_looked_up_in_its_own_project() -> None:
    settings = Settings(certificates=(want(), want(project="admin", renew_before_days=5)), strategy="per_environment")
    lists = {PROJECT: [holding({PROD: OLD})], "admin": [holding({PROD: OTHER}, project="admin")]}

    mine, theirs = make_plan(settings, lists, {KEY: OLD, "admin/web": NEW}, {}).certificates

    assert (mine.steps[0].reason, theirs.steps[0].reason) == ("in_sync", "not_due")
    assert (mine.new, theirs.new) == (OLD, NEW)


def test_one_wave_for_all_environments_without_waves() -> None:
    made = plan(holding({PROD: OLD, DEV: OLD}))

    assert made.waves == (Wave(1, (DEV, PROD)),)
    assert made.certificates[0].due_in(1) == (DEV, PROD)
    assert made.certificates[0].due_in(2) == ()


def test_waves_as_they_are_listed() -> None:
    made = plan(holding({DEV: NEW, STAGE: OLD, PROD: OLD}), waves=TWO_WAVES)

    assert made.waves == (Wave(1, (DEV, STAGE)), Wave(2, (PROD,)))
    assert [made.certificates[0].due_in(number) for number in (1, 2)] == [(STAGE,), (PROD,)]


def test_due_in_no_wave_is_a_problem() -> None:
    made = plan(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), waves=((DEV,), ("elsewhere",)))

    (problem,) = made.problems
    assert problem.startswith("MyProject/web is due in production, staging, which is in no wave")
    assert "certificate_rotation_waves" in problem


def test_not_due_in_no_wave_is_none() -> None:
    assert plan(holding({DEV: OLD, PROD: NEW}), waves=((DEV,), (STAGE,))).problems == ()


def test_a_run_that_keeps_to_some_environments_leaves_the_others_untouched() -> None:
    made = plan(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), environments=(DEV, STAGE))

    (planned,) = made.certificates
    assert (made.problems, made.waves) == ((), (Wave(1, (DEV, STAGE)),))
    assert actions(made) == {DEV: (UPDATE, "differs"), STAGE: (UPDATE, "differs")}
    assert planned.unlisted == (PROD,)
    assert made.strategy == "per_environment"
    assert made.strategy_reason.startswith("certificate_rotation_environments leaves some out")


def test_a_run_that_keeps_to_every_environment_needs_no_import() -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), environments=(DEV, PROD))

    assert (made.strategy, made.problems) == ("replace", ())


def test_a_run_does_not_bring_a_certificate_to_where_it_is_not_meant_to_be() -> None:
    settings = Settings(certificates=(want(), want(name="other"), want(DEV, name="new")), environments=(DEV,))
    lists = {PROJECT: [holding({DEV: OLD}), holding({PROD: OLD}, name="other")]}

    made = make_plan(settings, lists, {}, {})

    assert made.problems == ()
    assert [(planned.wanted.name, planned.steps[0].reason) for planned in made.certificates] == [
        ("web", "differs"),
        ("new", "absent"),
    ]


@pytest.mark.parametrize("strategy", ["auto", "per_environment"])
def test_an_environment_that_nothing_is_meant_for_is_a_problem(strategy: str) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), environments=("developement", PROD), strategy=strategy)

    (problem,) = made.problems
    assert problem == (
        "certificate_rotation_environments: none of the certificates is meant for developement, but for "
        "development, production"
    )


def test_replace_cannot_keep_to_some_environments() -> None:
    (problem,) = plan(holding({DEV: OLD, PROD: OLD}), environments=(DEV,), strategy="replace").problems

    assert problem.startswith("MyProject/web is also in production, which this run leaves out")


STAGES = {DEV: "TEST", "sandbox": "SANDBOX", PROD: "PRODUCTION", STAGE: "SANDBOX"}


def test_waves_by_stage_go_from_test_to_production() -> None:
    made = plan(holding(dict.fromkeys(STAGES, OLD)), waves="auto", types=STAGES)

    assert made.waves == (Wave(1, (DEV,)), Wave(2, ("sandbox", STAGE)), Wave(3, (PROD,)))
    assert made.problems == ()


def test_a_stage_without_environments_is_no_wave() -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), waves="auto", types=STAGES)

    assert made.waves == (Wave(1, (DEV,)), Wave(2, (PROD,)))


def test_stages_of_environments_of_several_projects_come_together() -> None:
    settings = Settings(certificates=(want(DEV), want(PROD, project="admin")), waves="auto")
    types = {PROJECT: {DEV: "TEST"}, "admin": {PROD: "PRODUCTION"}}

    assert make_plan(settings, {}, {}, types).waves == (Wave(1, (DEV,)), Wave(2, (PROD,)))


@pytest.mark.parametrize(
    ("kind", "named"), [("KUBERNETES", "KUBERNETES"), (None, "not reported"), ("production", "production")]
)
def test_a_stage_that_is_not_known_is_a_problem(kind: str | None, named: str) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD, STAGE: NEW}), waves="auto", types=STAGES | {PROD: kind, STAGE: kind})

    assert f"production (type {named}), staging (type {named}). List the waves instead" in made.problems[0]
    assert made.problems[0].startswith("certificate_rotation_waves: auto needs the stage of each environment")
    assert "due in production, which is in no wave" in made.problems[1]


def test_an_environment_that_the_manager_does_not_list_has_no_stage() -> None:
    made = plan(holding({DEV: OLD, "apimanager": OLD}), waves="auto", types=STAGES)

    assert "apimanager (type not reported)" in made.problems[0]


@pytest.mark.parametrize(
    ("held", "settings", "strategy", "reason"),
    [
        (holding({DEV: OLD}), {}, "replace", "there is one wave, and one update serves all its environments"),
        (holding({DEV: OLD}), {"waves": ((DEV,),)}, "replace", "there is one wave"),
        (
            holding({DEV: OLD, PROD: OLD}),
            {"waves": TWO_WAVES},
            "per_environment",
            "there are 2 waves, and only import-file",
        ),
        (certificate(entry(DEV), entry(PROD, entries=2)), {}, "per_environment", "an environment is listed twice"),
        (certificate(entry(DEV, NEW, entries=2)), {}, "per_environment", "an environment is listed twice"),
        (holding({DEV: OLD}), {"strategy": "replace"}, "replace", "asked for in certificate_rotation_strategy"),
        (holding({DEV: OLD}), {"strategy": "per_environment"}, "per_environment", "asked for in certificate_rotation_"),
        (certificate(entry(DEV, entries=2)), {"strategy": "replace"}, "replace", "asked for in certificate_rotation_"),
    ],
)
def test_the_strategy_and_its_reason(held: Json, settings: dict[str, Any], strategy: str, reason: str) -> None:
    made = plan(held, **settings)

    assert made.strategy == strategy
    assert made.strategy_reason.startswith(reason)


def test_replace_with_waves_is_a_problem() -> None:
    (problem,) = plan(holding({DEV: OLD, PROD: OLD}), waves=TWO_WAVES, strategy="replace").problems

    assert problem.startswith("certificate_rotation_strategy: replace writes all environments at once")
    assert "cannot keep to 2 waves" in problem


def test_replace_takes_along_what_is_not_due_on_its_own() -> None:
    held = holding({DEV: OLD, PROD: bundle(days=90), STAGE: NEW})
    wanted = want(renew_before_days=30)

    together = actions(plan(held, wanted, strategy="replace"))
    assert together == {DEV: (UPDATE, "expires_soon"), PROD: (UPDATE, "differs"), STAGE: (NONE, "in_sync")}
    apart = actions(plan(held, wanted, strategy="per_environment"))
    assert apart == {DEV: (UPDATE, "expires_soon"), PROD: (NONE, "not_due"), STAGE: (NONE, "in_sync")}


def test_replace_leaves_a_certificate_alone_that_is_due_nowhere() -> None:
    made = plan(holding({DEV: OLD, PROD: OTHER}), want(DEV, renew_before_days=5), strategy="replace")

    assert actions(made) == {DEV: (NONE, "not_due")}
    assert made.problems == ()


@pytest.mark.parametrize(("strategy", "problems"), [("replace", 1), ("auto", 1), ("per_environment", 0)])
def test_replace_would_take_it_from_unlisted_environments(strategy: str, problems: int) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD, STAGE: OLD}), want(DEV), strategy=strategy)

    assert len(made.problems) == problems
    for problem in made.problems:
        assert problem.startswith("MyProject/web is also in production, staging, which this run leaves out")
        assert "per_environment" in problem


def test_all_problems_are_told_at_once() -> None:
    settings = Settings(
        certificates=(want(name="nowhere"), want(DEV), want(STAGE, name="api")),
        waves=((DEV,), (PROD,)),
        strategy="replace",
    )
    problems = make_plan(settings, {PROJECT: [holding({DEV: OLD, PROD: OLD})]}, {}, {}).problems

    assert [problem.split()[0] for problem in problems] == [
        "MyProject/nowhere",
        "certificate_rotation_strategy:",
        "MyProject/web",
        "MyProject/api",
    ]


def test_no_key_in_what_a_log_would_show() -> None:
    assert "Bundle" not in repr(plan(holding({DEV: OLD})).certificates[0])
