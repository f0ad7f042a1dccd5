# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest
from ansible.parsing.splitter import parse_kv

from ansible_collections.apinizer.apiops.plugins.module_utils._api import PSEUDO_ENVIRONMENT
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation_result import make_result
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    FAILURES,
    SUCCESSES,
    CertificateResult,
    EnvironmentResult,
    GuardResult,
    RotationResult,
    ShownCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import Outcome
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    FINISHED,
    KEY,
    NAME,
    NEW,
    NOW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    TWO_WAVES,
    Json,
    RunBuilder,
    bundle,
    certificate,
    deployment,
    entry,
    holding,
    listed,
    listed_entry,
)

BEFORE = holding({DEV: OLD, PROD: OLD})
AFTER = holding({DEV: NEW, PROD: NEW})
MIXED = holding({DEV: NEW, PROD: OLD})


def in_waves(before: Json | None = BEFORE, **changes: Any) -> RunBuilder:
    """A run of two waves."""
    return RunBuilder(before, waves=TWO_WAVES, **changes)


def in_development(before: Json | None, **desired: Any) -> RunBuilder:
    """A run for a certificate that belongs in development only."""
    return RunBuilder(before, desired=DesiredCertificate(PROJECT, NAME, path="web.pem", environments=(DEV,), **desired))


def second_wave_failed() -> RunBuilder:
    return in_waves().wrote(DEV).verified(1).refused_write(PROD, wave=2).failed()


def result(builder: RunBuilder, *after: Json) -> RotationResult:
    """The result of a run; C(after) are the certificates as read back at the end."""
    return make_result(Outcome(builder.build(), listed(*after) if after else None), FINISHED)


def outcomes(made: RotationResult) -> tuple[str, list[str], list[str]]:
    """The outcomes of the run, of its certificates and of its waves."""
    return (
        made["outcome"],
        [found["outcome"] for found in made["certificates"]],
        [wave["outcome"] for wave in made["waves"]],
    )


def in_environment(made: RotationResult, name: str) -> EnvironmentResult:
    (found,) = [env for cert in made["certificates"] for env in cert["environments"] if env["name"] == name]
    return found


