# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of several managers in one: the worst outcome, sums, and what is missing, in every format."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter.audit_report import audit_report
from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report import status
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import (
    AUDIT_SUCCESSES,
    AUDITS_FROM_BEST_TO_WORST,
    FAILURES,
    ROTATIONS_FROM_BEST_TO_WORST,
    SUCCESSES,
    MergedManager,
    MergedReport,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import rotation_summary
from unit.plugins.filter.test_audit_report import parse
from unit.plugins.plugin_utils._report import test_samples as samples
from unit.plugins.plugin_utils._report.test_samples import Json, fleet, of_manager

AUDIT_FAILURES = ("incomplete", "not_on_gateway", "expired")

SUMMARY = {
    **rotation_summary("manager-050", of_manager(50, samples.rolled_back()), "reports/manager-050/rotation.json"),
    "omitted": 3,
}
"""What set_stats publishes of a run, which leaves out three of the certificates that failed."""


def merged(results: Any, expected: Any = None, render: Callable[..., str] = rotation_report) -> Json:
    """The merged report as JSON."""
    values: Json = json.loads(render(results, "json", expected=expected))
    assert values.keys() == MergedReport.__annotations__.keys()
    for manager in values["managers"]:
        assert manager.keys() == MergedManager.__annotations__.keys()
    return values


def with_outcome(number: int, outcome: str) -> Json:
    return of_manager(number, samples.run(outcome=outcome))


def test_the_order_of_outcomes_contains_each_of_them_once():
    assert sorted(ROTATIONS_FROM_BEST_TO_WORST) == sorted({*SUCCESSES, *FAILURES})
    assert set(ROTATIONS_FROM_BEST_TO_WORST[-len(FAILURES) :]) == set(FAILURES)
    assert set(ROTATIONS_FROM_BEST_TO_WORST) == set(status.RUN)
    assert sorted(AUDITS_FROM_BEST_TO_WORST) == sorted({*AUDIT_SUCCESSES, *AUDIT_FAILURES})
    assert AUDITS_FROM_BEST_TO_WORST[-len(AUDIT_FAILURES) :] == AUDIT_FAILURES
    assert set(AUDITS_FROM_BEST_TO_WORST) == set(status.AUDIT)


@pytest.mark.parametrize("outcome", ROTATIONS_FROM_BEST_TO_WORST)
def test_the_worst_outcome_counts(outcome):
    better = ROTATIONS_FROM_BEST_TO_WORST[: ROTATIONS_FROM_BEST_TO_WORST.index(outcome)]

    result = merged([with_outcome(number, one) for number, one in enumerate([outcome, *better])])

    assert result["outcome"] == outcome
    assert result["failed"] is (outcome in FAILURES)
    assert result["managers_by_outcome"] == dict.fromkeys([outcome, *better], 1)


def test_an_outcome_of_a_newer_release_is_no_success():
    result = merged([with_outcome(1, "rollback_failed"), with_outcome(2, "exploded")])

    assert (result["outcome"], result["failed"]) == ("exploded", True)


def test_failures_come_first_and_then_the_worst():
    hosts = [(one["host"], one["outcome"]) for one in merged(fleet(9))["managers"]]

    assert hosts == [
        ("manager-004", "rollback_failed"),
        ("manager-002", "rolled_back"),
        ("manager-005", "refused"),
        ("manager-007", "skipped"),
        ("manager-003", "stored"),
        ("manager-006", "planned"),
        ("manager-001", "rotated"),
        ("manager-008", "rotated"),
        ("manager-000", "nothing_to_do"),
    ]


def test_numbers_are_sums():
    overlap = of_manager(20, samples.run(*(samples.certificate(one, one) for one in ("introduced", "retired", "kept"))))

    result = merged([*fleet(10), overlap])

    assert result["certificates_total"] == sum(one["certificates_total"] for one in result["managers"])
    for outcome in ("introduced", "retired", "kept"):
        assert result["certificates"][outcome] == 1
    assert result["certificates"]["rotated"] == 2 + 30 + 30
    assert result["certificates"]["skipped"] == 1 + 1
    assert sum(result["certificates"].values()) == result["certificates_total"]


@pytest.mark.parametrize("name", ["manager-001", "https://APINIZER-001.bank.example:443/apiops/"])
def test_an_expected_manager_is_an_inventory_host_or_an_address(name):
    result = merged(fleet(2), [name])

    assert (result["missing"], result["failed"], result["outcome"]) == ([], False, "rotated")
    assert result["unexpected"] == ["manager-000"]


def test_a_missing_report_is_named_first_and_is_a_failure():
    result = merged(fleet(2), ["manager-000", "manager-001", "manager-x"])

    assert (result["missing"], result["failed"], result["outcome"]) == (["manager-x"], True, "failed")
    assert "Without a report: manager-x" in result["message"]
    worse = merged([with_outcome(1, "rollback_failed")], ["manager-x"])
    assert worse["outcome"] == "rollback_failed"
    page = rotation_report(fleet(2), "html", expected=["manager-x"])
    assert page.index("manager-x") < page.index("manager-000")
    assert rotation_report(fleet(2), "failure", expected=["manager-x"]) == "Without a report: manager-x"


def test_a_host_whose_result_is_null_is_missing():
    results = {"manager-001": fleet(2)[1], "manager-x": None}

    assert merged(results)["missing"] == ["manager-x"]


def test_nothing_at_all_is_a_failure():
    result = merged([])

    assert (result["outcome"], result["failed"], result["message"]) == ("failed", True, "No reports.")
    assert rotation_report([], "failure") == "No reports"


def test_nothing_fails_where_every_manager_has_succeeded():
    assert rotation_report(fleet(2), "failure", expected=["manager-000", "manager-001"]) == ""


def test_all_reports_of_a_manager_that_are_given_count():
    stages = [with_outcome(1, "rotated"), with_outcome(1, "failed")]

    result = merged(stages, ["manager-001"])

    assert [one["outcome"] for one in result["managers"]] == ["failed", "rotated"]
    assert (result["outcome"], result["older"]) == ("failed", 0)
    samples_of_prometheus = parse(rotation_report(stages, "prom"))
    labels = {"kind": "rotations", "manager": "https://apinizer-001.bank.example", "host": "manager-001"}
    assert ("apinizer_report_failed", labels, 1) in samples_of_prometheus


def test_check_mode_is_stated_next_to_real_runs():
    result = merged([of_manager(1, samples.planned()), of_manager(2, samples.good())])

    assert result["outcome"] == "planned"
    assert "From check mode, in which nothing is written: 1 of 2 reports." in result["message"]
    assert {one["host"]: one["check_mode"] for one in result["managers"]} == {"manager-001": True, "manager-002": False}
    assert "Planned (check mode)" in rotation_report([of_manager(1, samples.planned())], "md")


def test_a_hundred_managers_have_a_line_each_and_details_of_failures():
    page, document = (rotation_report(fleet(100), one) for one in ("html", "md"))

    assert len(page.encode()) < 350_000
    assert len(document.encode()) < 40_000
    assert [page.count(f'href="#m{number}"') for number in (1, 100)] == [1, 1]
    # Three managers have failed. Details of the others are closed.
    assert (page.count("<article"), page.count("<details class"), page.count("<details open")) == (3, 97, 0)
    assert document.count("### ") == 3
    assert "Worker gw-2 did not answer within 30 s" in document


def test_a_page_does_not_repeat_a_thousand_certificates():
    result = of_manager(1, samples.many(1000))
    for certificate in result["certificates"]:
        certificate["outcome"] = "failed"

    small, large = (rotation_report([{**result, "outcome": one}], "html") for one in ("failed", "rotated"))

    assert max(len(small.encode()), len(large.encode())) < 60_000
    (manager,) = merged([{**result, "outcome": "failed"}])["managers"]
    assert len(manager["problems"]) == 20 < manager["problems_total"]
    assert f"And {manager['problems_total'] - 20} more" in small
    assert "and 950 more" in large


def test_with_many_managers_only_failures_have_details():
    results = [with_outcome(number, "rotated" if number else "failed") for number in range(201)]

    page = rotation_report(results, "html")

    assert (page.count("<article"), page.count("<details class")) == (1, 0)
    assert page.count('href="#m') == 1


def test_a_summary_counts_like_the_report():
    result = merged({"manager-001": fleet(2)[1], "manager-050": SUMMARY})

    (manager, _other) = result["managers"]
    (full,) = merged([of_manager(50, samples.rolled_back())])["managers"]
    for key in ("manager", "started", "finished", "check_mode", "outcome", "failed", "message", "certificates"):
        assert manager[key] == full[key], key
    assert (manager["host"], manager["certificates_total"]) == ("manager-050", full["certificates_total"])
    assert manager["source"] == "reports/manager-050/rotation.json"
    assert manager["problems"] == [
        {"certificate": "Payments / api", "environment": None, "status": "Rolled back", "message": ""}
    ]
    assert manager["problems_total"] == 1 + 3
    assert "Payments / api\n- And 3 more" in rotation_report({"manager-050": SUMMARY}, "md")


@pytest.mark.parametrize("name", samples.AUDITS)
def test_a_summary_of_an_audit_counts_like_the_audit(name):
    audit = of_manager(1, samples.AUDITS[name]())
    summary = json.loads(audit_report(audit, "summary"))

    (short,) = merged({"manager-001": summary}, None, audit_report)["managers"]
    (full,) = merged([audit], None, audit_report)["managers"]

    same = {key: full[key] for key in full if key not in ("first_expiry", "problems", "problems_total")}
    assert {key: short[key] for key in same} == same
    # The hundred findings of the largest one do not all fit.
    assert name in ("many", "hostile") or (short["problems"], short["problems_total"]) == (
        full["problems"],
        full["problems_total"],
    )


def test_a_summary_of_an_audit_that_failed_because_of_its_threshold_is_a_failure():
    audit = of_manager(1, samples.AUDITS["findings"]())
    audit["findings"] = [one for one in audit["findings"] if one["kind"] == "expires_soon"]
    short = json.loads(audit_report(audit, "summary"))
    smallest = {"outcome": "findings", "failed": True}

    for summary in (audit, short, smallest):
        result = merged({"m": summary}, None, audit_report)
        assert (result["outcome"], result["failed"]) == ("findings", True)


@pytest.mark.parametrize(
    ("render", "summary"),
    [
        (rotation_report, {"outcome": "of_a_newer_release", "counts": {}}),
        (rotation_report, {"outcome": "rotated", "counts": {"rotated": 7, "failed": 1}}),
        (rotation_report, {"outcome": "nothing_to_do", "counts": {"rolled_back": 1}}),
        (audit_report, {"outcome": "of_a_newer_release", "counts": {}}),
        (audit_report, {"outcome": "clean", "counts": {"expired": 1}}),
        (audit_report, {"outcome": "findings", "counts": {"not_on_gateway": 1}}),
    ],
)
def test_a_summary_that_is_not_known_to_be_fine_is_a_failure(render, summary):
    assert merged({"m": summary}, None, render)["failed"] is True


@pytest.mark.parametrize(
    ("render", "outcome", "of", "wanted"),
    [
        (rotation_report, "clean", "audit.json", "rotation.json"),
        (audit_report, "rollback_failed", "rotation.json", "audit.json"),
        (audit_report, "rotated", "rotation.json", "audit.json"),
    ],
)
def test_a_summary_of_the_other_kind_is_refused(render, outcome, of, wanted):
    with pytest.raises(AnsibleFilterError) as raised:
        render({"m": {"outcome": outcome, "counts": {}}}, "json")
    assert f"['m'].outcome: {outcome} is an outcome in the summary of {of}, not of {wanted}" in str(raised.value)


def test_the_smallest_summary_has_an_outcome_only():
    result = merged({"a": {"outcome": "rotated"}, "b": {"outcome": "failed", "started": "2026-11-23T05:00:00Z"}})

    assert [(one["host"], one["outcome"], one["failed"]) for one in result["managers"]] == [
        ("b", "failed", True),
        ("a", "rotated", False),
    ]


def test_a_summary_may_have_an_outcome_and_numbers_only():
    (manager,) = merged({"manager-050": {"outcome": "failed", "counts": {"failed": 2}}})["managers"]

    assert (manager["host"], manager["manager"], manager["certificates"]) == ("manager-050", None, {"failed": 2})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": {"rotated": "many"}}, "results['m'].counts.rotated: must be a whole number"),
        ({"counts": {"rotated": -1}}, "results['m'].counts: must not be negative"),
        ({"failed": "api"}, "results['m'].failed: must be a list"),
        ({"failed": [1]}, "results['m'].failed[0]: must be a dictionary"),
        ({"outcome": None}, "results['m'].outcome: is missing"),
        ({"schema": 2}, "results['m'].schema: must be 1"),
    ],
)
def test_a_wrong_summary_is_named(change, message):
    with pytest.raises(AnsibleFilterError) as raised:
        rotation_report({"m": {**SUMMARY, **change}}, "json")
    assert str(raised.value).startswith(f"rotation_report: {message}")


