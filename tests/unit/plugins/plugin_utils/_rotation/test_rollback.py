# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_input
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.rollback_plan import (
    Changed,
    Decision,
    RollbackPlan,
    RollbackStep,
    decide,
    plan_rollback,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    plan_rollback_of_run,
    to_operation,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from unit.plugins.plugin_utils._rotation.fakes import FakeAccess
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
    Certificates,
    Json,
    RunBuilder,
    certificate,
    entry,
    holding,
    issued,
    listed_entry,
)

STAYS = (
    "the run added the certificate to this environment, and it stays there, since the update that removes it would write "
    "one certificate to all other environments"
)
MODIFIED = "modified by someone else since this run wrote it, so it was left alone"
UNKNOWN = "the manager did not return the previous certificate, so it cannot be restored"
EXPIRED_MESSAGE = "the previous certificate expired on 2026-05-27T12:00:00Z, so it was NOT restored"


def current_views(certificates: Certificates) -> dict[str, Json]:
    """What each environment holds now."""
    return {name: entry(name, current) for name, current in certificates.items()}


def roll_back(
    previous: Json | None,
    *environments: str,
    one_update: bool = False,
    duplicated: bool = False,
    current: Mapping[str, Json] | None = None,
) -> RollbackPlan:
    """The rollback of one certificate that the run has written in these environments.

    Without C(current), they hold what the run wrote, and the others what they held before.
    """
    if current is None:
        views = {view["name"]: view for view in (previous or {}).get("environments", ())}
        current = {**views, **current_views(dict.fromkeys(environments, NEW))}
    changed = Changed(PROJECT, NAME, environments, previous, NEW.leaf.fingerprint_sha1, current, duplicated=duplicated)
    return plan_rollback([changed], one_update=one_update)


def step(*environments: str, unlisted: str = "keep", content: str | None = OLD.pem, **changes: Any) -> RollbackStep:
    values: dict[str, Any] = {"alias": "web-alias", "description": "First", **changes}
    return RollbackStep(PROJECT, NAME, environments, unlisted_environments=unlisted, content=content, **values)


@pytest.mark.parametrize(
    ("previous", "current", "decision"),
    [
        (entry(PROD, OLD), entry(PROD, NEW), Decision.RESTORE),
        (entry(PROD, OLD), entry(PROD, OLD), Decision.RESTORE),
        (entry(PROD, OLD), entry(PROD, NEW, entries=2), Decision.RESTORE),
        (entry(PROD, OLD), listed_entry(PROD, NEW), Decision.RESTORE),
        (entry(PROD, OLD), None, Decision.RESTORE),
        (entry(PROD, OLD), entry(PROD, OTHER), Decision.LEAVE_MODIFIED),
        (entry(PROD, OLD), listed_entry(PROD, OTHER), Decision.LEAVE_MODIFIED),
        (entry(PROD, EXPIRED), entry(PROD, OTHER), Decision.LEAVE_MODIFIED),
        (entry(PROD, EXPIRED), entry(PROD, NEW), Decision.LEAVE_EXPIRED),
        (entry(PROD, None), entry(PROD, NEW), Decision.LEAVE_UNKNOWN),
        (listed_entry(PROD, OLD) | {"content": None}, entry(PROD, NEW), Decision.LEAVE_UNKNOWN),
        (None, entry(PROD, NEW), Decision.REMOVE),
        (None, entry(PROD, OTHER), Decision.LEAVE_MODIFIED),
        (None, None, Decision.NOTHING),
        (entry(PROD, NEW), entry(PROD, NEW), Decision.NOTHING),
        (entry(PROD, NEW, alias="other"), entry(PROD, NEW), Decision.RESTORE),
        (entry(PROD, NEW), entry(PROD, NEW, entries=2), Decision.RESTORE),
    ],
)
def test_each_environment_that_was_written_has_a_decision(
    previous: Json | None, current: Json | None, decision: Decision
) -> None:
    before = certificate(*([previous] if previous else []))
    now = {PROD: current} if current else {}

    assert decide(Changed(PROJECT, NAME, (PROD,), before, NEW.leaf.fingerprint_sha1, now), PROD) is decision


