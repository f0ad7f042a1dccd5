# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import Evidence
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.result import make_result, make_table
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
    Bundle,
    Json,
    applied,
    bundle,
    certificate,
    entry,
    gather,
    holding,
    listed,
    looped,
    wanted_in,
)

BEFORE = holding({DEV: OLD, PROD: OLD})
AFTER = holding({DEV: NEW, PROD: NEW})
MIXED = holding({DEV: NEW, PROD: OLD})
WAVES: Json = {"waves": [[DEV], [PROD]]}
NO_ROLLBACK: Json = {"waves": [[DEV], [PROD]], "rollback": False}
UNDONE = [looped("undo", {}, changed=True)]
NOT_UNDONE = [looped("undo", {}, failed=True, msg="The manager cannot be reached"), looped("undo", {}, changed=True)]
FIRST_WAVE = [applied(DEV)]
SECOND_FAILED = [applied(DEV), applied(PROD, wave=2, changed=False, failed=True, msg="No right to write")]
FAILED: Json = {"failure": "No right to write.", "refused": False}


def result(before: Json | None = BEFORE, **more: Any) -> Json:
    return make_result(Evidence(gather(before, **more)).run())


def outcomes(made: Json) -> tuple[str, list[str], list[str]]:
    """Of the run, of its certificates, of its waves."""
    return (
        made["outcome"],
        [found["outcome"] for found in made["certificates"]],
        [wave["outcome"] for wave in made["waves"]],
    )


def in_environment(made: Json, name: str) -> Json:
    (found,) = [env for cert in made["certificates"] for env in cert["environments"] if env["name"] == name]
    assert isinstance(found, dict)
    return found


def shown(held: Bundle) -> str:
    """What a message says of a certificate."""
    return f"{held.leaf.fingerprint_sha1[:16]}... until {entry(DEV, held)['not_after']}"


@pytest.mark.parametrize(
    ("run", "expected"),
    [
        (result(check_mode=True, variables=WAVES), ("planned", ["planned"], ["not_started", "not_started"])),
        (result(MIXED, variables=WAVES), ("planned", ["planned"], ["not_started", "not_started"])),
        (result(AFTER, variables=WAVES), ("nothing_to_do", ["in_sync"], ["not_started", "not_started"])),
        (result(AFTER, check_mode=True), ("nothing_to_do", ["in_sync"], ["not_started"])),
        (result(variables={"renew_before_days": 5}), ("nothing_to_do", ["not_due"], ["not_started"])),
        (result(certificate(entry(DEV, NEW, entries=2))), ("nothing_to_do", ["in_sync"], ["not_started"])),
        (
            result(variables={"on_guard_failure": "skip"}, new=bundle(days=1, common_name="other.example")),
            ("nothing_to_do", ["skipped"], ["not_started"]),
        ),
        (
            result(new=bundle(days=10), failure="A guard", undone=[]),
            ("refused", ["skipped"], ["not_started"]),
        ),
        (result(failure="No right to read", undone=[]), ("refused", ["not_started"], ["not_started"])),
        (result(AFTER, failure="A task of yours", undone=[]), ("refused", ["in_sync"], ["not_started"])),
        (
            result(variables=WAVES, applied=[*FIRST_WAVE, applied(PROD, wave=2)], after=AFTER, refused=False),
            ("rotated", ["rotated"], ["done", "done"]),
        ),
        (
            result(MIXED, variables=WAVES, applied=[applied(PROD, wave=2)], after=AFTER, refused=False),
            ("rotated", ["rotated"], ["done", "done"]),
        ),
        (
            result(variables=WAVES, applied=SECOND_FAILED, undone=UNDONE, after=BEFORE, **FAILED),
            ("rolled_back", ["rolled_back"], ["rolled_back", "failed"]),
        ),
        (
            result(variables=WAVES, applied=FIRST_WAVE, undone=UNDONE, after=BEFORE, **FAILED),
            ("rolled_back", ["rolled_back"], ["rolled_back", "not_started"]),
        ),
        (
            result(variables=WAVES, applied=SECOND_FAILED, undone=NOT_UNDONE, after=MIXED, **FAILED),
            ("rollback_failed", ["failed"], ["failed", "failed"]),
        ),
        (
            result(
                holding({DEV: EXPIRED, PROD: OLD}),
                variables=WAVES,
                applied=FIRST_WAVE,
                undone=[],
                after=MIXED,
                **FAILED,
            ),
            ("rollback_failed", ["failed"], ["failed", "not_started"]),
        ),
        (
            result(variables=NO_ROLLBACK, applied=SECOND_FAILED, undone=UNDONE, after=MIXED, **FAILED),
            ("failed", ["failed"], ["done", "failed"]),
        ),
        (
            # The wave was written; its verification failed.
            result(variables=NO_ROLLBACK, applied=FIRST_WAVE, after=MIXED, **FAILED),
            ("failed", ["failed"], ["failed", "not_started"]),
        ),
    ],
)
def test_outcomes_of_the_run_its_certificates_and_its_waves(
    run: Json, expected: tuple[str, list[str], list[str]]
) -> None:
    assert outcomes(run) == expected


