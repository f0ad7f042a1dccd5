# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a larger fleet needs follows from unit costs and from the formulas that the guide shows."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fleet import projection
from fleet.projection import Plan, UnitCosts

COSTS = UnitCosts(
    batch=1_000,
    cpu_seconds=0.05,
    requests=4,
    memory=200_000_000,
    events=0.1,
    event_bytes=1_000,
    report_bytes=40_000,
    backup_bytes=30_000,
)
PLAN = Plan("all", managers=1_000, due=10_000, jobs=20, forks=5, response_seconds=0.1)


def test_a_fork_computes_and_waits_for_each_response():
    assert projection.seconds_of_manager(PLAN, COSTS) == pytest.approx(10_000 * (0.05 + 4 * 0.1))


def test_forks_of_all_jobs_share_the_managers():
    assert projection.seconds_of_fleet(PLAN, COSTS) == pytest.approx(10 * 4_500)
    assert projection.seconds_of_fleet(replace(PLAN, managers=101), COSTS) == pytest.approx(2 * 4_500)


def test_cores_are_busy_while_the_forks_compute():
    assert projection.busy_cores(PLAN, COSTS) == pytest.approx(100 * 0.05 / 0.45)


def test_no_run_is_larger_than_the_measured_one():
    assert projection.batches(PLAN, COSTS) == 10
    assert projection.batches(replace(PLAN, due=1_001), COSTS) == 2
    assert projection.batches(replace(PLAN, due=334), COSTS) == 1
