# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import (
    CREATE,
    NONE,
    UPDATE,
    RotationPlan,
    Wave,
    make_plan,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from unit.plugins.plugin_utils._rotation.run_builder import (
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


def desire(*environments: str, name: str = NAME, project: str = PROJECT, **changes: Any) -> DesiredCertificate:
    return DesiredCertificate(project, name, path="web.pem", environments=environments or None, **changes)


def plan(
    current: Json | None,
    desired: DesiredCertificate | None = None,
    *,
    new: Bundle | None = NEW,
    types: Mapping[str, str | None] | None = None,
    **settings: Any,
) -> RotationPlan:
    """A plan for one certificate."""
    return make_plan(
        Settings(certificates=(desired or desire(),), **settings),
        {PROJECT: [current] if current else []},
        {KEY: new} if new else {},
        {PROJECT: types or {}},
    )


def actions(made: RotationPlan) -> dict[str, tuple[str, str]]:
    """What happens in each environment, and why."""
    (planned,) = made.certificates
    return {step.environment: (step.action, step.reason) for step in planned.steps}


def days_before(days: int | None) -> RenewalWindow | None:
    return None if days is None else RenewalWindow(days)


def decide(current: Json | None, **changes: Any) -> tuple[str, str]:
    """What happens to a certificate that belongs in production only, before the strategy changes it."""
    desired = {key: changes.pop(key) for key in ("alias", "renew_before", "renew") if key in changes}
    made = plan(
        certificate(current) if current else None, desire(PROD, **desired), strategy="per_environment", **changes
    )
    return actions(made)[PROD]


@pytest.mark.parametrize(
    ("current", "decision"),
    [
        (None, (CREATE, "absent")),
        (entry(PROD, OLD), (UPDATE, "differs")),
        (entry(PROD, EXPIRED), (UPDATE, "differs")),
        (entry(PROD, NEW), (NONE, "in_sync")),
        (entry(PROD, NEW, entries=2), (NONE, "duplicate_entries")),
        (entry(PROD, OLD, entries=2), (UPDATE, "differs")),
    ],
)
def test_without_renew_before_a_different_certificate_is_due(current: Json | None, decision: tuple[str, str]) -> None:
    assert decide(current) == decision


@pytest.mark.parametrize(
    ("current", "decision"),
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
def test_with_renew_before_a_certificate_that_expires_sooner_is_due(
    current: Json | None, decision: tuple[str, str]
) -> None:
    assert decide(current, renew_before=RenewalWindow(30)) == decision


@pytest.mark.parametrize(
    ("days", "decision"), [(0, (NONE, "not_due")), (20, (NONE, "not_due")), (21, (UPDATE, "expires_soon"))]
)
def test_exactly_renew_before_left_is_not_due(days: int, decision: tuple[str, str]) -> None:
    assert decide(entry(PROD, OLD), renew_before=days_before(days)) == decision


def test_an_expired_certificate_is_due_with_any_renew_before() -> None:
    assert decide(entry(PROD, EXPIRED), renew_before=RenewalWindow(0)) == (UPDATE, "expired")


@pytest.mark.parametrize(("days", "decision"), [(None, (NONE, "in_sync")), (30, (UPDATE, "expired"))])
def test_an_expired_certificate_that_is_also_the_new_one(days: int | None, decision: tuple[str, str]) -> None:
    """With renew_before it is due, so that the guards report it."""
    assert decide(entry(PROD, EXPIRED), new=EXPIRED, renew_before=days_before(days)) == decision


@pytest.mark.parametrize("days", [None, 5])
@pytest.mark.parametrize(
    ("current", "alias", "decision"),
    [
        (NEW, None, (NONE, "in_sync")),
        (NEW, "web-alias", (NONE, "in_sync")),
        (NEW, "other-alias", (UPDATE, "differs")),
    ],
)
def test_an_alias_is_compared_if_it_is_given(
    days: int | None, current: Bundle, alias: str | None, decision: tuple[str, str]
) -> None:
    assert decide(entry(PROD, current), alias=alias, renew_before=days_before(days)) == decision


def test_an_alias_does_not_rotate_a_certificate_early() -> None:
    assert decide(entry(PROD, OLD), alias="other-alias", renew_before=RenewalWindow(5)) == (NONE, "not_due")


@pytest.mark.parametrize("days", [None, 5, 30])
@pytest.mark.parametrize(
    ("current", "decision"),
    [(entry(PROD, NEW), (UPDATE, "forced")), (entry(PROD, OLD), (UPDATE, "forced")), (None, (CREATE, "absent"))],
)
def test_force_makes_everything_due(days: int | None, current: Json | None, decision: tuple[str, str]) -> None:
    assert decide(current, force=True, renew_before=days_before(days)) == decision


@pytest.mark.parametrize(
    ("current", "decision"),
    [
        (None, (CREATE, "absent")),
        (entry(PROD, OLD), (UPDATE, "expires_soon")),
        (entry(PROD, EXPIRED), (UPDATE, "expired")),
        (entry(PROD, bundle(days=30)), (NONE, "not_due")),
    ],
)
def test_a_certificate_to_be_obtained_is_due_by_its_days(current: Json | None, decision: tuple[str, str]) -> None:
    assert decide(current, new=None, renew_before=RenewalWindow(30)) == decision


THIRD = RenewalWindow(33, is_share=True)


@pytest.mark.parametrize(
    ("days", "decision"),
    [(198, (NONE, "not_due")), (197, (UPDATE, "expires_soon")), (-1, (UPDATE, "expired"))],
)
def test_a_share_of_the_lifetime_is_that_of_the_current_certificate(days: int, decision: tuple[str, str]) -> None:
    """Certificates here began 400 days ago; 33% of 597 days are 197.01 days."""
    assert decide(entry(PROD, bundle(days=days)), renew_before=THIRD) == decision


@pytest.mark.parametrize("unknown", ["percent_remaining", "days_remaining"])
def test_a_certificate_of_unknown_dates_is_due(unknown: str) -> None:
    window = THIRD if unknown == "percent_remaining" else RenewalWindow(30)
    assert decide(entry(PROD, bundle(days=250)) | {unknown: None}, renew_before=window) == (UPDATE, "expires_soon")


@pytest.mark.parametrize(
    ("current", "new", "decision"),
    [
        (entry(PROD, bundle(days=250)), None, (UPDATE, "requested")),
        (entry(PROD, bundle(days=250)), NEW, (UPDATE, "requested")),
        (entry(PROD, OLD), NEW, (UPDATE, "requested")),
        (entry(PROD, EXPIRED), None, (UPDATE, "expired")),
        (entry(PROD, NEW), NEW, (NONE, "in_sync")),
        (None, None, (CREATE, "absent")),
    ],
)
@pytest.mark.parametrize("window", [RenewalWindow(0), RenewalWindow(5), THIRD])
def test_a_requested_renewal_is_due_unless_it_is_in_sync(
    window: RenewalWindow, current: Json | None, new: Bundle | None, decision: tuple[str, str]
) -> None:
    assert decide(current, new=new, renew=True, renew_before=window) == decision


def test_a_renewal_of_a_given_certificate_needs_no_request() -> None:
    assert decide(entry(PROD, OLD), renew=True) == (UPDATE, "differs")
    assert decide(entry(PROD, NEW), renew=True) == (NONE, "in_sync")


@pytest.mark.parametrize("current", [OLD, bundle(days=250)])
def test_without_a_request_a_certificate_that_is_only_renewed_on_request_is_not_due(current: Bundle) -> None:
    assert decide(entry(PROD, current), new=None, renew_before=RenewalWindow(0)) == (NONE, "not_due")


def test_without_environments_the_current_ones_are_kept() -> None:
    (planned,) = plan(certificate(entry(PROD, OLD), entry(DEV, NEW))).certificates

    assert [step.environment for step in planned.steps] == [DEV, PROD]
    assert (planned.exists, planned.unlisted, planned.due) == (True, (), True)
    assert [step.current["alias"] for step in planned.steps if step.current] == ["web-alias", "web-alias"]


def test_given_environments_keep_their_order_and_the_others_are_unlisted() -> None:
    current = holding({PROD: OLD, DEV: OLD, "apimanager": OLD})
    (planned,) = plan(current, desire(STAGE, PROD), strategy="per_environment").certificates

    assert [(step.environment, step.action) for step in planned.steps] == [(STAGE, CREATE), (PROD, UPDATE)]
    assert planned.unlisted == ("apimanager", DEV)


def test_an_absent_certificate_is_created_in_its_environments() -> None:
    made = plan(None, desire(DEV, PROD))

    assert actions(made) == {DEV: (CREATE, "absent"), PROD: (CREATE, "absent")}
    assert not made.certificates[0].exists
    assert made.problems == ()


@pytest.mark.parametrize("current", [None, certificate()])
def test_a_certificate_without_environments_is_a_problem(current: Json | None) -> None:
    (problem,) = plan(current).problems

    assert problem.startswith("MyProject/web is in no environment yet")
    assert "certificate_rotation_certificates" in problem


def test_a_name_that_is_almost_that_of_another_certificate_is_pointed_out() -> None:
    (problem,) = plan(certificate(entry(PROD), name="Web")).problems

    assert problem.startswith(
        "MyProject/web is in no environment yet. Did you mean Web? To create it, add environments"
    )


def test_names_and_projects_are_case_sensitive() -> None:
    made = plan(certificate(entry(PROD), name="Web"), desire(PROD))

    assert actions(made) == {PROD: (CREATE, "absent")}


def test_each_certificate_is_looked_up_in_its_own_project() -> None:
    certificates = (desire(), desire(project="admin", renew_before=RenewalWindow(5)))
    lists = {PROJECT: [holding({PROD: OLD})], "admin": [holding({PROD: OTHER}, project="admin")]}
    settings, new = Settings(certificates=certificates, strategy="per_environment"), {KEY: OLD, "admin/web": NEW}

    mine, theirs = make_plan(settings, lists, new, {}).certificates
    assert (mine.steps[0].reason, theirs.steps[0].reason) == ("in_sync", "not_due")

    mine, theirs = make_plan(replace(settings, force=True), lists, new, {}).certificates
    assert (mine.new, theirs.new) == (OLD, NEW)


def test_a_certificate_that_is_not_due_does_not_carry_its_new_one() -> None:
    made = plan(holding({PROD: NEW}))

    assert (made.certificates[0].new, made.due, made.to_obtain) == (None, (), ())


def test_what_is_due_is_either_known_or_to_be_obtained() -> None:
    known, unknown = (
        plan(holding({PROD: OLD})),
        plan(holding({PROD: OLD}), desire(renew_before=RenewalWindow(30)), new=None),
    )

    assert (known.due, known.to_obtain) == (known.certificates, ())
    assert (unknown.due, unknown.to_obtain) == ((), unknown.certificates)
    assert [planned.environments for planned in known.certificates] == [(PROD,)]


def test_one_wave_for_all_environments_without_waves() -> None:
    made = plan(holding({PROD: OLD, DEV: OLD}))

    assert made.waves == (Wave(1, (DEV, PROD)),)
    assert made.certificates[0].due_in(1) == (DEV, PROD)
    assert made.certificates[0].due_in(2) == ()


def test_listed_waves_are_kept() -> None:
    made = plan(holding({DEV: NEW, STAGE: OLD, PROD: OLD}), waves=TWO_WAVES)

    assert made.waves == (Wave(1, (DEV, STAGE)), Wave(2, (PROD,)))
    assert [made.certificates[0].due_in(number) for number in (1, 2)] == [(STAGE,), (PROD,)]


def test_an_environment_that_is_due_and_in_no_wave_is_a_problem() -> None:
    made = plan(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), waves=((DEV,), ("elsewhere",)))

    (problem,) = made.problems
    assert problem.startswith("MyProject/web is due in environments that are in no wave: production, staging.")
    assert "certificate_rotation_waves" in problem


def test_an_environment_that_is_not_due_may_be_in_no_wave() -> None:
    assert plan(holding({DEV: OLD, PROD: NEW}), waves=((DEV,), (STAGE,))).problems == ()


def test_a_run_limited_to_environments_leaves_the_others_alone() -> None:
    made = plan(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), environments=(DEV, STAGE))

    (planned,) = made.certificates
    assert (made.problems, made.waves) == ((), (Wave(1, (DEV, STAGE)),))
    assert actions(made) == {DEV: (UPDATE, "differs"), STAGE: (UPDATE, "differs")}
    assert planned.unlisted == (PROD,)
    assert made.strategy == "per_environment"
    assert made.strategy_reason.startswith("certificate_rotation_environments leaves environments out")