def shown(current: Bundle) -> str:
    """A certificate as a message shows it."""
    return f"SHA-256 {current.leaf.fingerprint_sha256[:16]}... until {entry(DEV, current)['not_after']}"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (result(in_waves(check_mode=True)), ("planned", ["planned"], ["not_started", "not_started"])),
        (result(in_waves(MIXED)), ("planned", ["planned"], ["not_started", "not_started"])),
        (result(in_waves(AFTER)), ("nothing_to_do", ["in_sync"], ["not_started", "not_started"])),
        (result(RunBuilder(AFTER, check_mode=True)), ("nothing_to_do", ["in_sync"], ["not_started"])),
        (
            result(
                RunBuilder(
                    BEFORE, desired=DesiredCertificate(PROJECT, NAME, path="web.pem", renew_before=RenewalWindow(5))
                )
            ),
            ("nothing_to_do", ["not_due"], ["not_started"]),
        ),
        (result(RunBuilder(certificate(entry(DEV, NEW, entries=2)))), ("nothing_to_do", ["in_sync"], ["not_started"])),
        (
            result(RunBuilder(BEFORE, new=bundle(days=1, common_name="other.example"), on_guard_failure="skip")),
            ("skipped", ["skipped"], ["not_started"]),
        ),
        (result(RunBuilder(BEFORE, new=bundle(days=10)).failed("A guard")), ("refused", ["skipped"], ["not_started"])),
        (
            result(RunBuilder(BEFORE).before_preflight().failed("No permission to read")),
            ("refused", ["not_started"], ["not_started"]),
        ),
        (result(RunBuilder(AFTER).failed("A task of the user")), ("refused", ["in_sync"], ["not_started"])),
        (
            result(in_waves().failed("No space for the backup")),
            ("refused", ["not_started"], ["not_started", "not_started"]),
        ),
        (
            result(in_waves().wrote(DEV).wrote(PROD, wave=2).verified(1, 2), AFTER),
            ("rotated", ["rotated"], ["done", "done"]),
        ),
        (result(in_waves(MIXED).wrote(PROD, wave=2).verified(2), AFTER), ("rotated", ["rotated"], ["done", "done"])),
        (
            result(second_wave_failed().rolled_back(), BEFORE),
            ("rolled_back", ["rolled_back"], ["rolled_back", "failed"]),
        ),
        (
            result(in_waves().wrote(DEV).failed().rolled_back(), BEFORE),
            ("rolled_back", ["rolled_back"], ["rolled_back", "not_started"]),
        ),
        (
            result(second_wave_failed().rolled_back("The manager cannot be reached"), MIXED),
            ("rollback_failed", ["failed"], ["failed", "failed"]),
        ),
        (
            result(in_waves().wrote(DEV).failed().rolled_back("The previous certificate expired"), MIXED),
            ("rollback_failed", ["failed"], ["failed", "not_started"]),
        ),
        (result(second_wave_failed(), MIXED), ("failed", ["failed"], ["done", "failed"])),
        # The wave was written, and its verification failed.
        (result(in_waves().wrote(DEV).failed(), MIXED), ("failed", ["failed"], ["failed", "not_started"])),
        # The write was killed before it returned.
        (
            result(in_waves().interrupted_write(DEV).failed().rolled_back(), BEFORE),
            ("rolled_back", ["rolled_back"], ["rolled_back", "not_started"]),
        ),
    ],
)
def test_outcomes_of_the_run_its_certificates_and_its_waves(
    run: RotationResult, expected: tuple[str, list[str], list[str]]
) -> None:
    assert outcomes(run) == expected


def test_every_outcome_either_fails_the_play_or_does_not() -> None:
    assert {*SUCCESSES} == {"nothing_to_do", "planned", "introduced", "rotated", "stored", "skipped"}
    assert {*FAILURES} == {"refused", "failed", "rolled_back", "rollback_failed"}


def several(**settings: Any) -> RunBuilder:
    """A run for four certificates, of which C(late) is not due and C(odd) does not pass its guards."""
    builder = RunBuilder(holding({DEV: OLD}), on_guard_failure="skip", **settings)
    builder.also(holding({DEV: OLD}, name="api")).also(holding({DEV: NEW}, name="late"))
    return builder.also(holding({DEV: OLD}, name="odd"), new=bundle(days=300, common_name="odd.example"))


def test_each_certificate_has_its_own_outcome() -> None:
    builder = several().wrote(DEV).wrote(DEV, key="MyProject/api").verified(1)

    run = result(builder, *(holding({DEV: NEW}, name=name) for name in ("web", "api", "late")))

    assert outcomes(run) == ("rotated", ["rotated", "rotated", "in_sync", "skipped"], ["done"])
    assert run["message"] == (
        "Rotated 2 of 4 certificates in 2 environments, verified in the manager's record. "
        "The guards left out 1 of them."
    )


def test_a_plan_counts_what_the_guards_leave_out() -> None:
    assert result(several(check_mode=True))["message"] == (
        "Nothing was written in check mode: 3 of 4 certificates due in 3 environments. The guards left out 1 of them."
    )


def test_a_certificate_that_was_not_reached_was_not_started() -> None:
    run = result(several().wrote(DEV).failed().rolled_back(), holding({DEV: OLD}))

    assert outcomes(run) == ("rolled_back", ["rolled_back", "not_started", "in_sync", "skipped"], ["rolled_back"])


def test_a_run_whose_guards_leave_everything_out_says_so() -> None:
    run = result(RunBuilder(BEFORE, new=bundle(days=300, common_name="other.example"), on_guard_failure="skip"))

    assert run["message"] == "Nothing was written. The guards left out every certificate that is due (1 of 1)."


