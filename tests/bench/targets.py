# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The speed targets of the collection, and how the measurements compare with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from .cases import Case
from .results import (
    BASELINE,
    EMPTY,
    LOOP,
    PARALLEL,
    PARALLEL_WRITES,
    ROLE,
    ROLE_CONTENT,
    URI,
    Measurement,
    Measurements,
    Traffic,
)

_ROLES = (ROLE, ROLE_CONTENT, PARALLEL)
_MODULE = ("ad-hoc", LOOP)
_COLLECTION = (*_MODULE, *_ROLES)

_ONE_IN_SYNC, _ONE_DUE = Case(1, 0, "nothing"), Case(1, 0, "all")
_SOME_DUE = Case(200, 0, "some")
_DUE, _DUE_SLOW = Case(200, 0, "all"), Case(200, 20, "all")
_MANY_IN_SYNC, _MANY_DUE = Case(1000, 0, "nothing"), Case(1000, 0, "all")

_MAX_GROWTH_SECONDS = (2.0, 1.0)
# Where each request takes long, several must be in flight, and Ansible runs the items of a loop one after the other.
_MIN_URI_SPEEDUP = ((_DUE, LOOP, 30.0), (_DUE_SLOW, PARALLEL, 10.0))
_LOOP_BASELINES = 2.5
_ROLE_BASELINES, _ROLE_EXTRA_SECONDS = 3.0, 2.0
_PARALLEL_FACTOR, _PARALLEL_EXTRA_SECONDS = 1.5, 2.0
_ONE_DUE_EXTRA_SECONDS = 1.5
_MAX_MEMORY_BYTES = 150e6
_UPDATE = "GET PUT GET"
# Before it writes anything, the role reads each due certificate, so that the guards see its details, and once the status of
# the environments.
_ROLE_PREFLIGHT, _ROLE_ENVIRONMENTS = "GET", 1


@dataclass(frozen=True)
class Verdict:
    """Whether a target was met. `passed` is None if it was not measured; `figure` says what was measured."""

    target: str
    figure: str
    passed: bool | None

    def __str__(self) -> str:
        """Format the verdict as one line."""
        result = "NOT MEASURED" if self.passed is None else "PASS" if self.passed else "FAIL"
        return f"{result:4}  {self.target}: {self.figure}"


@dataclass(frozen=True)
class Target:
    """A target, the measurements that it takes, and the comparison.

    `judge` returns the figure and whether it meets the target, or None where it lacks a measurement.
    """

    description: str
    needs: frozenset[tuple[Case, str]]
    judge: Callable[[Measurements], tuple[str, bool] | None]

    def verdict(self, measurements: Measurements) -> Verdict:
        """Compare the measurements with the target."""
        judged = self.judge(measurements)
        return Verdict(self.description, *(judged or ("not measured", None)))


def verdicts(measurements: Measurements) -> list[Verdict]:
    """Return the verdict on every target."""
    return [target.verdict(measurements) for target in TARGETS]


def _growth(role: str, most: float) -> Target:
    """With nothing to do, the number of certificates hardly matters."""

    def judge(measurements: Measurements) -> tuple[str, bool] | None:
        one, many = measurements.of(_ONE_IN_SYNC, role), measurements.of(_MANY_IN_SYNC, role)
        if one is None or many is None:
            return None
        more = many.seconds - one.seconds
        return f"{more:.2f} s more ({one.seconds:.2f} s, {many.seconds:.2f} s)", more <= most

    return Target(
        f"{role}, nothing to do: 1,000 certificates take at most {most:g} s more than 1",
        _needs((_ONE_IN_SYNC, _MANY_IN_SYNC), role),
        judge,
    )


def _uri_speedup(case: Case, name: str, times: float) -> Target:
    def judge(measurements: Measurements) -> tuple[str, bool] | None:
        measurement = measurements.of(case, name)
        ratio = measurements.ratio(measurement, URI) if measurement else None
        return None if ratio is None else (f"{1 / ratio:.1f} times", 1 / ratio >= times)

    return Target(f"{name}, {case}: at least {times:g} times as fast as uri", _needs((case,), name, URI), judge)


