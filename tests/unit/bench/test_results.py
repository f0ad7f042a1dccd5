# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures of several runs, and which certificates are due in which case."""

from __future__ import annotations

import pytest

from bench.cases import Case
from bench.results import Measurement, Run, Traffic

from .conftest import FAR, NEAR, all_of, measured


@pytest.mark.parametrize(
    ("case", "due"),
    [
        (Case(1, 0, "nothing"), []),
        (Case(1, 0, "all"), [0]),
        (Case(3, 20, "all"), [0, 1, 2]),
        (Case(3, 0, "some"), [0]),
        (Case(200, 0, "some"), [0, 100]),
        (Case(200, 0, "nothing"), []),
    ],
)
def test_due_certificates(case, due):
    assert list(case.due) == due


def test_the_median_ignores_one_slow_run():
    assert measured(NEAR, "loop", [2.0, 90.0, 1.0]).seconds == 2.0


@pytest.mark.parametrize(("seconds", "median"), [([3.0, 1.0, 2.0], 2.0), ([1.0, 4.0, 2.0, 3.0], 3.0), ([1.0], 1.0)])
def test_the_median_run_is_a_real_one(seconds, median):
    assert measured(NEAR, "loop", seconds).median_run.seconds == median


def test_the_worst_run_counts_for_memory_and_requests():
    runs = (Run(1.0, 10, Traffic(3, 1)), Run(1.0, 30, Traffic(5, 1)), Run(1.0, 20, Traffic(5, 2)))
    worst = Measurement(NEAR, "loop", runs)
    assert (worst.memory, worst.traffic) == (30, Traffic(5, 2))


def test_a_ratio_compares_medians_in_the_same_case():
    loop = measured(NEAR, "loop", [3.0, 2.0, 9.0])
    measurements = all_of(loop, measured(NEAR, "baseline", [1.5]), measured(FAR, "baseline", [100.0]))
    assert measurements.ratio(loop, "baseline") == 2.0
    assert measurements.ratio(loop, "uri") is None