def test_schema_1_of_a_run() -> None:
    run = result(in_waves(check_mode=True))

    assert {key: value for key, value in run.items() if key != "certificates"} == {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "localhost",
        "started": "2026-06-01T12:00:00Z",
        "finished": "2026-06-01T12:05:00Z",
        "check_mode": True,
        "outcome": "planned",
        "message": "Nothing was written in check mode: 1 of 1 certificates due in 2 environments.",
        "strategy": "per_environment",
        "strategy_reason": "there are 2 waves, and only import-file writes one wave without the others "
        "(strategy overlap needs no import-file)",
        "waves": [
            {"number": 1, "environments": [DEV], "stage": None, "outcome": "not_started"},
            {"number": 2, "environments": [PROD], "stage": None, "outcome": "not_started"},
        ],
        "rollback": {"performed": False, "complete": None, "messages": []},
        "backup": None,
    }


def test_schema_1_of_a_certificate() -> None:
    run = result(in_waves().wrote(DEV).verified(1), MIXED)

    (found,) = run["certificates"]
    assert (found["project"], found["name"]) == (PROJECT, NAME)
    assert {(guard["guard"], guard["environment"], guard["passed"]) for guard in found["guards"]} == {
        ("minimum_remaining_days", None, True),
        *(
            (f"require_{what}", environment, True)
            for what in ("later_expiry", "same_subject", "same_names", "same_usage")
            for environment in (DEV, PROD)
        ),
    }
    left_out = ("name", "entries", "expired", "content")
    old, new = (
        {key: value for key, value in entry(DEV, current).items() if key not in left_out} for current in (OLD, NEW)
    )
    assert found["environments"] == [
        {
            "name": DEV,
            "wave": 1,
            "action": "update",
            "reason": "differs",
            "from": old,
            "to": new,
            "now": new,
            "key": "new",
            "entries": 1,
            "deployment": {"success": True, "message": "as reported"},
            "gateway": None,
            "rolled_back": None,
        },
        {
            "name": PROD,
            "wave": 2,
            "action": "update",
            "reason": "differs",
            "from": old,
            "to": new,
            "now": old,
            "key": "new",
            "entries": 1,
            "deployment": None,
            "gateway": None,
            "rolled_back": None,
        },
    ]


def test_the_result_has_the_keys_of_its_schema() -> None:
    run = result(in_waves().wrote(DEV).verified(1), MIXED)

    (found,) = run["certificates"]
    assert run.keys() == RotationResult.__annotations__.keys()
    assert found.keys() == CertificateResult.__annotations__.keys()
    assert {*found["guards"][0]} == {*GuardResult.__annotations__}
    for environment in found["environments"]:
        assert environment.keys() == EnvironmentResult.__annotations__.keys()
        for moment in (environment["from"], environment["to"], environment["now"]):
            assert moment is not None
            assert moment.keys() == ShownCertificate.__annotations__.keys()


def test_the_result_is_json() -> None:
    run = result(second_wave_failed().rolled_back(), BEFORE)

    assert json.loads(json.dumps(run)) == run


def test_no_content_is_in_the_result() -> None:
    assert "BEGIN" not in str(result(RunBuilder(BEFORE).wrote(DEV, PROD).verified(1), AFTER))


def test_the_folder_of_the_backup_is_in_the_result() -> None:
    run = RunBuilder(BEFORE).build()
    run.backup = "/backups/2026-06-01T120000Z-localhost"

    assert make_result(Outcome(run, None), FINISHED)["backup"] == "/backups/2026-06-01T120000Z-localhost"


def test_without_a_write_every_environment_holds_what_it_held_before() -> None:
    run = result(RunBuilder(certificate(entry(DEV, OLD, entries=2), entry(PROD, OTHER)), check_mode=True))

    for name, current, entries in ((DEV, OLD, 2), (PROD, OTHER, 1)):
        found = in_environment(run, name)
        assert found["now"] is not None
        assert found["now"]["fingerprint_sha1"] == current.leaf.fingerprint_sha1
        assert (found["entries"], found["deployment"]) == (entries, None)