def _loop_near_baseline(case: Case) -> Target:
    def limit(measurements: Measurements) -> float | None:
        baseline, empty = measurements.of(case, BASELINE), measurements.of(case, EMPTY)
        return None if baseline is None or empty is None else _LOOP_BASELINES * baseline.seconds + empty.seconds

    return Target(
        f"{LOOP}, {case}: at most {_LOOP_BASELINES:g} times the baseline plus an empty play",
        _needs((case,), LOOP, BASELINE, EMPTY),
        lambda measurements: _at_most(measurements.of(case, LOOP), limit(measurements)),
    )


def _role_near_baseline(case: Case) -> Target:
    def limit(measurements: Measurements) -> float | None:
        baseline = measurements.of(case, BASELINE)
        return None if baseline is None else _ROLE_BASELINES * baseline.seconds + _ROLE_EXTRA_SECONDS

    return Target(
        f"{ROLE}, {case}: at most {_ROLE_BASELINES:g} times the baseline plus {_ROLE_EXTRA_SECONDS:g} s",
        _needs((case,), ROLE, BASELINE),
        lambda measurements: _at_most(measurements.of(case, ROLE), limit(measurements)),
    )


def _parallel_near_optimum() -> Target:
    """The optimum is that the requests are always in flight, as many as the writes in parallel."""

    def judge(measurements: Measurements) -> tuple[str, bool] | None:
        measurement = measurements.of(_DUE_SLOW, PARALLEL)
        if measurement is None:
            return None
        run = measurement.median_run
        optimum = run.traffic.requests * _DUE_SLOW.latency / 1000 / PARALLEL_WRITES
        limit = _PARALLEL_FACTOR * optimum + _PARALLEL_EXTRA_SECONDS
        return f"{run.seconds:.2f} s of {limit:.2f} s ({run.traffic.requests:,} requests)", run.seconds <= limit

    return Target(
        f"{PARALLEL}, {_DUE_SLOW}: at most {_PARALLEL_FACTOR:g} times requests x latency / {PARALLEL_WRITES}"
        f" plus {_PARALLEL_EXTRA_SECONDS:g} s",
        _needs((_DUE_SLOW,), PARALLEL),
        judge,
    )


def _one_due() -> Target:
    def limit(measurements: Measurements) -> float | None:
        empty = measurements.of(_ONE_DUE, EMPTY)
        return None if empty is None else empty.seconds + _ONE_DUE_EXTRA_SECONDS

    return Target(
        f"{ROLE}, {_ONE_DUE}: at most {_ONE_DUE_EXTRA_SECONDS:g} s more than an empty play",
        _needs((_ONE_DUE,), ROLE, EMPTY),
        lambda measurements: _at_most(measurements.of(_ONE_DUE, ROLE), limit(measurements)),
    )


def _at_most(measurement: Measurement | None, limit: float | None) -> tuple[str, bool] | None:
    if measurement is None or limit is None:
        return None
    return f"{measurement.seconds:.2f} s of {limit:.2f} s", measurement.seconds <= limit


def _few_requests(name: str) -> Target:
    description = f"{name}, requests: 1 GET in sync, {_UPDATE} and 1 request for the JWKs for an update"
    if name in _ROLES:
        description += (
            f", preceded by {_ROLE_PREFLIGHT} and 1 request for the JWKs; 1 request for the environments; 1 list if there is "
            "nothing to do"
        )
    cases = (_ONE_IN_SYNC, _ONE_DUE) if name == "ad-hoc" else (_MANY_IN_SYNC, _SOME_DUE, _DUE)
    return Target(description, _needs(cases, name), lambda found: _everywhere(found, name, _excess_requests))


def _excess_requests(measurement: Measurement) -> str:
    """Describe the requests that the target does not allow; empty if there are none."""
    traffic, found = measurement.traffic, []
    in_role = measurement.candidate in _ROLES
    update, jwk_requests = (f"{_ROLE_PREFLIGHT} {_UPDATE}", 2) if in_role else (_UPDATE, 1)
    found += [f"{count} in sync: {sent}" for sent, count in traffic.in_sync.items() if sent != "GET"]
    found += [f"{count} updated: {sent}" for sent, count in traffic.updated.items() if sent != update]
    if traffic.jwk_requests > jwk_requests * len(measurement.case.due):
        found.append(f"requests for JWKs: {traffic.jwk_requests}")
    if traffic.list_requests > _allowed_lists(measurement):
        found.append(f"lists: {traffic.list_requests}")
    allowed = _ROLE_ENVIRONMENTS if in_role and measurement.case.due else 0
    if (other := traffic.requests - _accounted(traffic)) > allowed:
        found.append(f"other requests: {other}")
    return ", ".join(found)


