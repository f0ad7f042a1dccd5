# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The strategy overlap with several certificates in one run: how many requests it takes, and how they affect each other.

The phases of the role run in this process, over real HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration.phase_runner import PhaseRunner
from manager import Authority, Fault, Issued, Manager

pytestmark = [pytest.mark.exhaustive, pytest.mark.measured]

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


@pytest.mark.parametrize("check", [True, False])
def test_companions_with_the_same_alias_in_another_case_are_refused(fleet: Fleet, check: bool) -> None:
    certificates = [*fleet.add("first", alias="Partner"), *fleet.add("second", alias="PARTNER")]
    before = fleet.manager.snapshot()

    result, _runner = fleet.run(certificates, check=check)

    assert result["outcome"] == "refused"
    assert (
        f"certificate_rotation_companion_alias: the companion of {PROJECT}/second in {PRODUCTION} would have the alias "
        f"PARTNER-next-{PRODUCTION}, as has the companion of {PROJECT}/first in {PRODUCTION}. Set another pattern"
    ) in result["message"]
    assert fleet.manager.snapshot() == before
    if not check:
        assert fleet.run(certificates, companion_alias="{name}.next")[0]["outcome"] == "rotated"


@pytest.mark.parametrize("strategy", ["overlap", "replace"])
@pytest.mark.parametrize("check", [True, False])
def test_certificates_that_the_run_would_give_the_same_alias_are_refused(
    fleet: Fleet, strategy: str, check: bool
) -> None:
    (first,) = fleet.add("first")
    second = {**first, "name": "second", "alias": "FIRST-2", "environments": [PRODUCTION]}

    result, runner = fleet.run([{**first, "alias": "first-2"}, second], check=check, strategy=strategy)

    assert (result["outcome"], runner.results.keys() & {"write 1"}) == ("refused", set())
    assert (
        f"certificate_rotation_certificates: {PROJECT}/second in {PRODUCTION}: the alias FIRST-2 would also be that of "
        f"{PROJECT}/first. An alias must be unique in each environment"
    ) in result["message"]
    assert "Set another alias for one of the two" in result["message"]


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("on_guard_failure", ["stop", "skip"])
def test_a_certificate_that_waits_is_named_when_guards_stop_another_one(
    fleet: Fleet, on_guard_failure: str, check: bool
) -> None:
    waiting = fleet.add("first")
    fleet.run(waiting, overlap_days=7)
    (stopped,) = fleet.add("second")
    stopped["content"] = fleet.issue(3).pem

    result, _runner = fleet.run(
        [*waiting, stopped], overlap_days=7, check=check, on_guard_failure=on_guard_failure, require_later_expiry=True
    )

    assert result["outcome"] == ("skipped" if on_guard_failure == "skip" else "refused")
    until = next(one for one in result["certificates"] if one["name"] == "first")["overlapping_until"]
    assert f"1 of 2 certificates overlapping until {until} ({PROJECT}/first)." in result["message"]
    assert "The first run after that promotes" in result["message"]
    assert result["message"].startswith("Nothing was written")


def test_a_certificate_that_waits_is_named_when_another_one_is_rotated(fleet: Fleet) -> None:
    waiting = fleet.add("first")
    fleet.run(waiting, overlap_days=7)
    (added,) = fleet.add("second")
    added |= {"name": "third", "environments": [PRODUCTION]}

    result, _runner = fleet.run([*waiting, added], overlap_days=7)

    assert "Rotated 1 of 2 certificates in 1 environment" in result["message"]
    assert re.search(rf"1 of 2 certificates overlapping until 20\S+Z \({PROJECT}/first\)\.", result["message"])


def test_a_certificate_of_the_list_with_the_name_of_a_companion_is_none(fleet: Fleet) -> None:
    """Its name, its alias, and its content are those of a companion, and it is as desired. So it must not be deleted."""
    (first,) = fleet.add("first")
    (second,) = fleet.add(f"first-next-{PRODUCTION}")
    for name in ("first", second["name"]):
        fleet.manager.set_entry(PROJECT, name, PRODUCTION, fleet.new)

    result, _runner = fleet.run([first, second])
    assert result["outcome"] == "nothing_to_do"

    renewed = fleet.issue(400).pem
    result, _runner = fleet.run([{**first, "content": renewed}, {**second, "content": renewed}])
    assert result["outcome"] == "refused"
    assert "certificate_rotation_companion_name" in result["message"]
    assert f"would have the name {second['name']}, as has {PROJECT}/{second['name']}" in result["message"]
    result, _runner = fleet.run([{**second, "content": renewed}])
    assert result["outcome"] == "rotated"
    assert fleet.manager.holds(PROJECT, "first") == {PRODUCTION: [fleet.new.der]}