def test_after_a_write_only_what_was_read_back_is_reported() -> None:
    run = result(RunBuilder(BEFORE).wrote(DEV, PROD).failed())

    assert [(found["now"], found["entries"]) for found in run["certificates"][0]["environments"]] == [(None, None)] * 2


def test_an_environment_without_a_certificate_has_no_entries() -> None:
    run = result(RunBuilder(BEFORE).wrote(DEV, PROD).failed(), holding({DEV: NEW}))

    assert [(found["now"] is None, found["entries"]) for found in run["certificates"][0]["environments"]] == [
        (False, 1),
        (True, 0),
    ]


@pytest.mark.parametrize(
    ("before", "action"), [(certificate(), "create"), (holding({DEV: OLD}), "update"), (holding({DEV: NEW}), "none")]
)
def test_only_what_is_due_has_a_new_certificate(before: Json, action: str) -> None:
    found = in_environment(result(in_development(before)), DEV)

    assert found["action"] == action
    assert (found["from"] is None) == (action == "create")
    assert (found["to"] is None) == (action == "none")


@pytest.mark.parametrize(
    ("before", "alias", "expected"),
    [
        (BEFORE, None, "web-alias"),
        (BEFORE, "other-alias", "other-alias"),
        (None, None, NAME),
        (None, "new-alias", "new-alias"),
    ],
)
def test_the_new_alias_is_the_given_one_or_the_current_one_or_the_name(
    before: Json | None, alias: str | None, expected: str
) -> None:
    to = in_environment(result(in_development(before, alias=alias)), DEV)["to"]

    assert to is not None
    assert to["alias"] == expected


def test_a_certificate_that_has_to_be_obtained_is_not_known_yet() -> None:
    desired = DesiredCertificate(PROJECT, NAME, renew_before=RenewalWindow(30))
    run = result(RunBuilder(BEFORE, desired=desired, new=None, check_mode=True))

    assert outcomes(run) == ("planned", ["planned"], ["not_started"])
    assert in_environment(run, DEV)["to"] is None


def test_the_deployment_is_the_last_one_that_was_reported_for_the_environment() -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, PROD)
    builder.wrote(DEV, PROD, deployment=deployment(False, "1 failed", **{PROD: "Worker gw-2 did not answer"}))
    run = result(builder.wrote(DEV, PROD, deployment=None).verified(1), AFTER)

    assert in_environment(run, PROD)["deployment"] == {"success": False, "message": "Worker gw-2 did not answer"}
    assert in_environment(run, DEV)["deployment"] == {"success": False, "message": "1 failed"}


@pytest.mark.parametrize(
    ("after", "rolled_back"), [(BEFORE, {DEV: True, PROD: None}), (MIXED, {DEV: False, PROD: None})]
)
def test_rolled_back_is_what_the_record_shows_for_environments_that_were_changed(
    after: Json, rolled_back: dict[str, Any]
) -> None:
    run = result(second_wave_failed().rolled_back(), after)

    assert {name: in_environment(run, name)["rolled_back"] for name in (DEV, PROD)} == rolled_back


DUPLICATED = certificate(entry(DEV, OLD, entries=2), entry(PROD, OLD))
WITH_NEW, WITH_OLD = f"SHA-256 {NEW.leaf.fingerprint_sha256}", f"SHA-256 {OLD.leaf.fingerprint_sha256}"