@pytest.mark.parametrize(
    ("previous", "decision"),
    [
        (entry(PROD, OLD), Decision.RESTORE),
        (entry(PROD, EXPIRED), Decision.LEAVE_EXPIRED),
        (entry(PROD, None), Decision.LEAVE_UNKNOWN),
    ],
)
def test_a_restore_may_replace_anything(previous: Json, decision: Decision) -> None:
    assert decide(Changed(PROJECT, NAME, (PROD,), certificate(previous)), PROD) is decision


def test_one_update_restores_the_previous_certificate_in_all_environments() -> None:
    plan = roll_back(holding({DEV: OLD, PROD: OLD}), DEV, PROD, one_update=True)

    assert plan == RollbackPlan((step(DEV, PROD, unlisted="fail"),))


@pytest.mark.parametrize("one_update", [True, False])
def test_only_environments_that_were_written_are_restored(one_update: bool) -> None:
    plan = roll_back(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), DEV, STAGE, one_update=one_update)

    assert plan == RollbackPlan((step(DEV, STAGE),))


def test_environments_that_were_written_separately_are_restored_separately() -> None:
    assert roll_back(holding({DEV: OLD, PROD: OLD}), DEV, PROD) == RollbackPlan((step(DEV, PROD),))


def test_where_the_manager_duplicated_entries_each_environment_is_replaced() -> None:
    plan = roll_back(holding({DEV: OLD, PROD: OLD}), DEV, PROD, one_update=True, duplicated=True)

    assert plan == RollbackPlan((step(DEV, PROD),))


@pytest.mark.parametrize("one_update", [True, False])
def test_environments_that_differed_get_their_own_certificate_back(one_update: bool) -> None:
    before = certificate(entry(DEV, OLD), entry(STAGE, OTHER), entry(PROD, OLD), entry("dr", OLD, alias="dr-alias"))

    plan = roll_back(before, DEV, STAGE, PROD, "dr", one_update=one_update)

    assert plan == RollbackPlan((step(DEV, PROD), step(STAGE, content=OTHER.pem), step("dr", alias="dr-alias")))


def test_a_certificate_that_the_run_created_is_deleted() -> None:
    assert roll_back(None, DEV, PROD) == RollbackPlan((RollbackStep(PROJECT, NAME, (DEV, PROD), absent=True),))


def test_a_creation_that_did_not_take_effect_needs_no_rollback() -> None:
    assert roll_back(None, DEV, PROD, current={}) == RollbackPlan()


def test_a_created_certificate_is_deleted_where_it_did_take_effect() -> None:
    plan = roll_back(None, DEV, PROD, current=current_views({DEV: NEW}))

    assert plan == RollbackPlan((RollbackStep(PROJECT, NAME, (DEV,), absent=True),))


@pytest.mark.parametrize(
    ("current", "named"),
    [
        ({DEV: NEW, STAGE: NEW}, STAGE),
        ({DEV: NEW, STAGE: OTHER, PROD: NEW}, f"{PROD}, {STAGE}"),
        ({STAGE: OTHER}, STAGE),
        ({DEV: OTHER}, DEV),
        ({DEV: OTHER, STAGE: OTHER}, DEV),
    ],
)
def test_a_created_certificate_that_someone_else_has_modified_is_left_alone(
    current: dict[str, Bundle], named: str
) -> None:
    """A deletion would remove it from every environment."""
    plan = roll_back(None, DEV, current=current_views(current))

    assert plan == RollbackPlan((), (f"MyProject/web in {named}: {MODIFIED}",))


def test_an_environment_that_the_run_added_is_removed_by_the_same_update() -> None:
    plan = roll_back(holding({DEV: OLD, STAGE: OLD}), DEV, PROD, STAGE, one_update=True)

    assert plan == RollbackPlan((step(DEV, STAGE, unlisted="remove"),))


@pytest.mark.parametrize("one_update", [True, False])
def test_an_environment_that_the_run_added_is_removed_while_the_others_keep_their_certificate(
    one_update: bool,
) -> None:
    plan = roll_back(holding({STAGE: OLD, DEV: OLD}), PROD, one_update=one_update)

    assert plan == RollbackPlan((step(DEV, STAGE, unlisted="remove", content=None, alias=None),))


