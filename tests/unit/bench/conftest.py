# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build measurements without running anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.cases import Case
from bench.results import Measurement, Measurements, Run, Traffic

NEAR, FAR = Case(200, 0, "all"), Case(200, 20, "all")


def measured(
    case: Case, candidate: str, seconds: float | Sequence[float], *, megabytes: float = 60, **traffic: Any
) -> Measurement:
    """Return a measurement with one run for each figure of `seconds`; all runs have the same memory and traffic."""
    each = [seconds] if isinstance(seconds, (int, float)) else seconds
    return Measurement(case, candidate, tuple(Run(one, int(megabytes * 1_000_000), Traffic(**traffic)) for one in each))


def all_of(*measurements: Measurement) -> Measurements:
    """Return these measurements together."""
    return Measurements(list(measurements))
