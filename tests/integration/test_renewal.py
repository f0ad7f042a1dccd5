# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scheduled runs of the role that obtain what is due: no certificate is obtained and deployed again and again.

The phases of the role run in this process, over real HTTP, at the times of a schedule. The authority issues certificates
with the lifetime that a test chooses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import manager as access_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import hints_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import phases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import run as run_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run
from integration.phase_runner import PhaseRunner
from manager import Authority, Issued, Manager

PROJECT, NAME, ENVIRONMENT = "MyProject", "my-certificate", "production"
START = datetime(2027, 1, 1, tzinfo=timezone.utc)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

pytestmark = [pytest.mark.exhaustive, pytest.mark.measured]


class Clock(datetime):
    """The time of the schedule."""

    time = START

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.time.astimezone(tz)


@dataclass
class Scheduled:
    """What a scheduled run did: its outcome, the certificates it obtained and the updates it sent."""

    outcome: str
    message: str
    warnings: list[str]
    obtained: list[str] = field(default_factory=list)
    written: int = 0


@dataclass
class Schedule:
    """Runs of the role against a manager.

    :arg lifetime: that of the certificates that the authority issues; those in C(lifetimes) have their own.
    :arg cached: the certificate that the authority returns instead of a new one.
    """

    manager: Manager
    folder: Path
    authority: Authority
    lifetime: timedelta = 90 * DAY
    lifetimes: dict[str, timedelta] = field(default_factory=dict)
    cached: Issued | None = None

    def issue(self, name: str, *, age: timedelta = timedelta(0)) -> Issued:
        """A certificate of this age."""
        begin = Clock.time - age
        return self.authority.issue(name, not_before=begin, not_after=begin + self.lifetimes.get(name, self.lifetime))

    def hold(self, name: str, certificate: Issued) -> None:
        self.manager.add_certificate(PROJECT, name, {ENVIRONMENT: certificate})

    def held(self, name: str = NAME) -> bytes:
        """What the record and the gateways hold, which is the same."""
        (entry,) = self.manager.holds(PROJECT, name)[ENVIRONMENT]
        assert self.manager.served(ENVIRONMENT, PROJECT, name) == entry
        return entry

    def run(self, *items: dict[str, Any], check: bool = False, **variables: Any) -> Scheduled:
        """Run the role as its tasks do, for the certificate C(NAME) unless there are items."""
        mark = self.manager.journal.mark()
        given = {
            "certificates": [{"project": PROJECT, "name": NAME, **item} for item in items or ({},)],
            "obtain_tasks": "obtain.yml",
            **variables,
        }
        obtained: list[str] = []

        def obtain(item: dict[str, Any]) -> str:
            obtained.append(item["name"])
            return (self.cached or self.issue(item["name"])).pem

        runner = PhaseRunner(self.manager, self.folder, given, check=check)
        result = runner.run_role(obtain=obtain)
        written = sum(request.writes for request in mark)
        return Scheduled(result["outcome"], result["message"], runner.warnings, obtained, written)


@pytest.fixture
def schedule(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Schedule]:
    """A schedule that begins at C(START)."""
    hints_of(Run)  # before its clock is replaced
    monkeypatch.setattr(Clock, "time", START)
    for module in (phases, access_module, run_module):
        monkeypatch.setattr(module, "datetime", Clock)
    (tmp_path / "obtain.yml").write_text("[]")
    with Manager("2026.09") as manager:
        manager.add_project(PROJECT, (ENVIRONMENT,))
        yield Schedule(manager, tmp_path, authority)


def every_day(schedule: Schedule, days: int, *items: dict[str, Any], **variables: Any) -> list[Scheduled]:
    """The results of daily runs, which begin at different times of the day."""
    runs = []
    for number in range(days):
        runs.append(schedule.run(*items, **variables))
        Clock.time += DAY + (HOUR if number % 2 else -HOUR)
    return runs


@pytest.mark.parametrize("on_guard_failure", ["stop", "skip"])
def test_a_certificate_that_would_be_due_again_at_once_is_never_deployed(
    schedule: Schedule, on_guard_failure: str
) -> None:
    """20 days of lifetime with a window of 30."""
    schedule.hold(NAME, schedule.issue(NAME, age=80 * DAY))
    before = schedule.held()
    schedule.lifetime = 20 * DAY

    runs = every_day(schedule, 3, renew_before=30, on_guard_failure=on_guard_failure)

    assert [run.outcome for run in runs] == ["refused" if on_guard_failure == "stop" else "skipped"] * 3
    assert [run.written for run in runs] == [0, 0, 0]
    assert schedule.held() == before
    for run in runs:
        text = run.message if on_guard_failure == "stop" else run.warnings[0]
        assert "with 20 days left, and renew_before is 30 days. It would be due again at once" in text
        assert "lower certificate_rotation_renew_before" in text