def test_previous_certificates_are_restored_before_added_ones_are_removed() -> None:
    plan = roll_back(holding({DEV: OLD, STAGE: OLD}), DEV, PROD)

    assert plan == RollbackPlan((step(DEV), step(DEV, STAGE, unlisted="remove", content=None, alias=None)))


@pytest.mark.parametrize(
    "before",
    [
        holding({DEV: OLD, STAGE: OTHER}),
        certificate(entry(DEV), entry(STAGE, alias="other-alias")),
        certificate(),
    ],
)
def test_an_environment_that_the_run_added_stays_where_the_others_differ(before: Json) -> None:
    plan = roll_back(before, PROD, one_update=True)

    assert plan == RollbackPlan((), (f"MyProject/web in production: {STAYS}",))


@pytest.mark.parametrize("one_update", [True, False])
@pytest.mark.parametrize("written", [(DEV, PROD), (PROD,)])
def test_removing_an_added_environment_does_not_remove_one_that_someone_else_added(
    one_update: bool, written: tuple[str, ...]
) -> None:
    current = current_views({DEV: NEW if DEV in written else OLD, PROD: NEW, STAGE: OTHER})

    plan = roll_back(holding({DEV: OLD}), *written, one_update=one_update, current=current)

    assert plan.impossible == (f"MyProject/web in production: {STAYS}",)
    assert plan.steps == ((step(DEV),) if DEV in written else ())


def test_one_update_is_not_used_where_someone_else_has_added_an_environment() -> None:
    current = current_views({DEV: NEW, PROD: OTHER})

    plan = roll_back(holding({DEV: OLD}), DEV, one_update=True, current=current)

    assert plan == RollbackPlan((step(DEV),))


@pytest.mark.parametrize("one_update", [True, False])
def test_a_modification_by_someone_else_is_left_alone_and_named(one_update: bool) -> None:
    current = current_views({DEV: NEW, STAGE: OTHER, PROD: NEW})

    plan = roll_back(
        holding({DEV: OLD, STAGE: OLD, PROD: OLD}), DEV, STAGE, PROD, one_update=one_update, current=current
    )

    assert plan == RollbackPlan((step(DEV, PROD),), (f"MyProject/web in staging: {MODIFIED}",))


def test_one_update_is_not_used_where_someone_else_has_modified_an_environment_that_the_run_added() -> None:
    current = current_views({DEV: NEW, PROD: OTHER})

    plan = roll_back(holding({DEV: OLD}), DEV, PROD, one_update=True, current=current)

    assert plan == RollbackPlan((step(DEV),), (f"MyProject/web in production: {MODIFIED}",))


def test_an_expired_certificate_is_never_restored() -> None:
    plan = roll_back(holding({DEV: OLD, PROD: EXPIRED}), DEV, PROD, one_update=True)

    assert plan == RollbackPlan((step(DEV),), (f"MyProject/web in production: {EXPIRED_MESSAGE}",))


def test_where_all_previous_certificates_have_expired_there_are_no_steps() -> None:
    plan = roll_back(holding({DEV: EXPIRED, PROD: EXPIRED}), DEV, PROD, one_update=True)

    assert plan.steps == ()
    assert plan.impossible == (f"MyProject/web in development, production: {EXPIRED_MESSAGE}",)


def test_a_certificate_that_the_manager_did_not_return_cannot_be_restored() -> None:
    plan = roll_back(holding({DEV: None, PROD: OLD}), DEV, PROD, one_update=True)

    assert plan == RollbackPlan((step(PROD),), (f"MyProject/web in development: {UNKNOWN}",))


def test_an_environment_that_the_run_added_stays_where_another_cannot_be_restored() -> None:
    """The update that removes it would write the expired certificate, or one certificate to all environments."""
    plan = roll_back(holding({DEV: EXPIRED}), DEV, PROD, one_update=True)

    assert plan.steps == ()
    assert len(plan.impossible) == 2
    assert plan.impossible[1] == f"MyProject/web in production: {STAYS}"