def test_a_run_limited_to_all_environments_does_not_need_import_file() -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), environments=(DEV, PROD))

    assert (made.strategy, made.problems) == ("replace", ())


def test_a_limited_run_does_not_add_a_certificate_to_an_environment() -> None:
    settings = Settings(certificates=(desire(), desire(name="other"), desire(DEV, name="new")), environments=(DEV,))
    lists = {PROJECT: [holding({DEV: OLD}), holding({PROD: OLD}, name="other")]}

    made = make_plan(settings, lists, {}, {})

    assert made.problems == ()
    assert [(planned.desired.name, planned.steps[0].reason) for planned in made.certificates] == [
        ("web", "differs"),
        ("new", "absent"),
    ]


@pytest.mark.parametrize("strategy", ["auto", "per_environment"])
def test_limiting_a_run_to_an_environment_without_certificates_is_a_problem(strategy: str) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), environments=("developement", PROD), strategy=strategy)

    (problem,) = made.problems
    assert problem == (
        "certificate_rotation_environments: no certificate is planned for developement. The certificates are planned for "
        "development, production"
    )


def test_replace_cannot_leave_environments_out() -> None:
    (problem,) = plan(holding({DEV: OLD, PROD: OLD}), environments=(DEV,), strategy="replace").problems

    assert problem.startswith("MyProject/web is also in production, which this run leaves out")


