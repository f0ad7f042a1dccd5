# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the result of a rotation."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from unit.plugins.plugin_utils._report.test_samples import (
    RUNS,
    certificate,
    failed,
    good,
    held,
    planned,
    quiet,
    refused,
    rollback_failed,
    rolled_back,
    run,
    step,
)


def holds(outcome: str = "rotated", **changes: object) -> str:
    """What a run says that production holds now."""
    environment = step("production", **changes)
    result = run(certificate(outcome=outcome, environments=[environment]), certificate("other"))
    by_name = {one.name: one for one in read_rotation(result).certificates}
    return by_name["api"].environments[0].holds.key


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("new", {}),
        ("previous", {"now": held()}),
        ("previous", {"now": None, "outcome": "skipped"}),
        ("other", {"now": held("someone-else")}),
        ("other", {"now": held("someone-else"), "from": None}),
        ("nothing", {"now": None, "from": None}),
        ("unchanged", {"now": held(), "to": None, "action": "none"}),
        ("unchanged", {"now": None, "to": None, "action": "none"}),
        ("unmarked", {"now": held(fingerprint_sha256=None, fingerprint_sha1=None)}),
        ("new", {"now": held(left=360, fingerprint_sha256=None)}),
    ],
)
def test_what_an_environment_holds_now(expected, changes):
    assert holds(**changes) == expected


def test_what_could_not_be_read_back_is_not_known():
    environments = read_rotation(failed()).certificates[0].environments
    assert {environment.holds.key for environment in environments} == {"unknown"}


def test_a_reader_meets_what_failed_first():
    certificates = [quiet("a"), certificate("b"), certificate("c", "not_started"), certificate("d", "failed")]
    assert [one.name for one in read_rotation(run(*certificates)).certificates] == ["d", "b", "c", "a"]
    guards = read_rotation(refused()).certificates[0].guards
    assert [guard.passed for guard in guards] == [False, False, True]


def test_certificates_that_needed_nothing_stand_apart():
    rotation = read_rotation(good())
    assert [one.name for one in rotation.changing] == ["api", "shop"]
    assert [one.name for one in rotation.unchanged] == ["legacy", "portal"]


def test_a_certificate_that_somebody_else_replaced_does_not_stand_with_the_quiet_ones():
    replaced = quiet("portal")
    replaced["environments"][0]["now"] = held("someone-else")
    rotation = read_rotation(run(replaced, quiet("shop")))
    assert [one.name for one in rotation.changing] == ["portal"]
    assert [one.state.key for one in rotation.problems] == ["other"]


def problems(result: object) -> list[tuple[str | None, str, str]]:
    return [(one.environment, one.state.label, one.text) for one in read_rotation(result).problems]


@pytest.mark.parametrize("result", [good(), planned()], ids=["good", "planned"])
def test_a_good_run_has_no_problems(result):
    assert problems(result) == []


def test_a_refused_run_names_the_guards():
    assert problems(refused()) == [
        (
            "production",
            "Failed",
            "Guard require_later_expiry: The new certificate expires before the one that it replaces.",
        ),
        (None, "Failed", "Guard minimum_days: 2 days are left, 30 are asked for."),
    ]


def test_a_run_that_was_rolled_back_names_the_deployment():
    assert problems(rolled_back()) == [("production", "Deployment failed", "Worker gw-2 did not answer within 30 s")]


def test_a_rollback_that_failed_says_what_every_environment_holds():
    assert problems(rollback_failed()) == [
        (None, "Not complete", "The rollback is not complete. What it said stands under Rollback."),
        ("development", "Previous certificate", "Held now, valid until 2026-12-01 11:00:00 UTC"),
        ("staging", "New certificate", "Held now, valid until 2027-11-18 11:00:00 UTC"),
        ("production", "Deployment failed", "Worker gw-2 did not answer within 30 s"),
        ("production", "Another certificate", "Held now, valid until 2027-01-02 11:00:00 UTC"),
    ]


def test_the_facts_of_a_run():
    facts = dict(read_rotation(good()).summary)
    assert facts["Finished"] == "2026-11-23 05:00:00 UTC (4 min 12 s)"
    assert facts["Mode"] == "Real run"
    assert facts["Held now"] == "New certificate: 6 places"
    assert dict(read_rotation(planned()).summary)["Mode"] == "Check mode: nothing was written"


def test_an_unknown_word_speaks_for_itself():
    rotation = read_rotation(run(certificate(outcome="half_done"), outcome="half_done"))
    assert (rotation.outcome.label, rotation.certificates[0].outcome.label) == ("Half done", "Half done")


def test_nothing_of_the_input_is_changed():
    for make in RUNS.values():
        result = make()
        read_rotation(result)
        assert result == make()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "result: must be a dictionary, not null"),
        ({}, "result.schema: must be 1"),
        (run() | {"schema": 2}, "result.schema: must be 1, the only one that this version can read"),
        (run() | {"started": "yesterday"}, "result.started: must be a date"),
        (run(certificate(environments=[{}])), r"result.certificates\[0\].environments\[0\].action: is missing"),
    ],
)
def test_wrong_input_is_named(result, message):
    with pytest.raises(ReportError, match=message):
        read_rotation(result)