def test_certificates_are_rolled_back_in_reverse_order() -> None:
    def changed(name: str, *environments: str, previous: Certificates | None = None) -> Changed:
        before = None if previous is None else holding(previous, name=name)
        return Changed(
            PROJECT,
            name,
            environments,
            before,
            NEW.leaf.fingerprint_sha1,
            current_views(dict.fromkeys(environments, NEW)),
        )

    first = changed("first", DEV, PROD, previous={DEV: OLD, PROD: EXPIRED})
    second = changed("second", DEV)
    third = changed("third", PROD, previous={PROD: EXPIRED})

    plan = plan_rollback([first, second, third], one_update=False)

    assert [(one.name, one.absent) for one in plan.steps] == [("second", True), ("first", False)]
    assert [message.split(" in ")[0] for message in plan.impossible] == ["MyProject/third", "MyProject/first"]


def test_without_writes_there_are_no_steps() -> None:
    assert plan_rollback([], one_update=True) == RollbackPlan()


def test_the_content_of_a_step_is_not_in_its_repr() -> None:
    assert "CERTIFICATE" not in repr(step(DEV))


BEFORE = holding({DEV: OLD, STAGE: OLD, PROD: OLD})
THREE_WAVES = ((DEV,), (STAGE,), (PROD,))


def roll_back_run(builder: RunBuilder, *current: Json, unreadable: str = "") -> tuple[list[RollbackStep], list[str]]:
    """The rollback of a run, where the manager holds C(current) now, or the project that cannot be read."""
    run = builder.build()
    assert run.settings is not None
    steps, problems, _restored = plan_rollback_of_run(run, FakeAccess(*current, unreadable=unreadable))
    return list(steps), problems


def test_what_a_run_may_have_written_is_rolled_back() -> None:
    builder = RunBuilder(BEFORE, waves=THREE_WAVES)
    builder.wrote(DEV).wrote(STAGE, wave=2, failed=True).refused_write(PROD, wave=3)

    steps, problems = roll_back_run(builder, holding({DEV: NEW, STAGE: NEW, PROD: OLD}))

    assert (steps, problems) == ([step(DEV, STAGE)], [])


def test_an_interrupted_write_is_rolled_back() -> None:
    builder = RunBuilder(BEFORE, waves=THREE_WAVES).wrote(DEV).interrupted_write(STAGE, wave=2)

    steps, problems = roll_back_run(builder, holding({DEV: NEW, STAGE: OLD, PROD: OLD}))

    assert (steps, problems) == ([step(DEV, STAGE)], [])


def test_a_run_that_changed_nothing_has_no_steps() -> None:
    builder = RunBuilder(BEFORE).refused_write(DEV, STAGE, PROD)

    assert roll_back_run(builder, BEFORE) == ([], [])


@pytest.mark.parametrize(("duplicated", "unlisted"), [(False, "fail"), (True, "keep")])
def test_entries_that_the_manager_duplicated_are_restored_environment_by_environment(
    duplicated: bool, unlisted: str
) -> None:
    before = holding({DEV: OLD, PROD: OLD})
    builder = RunBuilder(before).wrote(DEV, PROD, duplicated=duplicated)

    ((only,), problems) = roll_back_run(builder, holding({DEV: NEW, PROD: NEW}))

    assert (only, problems) == (step(DEV, PROD, unlisted=unlisted), [])


def test_an_environment_that_was_written_twice_is_restored_once() -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, STAGE).wrote(DEV)

    steps, _problems = roll_back_run(builder, holding({DEV: NEW, STAGE: NEW, PROD: OLD}))

    assert steps == [step(DEV, STAGE)]


def test_a_certificate_that_a_run_created_is_deleted() -> None:
    desired = DesiredCertificate(PROJECT, NAME, path="web.pem", environments=(DEV, PROD))
    builder = RunBuilder(None, desired=desired).wrote(DEV, PROD)

    steps, problems = roll_back_run(builder, holding({DEV: NEW, PROD: NEW}))

    assert (steps, problems) == ([RollbackStep(PROJECT, NAME, (DEV, PROD), absent=True)], [])


def test_a_certificate_that_has_disappeared_is_restored() -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, STAGE, PROD)

    steps, problems = roll_back_run(builder)

    assert (steps, problems) == ([step(DEV, STAGE, PROD, unlisted="fail")], [])


