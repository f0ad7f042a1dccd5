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