def test_a_certificate_of_the_list_is_not_what_another_one_is_to_become(tmp_path: Path, authority: Authority) -> None:
    """On a manager that reports no descriptions, only names and aliases show which certificates are companions."""
    now = datetime.now(timezone.utc)

    def issue(days: int) -> Issued:
        return authority.issue("www.example.com", not_after=now + timedelta(days=days))

    with Manager("2024.09", truststore=("manager",)) as manager:
        manager.add_project(PROJECT, [PRODUCTION])
        fleet = Fleet(manager, tmp_path, issue, issue(30), issue(300))
        first, second = (*fleet.add("first"), *fleet.add(f"first-next-{PRODUCTION}"))
        manager.set_entry(PROJECT, second["name"], PRODUCTION, fleet.new)
        given = {"project": PROJECT, "renew_before": 60}

        _result, runner = fleet.run(
            [{**given, "name": first["name"]}, {**given, "name": second["name"]}], obtain_tasks="obtain.yml"
        )

    assert [item["name"] for item in runner.results["plan"]["to_obtain"]] == []
    assert "companion_name" in _result["message"]


@pytest.mark.parametrize("name", ["web [overlap of api", "web since 2026-01-01T00:00:00Z]", "a-next-production"])
def test_a_name_that_contains_a_part_of_a_marker_is_rotated_like_any_other(fleet: Fleet, name: str) -> None:
    certificates = [*fleet.add("api"), *fleet.add(name)]

    outcomes = [fleet.run(certificates, overlap_days=7)[0]["outcome"] for _twice in range(2)]
    outcomes.append(fleet.run(certificates, promote=True)[0]["outcome"])

    assert outcomes == ["introduced", "introduced", "rotated"]
    held = {certificate: fleet.manager.holds(PROJECT, certificate) for certificate in ("api", name)}
    assert held == {key: {PRODUCTION: [fleet.new.der]} for key in held}
    assert len(fleet.manager.state.certificates) == 2


def test_the_plan_and_the_report_say_what_a_run_does_now_and_what_a_later_one(fleet: Fleet) -> None:
    """Companions are no certificates of their own there: they are counted apart, and one that was retired is not missing."""
    certificates = fleet.add("first", "second", description=" ")
    given = {"overlap_days": 7, "report_dir": "reports"}
    report = fleet.folder / "reports" / "rotation.md"

    planned, runner = fleet.run(certificates, check=True, **given)
    waves = [row.split()[:2] for row in runner.results["plan"]["table"]]
    introduced, _runner = fleet.run(certificates, **given)
    after_introduction = report.read_text(encoding="utf-8")
    waiting, _runner = fleet.run(certificates, **given)
    while_waiting = report.read_text(encoding="utf-8")
    to_promote, _runner = fleet.run(certificates, check=True, promote=True, **given)
    fleet.run(certificates, promote=True, **given)
    after_promotion = report.read_text(encoding="utf-8")

    assert waves[1:] == [
        *(["1", f"{PROJECT}/{name}-next-{PRODUCTION}"] for name in ("first", "second")),
        *(["later", f"{PROJECT}/{name}"] for name in ("first", "second")),
    ]
    assert planned["message"] == (
        "Nothing was written in check mode: 2 of 2 certificates due in 2 environments. "
        "2 of them will be introduced first, and promoted by a later run."
    )
    assert introduced["message"].startswith("Introduced 2 of 2 certificates in 2 environments")
    assert "| ◐ Introduced | 2 |\n" in after_introduction
    assert (
        "| Manager's record | Previous certificate: 2 entries |\n| Companions | Introduced: 2 |\n" in after_introduction
    )
    assert waiting["message"].startswith("Nothing was written. 2 of 2 certificates overlapping until")
    assert "\nOverlapping until 20" in while_waiting
    assert to_promote["message"] == (
        "Nothing was written in check mode: 2 of 2 certificates due in 2 environments. 2 companions to retire."
    )
    assert "| ✓ Rotated | 2 |\n" in after_promotion
    assert "| Manager's record | New certificate: 2 entries |\n| Companions | Retired: 2 |\n" in after_promotion


def test_only_the_promotion_warns_of_jwks(fleet: Fleet) -> None:
    """Before it, no update unlinks them, and no JWK is made from a companion."""
    (first,) = fleet.add("first")
    fleet.manager.add_jwk(PROJECT, "signing", "first")
    third = {**first, "content": fleet.issue(400).pem}
    runs = [({}, first), ({}, third), ({"promote": True}, third)]

    warned = []
    for variables, certificate in runs:
        _result, runner = fleet.run([certificate], overlap_days=7, **variables)
        warned.append({warning for warning in runner.warnings if "lose their link" in warning})

    assert warned[:2] == [set(), set()]
    (warning,) = warned[2]
    assert "Those created from first lose their link to it with this update" in warning