@pytest.mark.parametrize(
    ("after", "current"),
    [
        (holding({PROD: OLD}), "no certificate"),
        (holding({DEV: NEW, PROD: OLD}), WITH_NEW),
        (DUPLICATED, f"{WITH_OLD} (2 entries)"),
    ],
    ids=["none", "new", "2 entries"],
)
def test_a_rollback_is_complete_only_if_the_record_shows_it(after: Json, current: str) -> None:
    """Each of its writes succeeded; the record decides."""
    run = result(in_waves().wrote(DEV).failed().rolled_back(), after)

    assert outcomes(run) == ("rollback_failed", ["failed"], ["failed", "not_started"])
    assert run["rollback"]["messages"] == [
        f"MyProject/web in development holds {current} instead of its previous certificate"
    ]
    assert run["rollback"]["complete"] is False
    assert in_environment(run, DEV)["rolled_back"] is False


def test_entries_that_existed_before_the_run_do_not_count_against_the_rollback() -> None:
    run = result(in_waves(DUPLICATED).wrote(DEV).failed().rolled_back(), BEFORE)

    assert run["outcome"] == "rolled_back"
    assert in_environment(run, DEV)["rolled_back"] is True


def test_environments_that_were_not_written_do_not_count_against_the_rollback() -> None:
    run = result(in_waves().wrote(DEV).failed().rolled_back(), holding({DEV: OLD, PROD: OTHER}))

    assert run["outcome"] == "rolled_back"


@pytest.mark.parametrize(("after", "rolled_back"), [(None, None), ({PROJECT: []}, True), (listed(AFTER), False)])
def test_a_created_certificate_is_rolled_back_when_the_record_no_longer_has_it(
    after: dict[str, list[Json]] | None, rolled_back: bool | None
) -> None:
    run = make_result(Outcome(in_development(None).wrote(DEV).failed().rolled_back().build(), after), FINISHED)

    assert in_environment(run, DEV)["rolled_back"] is rolled_back


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (result(RunBuilder(AFTER)), "Nothing to do: 0 of 1 certificates due."),
        (result(RunBuilder(BEFORE)), "Nothing was written: 1 of 1 certificates due in 2 environments."),
        (
            result(RunBuilder(BEFORE, check_mode=True)),
            "Nothing was written in check mode: 1 of 1 certificates due in 2 environments.",
        ),
        (result(RunBuilder(BEFORE).failed("No permission to read.")), "Nothing was written. No permission to read."),
        (
            result(RunBuilder(BEFORE).wrote(DEV, PROD).verified(1), AFTER),
            "Rotated 1 of 1 certificates in 2 environments, verified in the manager's record.",
        ),
        (
            result(second_wave_failed().rolled_back(), BEFORE),
            (
                "No permission to write. In the manager's record, every environment that the run changed holds its previous "
                "certificate again. "
                "The manager's record now: web in development: OLD; web in production: OLD."
            ),
        ),
        (
            result(second_wave_failed().rolled_back("The manager cannot be reached"), MIXED),
            (
                "No permission to write. THE ROLLBACK IS NOT COMPLETE: The manager cannot be reached. "
                "The manager's record now: web in development: NEW; web in production: OLD."
            ),
        ),
        (
            result(second_wave_failed(), MIXED),
            "No permission to write. Nothing was rolled back. The manager's record now: web in development: NEW; web in production: OLD.",
        ),
        (
            result(RunBuilder(BEFORE).wrote(DEV, PROD).failed("No permission to write.").rolled_back()),
            (
                "No permission to write. In the manager's record, every environment that the run changed holds its previous "
                "certificate again. "
                "The manager's record could not be read back."
            ),
        ),
        (
            result(RunBuilder(BEFORE).wrote(DEV, PROD).failed().rolled_back(), holding({DEV: OLD})),
            (
                "No permission to write. THE ROLLBACK IS NOT COMPLETE: MyProject/web in production holds no certificate "
                "instead of its previous certificate. The manager's record now: web in development: OLD; web in production: none."
            ),
        ),
    ],
)
def test_the_message_says_what_happened_and_what_the_environments_hold_now(run: RotationResult, message: str) -> None:
    assert run["message"] == message.replace("OLD", shown(OLD)).replace("NEW", shown(NEW))


