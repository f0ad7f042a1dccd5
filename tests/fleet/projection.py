# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a larger fleet needs, worked out from the unit costs of a measured one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .checks import MAX_ARTIFACT_BYTES
from .figures import Figures, duration


@dataclass(frozen=True)
class Plan:
    """A fleet to rotate: certificates that are due on each manager, and what runs in parallel.

    `response_seconds` is how long the manager takes for a request, including the deployment of a write and the network.
    """

    title: str
    managers: int
    due: int
    jobs: int
    forks: int
    response_seconds: float


@dataclass(frozen=True)
class UnitCosts:
    """What one certificate that is due costs in a run with `batch` of them on each manager: seconds of CPU, and bytes.

    `memory` is the peak of a process in bytes, and `events` the number of events of a run on one manager.
    """

    batch: int
    cpu_seconds: float
    requests: float
    memory: float
    events: float
    event_bytes: float
    report_bytes: float
    backup_bytes: float

    @staticmethod
    def of(measured: Figures) -> UnitCosts:
        """Divide what a run has measured by the certificates that were due."""
        writes = measured.size.writes
        return UnitCosts(
            batch=measured.size.content.due,
            cpu_seconds=measured.cpu_seconds / writes,
            requests=measured.requests / writes,
            memory=measured.memory,
            events=measured.events / measured.size.managers,
            event_bytes=measured.event_bytes / writes,
            report_bytes=measured.report_bytes / writes,
            backup_bytes=measured.backup_bytes / writes,
        )


PLANS = (
    Plan(
        "everything, after a change of the certificate authority",
        1_000,
        10_000,
        jobs=20,
        forks=5,
        response_seconds=0.05,
    ),
    Plan("one day of renewals, each certificate every 30 days", 1_000, 334, jobs=20, forks=5, response_seconds=0.05),
)
"""A thousand managers with 10,000 certificates each."""


def rst(measured: Figures, plans: Sequence[Plan] = PLANS) -> str:
    """Return a table: what is needed, the formula, and the result for each plan. The run must have written something."""
    costs = UnitCosts.of(measured)
    lines = [".. list-table::", "   :header-rows: 1", ""]
    lines += _row(["what", "formula", *(plan.title for plan in plans)])
    for title, (formula, value) in _ROWS.items():
        lines += _row([title, formula, *(value(plan, costs) for plan in plans)])
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> list[str]:
    return [f"   {' ' if number else '*'} - {cell}".rstrip() for number, cell in enumerate(cells)]


def batches(plan: Plan, costs: UnitCosts) -> int:
    """Return in how many runs the certificates of a manager are rotated, so that none is larger than the measured one."""
    return math.ceil(plan.due / costs.batch)


def seconds_of_manager(plan: Plan, costs: UnitCosts) -> float:
    """Return how long a fork is busy with one manager: it computes, and it waits for every response."""
    return plan.due * (costs.cpu_seconds + costs.requests * plan.response_seconds)


def seconds_of_fleet(plan: Plan, costs: UnitCosts) -> float:
    """Return how long all jobs take, if their slices are equal."""
    return math.ceil(plan.managers / (plan.jobs * plan.forks)) * seconds_of_manager(plan, costs)


def busy_cores(plan: Plan, costs: UnitCosts) -> float:
    """Return how many cores the forks of all jobs keep busy: the share of the time in which they compute."""
    cpu_seconds = plan.managers * plan.due * costs.cpu_seconds
    return cpu_seconds / seconds_of_fleet(plan, costs)


def _writes(plan: Plan) -> int:
    return plan.managers * plan.due


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:,.1f} hours" if seconds > 3600 else duration(seconds)


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"


_ROWS: dict[str, tuple[str, Callable[[Plan, UnitCosts], str]]] = {
    "managers (M)": ("", lambda plan, _costs: f"{plan.managers:,}"),
    "certificates due on each (D)": ("", lambda plan, _costs: f"{plan.due:,}"),
    "jobs in parallel (J), forks of each (F)": ("", lambda plan, _costs: f"{plan.jobs}, {plan.forks}"),
    "response time (L)": ("", lambda plan, _costs: f"{plan.response_seconds * 1000:.0f} ms"),
    "certificates of a run (B)": ("as measured", lambda _plan, costs: f"{costs.batch:,}"),
    "CPU time of a certificate (c)": ("as measured", lambda _plan, costs: f"{costs.cpu_seconds * 1000:.0f} ms"),
    "requests for a certificate (r)": ("as measured", lambda _plan, costs: f"{costs.requests:.2f}"),
    "managers in a slice": ("M / J", lambda plan, _costs: f"{math.ceil(plan.managers / plan.jobs):,}"),
    "jobs": (
        "J x D / B, rounded up",
        lambda plan, costs: f"{plan.jobs * batches(plan, costs):,}",
    ),
    "requests": ("M x D x r", lambda plan, costs: f"{_writes(plan) * costs.requests:,.0f}"),
    "time for one manager": ("D x (c + r x L)", lambda plan, costs: _hours(seconds_of_manager(plan, costs))),
    "time for the fleet": (
        "M / (J x F) x D x (c + r x L)",
        lambda plan, costs: _hours(seconds_of_fleet(plan, costs)),
    ),
    "busy cores of all nodes": (
        "M x D x c / time for the fleet",
        lambda plan, costs: f"{busy_cores(plan, costs):,.1f}",
    ),
    "memory of all nodes, at most": (
        "J x (F + 1) x peak of a process",
        lambda plan, costs: _gigabytes(plan.jobs * (plan.forks + 1) * costs.memory),
    ),
    "events in the database": (
        "M x D / B, rounded up, x events of a run",
        lambda plan, costs: f"{plan.managers * batches(plan, costs) * costs.events:,.0f}",
    ),
    "size of the events": (
        "M x D x bytes of a certificate",
        lambda plan, costs: _gigabytes(_writes(plan) * costs.event_bytes),
    ),
    "size of the artifacts, at most": (
        "jobs x 64 KiB",
        lambda plan, costs: f"{plan.jobs * batches(plan, costs) * MAX_ARTIFACT_BYTES / 1e6:,.1f} MB",
    ),
    "size of the reports, if all are kept": (
        "M x D x bytes of a certificate",
        lambda plan, costs: _gigabytes(_writes(plan) * costs.report_bytes),
    ),
    "size of the backups": (
        "M x D x bytes of a certificate",
        lambda plan, costs: _gigabytes(_writes(plan) * costs.backup_bytes),
    ),
}