def _allowed_lists(measurement: Measurement) -> float:
    """Return how often a project may be listed. The role lists it again after writing; the target sets no limit there."""
    if measurement.candidate not in _ROLES:
        return 0
    return float("inf") if measurement.case.due else 1


def _accounted(traffic: Traffic) -> int:
    by_certificate = [*traffic.in_sync.items(), *traffic.updated.items()]
    return (
        traffic.list_requests + traffic.jwk_requests + sum(len(sent.split()) * count for sent, count in by_certificate)
    )


def _one_connection(name: str) -> Target:
    """A looped task has one worker process. Each task of the role has its own; with nothing to do, only one reads."""
    description = f"{name}, connections: 1 for each manager and worker process"
    if name in _ROLES:
        description += ", so 1 if there is nothing to do"
        cases: tuple[Case, ...] = (_ONE_IN_SYNC, _MANY_IN_SYNC)
    else:
        cases = (_ONE_IN_SYNC, _ONE_DUE) if name == "ad-hoc" else (_MANY_IN_SYNC, _DUE)

    def judge(measurements: Measurements) -> tuple[str, bool] | None:
        counted = [one for one in measurements if name not in _ROLES or not one.case.due]
        return _everywhere(Measurements(counted), name, _excess_connections)

    return Target(description, _needs(cases, name), judge)


def _excess_connections(measurement: Measurement) -> str:
    return str(measurement.traffic.connections) if measurement.traffic.connections > 1 else ""


def _everywhere(measurements: Measurements, name: str, excess: Callable[[Measurement], str]) -> tuple[str, bool] | None:
    """Check every case in which a candidate was measured."""
    measured = [measurement for measurement in measurements if measurement.candidate == name]
    if not measured:
        return None
    found = [f"{measurement.case}: {more}" for measurement in measured if (more := excess(measurement))]
    return "; ".join(found) or f"in all cases measured ({len(measured)})", not found


def _little_memory(name: str) -> Target:
    def judge(measurements: Measurements) -> tuple[str, bool] | None:
        above = list(_above_empty(measurements, name))
        if not above:
            return None
        return f"{max(above) / 1e6:.0f} MB (cases measured: {len(above)})", max(above) < _MAX_MEMORY_BYTES

    return Target(
        f"{name}, 1,000 certificates: less than {_MAX_MEMORY_BYTES / 1e6:g} MB above an empty play",
        _needs((_MANY_IN_SYNC, _MANY_DUE), name, EMPTY),
        judge,
    )


def _above_empty(measurements: Measurements, name: str) -> Iterator[int]:
    for measurement in measurements:
        empty = measurements.of(measurement.case, EMPTY)
        if measurement.candidate == name and measurement.case.size == 1000 and empty is not None:
            yield measurement.memory - empty.memory


def _needs(cases: Sequence[Case], *names: str) -> frozenset[tuple[Case, str]]:
    return frozenset(product(cases, names))


TARGETS = (
    *(_growth(role, most) for most in _MAX_GROWTH_SECONDS for role in _ROLES),
    *(_uri_speedup(*target) for target in _MIN_URI_SPEEDUP),
    *(_loop_near_baseline(case) for case in (_DUE, _DUE_SLOW, _MANY_DUE)),
    *(_role_near_baseline(case) for case in (_DUE, _MANY_DUE)),
    _parallel_near_optimum(),
    _one_due(),
    *(_few_requests(name) for name in _COLLECTION),
    *(_one_connection(name) for name in _COLLECTION),
    *(_little_memory(name) for name in (LOOP, *_ROLES)),
)
"""All targets, in the order in which they are reported."""

NEEDED = frozenset(need for target in TARGETS for need in target.needs)
"""What must be measured to judge every target: cases with the names of candidates."""