STAGES = {DEV: "TEST", "sandbox": "SANDBOX", PROD: "PRODUCTION", STAGE: "SANDBOX"}


def test_automatic_waves_go_from_test_to_production() -> None:
    made = plan(holding(dict.fromkeys(STAGES, OLD)), waves="auto", types=STAGES)

    assert made.waves == (Wave(1, (DEV,)), Wave(2, ("sandbox", STAGE)), Wave(3, (PROD,)))
    assert made.problems == ()


def test_a_stage_without_environments_gets_no_wave() -> None:
    made = plan(holding({DEV: OLD, PROD: OLD}), waves="auto", types=STAGES)

    assert made.waves == (Wave(1, (DEV,)), Wave(2, (PROD,)))


def test_automatic_waves_cover_the_environments_of_all_projects() -> None:
    settings = Settings(certificates=(desire(DEV), desire(PROD, project="admin")), waves="auto")
    types = {PROJECT: {DEV: "TEST"}, "admin": {PROD: "PRODUCTION"}}

    assert make_plan(settings, {}, {}, types).waves == (Wave(1, (DEV,)), Wave(2, (PROD,)))


@pytest.mark.parametrize(
    ("kind", "named"), [("KUBERNETES", "KUBERNETES"), (None, "not reported"), ("production", "production")]
)
def test_an_unknown_stage_is_a_problem(kind: str | None, named: str) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD, STAGE: NEW}), waves="auto", types=STAGES | {PROD: kind, STAGE: kind})

    assert f"production (type {named}), staging (type {named}). List the waves instead" in made.problems[0]
    assert made.problems[0].startswith(
        "certificate_rotation_waves: auto needs the type of each environment (TEST, SANDBOX, PRODUCTION)"
    )
    assert "due in environments that are in no wave: production" in made.problems[1]


