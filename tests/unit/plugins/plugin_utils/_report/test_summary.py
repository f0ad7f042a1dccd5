# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The summaries for set_stats stay small regardless of the size of the run."""

from __future__ import annotations

import json
from operator import itemgetter
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import read_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_summary import is_summary
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import (
    ARTIFACT_BYTES,
    audit_summary,
    rotation_summary,
)

Json = dict[str, Any]


def _result(certificates: int, *, outcome: str = "failed", message: str = "HTTP 503.") -> Any:
    return {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "manager-1",
        "started": "2026-11-23T05:00:00Z",
        "finished": "2026-11-23T05:10:00Z",
        "check_mode": False,
        "outcome": outcome,
        "message": message,
        "strategy": "per_environment",
        "strategy_reason": "there are several waves",
        "waves": [{"number": 1, "environments": ["production"], "stage": None, "outcome": "failed"}],
        "certificates": [
            {"project": "MyProject", "name": f"certificate-{index}", "outcome": outcome, "environments": [{}] * 3}
            for index in range(certificates)
        ],
        "rollback": {"performed": False, "complete": None, "messages": []},
        "backup": "/backups/1",
    }


def _published(host: str, summary: object) -> int:
    return len(json.dumps({"certificate_rotation": {host: summary}}))


def test_a_small_run_is_summarized_completely() -> None:
    result = _result(2)
    result["certificates"][0]["outcome"] = "rotated"

    assert rotation_summary("manager-1", result, "/reports/rotation.json") == {
        "schema": 1,
        "manager": "https://manager.example.com",
        "started": "2026-11-23T05:00:00Z",
        "finished": "2026-11-23T05:10:00Z",
        "check_mode": False,
        "outcome": "failed",
        "message": "HTTP 503.",
        "waves": [{"number": 1, "environments": ["production"], "stage": None, "outcome": "failed"}],
        "counts": {"failed": 1, "rotated": 1},
        "failed": [{"project": "MyProject", "name": "certificate-1", "outcome": "failed"}],
        "omitted": 0,
        "rolled_back": None,
        "backup": "/backups/1",
        "report": "/reports/rotation.json",
    }


@pytest.mark.parametrize("outcome", ["in_sync", "not_due", "planned", "introduced", "retired", "rotated", "stored"])
def test_certificates_with_which_nothing_is_wrong_are_only_counted(outcome: str) -> None:
    summary = rotation_summary("manager-1", _result(3, outcome=outcome), None)

    assert (summary["counts"], summary["failed"], summary["omitted"]) == ({outcome: 3}, [], 0)


@pytest.mark.parametrize(
    "message", ["HTTP 503.", "p/a in dev: HTTP 503; " * 10_000, "\N{GRINNING FACE}" * 20_000, '"' * 99_999]
)
@pytest.mark.parametrize("certificates", [0, 100, 10_000])
def test_a_summary_of_any_run_fits(certificates: int, message: str) -> None:
    summary = rotation_summary("manager-1", _result(certificates, message=message), "/reports/rotation.json")

    assert _published("manager-1", summary) <= ARTIFACT_BYTES
    assert summary["counts"] == ({"failed": certificates} if certificates else {})
    assert len(summary["failed"]) + summary["omitted"] == certificates
    assert summary["message"] == message or summary["message"].endswith("… (shortened)")


def test_much_of_the_space_is_used() -> None:
    summary = rotation_summary("manager-1", _result(10_000, message="x" * 99_999), None)

    assert _published("manager-1", summary) > ARTIFACT_BYTES * 0.99


@pytest.mark.parametrize("hosts", [2, 30, 100, 400])
def test_the_hosts_of_a_play_share_the_space(hosts: int) -> None:
    names = [f"manager-{index}" for index in range(hosts)]
    summaries = {
        name: rotation_summary(name, _result(1000, message="x" * 99_999), "/reports/rotation.json", hosts)
        for name in names
    }

    assert len(json.dumps({"certificate_rotation": summaries})) <= 64 * 1024
    assert all(
        summary["outcome"] == "failed" and summary["counts"] == {"failed": 1000} for summary in summaries.values()
    )


def _audit(findings: int) -> Json:
    return {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "manager-1",
        "generated": "2026-11-23T05:00:00Z",
        "certificates": [],
        "findings": [
            {
                "kind": "drift" if index % 2 else "expired",
                "project": "MyProject",
                "name": f"certificate-{index}",
                "environments": ["production"],
                "message": "A message.",
            }
            for index in range(findings)
        ],
    }