def test_a_message_lists_twenty_environments_and_counts_the_others() -> None:
    names = [f"env{number:02}" for number in range(25)]
    run = result(
        RunBuilder(holding(dict.fromkeys(names, OLD))).wrote(*names).failed(), holding(dict.fromkeys(names, OLD))
    )

    assert run["message"].count("web in env") == 20
    assert run["message"].endswith("; and 5 more, which the report lists.")


def test_a_fingerprint_that_the_manager_leaves_out_does_not_hide_the_failure() -> None:
    after = certificate(entry(DEV) | {"fingerprint_sha1": None, "fingerprint_sha256": None}, entry(PROD))
    run = result(RunBuilder(BEFORE).wrote(DEV, PROD).failed().rolled_back(), after)

    assert run["message"].startswith("No permission to write.")
    assert in_environment(run, DEV)["rolled_back"] is False


STORED = "Stored 1 of 1 certificates in 2 environments, verified in the manager's record. What the gateways of {} hold is unknown."
ROTATED = "Rotated 1 of 1 certificates in 2 environments, verified in the manager's record{}."


@pytest.mark.parametrize(
    ("reported", "states", "outcome", "message"),
    [
        (True, {}, "rotated", ROTATED.format("")),
        (True, {PROD: "confirmed"}, "rotated", ROTATED.format("")),
        (True, {DEV: "confirmed", PROD: "confirmed"}, "rotated", ROTATED.format(" and at the gateways")),
        (None, {DEV: "confirmed", PROD: "confirmed"}, "rotated", ROTATED.format(" and at the gateways")),
        (None, {}, "stored", STORED.format("development, production")),
        (None, {DEV: "confirmed"}, "stored", STORED.format("production")),
        (None, {DEV: "confirmed", PROD: "unknown"}, "stored", STORED.format("production")),
    ],
)
def test_a_deployment_is_claimed_only_where_it_was_reported_or_confirmed(
    reported: bool | None, states: dict[str, str], outcome: str, message: str
) -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, PROD, deployment=deployment(reported)).verified(1)
    run = builder.build()
    gateways = {name: {"name": name, "state": state} for name, state in states.items()}
    run.gateways = {KEY: gateways} if states else {}

    found = make_result(Outcome(run, listed(AFTER)), FINISHED)

    assert (found["outcome"], found["message"]) == (outcome, message)
    assert found["certificates"][0]["outcome"] == outcome
    assert [one["gateway"] for one in found["certificates"][0]["environments"]] == [
        gateways.get(DEV),
        gateways.get(PROD),
    ]


@pytest.mark.parametrize(
    ("states", "doubt"),
    [
        ({}, ""),
        ({DEV: "confirmed", PROD: "confirmed"}, ""),
        ({DEV: "confirmed", PROD: "unknown"}, " What the gateways of production hold is unknown."),
        ({DEV: "unknown", PROD: "unknown"}, " What the gateways of development, production hold is unknown."),
    ],
)
def test_a_rollback_is_claimed_for_the_record_and_a_doubt_about_the_gateways_is_named(
    states: dict[str, str], doubt: str
) -> None:
    run = RunBuilder(BEFORE).wrote(DEV, PROD).failed("A task failed").rolled_back().build()
    run.gateways = {KEY: {name: {"name": name, "state": state} for name, state in states.items()}}

    found = make_result(Outcome(run, listed(BEFORE)), FINISHED)

    assert found["outcome"] == "rolled_back"
    assert found["message"].startswith(
        "A task failed. In the manager's record, every environment that the run changed holds its previous certificate "
        f"again.{doubt} The manager's record now: "
    )


