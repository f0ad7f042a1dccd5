# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured: single runs, and what several of them say together."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from .cases import Case

FLOOR, URI, EMPTY = "floor", "uri", "empty"
"""The contenders that others are compared with."""

PARALLEL = "role-parallel"
"""The one that writes several certificates at once."""


@dataclass(frozen=True)
class Traffic:
    """What reached the manager in one run, by its own journal.

    `lists` are requests for all certificates of a project, `looks` those for its JWKs. `in_sync` and `updated` count the
    certificates of either kind by the methods of the requests for each of them, such as `GET PUT GET`.
    """

    requests: int = 0
    connections: int = 0
    lists: int = 0
    looks: int = 0
    in_sync: Mapping[str, int] = field(default_factory=dict)
    updated: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Run:
    """One run: seconds from start to end, and the peak memory in bytes of the largest of its processes."""

    seconds: float
    memory: int
    traffic: Traffic


@dataclass(frozen=True)
class Measurement:
    """The runs of one contender in one case; at least one."""

    case: Case
    contender: str
    runs: tuple[Run, ...]

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def memory(self) -> int:
        """The highest, in bytes."""
        return max(run.memory for run in self.runs)

    @property
    def traffic(self) -> Traffic:
        """That of the run with the most requests, or else the most connections."""
        return max((run.traffic for run in self.runs), key=lambda traffic: (traffic.requests, traffic.connections))


class Measurements:
    """All of them, in the order in which they were made."""

    def __init__(self, measured: list[Measurement]) -> None:
        """Hold these."""
        self._by_key = {(one.case, one.contender): one for one in measured}

    def __iter__(self) -> Iterator[Measurement]:
        """Iterate over them."""
        return iter(self._by_key.values())

    def of(self, case: Case, contender: str) -> Measurement | None:
        """That of a contender in a case, if it was measured."""
        return self._by_key.get((case, contender))

    def ratio(self, one: Measurement, to: str) -> float | None:
        """How many times as long as another contender in the same case; None if that was not measured."""
        other = self.of(one.case, to)
        return one.seconds / other.seconds if other else None