@pytest.mark.parametrize("window", ["33%", 6])
def test_three_scheduled_runs_deploy_once(schedule: Schedule, window: Any) -> None:
    """The same lifetime with a share, or with fewer days."""
    schedule.hold(NAME, schedule.issue(NAME, age=86 * DAY))
    before = schedule.held()
    schedule.lifetime = 20 * DAY

    runs = every_day(schedule, 3, renew_before=window)

    assert [run.outcome for run in runs] == ["rotated", "nothing_to_do", "nothing_to_do"]
    assert [len(run.obtained) for run in runs] == [1, 0, 0]
    assert [run.written for run in runs] == [1, 0, 0]
    assert schedule.held() != before


def test_an_old_certificate_from_a_file_is_refused_with_a_share_as_well(schedule: Schedule) -> None:
    """A share refuses a new certificate only if most of its lifetime has passed; check mode says so too."""
    schedule.hold(NAME, schedule.issue(NAME, age=80 * DAY))
    item = {"content": schedule.issue(NAME, age=60 * DAY - HOUR).pem}
    fits = {"content": schedule.issue(NAME, age=60 * DAY - 7 * HOUR).pem}

    for check in (True, False):
        refused = schedule.run({**item}, check=check, renew_before="34%")
        assert (refused.outcome, refused.written) == ("refused", 0)
        assert "with 33% of its lifetime left, and renew_before is 34% of the lifetime" in refused.message
    assert schedule.run({**item, "renew_before": "33%"}, check=True, renew_before="34%").outcome == "planned"
    assert schedule.run(fits, renew_before="33%").outcome == "rotated"


LIFETIMES = (6, 47, 90, 397)


def test_one_share_suits_a_fleet_with_different_lifetimes(schedule: Schedule) -> None:
    """Of each lifetime, one certificate has just become due, and one has not."""
    due, fresh = [], []
    for days in LIFETIMES:
        lifetime = days * DAY
        for names, age in ((due, lifetime * 0.67 + HOUR), (fresh, lifetime * 0.67 - HOUR)):
            name = f"{days}-days-{'due' if names is due else 'fresh'}"
            names.append(name)
            schedule.lifetimes[name] = lifetime
            schedule.hold(name, schedule.issue(name, age=age))
    held = {name: schedule.held(name) for name in (*due, *fresh)}
    items = [{"name": name} for name in held]

    first, second = every_day(schedule, 2, *items, renew_before="33%")

    assert (first.outcome, sorted(first.obtained), first.written) == ("rotated", sorted(due), len(LIFETIMES))
    # Those that were due within the hour are due on the next day, and the others are not due again.
    assert (second.outcome, sorted(second.obtained), second.written) == ("rotated", sorted(fresh), len(LIFETIMES))
    assert all(schedule.held(name) != before for name, before in held.items())


@pytest.mark.parametrize("days", LIFETIMES)
def test_daily_runs_renew_once_for_each_two_thirds_of_a_lifetime(schedule: Schedule, days: int) -> None:
    """Over two lifetimes, each certificate is replaced before it expires, and three times at most."""
    schedule.lifetime = days * DAY
    schedule.hold(NAME, schedule.issue(NAME))
    end = Clock.time + 2 * schedule.lifetime
    step = max(DAY, schedule.lifetime / 20)
    runs = []
    while Clock.time < end:
        runs.append(schedule.run(renew_before="33%"))
        Clock.time += step

    assert {run.outcome for run in runs} == {"rotated", "nothing_to_do"}
    assert 2 <= sum(run.written for run in runs) <= 3


def test_a_requested_renewal_is_obtained_and_deployed(schedule: Schedule) -> None:
    """A certificate that is fresh, and has been revoked."""
    schedule.hold(NAME, schedule.issue(NAME, age=DAY))
    before = schedule.held()

    assert schedule.run({"renew": False}).outcome == "nothing_to_do"
    check = schedule.run({"renew": True}, check=True)
    assert (check.outcome, check.obtained, check.written) == ("planned", [], 0)
    run = schedule.run({"renew": True})
    assert (run.outcome, run.obtained, run.written) == ("rotated", [NAME], 1)
    assert schedule.held() != before
    assert schedule.run({"renew": False}, renew_before="33%").outcome == "nothing_to_do"


def test_a_requested_renewal_that_returns_the_current_certificate_deploys_nothing(schedule: Schedule) -> None:
    schedule.cached = schedule.issue(NAME, age=DAY)
    schedule.hold(NAME, schedule.cached)

    for run in every_day(schedule, 2, {"renew": True}, renew_before="33%"):
        assert (run.outcome, run.obtained, run.written) == ("nothing_to_do", [NAME], 0)
        assert run.warnings == [
            f"{PROJECT}/{NAME}: your tasks obtained the certificate that its environments hold already. Nothing is written"
        ]