def test_what_the_manager_itself_trusts_is_no_doubt_about_a_rollback() -> None:
    before = certificate(entry(PSEUDO_ENVIRONMENT, OLD))
    run = RunBuilder(before).wrote(PSEUDO_ENVIRONMENT).failed("A task failed").rolled_back().build()
    run.gateways = {KEY: {PSEUDO_ENVIRONMENT: {"name": PSEUDO_ENVIRONMENT, "state": "unknown"}}}

    found = make_result(Outcome(run, listed(before)), FINISHED)

    assert found["outcome"] == "rolled_back"
    assert "is unknown" not in found["message"]


@pytest.mark.parametrize("folder", ["/srv/backups/2026-06-01T120000Z-localhost", "/srv/my backups/one"])
def test_a_rollback_that_is_not_complete_tells_how_to_restore_the_backup(folder: str) -> None:
    run = RunBuilder(BEFORE).wrote(DEV, PROD).failed("A task failed").rolled_back("Not reached").build()
    run.backup = folder

    message = make_result(Outcome(run, listed(MIXED)), FINISHED)["message"]

    assert message.startswith("A task failed. THE ROLLBACK IS NOT COMPLETE: Not reached. To restore the backup, run: ")
    command = shlex.split(message.partition("run: ")[2].partition(". The manager's record now: ")[0])
    assert command[:-1] == ["ansible-playbook", "apinizer.apiops.restore", "-e"]
    assert parse_kv(command[-1]) == {"certificate_restore_dir": folder}


def test_the_deployment_of_what_someone_else_has_written_is_in_doubt_as_well() -> None:
    builder = RunBuilder(BEFORE).wrote(DEV, deployment=None)
    builder.wrote(PROD, may_have_changed=False, sent=False, deployment=None)

    found = result(builder.verified(1), AFTER)

    others = f"Someone else had already written {KEY} in production as planned, so this run wrote nothing there."
    assert found["message"] == f"{STORED.format('development, production')} {others}"


def test_the_result_has_the_problems_of_the_rollback() -> None:
    problems = ("The manager cannot be reached", "MyProject/web in development: the previous certificate expired")
    run = result(RunBuilder(BEFORE).wrote(DEV, PROD).failed().rolled_back(*problems), AFTER)

    assert run["rollback"] == {"performed": True, "complete": False, "messages": list(problems)}
    assert f"THE ROLLBACK IS NOT COMPLETE: {'; '.join(problems)}." in run["message"]


@pytest.mark.parametrize(
    ("builder", "rollback"),
    [
        (RunBuilder(BEFORE).failed("A guard"), (False, None)),
        (RunBuilder(BEFORE, rollback=False).wrote(DEV, PROD).failed(), (False, None)),
        (RunBuilder(BEFORE).wrote(DEV, PROD).failed().rolled_back(), (True, True)),
        (RunBuilder(BEFORE).wrote(DEV, PROD).failed().rolled_back("Not reached"), (True, False)),
    ],
)
def test_whether_there_was_a_rollback_and_whether_it_is_complete(
    builder: RunBuilder, rollback: tuple[bool, bool | None]
) -> None:
    run = result(builder)

    assert (run["rollback"]["performed"], run["rollback"]["complete"]) == rollback


def test_a_run_that_could_not_read_anything_still_has_a_result() -> None:
    run = make_result(
        Outcome(Run("https://manager.example.com", "localhost", started=NOW, failure="No"), None), FINISHED
    )

    assert outcomes(run) == ("refused", [], [])
    assert run["message"] == "Nothing was written. No."


def test_a_wave_that_was_written_and_not_verified_is_a_failure() -> None:
    """As after ignore_errors on a hook, or with skipped tasks."""
    run = result(in_waves().wrote(DEV).verified(1).wrote(PROD, wave=2), AFTER)

    assert outcomes(run) == ("failed", ["failed"], ["done", "failed"])
    assert run["message"].startswith(
        "Wave 2 was written but not verified. Nothing was rolled back. The manager's record now: "
    )