def test_an_environment_that_the_manager_does_not_list_has_an_unknown_stage() -> None:
    made = plan(holding({DEV: OLD, "laboratory": OLD}), waves="auto", types=STAGES)

    assert "laboratory (type not reported)" in made.problems[0]


def test_the_manager_itself_comes_last_and_alone() -> None:
    """A wrong certificate in its truststore can cut it off from its LDAP or OIDC provider."""
    made = plan(holding({DEV: OLD, PROD: OLD, "apimanager": OLD}), waves="auto", types=STAGES)

    assert [wave.environments for wave in made.waves] == [(DEV,), (PROD,), ("apimanager",)]
    assert made.problems == ()


def test_an_entry_that_the_gateways_do_not_hold_is_written_again() -> None:
    before = {"MyProject": [holding({DEV: NEW, PROD: NEW})]}
    settings = Settings((DesiredCertificate(PROJECT, NAME, path="web.pem"),), waves=TWO_WAVES)

    made = make_plan(settings, before, {KEY: NEW}, {}, {(KEY, PROD), ("MyProject/other", DEV)})

    assert [(step.environment, step.action, step.reason) for step in made.certificates[0].steps] == [
        (DEV, "none", "in_sync"),
        (PROD, "update", "not_on_gateway"),
    ]


@pytest.mark.parametrize(
    ("waves", "current", "refused"), [(TWO_WAVES, OLD, True), ((), OLD, False), (TWO_WAVES, NEW, False)]
)
def test_an_import_that_would_have_to_update_jwks_is_refused(waves: Any, current: Bundle, refused: bool) -> None:
    before = holding({DEV: current, PROD: current})
    made = plan(before, waves=waves, update_referenced_jwks=True, update_scope="same_project")

    assert any("update_referenced_jwks: strategy per_environment" in problem for problem in made.problems) is refused