@pytest.mark.parametrize(
    ("render", "value", "message"),
    [
        (rotation_report, [fleet(1)[0], {"schema": 2}], "rotation_report: results[1].schema: must be 1"),
        (rotation_report, [None], "rotation_report: results[0].schema: must be 1"),
        (rotation_report, {"a": {"schema": 1}}, "rotation_report: results['a'].check_mode: is missing"),
        (audit_report, [{"schema": 1}], "audit_report: audits[0].manager: is missing"),
    ],
)
def test_a_wrong_result_is_named_by_its_place(render, value, message):
    with pytest.raises(AnsibleFilterError) as raised:
        render(value, "html")
    assert str(raised.value).startswith(message)


def test_expected_must_be_a_list_and_is_for_several_only():
    with pytest.raises(AnsibleFilterError, match="expected: must be a list"):
        rotation_report(fleet(1), "html", expected="manager-000")
    with pytest.raises(AnsibleFilterError, match="expected: is for a list of results only"):
        rotation_report(samples.good(), "html", expected=["manager-000"])


@pytest.mark.parametrize("name", ["html", "md", "text"])
def test_hostile_texts_cannot_change_the_structure(name):
    text = rotation_report(samples.SEVERAL_RUNS["hostile"](), name, expected=list(samples.HOSTILE))

    assert "<script>" not in text or name == "text"
    assert "\x1b" not in text
    tables = [line.count("|") for line in text.splitlines() if line.startswith("|") and name == "md"]
    assert set(tables) <= {3, 7}