def test_a_modification_after_verification_is_a_failure() -> None:
    run = result(in_waves().wrote(DEV).wrote(PROD, wave=2).verified(1, 2), holding({DEV: NEW, PROD: OTHER}))

    assert run["outcome"] == "failed"
    assert run["message"].startswith(
        "Modified by someone else after verification: MyProject/web in production holds "
        f"SHA-256 {OTHER.leaf.fingerprint_sha256}. Nothing was rolled back."
    )


def test_a_certificate_that_disappears_after_verification_is_a_failure() -> None:
    run = result(in_waves().wrote(DEV).verified(1), holding({PROD: OLD}))

    assert run["message"].startswith(
        "Modified by someone else after verification: MyProject/web in development holds no certificate."
    )


def test_a_failure_of_the_run_comes_before_a_modification() -> None:
    run = result(in_waves().wrote(DEV).verified(1).failed(), holding({DEV: OTHER, PROD: OLD}))

    assert run["message"].startswith("No permission to write. ")


def test_a_modification_is_not_reported_where_the_record_could_not_be_read_back() -> None:
    run = result(RunBuilder(BEFORE).wrote(DEV, PROD).verified(1))

    assert run["outcome"] == "rotated"


def test_what_was_read_before_a_refusal_is_not_taken_for_the_end() -> None:
    """Nothing was written, so the record is as the plan has read it."""
    run = make_result(Outcome(RunBuilder(BEFORE).failed().build(), listed(AFTER)), FINISHED)

    now = in_environment(run, DEV)["now"]
    assert now is not None
    assert now["fingerprint_sha1"] == OLD.leaf.fingerprint_sha1


LISTED_BEFORE = certificate(listed_entry(DEV, OLD), listed_entry(PROD, OLD))


def test_the_certificate_before_the_run_is_the_one_that_preflight_has_read() -> None:
    """A list of 2025 carries no content, so only preflight knows the SHA-256."""
    run = RunBuilder(BEFORE).build()
    run.plan = RunBuilder(LISTED_BEFORE).before_preflight().build().plan

    found = make_result(Outcome(run, None), FINISHED)["certificates"][0]["environments"][0]
    assert found["from"] is not None
    assert found["now"] is not None
    assert found["from"]["fingerprint_sha256"] == found["now"]["fingerprint_sha256"] == OLD.leaf.fingerprint_sha256


def test_without_preflight_the_list_says_what_was_held_before() -> None:
    found = in_environment(result(RunBuilder(LISTED_BEFORE).before_preflight().failed()), DEV)

    assert found["from"] is not None
    assert (found["from"]["fingerprint_sha256"], found["from"]["fingerprint_sha1"]) == (
        None,
        OLD.leaf.fingerprint_sha1,
    )


@pytest.mark.parametrize("current", [OLD, NEW])
def test_a_list_without_content_gets_the_sha256_of_a_certificate_that_is_known(current: Bundle) -> None:
    after = certificate(listed_entry(DEV, current), listed_entry(PROD, NEW))
    run = result(in_waves().wrote(DEV).failed().rolled_back(), after)

    now = in_environment(run, DEV)["now"]
    assert now is not None
    assert now["fingerprint_sha256"] == current.leaf.fingerprint_sha256
    assert shown(current) in run["message"]
    assert "SHA-1" not in run["message"]


def test_a_sha1_of_an_unknown_certificate_is_labeled() -> None:
    after = certificate(listed_entry(DEV, OTHER), listed_entry(PROD, OLD))
    run = result(in_waves().wrote(DEV).failed().rolled_back(), after)

    now = in_environment(run, DEV)["now"]
    assert now is not None
    assert (now["fingerprint_sha256"], now["fingerprint_sha1"]) == (None, OTHER.leaf.fingerprint_sha1)
    assert run["rollback"]["messages"] == [
        f"MyProject/web in development holds SHA-1 {OTHER.leaf.fingerprint_sha1} instead of its previous certificate"
    ]
    assert f"web in development: SHA-1 {OTHER.leaf.fingerprint_sha1[:16]}... until" in run["message"]
