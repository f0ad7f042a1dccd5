# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report derives from the result of a rotation."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import read_rotation
from unit.plugins.plugin_utils._report.test_samples import (
    RUNS,
    certificate,
    entry,
    environment_result,
    failed,
    good,
    planned,
    refused,
    rollback_failed,
    rolled_back,
    run,
    unchanged,
)


def current_status(outcome: str = "rotated", **changes: object) -> str:
    """What a report says production holds now."""
    environment = environment_result("production", **changes)
    result = run(certificate(outcome=outcome, environments=[environment]), certificate("other"))
    by_name = {one.name: one for one in read_rotation(result).certificates}
    return by_name["api"].environments[0].current_status.key


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("new", {}),
        ("previous", {"now": entry()}),
        ("previous", {"now": None, "outcome": "skipped"}),
        ("other", {"now": entry("someone-else")}),
        ("other", {"now": entry("someone-else"), "from": None}),
        ("none", {"now": None, "from": None}),
        ("unchanged", {"now": entry(), "to": None, "action": "none"}),
        ("unchanged", {"now": None, "to": None, "action": "none"}),
        ("not_comparable", {"now": entry(fingerprint_sha256=None, fingerprint_sha1=None)}),
        ("new", {"now": entry(left=360, fingerprint_sha256=None)}),
    ],
)
def test_what_an_environment_holds_now(expected, changes):
    assert current_status(**changes) == expected


def test_an_environment_that_was_not_read_back_is_unknown():
    environments = read_rotation(failed()).certificates[0].environments
    assert {environment.current_status.key for environment in environments} == {"unknown"}


def test_failures_come_first():
    certificates = [unchanged("a"), certificate("b"), certificate("c", "not_started"), certificate("d", "failed")]
    assert [one.name for one in read_rotation(run(*certificates)).certificates] == ["d", "b", "c", "a"]
    guards = read_rotation(refused()).certificates[0].guards
    assert [guard.passed for guard in guards] == [False, False, True]


def test_certificates_without_changes_are_listed_apart():
    rotation = read_rotation(good())
    assert [one.name for one in rotation.detailed] == ["api", "shop"]
    assert [one.name for one in rotation.unchanged] == ["legacy", "portal"]


def test_a_certificate_that_someone_else_modified_is_listed_with_its_details():
    replaced = unchanged("portal")
    replaced["environments"][0]["now"] = entry("someone-else")
    rotation = read_rotation(run(replaced, unchanged("shop")))
    assert [one.name for one in rotation.detailed] == ["portal"]
    assert [one.status.key for one in rotation.problems] == ["other"]


def problems(result: object) -> list[tuple[str | None, str, str]]:
    return [(one.environment, one.status.label, one.text) for one in read_rotation(result).problems]


@pytest.mark.parametrize("result", [good(), planned()], ids=["good", "planned"])
def test_a_good_run_has_no_problems(result):
    assert problems(result) == []


def test_a_refused_run_names_the_guards():
    assert problems(refused()) == [
        (
            "production",
            "Failed",
            "Guard require_later_expiry: The new certificate expires before the current one.",
        ),
        (None, "Failed", "Guard minimum_days: The new certificate has 2 days left, fewer than minimum_days (30)."),
    ]


def test_a_run_that_was_rolled_back_names_the_deployment():
    assert problems(rolled_back()) == [("production", "Deployment failed", "Worker gw-2 did not answer within 30 s")]


def test_gateways_confirmed_after_a_rollback_do_not_hide_why_it_was_needed():
    result = rolled_back()
    for environment in result["certificates"][0]["environments"]:
        held = {"name": environment["name"], "state": "confirmed", "fingerprint_sha256": "ab" * 32, "reason": None}
        environment["gateway"] = held
        environment["rolled_back"] = True
    assert problems(result) == problems(rolled_back())


def test_gateways_that_do_not_hold_the_certificate_are_a_problem():
    result = rolled_back()
    for environment, state in zip(result["certificates"][0]["environments"], ("stale", "missing")):
        sha256 = "ab" * 32 if state == "stale" else None
        held = {"name": environment["name"], "state": state, "fingerprint_sha256": sha256, "reason": None}
        environment["gateway"] = held
    assert problems(result)[:2] == [
        ("development", "Stale", "When last asked, the gateways held SHA-256 abababababababab..."),
        ("staging", "Missing", "When last asked, the gateways did not hold the certificate"),
    ]


def test_an_incomplete_rollback_tells_what_every_environment_holds():
    assert problems(rollback_failed()) == [
        (None, "Incomplete", "The rollback did not restore every environment. For details, see Rollback."),
        ("development", "Previous certificate", "In the manager's record now, valid until 2026-12-01 11:00:00 UTC"),
        ("staging", "New certificate", "In the manager's record now, valid until 2027-11-18 11:00:00 UTC"),
        ("production", "Deployment failed", "Worker gw-2 did not answer within 30 s"),
        ("production", "Another certificate", "In the manager's record now, valid until 2027-01-02 11:00:00 UTC"),
    ]


def test_the_facts_of_a_run():
    facts = dict(read_rotation(good()).summary)
    assert facts["Finished"] == "2026-11-23 05:00:00 UTC (4 min 12 s)"
    assert facts["Mode"] == "Normal run"
    assert facts["Manager's record"] == "New certificate: 6 entries"
    assert dict(read_rotation(planned()).summary)["Mode"] == "Check mode: nothing was written"


def test_an_unknown_code_becomes_its_own_label():
    rotation = read_rotation(run(certificate(outcome="half_done"), outcome="half_done"))
    assert (rotation.outcome.label, rotation.certificates[0].outcome.label) == ("Half done", "Half done")


@pytest.mark.parametrize(
    ("outcome", "severity", "label"),
    [
        ("skipped", "warn", "Skipped: the guards left out every certificate that is due"),
        ("stored", "warn", "Stored, gateways not verified"),
    ],
)
def test_outcomes_that_are_neither_good_nor_failed(outcome, severity, label):
    rotation = read_rotation(RUNS[outcome]())
    assert (rotation.outcome.key, rotation.outcome.severity, rotation.outcome.label) == (outcome, severity, label)


def test_the_input_is_not_modified():
    for make in RUNS.values():
        result = make()
        read_rotation(result)
        assert result == make()


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, "result: must be a dictionary, not null"),
        ({}, "result.schema: must be 1"),
        (run() | {"schema": 2}, "result.schema: must be 1, the only version that this release can read"),
        (run() | {"started": "yesterday"}, "result.started: must be a date"),
        (run(certificate(environments=[{}])), r"result.certificates\[0\].environments\[0\].action: is missing"),
    ],
)
def test_the_path_of_a_wrong_value_is_named(result, message):
    with pytest.raises(ReportError, match=message):
        read_rotation(result)


def test_the_current_certificate_is_shown_once():
    def labels(result: object) -> list[list[tuple[str, bool]]]:
        environments = read_rotation(result).certificates[0].environments
        return [[(version.label, version.is_current) for version in one.versions] for one in environments]

    assert labels(rollback_failed()) == [
        [("Before (now)", True), ("New", False)],
        [("Before", False), ("New (now)", True)],
        [("Before", False), ("New", False), ("Now", True)],
    ]
    assert labels(run(unchanged("portal")))[0] == [("Now", True)]
