# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The metrics of a rotation. The format itself is tested with the metrics of the audit."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.filter.rotation_report import rotation_report
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import FAILURES
from unit.plugins.filter.test_audit_report import parse
from unit.plugins.plugin_utils._report.test_samples import (
    HOSTILE,
    RUNS,
    certificate,
    environment_result,
    run,
    unchanged,
)


def values(result: Any, metric: str, label: str = "host") -> dict[str, int]:
    """The samples of a metric by the value of a label."""
    samples = parse(rotation_report(result, "prom"))
    return {labels[label]: value for name, labels, value in samples if name == f"apinizer_rotation_{metric}"}


@pytest.mark.parametrize("name", RUNS)
def test_metrics_of_a_run(name: str) -> None:
    result = RUNS[name]()
    outcome = result["outcome"]

    (failed,) = values(result, "failed").values()
    (check_mode,) = values(result, "check_mode").values()
    outcomes = values(result, "outcome", "outcome")

    assert (failed, check_mode) == (outcome in FAILURES, result["check_mode"])
    assert [key for key, value in outcomes.items() if value] == [outcome]
    assert sum(values(result, "certificates", "outcome").values()) == len(result["certificates"])


def test_certificates_are_counted_by_outcome() -> None:
    counted = values(run(certificate("api"), certificate("shop"), unchanged("portal")), "certificates", "outcome")

    assert {key: value for key, value in counted.items() if value} == {"rotated": 2, "in_sync": 1}
    assert counted["failed"] == 0


def test_gateways_are_counted_by_state() -> None:
    asked = {"name": "api", "state": "confirmed", "fingerprint_sha256": None, "reason": None, "source": "workers"}
    places = [
        environment_result("development", gateway=asked),
        environment_result("staging", gateway={**asked, "state": "stale"}),
        environment_result("production"),
    ]

    counted = values(run(certificate("api", environments=places)), "gateways", "state")

    assert counted == {"confirmed": 1, "stale": 1, "missing": 0, "unknown": 0}


def test_time_of_a_run() -> None:
    result = run() | {"started": "2026-11-23T05:00:00Z", "finished": "2026-11-23T05:01:00Z"}
    assert list(values(result, "started_timestamp_seconds").values()) == [1795410000]
    assert list(values(result, "finished_timestamp_seconds").values()) == [1795410060]
    assert values(result | {"finished": None}, "finished_timestamp_seconds") == {}


def test_every_series_continues_in_the_next_run() -> None:
    """Every run has the same series, whatever its outcome."""
    series = [
        {(name, *sorted(labels.items())) for name, labels, _value in parse(rotation_report(RUNS[one](), "prom"))}
        for one in ("good", "refused", "rollback_failed")
    ]
    assert series[0] == series[1] == series[2]


def test_label_values_are_escaped() -> None:
    host = HOSTILE[3]
    assert "and \\ a \"quote\" and 'another'" in next(iter(values(run() | {"host": host}, "failed")))