def test_what_someone_else_has_modified_since_is_left_alone() -> None:
    builder = RunBuilder(BEFORE, waves=THREE_WAVES).wrote(DEV).wrote(STAGE, wave=2)

    steps, problems = roll_back_run(builder, holding({DEV: OTHER, STAGE: NEW, PROD: OLD}))

    assert steps == [step(STAGE)]
    assert problems == [f"MyProject/web in development: {MODIFIED}"]


def test_a_project_that_cannot_be_read_is_not_rolled_back_and_the_others_are() -> None:
    """Without knowing what it holds, a rollback could overwrite what someone else has written."""
    builder = RunBuilder(holding({DEV: OLD}), new=NEW).also(holding({DEV: OLD}, project="admin", name="api"))
    builder.wrote(DEV).wrote(DEV, key="admin/api")
    now = holding({DEV: NEW}, project="admin", name="api")

    steps, problems = roll_back_run(builder, holding({DEV: NEW}), now, unreadable=PROJECT)

    assert [(one.project, one.name) for one in steps] == [("admin", "api")]
    assert problems == [
        "MyProject/web: not rolled back, since the manager cannot be read: MyProject cannot be read: HTTP 503"
    ]


def test_a_manager_that_cannot_be_read_gets_no_rollback() -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, STAGE, PROD)

    assert roll_back_run(builder, BEFORE, unreadable=PROJECT) == (
        [],
        ["MyProject/web: not rolled back, since the manager cannot be read: MyProject cannot be read: HTTP 503"],
    )


def test_a_step_is_written_even_where_the_record_lists_the_previous_certificate() -> None:
    """Beside the new one, which the gateways then still trust."""
    settings = Settings(certificates=(DesiredCertificate(PROJECT, NAME),))

    assert to_operation(step(DEV, STAGE), settings) == Operation(
        PROJECT,
        NAME,
        (DEV, STAGE),
        bundle=OLD,
        unlisted_environments="keep",
        alias="web-alias",
        description="First",
        force=True,
        verify_gateways="auto",
    )


@pytest.mark.parametrize(("mode", "expected"), [("auto", "auto"), ("required", "required"), ("never", "never")])
def test_a_step_asks_the_gateways_where_its_deployment_is_not_reported(mode: str, expected: str) -> None:
    settings = Settings(certificates=(), verify_gateways=mode, verify_gateways_timeout=3)

    operation = to_operation(step(DEV), settings)
    assert (operation.verify_gateways, operation.verify_timeout) == (expected, 3)


def test_a_step_restores_the_issuers_as_well() -> None:
    chain = parse_input(issued(days=20).chain_pem.encode())

    restored = to_operation(step(DEV, content=chain.pem), Settings(certificates=()))

    assert restored.bundle == chain


def test_the_step_that_removes_an_added_environment_keeps_the_others_certificate() -> None:
    operation = to_operation(step(DEV, unlisted="remove", content=None, alias=None), Settings(certificates=()))

    assert (operation.bundle, operation.alias, operation.unlisted_environments) == (None, None, "remove")


def test_a_deletion_is_carried_out_whether_or_not_gateways_can_be_asked() -> None:
    operation = to_operation(RollbackStep(PROJECT, NAME, (DEV,), absent=True), Settings(certificates=()))

    assert (operation.absent, operation.force, operation.options) == (
        True,
        True,
        {
            "project": PROJECT,
            "name": NAME,
            "state": "absent",
            "force": True,
            "verify_gateways": "auto",
            "verify_gateways_timeout": 10,
        },
    )


@pytest.mark.parametrize(
    ("update", "unlisted", "scope"),
    [(True, "fail", "all_projects"), (True, "remove", "all_projects"), (True, "keep", None), (False, "fail", None)],
)
def test_a_step_updates_jwks_where_the_run_did(update: bool, unlisted: str, scope: str | None) -> None:
    """An import cannot."""
    settings = Settings(certificates=(), update_referenced_jwks=update, update_scope="all_projects")

    assert to_operation(replace(step(DEV), unlisted_environments=unlisted), settings).jwk_scope == scope


def test_a_key_names_project_and_certificate() -> None:
    assert Changed(PROJECT, NAME, (), None).key == step(DEV).key == KEY