def several(**more: Any) -> Json:
    """A run for four certificates, of which `late` is not due, `odd` fails a guard, and two are rotated."""
    names = ("web", "api", "late", "odd")
    held = {"late": NEW}
    new = {"odd": bundle(days=300, common_name="odd.example")}
    before = [holding({DEV: held.get(name, OLD)}, name=name) for name in names]
    return make_result(
        Evidence(
            gather(None)
            | {
                "variables": {
                    "certificates": [{"project": PROJECT, "name": name, "path": "x.pem"} for name in names],
                    "on_guard_failure": "skip",
                },
                "listed": listed(*before),
                "materials": {f"{PROJECT}/{name}": {"content": new.get(name, NEW).pem} for name in names},
                "details": {f"{PROJECT}/{one['name']}": one for one in before},
                "refused": False,
            }
            | {**more, "applied": [more["applied"]]}
        ).run()
    )


def test_each_certificate_has_its_own_outcome() -> None:
    run = several(
        applied=[applied(DEV), applied(DEV, key="MyProject/api")],
        after=listed(*(holding({DEV: NEW}, name=name) for name in ("web", "api", "late"))),
    )

    assert outcomes(run) == ("rotated", ["rotated", "rotated", "in_sync", "skipped"], ["done"])
    assert run["message"] == (
        "Done, and verified in the manager's record: 3 of 4 certificates due, in 3 places, 1 left out by their guards."
    )


def test_a_certificate_that_was_not_reached_was_not_started() -> None:
    run = several(applied=FIRST_WAVE, undone=UNDONE, after=listed(holding({DEV: OLD})), **FAILED)

    assert outcomes(run) == ("rolled_back", ["rolled_back", "not_started", "in_sync", "skipped"], ["rolled_back"])


def test_schema_1_and_what_it_says_of_the_run() -> None:
    run = result(variables=WAVES, check_mode=True)

    assert {key: value for key, value in run.items() if key != "certificates"} == {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "localhost",
        "started": "2026-06-01T12:00:00Z",
        "finished": "2026-06-01T12:05:00Z",
        "check_mode": True,
        "outcome": "planned",
        "message": "Nothing was written in check mode: 1 of 1 certificates due, in 2 places.",
        "strategy": "per_environment",
        "strategy_reason": "there are 2 waves, and only import-file changes one without the others",
        "waves": [
            {"number": 1, "environments": [DEV], "outcome": "not_started"},
            {"number": 2, "environments": [PROD], "outcome": "not_started"},
        ],
        "rollback": {"performed": False, "complete": None, "messages": []},
        "backup": None,
    }


def test_schema_1_and_what_it_says_of_a_certificate() -> None:
    run = result(variables=WAVES, applied=FIRST_WAVE, after=MIXED, refused=False)

    (found,) = run["certificates"]
    assert (found["project"], found["name"]) == (PROJECT, NAME)
    assert {(guard["guard"], guard["environment"], guard["passed"]) for guard in found["guards"]} == {
        ("minimum_remaining_days", None, True),
        *(
            (f"require_{what}", place, True)
            for what in ("later_expiry", "same_subject", "same_names")
            for place in (DEV, PROD)
        ),
    }
    left_out = ("name", "entries", "expired", "content")
    old, new = ({key: value for key, value in entry(DEV, held).items() if key not in left_out} for held in (OLD, NEW))
    assert found["environments"] == [
        {
            "name": DEV,
            "wave": 1,
            "action": "update",
            "reason": "differs",
            "from": old,
            "to": new,
            "now": new,
            "entries": 1,
            "deployment": {"success": True, "message": "as the manager says"},
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
            "entries": 1,
            "deployment": None,
            "rolled_back": None,
        },
    ]


def test_no_content_is_in_the_result() -> None:
    assert "BEGIN" not in str(result(applied=[applied(DEV, PROD)], after=AFTER, refused=False))


