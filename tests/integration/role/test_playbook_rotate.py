# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `rotate`: with survey answers, and with several managers, each a host of an inventory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.machine import Run
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    NAME,
    NOT_HERE,
    PRODUCTION,
    PROJECT,
    STAGING,
    RotationFixture,
    assert_summarizes,
    manager_state,
    statistics,
)
from manager import Fault, Manager

PLAYBOOK = "apinizer.apiops.rotate"


def test_survey_answers_are_accepted_as_text(case: RotationFixture) -> None:
    """Every value is a string: YAML for the certificates, one line per wave, and empty if not answered."""
    certificates = f"- project: {PROJECT}\n  name: {NAME}\n  path: {case.desired()['path']}\n  alias: ''\n"
    answers = {
        "certificates": certificates,
        "waves": f"{DEVELOPMENT}, {STAGING}\n{PRODUCTION}\n",
        "strategy": "auto",
        "renew_before_days": "30",
        "minimum_remaining_days": "",
        "require_same_names": "no",
        "force": "False",
        "soak_seconds": "1",
        "update_scope": "",
        "rollback": "yes",
        "validate_certs": "",
        "timeout": "15",
        "report_dir": "reports",
        "backup_dir": "backups",
        "url": case.manager.url,
        "token": case.manager.token,
    }
    given = json.dumps({f"certificate_rotation_{name}": answer for name, answer in answers.items()})

    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", given, env=NOT_HERE)

    assert run.status == 0, run.text
    result = json.loads((case.machine.folder / "reports" / "rotation.json").read_text(encoding="utf-8"))
    assert result["outcome"] == "rotated"
    assert [wave["environments"] for wave in result["waves"]] == [[DEVELOPMENT, STAGING], [PRODUCTION]]
    assert calls(case.manager.journal.writes()) == ["import", "import"]
    assert {manager_state(case.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {case.new.sha1}
    assert_summarizes(
        statistics(run)["certificate_rotation"]["localhost"], case.machine.folder / "reports" / "rotation.json"
    )
    assert case.manager.token not in run.text
    assert len(list(case.backups.glob("*-localhost/*.pem"))) == len(ENVIRONMENTS)


def _managers(make_case: MakeCase, *generations: str, **options: Any) -> dict[str, RotationFixture]:
    """Start managers of these generations, named in the order of the inventory: manager-a, manager-b, and so on."""
    cases = {f"manager-{letter}": make_case(generation, **options) for letter, generation in zip("abcd", generations)}
    for case in cases.values():
        case.add_certificate()
    return cases


def _rotate_all(
    cases: Mapping[str, RotationFixture], *, urls: Mapping[str, str] | None = None, **variables: Any
) -> tuple[Run, dict[str, Any]]:
    """Run the playbook on all managers; return its published results by host. `urls`: other addresses, by host."""
    first = next(iter(cases.values()))
    addresses = {**{host: case.manager.url for host, case in cases.items()}, **(urls or {})}
    hosts = {
        host: {"certificate_rotation_url": url, "certificate_rotation_token": case.manager.token}
        for (host, url), case in zip(addresses.items(), cases.values())
    }
    common = {
        "certificate_rotation_certificates": [first.desired()],
        "certificate_rotation_report_dir": "reports/{{ inventory_hostname }}",
    }
    inventory = first.machine.file("managers.yml", json.dumps({"managers": {"hosts": hosts, "vars": common}}))
    given = json.dumps(
        {"certificate_rotation_hosts": "managers", **{f"certificate_rotation_{k}": v for k, v in variables.items()}}
    )
    run = first.ansible("ansible-playbook", PLAYBOOK, "-i", inventory, "-e", given, env=NOT_HERE)
    results = statistics(run)["certificate_rotation"]
    for host, result in results.items():
        report = first.machine.folder / "reports" / host / "rotation.json"
        assert_summarizes(result, report)
        assert json.loads(report.read_text(encoding="utf-8"))["host"] == host
        assert result["manager"] == addresses[host]
        assert cases[host].manager.token not in run.text
    return run, results


def _outcomes(results: Mapping[str, Any]) -> dict[str, str]:
    return {host: result["outcome"] for host, result in results.items()}


def _on_gateways(case: RotationFixture) -> set[str | None]:
    return {manager_state(case.manager)[PROJECT, NAME, environment].gateway for environment in ENVIRONMENTS}


def _batches(run: Run) -> int:
    return sum(line.startswith("PLAY [Rotate certificates]") for line in run.text.splitlines())


class _Overlap(threading.Thread):
    """Watches the journals of managers until its `with` block ends. `seen` says whether two answered at the same time."""

    def __init__(self, managers: Iterable[Manager]) -> None:
        """Watch these managers."""
        super().__init__(daemon=True)
        self.seen = False
        self._managers = tuple(managers)
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look at the requests in progress until the block ends."""
        while not self._stopped.wait(0.01):
            busy = [any(request.status is None for request in manager.journal) for manager in self._managers]
            self.seen = self.seen or sum(busy) > 1

    def __enter__(self) -> _Overlap:
        """Start to watch."""
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop watching."""
        self._stopped.set()
        self.join()


@pytest.mark.exhaustive
def test_managers_are_rotated_at_the_same_time_and_one_that_is_down_fails_alone(make_case: MakeCase) -> None:
    """The first manager of the inventory is down. The others finish all waves, and the run fails."""
    cases = _managers(make_case, "2026.09", "2026.09", "2026.09", latency=0.1)
    down, *others = cases.values()

    with _Overlap(case.manager for case in others) as overlap:
        run, results = _rotate_all(
            cases,
            urls={"manager-a": "http://127.0.0.1:9"},
            waves=[[DEVELOPMENT, STAGING], [PRODUCTION]],
            soak_seconds=1,
        )

    assert run.status != 0
    assert _outcomes(results) == {"manager-a": "refused", "manager-b": "rotated", "manager-c": "rotated"}
    assert "http://127.0.0.1:9" in results["manager-a"]["message"]
    for case in others:
        assert calls(case.manager.journal.writes()) == ["import", "import"]
        assert _on_gateways(case) == {case.new.sha1}
    assert not len(down.manager.journal)
    assert overlap.seen, "the managers were rotated one after the other"
    assert _batches(run) == 1


@pytest.mark.exhaustive
def test_serial_1_rotates_one_manager_after_the_other_and_stops_at_the_first_failure(make_case: MakeCase) -> None:
    """Previous managers keep the new certificate, this one is rolled back, and the others receive no request."""
    cases = _managers(make_case, "2026.09", "openapi", "2025")
    first, second, third = cases.values()
    for case in cases.values():
        case.manager.add_jwk(PROJECT, "my-jwk", NAME)
    second.manager.faults.add(Fault("deployment_failure", environments=(STAGING,)))

    run, results = _rotate_all(cases, serial=1)

    assert run.status != 0
    assert _outcomes(results) == {"manager-a": "rotated", "manager-b": "rolled_back"}
    assert _on_gateways(first) == {first.new.sha1}
    assert _on_gateways(second) == {second.old.sha1}
    assert not len(third.manager.journal)
    assert _batches(run) == 2
    # Ansible shows the same warning only once.
    for manager in ("manager-a", "manager-b"):
        assert f"{manager}: Project {PROJECT} has JWKs created from certificates: my-jwk." in " ".join(run.text.split())


@pytest.mark.exhaustive
def test_max_fail_percentage_stops_after_a_batch_with_too_many_failures(make_case: MakeCase) -> None:
    """The managers of the batch finish, and the next batch does not start."""
    cases = _managers(make_case, "2026.09", "2025", "2025")
    first, second, third = cases.values()
    first.manager.faults.add(Fault("deployment_failure", environments=(STAGING,)))

    run, results = _rotate_all(cases, serial="2", max_fail_percentage=0)

    assert run.status != 0
    assert _outcomes(results) == {"manager-a": "rolled_back", "manager-b": "rotated"}
    assert _on_gateways(second) == {second.new.sha1}
    assert not len(third.manager.journal)