def test_an_audit_is_summarized_with_the_most_urgent_findings() -> None:
    summary = json.loads(audit_summary(read_audit(_audit(1000))))

    assert _published("manager-1", summary) <= ARTIFACT_BYTES
    assert (summary["outcome"], summary["counts"]) == ("expired", {"expired": 500, "drift": 500})
    assert len(summary["findings"]) + summary["omitted"] == 1000
    assert {finding["kind"] for finding in summary["findings"]} == {"expired"}


def test_the_findings_of_a_small_audit_are_complete() -> None:
    audit = _audit(3)
    summary = json.loads(audit_summary(read_audit(audit)))

    by_name = itemgetter("name")
    assert sorted(summary["findings"], key=by_name) == sorted(audit["findings"], key=by_name)
    assert summary["omitted"] == 0


def test_the_summary_of_an_audit_has_its_time_its_path_and_whether_it_is_a_failure() -> None:
    audit = _audit(0) | {"findings": [{**_audit(1)["findings"][0], "kind": "expires_soon"}]}

    (fine, failed) = (
        json.loads(audit_summary(read_audit(audit | {"expiring_within": window}), 1, "/reports/audit.json"))
        for window in (None, 30)
    )

    assert (failed["started"], failed["finished"]) == (audit["generated"],) * 2
    assert failed["report"] == "/reports/audit.json"
    assert (fine["outcome"], fine["failed"]) == (failed["outcome"], False)
    assert failed["failed"] is True
    assert failed["message"].startswith("Expired, or expiring in less than 30 days: MyProject / certificate-0")


SIX = ("failed", "rolled_back", "stored", "not_started", "in_sync", "skipped")
NAMES = {
    "short": "m%03d",
    "long": "manager-%03d.production.example.org",
    "not ASCII": "yönetici-%03d",
    "not ASCII, and long": "yönetici-%03d-" + "ş" * 20,
    "longer than the space": "manager-%03d" + "." * 200,
}


def _rotation_of(host: str, hosts: int) -> Any:
    result = _result(300, outcome="rollback_failed", message="ü" * 5000)
    for index, certificate in enumerate(result["certificates"]):
        certificate["outcome"] = SIX[index % len(SIX)]
    return rotation_summary(host, result, f"/var/lib/awx/projects/reports/{host}/rotation.json", hosts)


def _audit_of(host: str, hosts: int) -> Any:
    report = f"/var/lib/awx/projects/reports/{host}/{'x' * 200}/audit.json"
    audit = _audit(100) | {"host": host, "expiring_within": 30}
    for index, finding in enumerate(audit["findings"]):
        finding["kind"] = ("expires_soon", "drift", "duplicate_entries", "incomplete_chain", "shared_key")[index % 5]
    return json.loads(audit_summary(read_audit(audit), hosts, report))


@pytest.mark.parametrize("hosts", [1, 60, 100, 400, 800])
@pytest.mark.parametrize("summary_of", [_rotation_of, _audit_of])
@pytest.mark.parametrize("names", NAMES)
def test_the_artifact_stays_within_its_limit_with_any_names(summary_of: Any, names: str, hosts: int) -> None:
    summary = summary_of(NAMES[names] % 0, hosts)
    # The names have the same length, so the other hosts have summaries of the same size.
    published = {NAMES[names] % index: summary for index in range(hosts) if summary is not None}

    assert len(json.dumps({"certificate_rotation": published})) <= 64 * 1024
    assert not summary or is_summary(summary)


@pytest.mark.parametrize("names", ["short", "long", "not ASCII"])
def test_with_400_managers_each_failure_has_its_time(names: str) -> None:
    host = NAMES[names] % 399

    rotation, audit = _rotation_of(host, 400), _audit_of(host, 400)

    assert (rotation["outcome"], rotation["started"]) == ("rollback_failed", "2026-11-23T05:00:00Z")
    assert (audit["failed"], audit["started"]) == (True, "2026-11-23T05:00:00Z")


@pytest.mark.parametrize("hosts", range(100, 600, 50))
def test_the_summary_of_a_run_without_certificates_is_a_summary(hosts: int) -> None:
    summary = rotation_summary("manager-1", _result(0), "/reports/rotation.json", hosts)

    assert summary
    assert summary["outcome"] == "failed"
    assert is_summary(summary)


def test_without_space_the_host_is_named_or_left_out() -> None:
    assert _rotation_of(NAMES["not ASCII, and long"] % 1, 400) == {}
    assert _rotation_of(NAMES["longer than the space"] % 1, 400) is None
    assert _audit_of(NAMES["longer than the space"] % 1, 400) is None