def test_without_a_write_every_environment_holds_what_was_listed() -> None:
    run = result(certificate(entry(DEV, OLD, entries=2), entry(PROD, OTHER)), check_mode=True)

    for name, held, entries in ((DEV, OLD, 2), (PROD, OTHER, 1)):
        found = in_environment(run, name)
        assert found["now"]["fingerprint_sha1"] == held.leaf.fingerprint_sha1
        assert (found["entries"], found["deployment"]) == (entries, None)


def test_after_a_write_only_what_was_read_back_is_claimed() -> None:
    run = result(applied=[applied(DEV, PROD)], **FAILED)

    assert [(found["now"], found["entries"]) for found in run["certificates"][0]["environments"]] == [(None, None)] * 2


def test_an_environment_that_holds_nothing_has_no_entries() -> None:
    run = result(applied=[applied(DEV, PROD)], after=holding({DEV: NEW}), **FAILED)

    assert [(found["now"] is None, found["entries"]) for found in run["certificates"][0]["environments"]] == [
        (False, 1),
        (True, 0),
    ]


@pytest.mark.parametrize("action", ["create", "update", "none"])
def test_what_is_to_come_is_there_for_what_is_due(action: str) -> None:
    before = {"create": certificate(), "update": BEFORE, "none": AFTER}[action]
    found = in_environment(result(before, variables={"certificates": wanted_in([DEV])}, check_mode=True), DEV)

    assert found["action"] == action
    assert (found["from"] is None) == (action == "create")
    assert (found["to"] is None) == (action == "none")


@pytest.mark.parametrize(
    ("before", "alias", "coming"),
    [
        (BEFORE, None, "web-alias"),
        (BEFORE, "other-alias", "other-alias"),
        (None, None, NAME),
        (None, "new-alias", "new-alias"),
    ],
)
def test_the_alias_to_come_is_the_one_given_else_the_one_kept_else_the_name(
    before: Json | None, alias: str | None, coming: str
) -> None:
    run = result(before, variables={"certificates": wanted_in([DEV], alias=alias)}, check_mode=True)

    assert in_environment(run, DEV)["to"]["alias"] == coming


def test_what_has_to_be_obtained_has_no_to_yet() -> None:
    variables = {"certificates": [{"project": PROJECT, "name": NAME, "renew_before_days": 30}], "obtain_tasks": "o.yml"}
    run = result(variables=variables, new=None, check_mode=True)

    assert outcomes(run) == ("planned", ["planned"], ["not_started"])
    assert in_environment(run, DEV)["to"] is None


def test_the_deployment_is_the_last_one_reported_for_the_environment() -> None:
    first = applied(DEV, PROD)
    second = applied(DEV, PROD)
    second["result"]["deployment"] = {
        "success": False,
        "message": "1 failed",
        "environments": [{"name": PROD, "success": False, "message": "Worker gw-2 did not answer", "pod": "x"}],
    }
    silent = applied(DEV, PROD)
    silent["result"]["deployment"] = None
    run = result(applied=[first, second, silent], after=AFTER, refused=False)

    assert in_environment(run, PROD)["deployment"] == {"success": False, "message": "Worker gw-2 did not answer"}
    assert in_environment(run, DEV)["deployment"] == {"success": False, "message": "1 failed"}


@pytest.mark.parametrize(
    ("after", "rolled_back"), [(BEFORE, {DEV: True, PROD: None}), (MIXED, {DEV: False, PROD: None})]
)
def test_rolled_back_is_what_the_record_says_of_what_was_touched(after: Json, rolled_back: dict[str, Any]) -> None:
    run = result(variables=WAVES, applied=SECOND_FAILED, undone=UNDONE, after=after, **FAILED)

    assert {name: in_environment(run, name)["rolled_back"] for name in (DEV, PROD)} == rolled_back


ADDED = certificate(entry(DEV, OLD, entries=2), entry(PROD, OLD))


@pytest.mark.parametrize(
    ("after", "problem"),
    [
        (holding({PROD: OLD}), "none"),
        (holding({DEV: NEW, PROD: OLD}), "SHA-1 NEW (1 entries)"),
        (ADDED, "SHA-1 OLD (2 entries)"),
    ],
)
def test_a_rollback_is_complete_when_the_record_says_so(after: Json, problem: str) -> None:
    """Every task of it succeeded; what counts is what is there."""
    run = result(variables=WAVES, applied=FIRST_WAVE, undone=UNDONE, after=after, **FAILED)

    assert outcomes(run) == ("rollback_failed", ["failed"], ["failed", "not_started"])
    problem = problem.replace("OLD", OLD.leaf.fingerprint_sha1).replace("NEW", NEW.leaf.fingerprint_sha1)
    assert run["rollback"]["messages"] == [f"MyProject/web in development holds {problem}, and not what it held before"]
    assert in_environment(run, DEV)["rolled_back"] is False