@pytest.mark.parametrize("render", [rotation_report, audit_report])
def test_an_unknown_format_is_refused(render):
    with pytest.raises(AnsibleFilterError, match="must be html, md, json, prom, text or failure, not 'xml'"):
        render([], "xml")


def test_audits_are_merged_by_their_status():
    audits = [of_manager(number, samples.AUDITS[name]()) for number, name in enumerate(["empty", "clean", "gateways"])]

    result = merged(audits, ["manager-001", "manager-x"], audit_report)

    assert [one["outcome"] for one in result["managers"]] == ["not_on_gateway", "clean", "empty"]
    assert (result["kind"], result["outcome"], result["failed"]) == ("audits", "not_on_gateway", True)
    assert (result["missing"], result["unexpected"]) == (["manager-x"], ["manager-000", "manager-002"])
    assert result["managers"][1]["first_expiry"] == "2027-07-21T11:00:00Z"


def test_an_audit_that_is_missing_is_worse_than_findings():
    findings = samples.audit(samples.certificates_with_findings()[:2], None)
    findings["findings"] = samples.certificate_findings(findings["certificates"], 30)

    assert merged([of_manager(1, findings)], None, audit_report)["failed"] is False
    result = merged([of_manager(1, findings)], ["manager-x"], audit_report)
    assert (result["outcome"], result["failed"]) == ("incomplete", True)