@pytest.mark.parametrize(
    ("current", "settings", "strategy", "reason"),
    [
        (holding({DEV: OLD}), {}, "replace", "there is one wave, and one update writes all its environments"),
        (holding({DEV: OLD}), {"waves": ((DEV,),)}, "replace", "there is one wave"),
        (
            holding({DEV: OLD, PROD: OLD}),
            {"waves": TWO_WAVES},
            "per_environment",
            "there are 2 waves, and only import-file",
        ),
        (
            certificate(entry(DEV), entry(PROD, entries=2)),
            {},
            "per_environment",
            "an environment has duplicate entries",
        ),
        (certificate(entry(DEV, NEW, entries=2)), {}, "per_environment", "an environment has duplicate entries"),
        (holding({DEV: OLD}), {"strategy": "replace"}, "replace", "it is set in certificate_rotation_strategy"),
        (holding({DEV: OLD}), {"strategy": "per_environment"}, "per_environment", "it is set in certificate_rotation_"),
        (certificate(entry(DEV, entries=2)), {"strategy": "replace"}, "replace", "it is set in certificate_rotation_"),
    ],
)
def test_the_strategy_and_its_reason(current: Json, settings: dict[str, Any], strategy: str, reason: str) -> None:
    made = plan(current, **settings)

    assert made.strategy == strategy
    assert made.strategy_reason.startswith(reason)


def test_replace_with_waves_is_a_problem() -> None:
    (problem,) = plan(holding({DEV: OLD, PROD: OLD}), waves=TWO_WAVES, strategy="replace").problems

    assert problem.startswith("certificate_rotation_strategy: replace writes all environments in one update")
    assert "cannot write 2 waves" in problem


def test_replace_also_writes_environments_that_are_not_due() -> None:
    current = holding({DEV: OLD, PROD: bundle(days=90), STAGE: NEW})
    desired = desire(renew_before=RenewalWindow(30))

    one_update = actions(plan(current, desired, strategy="replace"))
    assert one_update == {DEV: (UPDATE, "expires_soon"), PROD: (UPDATE, "differs"), STAGE: (NONE, "in_sync")}
    separately = actions(plan(current, desired, strategy="per_environment"))
    assert separately == {DEV: (UPDATE, "expires_soon"), PROD: (NONE, "not_due"), STAGE: (NONE, "in_sync")}


def test_replace_leaves_a_certificate_alone_that_is_not_due_anywhere() -> None:
    made = plan(holding({DEV: OLD, PROD: OTHER}), desire(DEV, renew_before=RenewalWindow(5)), strategy="replace")

    assert actions(made) == {DEV: (NONE, "not_due")}
    assert made.problems == ()


@pytest.mark.parametrize(("strategy", "problems"), [("replace", 1), ("auto", 1), ("per_environment", 0)])
def test_replace_refuses_to_remove_a_certificate_from_unlisted_environments(strategy: str, problems: int) -> None:
    made = plan(holding({DEV: OLD, PROD: OLD, STAGE: OLD}), desire(DEV), strategy=strategy)

    assert len(made.problems) == problems
    for problem in made.problems:
        assert problem.startswith("MyProject/web is also in production, staging, which this run leaves out")
        assert "per_environment" in problem


def test_all_problems_are_reported_together() -> None:
    settings = Settings(
        certificates=(desire(name="nowhere"), desire(DEV), desire(STAGE, name="api")),
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


def test_the_new_certificate_is_not_in_the_repr_of_a_plan() -> None:
    assert "Bundle" not in repr(plan(holding({DEV: OLD})).certificates[0])
