# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy overlap with several certificates in one run: how many requests it takes, and how they affect each other.

The phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration.phase_runner import PhaseRunner
from manager import Authority, Fault, Issued, Manager

pytestmark = pytest.mark.exhaustive

PROJECT, PRODUCTION = "MyProject", "production"

Json = dict[str, Any]


@dataclass
class Fleet:
    """A manager with certificates in one environment, each under its name as the alias.

    `old` and `new` are the same for all of them.
    """

    manager: Manager
    folder: Path
    issue: Callable[[int], Issued]
    old: Issued
    new: Issued
    variables: Json = field(default_factory=dict)

    def add(self, *names: str, project: str = PROJECT, **values: Any) -> list[Json]:
        """Add certificates to the manager, and return their items for the list of the role."""
        for name in names:
            self.manager.add_certificate(project, name, {PRODUCTION: self.old}, **{"alias": name, **values})
        return [{"project": project, "name": name, "content": self.new.pem} for name in names]

    def run(
        self, certificates: list[Json], *, check: bool = False, retries: int = 0, **variables: Any
    ) -> tuple[Json, PhaseRunner]:
        """Run the role and return its result, and the phases."""
        given = {"strategy": "overlap", "verify_gateways_timeout": 0, "require_later_expiry": False, **self.variables}
        given |= {"certificates": certificates, **variables}
        runner = PhaseRunner(self.manager, self.folder, given, check=check, retries=retries)
        return runner.run_role(), runner


@pytest.fixture
def fleet(tmp_path: Path, authority: Authority) -> Iterator[Fleet]:
    now = datetime.now(timezone.utc)

    def issue(days: int) -> Issued:
        return authority.issue("www.example.com", not_after=now + timedelta(days=days))

    with Manager("2026.04", truststore=("manager",)) as manager:
        manager.add_project(PROJECT, [PRODUCTION])
        yield Fleet(manager, tmp_path, issue, issue(30), issue(300))


@pytest.mark.parametrize("parallel_writes", [1, 4])
def test_retiring_lists_a_project_twice_however_many_companions_it_has(fleet: Fleet, parallel_writes: int) -> None:
    certificates = fleet.add(*(f"certificate-{number:02}" for number in range(30)))
    result, _runner = fleet.run(certificates, overlap_days=7, parallel_writes=parallel_writes)
    assert result["outcome"] == "introduced"
    mark = fleet.manager.journal.mark()

    result, runner = fleet.run(certificates, promote=True, parallel_writes=parallel_writes)

    assert result["outcome"] == "rotated"
    assert "Retired 30 companions" in result["message"]
    requests = list(mark)
    first = next(number for number, request in enumerate(requests) if request.method == "DELETE")
    # One list before the first deletion, one after the last, and one for the report.
    assert [request.method for request in requests[first - 1 :]] == ["GET", *["DELETE"] * 30, "GET", "GET"]
    assert {request.segments[-1] for request in requests[first:] if request.method == "GET"} == {"certificates"}
    diffs = runner.results["retire"]["diff"]
    assert len(diffs) == 30
    assert diffs[0]["before_header"] == f"{PROJECT}/certificate-00-next-{PRODUCTION}"
    assert diffs[0]["before"]["environments"][PRODUCTION]["fingerprint_sha256"] == fleet.new.sha256
    assert diffs[0]["after"] == {}


def test_a_run_that_only_retires_reads_each_companion_once(fleet: Fleet) -> None:
    """The run before was killed before it deleted them."""
    certificates = fleet.add(*(f"certificate-{number:02}" for number in range(30)))
    fleet.run(certificates, overlap_days=7)
    for item in certificates:
        fleet.manager.set_entry(PROJECT, item["name"], PRODUCTION, fleet.new)
    mark = fleet.manager.journal.mark()

    result, _runner = fleet.run(certificates)

    assert result["message"] == "Retired 30 companions."
    lists = [request for request in mark if request.method == "GET" and request.segments[-1] == "certificates"]
    assert len(lists) == 4  # for the plan, before and after the deletions, and for the report
    assert len(list(mark)) < 2 * 30 + 10


def test_check_mode_shows_the_companions_to_retire_with_one_list(fleet: Fleet) -> None:
    certificates = fleet.add("first", "second", "third")
    fleet.run(certificates, overlap_days=7)
    mark = fleet.manager.journal.mark()
    _result, runner = fleet.run(certificates, promote=True, check=True)

    requests = list(mark)

    listed = [request for request in requests if request.segments[-1] == "certificates"]
    assert len(listed) == 2  # for the plan, and for the diff of what is to be deleted
    assert {diff["before_header"] for diff in runner.results["retire"]["diff"]} == {
        f"{PROJECT}/{name}-next-{PRODUCTION}" for name in ("first", "second", "third")
    }


def test_deletions_that_failed_are_sent_again_together(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(
        "ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.deletion.sleep", waits.append
    )
    certificates = fleet.add("first", "second", "third")
    fleet.manager.faults.add(Fault("status", method="DELETE", path="/first", status=503))
    fleet.manager.faults.add(Fault("status", method="DELETE", path="/second", status=403, times=None))
    mark = fleet.manager.journal.mark()

    result, runner = fleet.run(certificates, retries=2)

    deletions = [request.segments[-1] for request in mark if request.method == "DELETE"]
    assert deletions == [f"{name}-next-{PRODUCTION}" for name in ("first", "second", "third", "first")]
    assert waits == [0.5]
    assert result["outcome"] == "rotated"
    assert "Retired 2 companions" in result["message"]
    (warning,) = runner.results["retire"]["warnings"]
    assert f"The companion {PROJECT}/second-next-{PRODUCTION} was not deleted" in warning
    assert "HTTP 403" in warning
    assert warning.endswith("The rotation itself has succeeded, and the next run deletes it")
