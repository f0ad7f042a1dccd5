# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection promises of its speed, held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .cases import Case
from .results import EMPTY, FLOOR, PARALLEL, URI, Measurement, Measurements, Traffic

_ROLES = ("role", "role-content", PARALLEL)
_OURS = ("ad-hoc", "loop", *_ROLES)

_ONE_IN_SYNC, _MANY_IN_SYNC = Case(1, 0, "nothing"), Case(1000, 0, "nothing")
_MANY_DUE = Case(1000, 0, "all")
_NEAR, _FAR = Case(200, 0, "all"), Case(200, 20, "all")
CASES = (_ONE_IN_SYNC, Case(1, 0, "all"), Case(200, 0, "some"), _NEAR, _FAR, _MANY_IN_SYNC, _MANY_DUE)
"""The cases that the targets are about."""

_GROWTH_SECONDS = 2.0
# Where each request takes long, there has to be more than one at a time, and Ansible runs the items of a loop in turn.
_TIMES_FASTER_THAN_URI = ((_NEAR, "loop", 30.0), (_FAR, PARALLEL, 10.0))
_TIMES_FLOOR = 3.0
_MEMORY_BYTES = 150e6
_UPDATE = "GET PUT GET"
# The role looks at what is due in detail before it writes anything: a task of its own, in check mode, which reads only.
_LOOK_AHEAD = "GET"


@dataclass(frozen=True)
class Verdict:
    """A target, what was measured, and whether that meets it; None where it was not measured."""

    target: str
    figure: str
    passed: bool | None

    def __str__(self) -> str:
        """One line."""
        word = "NOT MEASURED" if self.passed is None else "PASS" if self.passed else "FAIL"
        return f"{word:4}  {self.target}: {self.figure}"


def verdicts(measurements: Measurements) -> list[Verdict]:
    """All targets, in the order of the promise."""
    return [
        *(_growth(measurements, role) for role in _ROLES),
        *(_faster_than_uri(measurements, *target) for target in _TIMES_FASTER_THAN_URI),
        *(_near_floor(measurements, case) for case in (_NEAR, _FAR)),
        *(_few_requests(measurements, name) for name in _OURS),
        *(_one_connection(measurements, name) for name in _OURS),
        *(_little_memory(measurements, name) for name in ("loop", *_ROLES)),
    ]


def _growth(measurements: Measurements, role: str) -> Verdict:
    target = f"{role}, nothing to do: 1,000 certificates take at most {_GROWTH_SECONDS:g} s more than 1"
    one, many = measurements.of(_ONE_IN_SYNC, role), measurements.of(_MANY_IN_SYNC, role)
    if one is None or many is None:
        return _not_measured(target)
    more = many.seconds - one.seconds
    return Verdict(target, f"{more:.2f} s more ({one.seconds:.2f} s, {many.seconds:.2f} s)", more <= _GROWTH_SECONDS)


def _faster_than_uri(measurements: Measurements, case: Case, name: str, times: float) -> Verdict:
    target = f"{name}, {case}: at least {times:g} times as fast as uri"
    ours = measurements.of(case, name)
    ratio = measurements.ratio(ours, URI) if ours else None
    if ratio is None:
        return _not_measured(target)
    return Verdict(target, f"{1 / ratio:.1f} times", 1 / ratio >= times)


def _near_floor(measurements: Measurements, case: Case) -> Verdict:
    target = f"loop, {case}: at most {_TIMES_FLOOR:g} times the floor, plus an empty play"
    loop, floor, empty = (measurements.of(case, name) for name in ("loop", FLOOR, EMPTY))
    if loop is None or floor is None or empty is None:
        return _not_measured(target)
    limit = _TIMES_FLOOR * floor.seconds + empty.seconds
    return Verdict(target, f"{loop.seconds:.2f} s, of {limit:.2f} s", loop.seconds <= limit)


def _few_requests(measurements: Measurements, name: str) -> Verdict:
    target = f"{name}, requests: 1 GET in sync, {_UPDATE} and 1 look for JWKs for an update"
    if name in _ROLES:
        target += f", and before it {_LOOK_AHEAD} and 1 look; 1 list of the project if there is nothing to do"
    return _everywhere(measurements, name, target, _requests_too_many)


def _requests_too_many(one: Measurement) -> str:
    """What is more than the target allows; empty if nothing is."""
    traffic, found = one.traffic, []
    update, looks = (f"{_LOOK_AHEAD} {_UPDATE}", 2) if one.contender in _ROLES else (_UPDATE, 1)
    found += [f"{count} in sync: {sent}" for sent, count in traffic.in_sync.items() if sent != "GET"]
    found += [f"{count} updated: {sent}" for sent, count in traffic.updated.items() if sent != update]
    if traffic.looks > looks * len(one.case.due):
        found.append(f"looks for JWKs: {traffic.looks}")
    if traffic.lists > _lists_allowed(one):
        found.append(f"lists: {traffic.lists}")
    if other := traffic.requests - _accounted(traffic):
        found.append(f"other requests: {other}")
    return ", ".join(found)


def _lists_allowed(one: Measurement) -> float:
    """The role lists the project again after it has written; the target does not say how often."""
    if one.contender not in _ROLES:
        return 0
    return float("inf") if one.case.due else 1


def _accounted(traffic: Traffic) -> int:
    own = [*traffic.in_sync.items(), *traffic.updated.items()]
    return traffic.lists + traffic.looks + sum(count * len(sent.split()) for sent, count in own)


def _one_connection(measurements: Measurements, name: str) -> Verdict:
    """A looped task has one worker process. Each task of the role has its own: only with nothing to do just one reads."""
    target = f"{name}, connections: 1 for each manager and worker process"
    if name not in _ROLES:
        return _everywhere(measurements, name, target, _connections_too_many)
    idle = Measurements([one for one in measurements if not one.case.due])
    return _everywhere(idle, name, f"{target}, so 1 if there is nothing to do", _connections_too_many)


def _connections_too_many(one: Measurement) -> str:
    return str(one.traffic.connections) if one.traffic.connections > 1 else ""


def _everywhere(measurements: Measurements, name: str, target: str, excess: Callable[[Measurement], str]) -> Verdict:
    """Hold a target against every case in which a contender was measured."""
    measured = [one for one in measurements if one.contender == name]
    if not measured:
        return _not_measured(target)
    found = [f"{one.case}: {too_many}" for one in measured if (too_many := excess(one))]
    return Verdict(target, "; ".join(found) or f"so in all cases measured ({len(measured)})", not found)


def _little_memory(measurements: Measurements, name: str) -> Verdict:
    target = f"{name}, 1,000 certificates: less than {_MEMORY_BYTES / 1e6:g} MB above an empty play"
    above = list(_above_empty(measurements, name))
    if not above:
        return _not_measured(target)
    return Verdict(target, f"{max(above) / 1e6:.0f} MB", max(above) < _MEMORY_BYTES)


def _above_empty(measurements: Measurements, name: str) -> Iterator[int]:
    for one in measurements:
        empty = measurements.of(one.case, EMPTY)
        if one.contender == name and one.case.size == 1000 and empty is not None:
            yield one.memory - empty.memory


def _not_measured(target: str) -> Verdict:
    return Verdict(target, "not measured", None)
