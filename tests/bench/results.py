# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measurements: single runs, and the figures that several runs give together."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .cases import Case

BASELINE, URI, EMPTY = "baseline", "uri", "empty"
"""The candidates that others are compared with."""

LOOP, ROLE, ROLE_CONTENT, PARALLEL = "loop", "role", "role-content", "role-parallel"
"""The module in a loop, and the role: with paths, with contents, and with several writes in parallel."""

PARALLEL_WRITES = 8
"""How many certificates `role-parallel` writes in parallel."""


@dataclass(frozen=True)
class Traffic:
    """The requests that reached the manager in one run, counted in its journal.

    `list_requests` asked for all certificates of a project, `jwk_requests` for its JWKs. `in_sync` and `updated` count
    the certificates that were not due and that were due, by the methods of the requests for each of them, such as
    `GET PUT GET`.
    """

    requests: int = 0
    connections: int = 0
    list_requests: int = 0
    jwk_requests: int = 0
    in_sync: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run: its duration in seconds, and the peak memory in bytes of its largest process."""

    seconds: float
    memory: int
    traffic: Traffic


@dataclass(frozen=True)
class Measurement:
    """The runs of one candidate in one case. There is at least one run."""

    case: Case
    candidate: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """The median duration."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def median_run(self) -> Run:
        """The run with the median duration; of two in the middle, the slower one."""
        return sorted(self.runs, key=lambda run: run.seconds)[len(self.runs) // 2]

    @property
    def memory(self) -> int:
        """The highest peak memory, in bytes."""
        return max(run.memory for run in self.runs)

    @property
    def traffic(self) -> Traffic:
        """The traffic of the run with the most requests and, among equals, the most connections."""
        return max((run.traffic for run in self.runs), key=lambda traffic: (traffic.requests, traffic.connections))


class Measurements:
    """All measurements, in the order in which they were made."""

    def __init__(self, measurements: list[Measurement]) -> None:
        """Index the measurements by case and candidate."""
        self._by_key = {(measurement.case, measurement.candidate): measurement for measurement in measurements}

    def __iter__(self) -> Iterator[Measurement]:
        """Iterate over the measurements."""
        return iter(self._by_key.values())

    def of(self, case: Case, candidate: str) -> Measurement | None:
        """Return the measurement of a candidate in a case; None if it was not measured."""
        return self._by_key.get((case, candidate))

    def ratio(self, measurement: Measurement, to: str) -> float | None:
        """Return its seconds divided by those of another candidate in the same case; None if that was not measured."""
        other = self.of(measurement.case, to)
        return measurement.seconds / other.seconds if other else None