def test_an_audit_that_fails_for_its_threshold_is_a_failure():
    soon = of_manager(1, samples.audit(samples.certificates_with_findings()[1:2]))

    result = merged([soon], None, audit_report)

    assert (result["outcome"], result["failed"]) == ("findings", True)
    assert result["managers"][0]["message"].startswith("Expired, or expiring in less than 30 days: Payments / api")


def test_metrics_of_rotations():
    found = parse(rotation_report(fleet(5), "prom", expected=["manager-x"]))

    labels = {"kind": "rotations", "manager": "https://apinizer-002.bank.example", "host": "manager-002"}
    assert ("apinizer_reports", {"kind": "rotations"}, 5) in found
    assert ("apinizer_reports_missing", {"kind": "rotations"}, 1) in found
    assert ("apinizer_report_missing", {"kind": "rotations", "name": "manager-x"}, 1) in found
    assert ("apinizer_report_failed", labels, 1) in found
    assert ("apinizer_report_check_mode", labels, 0) in found
    assert ("apinizer_report_timestamp_seconds", labels, 1795410000) in found
    assert ("apinizer_report_certificates", labels, 2) in found
    by_outcome = {
        one["outcome"]: value
        for name, one, value in found
        if name.endswith("_by_outcome") and labels.items() <= one.items()
    }
    # Outcomes that did not occur are included, so that each series continues.
    assert by_outcome == {**dict.fromkeys(status.CERTIFICATE, 0), "rolled_back": 1, "in_sync": 1}


def test_metrics_of_audits():
    found = parse(audit_report([of_manager(1, samples.AUDITS["findings"]())], "prom"))

    labels = {"kind": "audits", "manager": "https://apinizer-001.bank.example", "host": "manager-001"}
    assert ("apinizer_report_findings", {**labels, "finding": "drift"}, 1) in found
    assert ("apinizer_report_findings", {**labels, "finding": "shared_key"}, 0) in found


def test_the_screen_shows_a_line_for_each_failure():
    lines = rotation_report(fleet(40), "text", expected=[f"manager-{number:03}" for number in range(70)]).splitlines()

    assert lines[0].startswith("Rollback failed. 40 reports: 1 rollback failed, 1 rolled back, 1 refused, 1 skipped, ")
    assert "manager-059, and 10 more." in lines[0]
    assert [line.split(" ")[0] for line in lines[1:]] == ["manager-004", "manager-002", "manager-005"]