def test_entries_that_were_there_before_the_run_are_no_fault_of_the_rollback() -> None:
    run = result(ADDED, variables=WAVES, applied=FIRST_WAVE, undone=UNDONE, after=BEFORE, **FAILED)

    assert run["outcome"] == "rolled_back"
    assert in_environment(run, DEV)["rolled_back"] is True


def test_what_was_not_written_is_not_held_against_the_rollback() -> None:
    after = holding({DEV: OLD, PROD: OTHER})
    run = result(variables=WAVES, applied=FIRST_WAVE, undone=UNDONE, after=after, **FAILED)

    assert run["outcome"] == "rolled_back"


@pytest.mark.parametrize(("after", "rolled_back"), [("", None), (listed(), True), (listed(AFTER), False)])
def test_a_created_certificate_is_rolled_back_when_the_record_has_it_no_more(
    after: Json | str, rolled_back: bool | None
) -> None:
    evidence = gather(None, variables={"certificates": wanted_in([DEV])}, applied=FIRST_WAVE, undone=UNDONE, **FAILED)
    run = make_result(Evidence(evidence | {"after": after}).run())

    assert in_environment(run, DEV)["rolled_back"] is rolled_back


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (result(AFTER), "Nothing to do: 0 of 1 certificates due, in 0 places."),
        (result(), "Nothing was written: 1 of 1 certificates due, in 2 places."),
        (result(check_mode=True), "Nothing was written in check mode: 1 of 1 certificates due, in 2 places."),
        (result(failure="No right to read."), "Nothing was written. No right to read."),
        (
            result(applied=[applied(DEV, PROD)], after=AFTER, refused=False),
            "Done, and verified in the manager's record: 1 of 1 certificates due, in 2 places.",
        ),
        (
            result(variables=WAVES, applied=SECOND_FAILED, undone=UNDONE, after=BEFORE, **FAILED),
            (
                "No right to write. Every environment that was touched has its previous certificate again. "
                "Now: web in development: OLD; web in production: OLD."
            ),
        ),
        (
            result(variables=WAVES, applied=SECOND_FAILED, undone=NOT_UNDONE, after=MIXED, **FAILED),
            (
                "No right to write. THE ROLLBACK IS NOT COMPLETE: The manager cannot be reached. "
                "Now: web in development: NEW; web in production: OLD."
            ),
        ),
        (
            result(variables=NO_ROLLBACK, applied=SECOND_FAILED, after=MIXED, **FAILED),
            "No right to write. Nothing was rolled back. Now: web in development: NEW; web in production: OLD.",
        ),
        (
            result(applied=[applied(DEV, PROD)], undone=UNDONE, **FAILED),
            (
                "No right to write. Every environment that was touched has its previous certificate again. "
                "What the environments hold now could not be read back."
            ),
        ),
        (
            result(applied=[applied(DEV, PROD)], undone=UNDONE, after=holding({DEV: OLD}), **FAILED),
            (
                "No right to write. THE ROLLBACK IS NOT COMPLETE: MyProject/web in production holds none, and not what "
                "it held before. Now: web in development: OLD; web in production: none."
            ),
        ),
    ],
)
def test_the_message_says_what_became_of_it_and_what_is_held_now(run: Json, message: str) -> None:
    assert run["message"] == message.replace("OLD", shown(OLD)).replace("NEW", shown(NEW))


def test_a_thumbprint_that_the_manager_leaves_out_does_not_hide_the_failure() -> None:
    after = certificate(entry(DEV) | {"fingerprint_sha1": None}, entry(PROD))
    run = result(applied=[applied(DEV, PROD)], undone=UNDONE, after=after, **FAILED)

    assert run["message"].startswith("No right to write.")
    assert in_environment(run, DEV)["rolled_back"] is False


@pytest.mark.parametrize(
    ("deployed", "doubt"),
    [(True, ""), (None, " The manager did not report whether the gateways of development, production serve it.")],
)
def test_a_deployment_that_is_not_reported_is_not_claimed(deployed: bool | None, doubt: str) -> None:
    written = [applied(PROD, deployed=deployed), applied(DEV, deployed=deployed)]

    message = result(applied=written, after=AFTER, refused=False)["message"]
    assert message == f"Done, and verified in the manager's record: 1 of 1 certificates due, in 2 places.{doubt}"


def test_only_what_was_written_can_be_in_doubt() -> None:
    written = [applied(DEV, deployed=None), applied(PROD, changed=False, deployed=None)]

    message = result(applied=written, after=AFTER, refused=False)["message"]
    assert message.endswith("the gateways of development serve it.")


def test_the_rollback_says_what_it_could_not_undo() -> None:
    before = holding({DEV: EXPIRED, PROD: OLD})
    run = result(before, applied=[applied(DEV, PROD)], undone=NOT_UNDONE, after=AFTER, **FAILED)

    expired = (
        "MyProject/web in development: the previous certificate expired on 2026-05-27T12:00:00Z, so it is NOT put back"
    )
    assert run["rollback"] == {
        "performed": True,
        "complete": False,
        "messages": ["The manager cannot be reached", expired],
    }
    assert f"THE ROLLBACK IS NOT COMPLETE: The manager cannot be reached; {expired}." in run["message"]


@pytest.mark.parametrize(
    ("run", "rollback"),
    [
        (result(failure="A guard", undone=[]), (False, None)),
        (result(applied=[applied(DEV, PROD)], variables={"rollback": False}, undone=UNDONE, **FAILED), (False, None)),
        (result(applied=[applied(DEV, PROD)], undone=UNDONE, **FAILED), (True, True)),
        (result(applied=[applied(DEV, PROD)], undone=NOT_UNDONE, **FAILED), (True, False)),
    ],
)
def test_whether_there_was_a_rollback_and_whether_it_is_complete(run: Json, rollback: tuple[bool, bool | None]) -> None:
    assert (run["rollback"]["performed"], run["rollback"]["complete"]) == rollback


def test_a_run_that_could_not_read_anything_still_has_a_result() -> None:
    run = result(listed="", details="", failure="No", undone=[])

    assert outcomes(run) == ("refused", [], [])
    assert run["message"] == "Nothing was written. No"


def table(before: Json | None, **more: Any) -> list[list[str]]:
    """The cells of the table; none of them is empty or has a space."""
    evidence = Evidence(gather(before, **more))
    return [line.split() for line in make_table(evidence.plan, evidence.new_described)]


def test_the_table_goes_by_wave_and_has_what_is_not_due_last() -> None:
    held = {"first": OLD, "same": NEW, "third": OLD, "second": OLD}
    variables = {"waves": [["first", "same"], ["second"], ["third"]]}

    assert table(holding(held), variables=variables) == [
        ["wave", "certificate", "environment", "action", "reason", "expires", "new-expiry"],
        ["1", KEY, "first", "update", "differs", "2026-06-21", "2027-03-28"],
        ["2", KEY, "second", "update", "differs", "2026-06-21", "2027-03-28"],
        ["3", KEY, "third", "update", "differs", "2026-06-21", "2027-03-28"],
        ["1", KEY, "same", "none", "in_sync", "2027-03-28", "-"],
    ]


def test_the_tenth_wave_comes_after_the_second() -> None:
    names = [f"env{number}" for number in range(1, 12)]
    rows = table(holding(dict.fromkeys(names, OLD)), variables={"waves": [[name] for name in names]})

    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 12)]


def test_the_table_has_a_dash_for_what_is_not_there() -> None:
    variables = {
        "certificates": [{"project": PROJECT, "name": NAME, "renew_before_days": 30, "environments": [DEV, PROD]}],
        "waves": [[PROD]],
        "obtain_tasks": "obtain.yml",
    }

    assert table(holding({PROD: OLD}), variables=variables, new=None)[1:] == [
        ["-", KEY, DEV, "create", "absent", "-", "to-be-obtained"],
        ["1", KEY, PROD, "update", "expires_soon", "2026-06-21", "to-be-obtained"],
    ]


def test_the_columns_of_the_table_are_aligned() -> None:
    evidence = Evidence(gather(holding({DEV: OLD, "x": NEW})))
    lines = make_table(evidence.plan, evidence.new_described)

    starts = [[cell.start() for cell in re.finditer(r"\S+", line)] for line in lines]
    assert starts[0] == starts[1] == starts[2]
    assert lines == [line.rstrip() for line in lines]
