# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the role and the playbooks against the fake manager, and asserts invariants after every run of the role.

The manager has a project with three environments. Besides the certificates to rotate it holds an unrelated certificate,
which no run may touch. `RotationFixture.rotate` and `rotate_in_process` assert these invariants after each run:

- `assert_nothing_lost`: every environment that held a certificate still holds one, in the record and on the gateway. Only
  companions that were retired are gone.
- `assert_unrelated_is_untouched`: the unrelated certificate is as before.
- `assert_token_is_hidden`: neither the output nor any file contains the token.
- `assert_report_is_accurate`: the report says what the manager and its gateways hold.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.certificate_fixture import calls
from integration.execution_modes import comparable
from integration.machine import COLLECTION, Machine, Run
from integration.phase_runner import PhaseRunner
from manager import Issued, Manager, Request

PROJECT, NAME, OTHER, UNRELATED = "MyProject", "my-certificate", "other-certificate", "unrelated-certificate"
ENVIRONMENTS = DEVELOPMENT, STAGING, PRODUCTION = "development", "staging", "production"
TWO_WAVES = [[DEVELOPMENT, STAGING], [PRODUCTION]]
THREE_WAVES = [[DEVELOPMENT], [STAGING], [PRODUCTION]]
LISTING = re.compile(r"/certificates/$")
IMPORT = "import-file"

NOT_HERE = {"APINIZER_URL": "", "APINIZER_TOKEN": ""}
"""Environment variables without a connection, for tests that configure it another way."""

SUCCESSES = {"nothing_to_do", "planned", "introduced", "rotated", "stored", "skipped"}
SECONDS = 180
"""A run that takes longer than this hangs."""

_SETTINGS = {
    "ANSIBLE_SHOW_CUSTOM_STATS": "true",
    "APINIZER_RETRIES": "0",
    "APINIZER_TIMEOUT": "20",
}
_AFTER_RUN = """
- name: Show the outcome
  ansible.builtin.debug:
    msg: "outcome after the run: {{ certificate_rotation_result.outcome }}"
"""


@dataclass(frozen=True)
class EnvironmentState:
    """A certificate in an environment: the SHA-1 of each entry in the record, newest last, and of the gateway's."""

    entries: tuple[str, ...] = ()
    gateway: str | None = None

    @property
    def newest(self) -> str | None:
        """The SHA-1 of the newest entry in the record."""
        return self.entries[-1] if self.entries else None


ManagerState = dict[tuple[str, str, str], EnvironmentState]
"""What a manager and its gateways hold, by project, certificate and environment."""


def manager_state(manager: Manager) -> ManagerState:
    """Return what a manager and its gateways hold, without a request."""
    found: dict[tuple[str, str, str], EnvironmentState] = {}
    for (project, name), certificate in manager.state.certificates.items():
        for environment in certificate.environments:
            entries = tuple(_sha1(entry.der) for entry in certificate.entries_in(environment))
            found[project, name, environment] = EnvironmentState(entries)
    for environment, certificates in manager.gateways.items():
        for (project, name), der in certificates.items():
            key = (project, name, environment)
            found[key] = EnvironmentState(found.get(key, EnvironmentState()).entries, _sha1(der))
    return found


def _sha1(der: bytes) -> str:
    return hashlib.sha1(der).hexdigest()


@dataclass(frozen=True)
class RotationRun:
    """A finished run of the role: its output, its report and its requests, and the state before and after."""

    run: Run
    requests: Sequence[Request]
    before: ManagerState = field(repr=False)
    after: ManagerState = field(repr=False)
    reports: Path
    result: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """The output of the run."""
        return self.run.text

    @property
    def outcome(self) -> str:
        """The outcome of the run."""
        return str(self.result["outcome"])

    @property
    def message(self) -> str:
        """The message of the run."""
        return str(self.result["message"])

    @property
    def waves(self) -> list[str]:
        """The outcome of each wave."""
        return [wave["outcome"] for wave in self.result["waves"]]

    @property
    def writes(self) -> list[Request]:
        """The requests that write."""
        return [request for request in self.requests if request.writes]

    @property
    def written(self) -> list[tuple[str, str, str]]:
        """The writes: operation, certificate, and comma-separated environments."""
        return [
            (call, _certificate_of(one), _environments_of(one)) for call, one in zip(calls(self.writes), self.writes)
        ]

    def certificate(self, name: str = NAME) -> dict[str, Any]:
        """Return the report on a certificate."""
        (found,) = (one for one in self.result["certificates"] if one["name"] == name)
        return found

    def environments(self, name: str = NAME) -> dict[str, dict[str, Any]]:
        """Return the report on each environment of a certificate."""
        return {environment["name"]: environment for environment in self.certificate(name)["environments"]}

    def plan(self) -> dict[tuple[str, str, str], tuple[Any, ...]]:
        """Return the reported plan, by project, certificate and environment."""
        return {
            (certificate["project"], certificate["name"], environment["name"]): tuple(
                environment[key] for key in ("wave", "action", "reason", "from", "to")
            )
            for certificate in self.result["certificates"]
            for environment in certificate["environments"]
        }

    def failed_guards(self) -> list[tuple[str, str, str | None]]:
        """Return the failed guards in the report: certificate, guard, environment."""
        return [
            (certificate["name"], guard["guard"], guard["environment"])
            for certificate in self.result["certificates"]
            for guard in certificate["guards"]
            if not guard["passed"]
        ]


def _certificate_of(request: Request) -> str:
    return request.fields.get("certificateName") or request.segments[3]


def _environments_of(request: Request) -> str:
    return request.fields.get("environmentList", "")


class RotationFixture:
    """A manager, and a machine that rotates its certificates."""

    def __init__(self, manager: Manager, machine: Machine, old: Issued, new: Issued) -> None:
        """Add the project, with the unrelated certificate in every environment."""
        self.manager = manager
        self.machine = machine
        self.old = old
        self.new = new
        self.backups = machine.folder / "backups"
        self._runs = 0
        self._process: subprocess.Popen[str] | None = None
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, UNRELATED, dict.fromkeys(ENVIRONMENTS, old))

    def add_certificate(self, name: str = NAME, holds: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Add a certificate to the manager: by default `old` in every environment."""
        given = {"description": "Web site", **options}
        self.manager.add_certificate(PROJECT, name, holds or dict.fromkeys(ENVIRONMENTS, self.old), **given)

    def snapshot(self) -> dict[str, Any]:
        """Return everything that the manager and its gateways hold, including aliases and descriptions, in a fixed order."""
        snapshot = self.manager.snapshot()
        for certificate in snapshot["certificates"].values():
            certificate["entries"] = sorted(entry[:-1] for entry in certificate["entries"])
        return snapshot

    def add_drifted_certificate(self, name: str = NAME, *, certificates: Sequence[Issued]) -> None:
        """Add a certificate that differs in each environment, as does its alias."""
        aliases = {environment: f"{name}-{environment}" for environment in ENVIRONMENTS}
        self.add_certificate(name, dict(zip(ENVIRONMENTS, certificates)), alias=aliases)

    def desired(self, name: str = NAME, new: Issued | str | None = None, **keys: Any) -> dict[str, Any]:
        """Return an item of certificate_rotation_certificates: by default `new`, in a file."""
        content = new.pem if isinstance(new, Issued) else new or self.new.pem
        return {"project": PROJECT, "name": name, "path": self.machine.file(f"new/{name}.pem", content), **keys}

    def ansible(self, *words: str, env: Mapping[str, str] | None = None, killed: bool = False) -> Run:
        """Run an Ansible command until it ends. `killed`: until the test calls `kill`."""
        connection = {"APINIZER_URL": self.manager.url, "APINIZER_TOKEN": self.manager.token}
        settings = self.machine.environment(**{**_SETTINGS, **connection, **(env or {})})
        del settings["ANSIBLE_CALLBACKS_ENABLED"]
        program, *arguments = self.machine.words(*words)
        server = None if killed else self.machine.server(words[0], env)
        if server:
            run = server.run(
                words[0], *arguments, cwd=self.machine.folder, env=settings, one_stream=True, seconds=SECONDS
            )
            self.manager.settle()
            return run
        with subprocess.Popen(
            [program, *arguments],
            cwd=self.machine.folder,
            env=settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            self._process = process
            try:
                text, _unused = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        self.manager.settle()
        return Run(process.returncode, text)

    def kill(self) -> None:
        """Kill the command and the processes that it started, as a crash of the machine does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)

    def write_playbook(
        self, variables: Mapping[str, Any], times: Sequence[Mapping[str, Any]] = ({},), **keywords: Any
    ) -> str:
        """Write a playbook that runs the role with these variables, named without their prefix; return its path.

        `times`: the variables of each run of the role. `keywords`: additional keywords of the play.
        """
        role = f"{COLLECTION}.certificate_rotation"
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "vars": _prefixed(variables),
            "roles": [{"role": role, **_prefixed(own)} for own in times],
            **keywords,
        }
        # JSON is valid YAML and preserves every string.
        return self.machine.file("play.yml", json.dumps([play]))

    def rotate(
        self,
        *certificates: Mapping[str, Any],
        check: bool = False,
        arguments: Sequence[str] = (),
        env: Mapping[str, str] | None = None,
        times: Sequence[Mapping[str, Any]] = ({},),
        killed: bool = False,
        **variables: Any,
    ) -> RotationRun:
        """Run the role and assert the invariants. `killed`: the test kills the run, so that there is no report."""
        reports, given = self._prepare(certificates, variables)
        given.setdefault("after_run_tasks", self.machine.file("after-run.yml", _AFTER_RUN))
        before, requests = manager_state(self.manager), self.manager.journal.mark()
        words = ["--check", "--diff"] if check else []
        run = self.ansible(
            "ansible-playbook", *words, *arguments, self.write_playbook(given, times), env=env, killed=killed
        )
        file = reports / "rotation.json"
        result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        rotation = RotationRun(run, list(requests), before, manager_state(self.manager), reports, result)
        assert_nothing_lost(rotation)
        assert_unrelated_is_untouched(rotation)
        assert_token_is_hidden(rotation, self.manager.token, self.backups)
        if killed:
            assert run.status == -signal.SIGKILL, run.text
            assert not result
        else:
            assert result, run.text
            assert_report_is_published(rotation)
            assert_report_is_accurate(rotation, check=check)
            self.machine.results.append(comparable(result, []))
        return rotation

    def rotate_in_process(
        self,
        *certificates: Mapping[str, Any],
        check: bool = False,
        failing: Mapping[str, str] | None = None,
        **variables: Any,
    ) -> RotationRun:
        """Run the phases of the role in this process, without Ansible, and assert the same invariants.

        It takes a twentieth of the time, and shows what the role does at the manager, and what it reports. `failing`: the
        messages of tasks of the user that fail, by the phase before, such as `verify 1`.
        """
        reports, given = self._prepare(certificates, variables)
        before, requests = manager_state(self.manager), self.manager.journal.mark()
        runner = PhaseRunner(self.manager, self.machine.folder, given, check=check, checks_task_files=True)
        result = runner.run_role(failing=failing)
        self.manager.settle()
        reported = runner.results["report"]
        run = Run(int(reported["failed_outcome"]), runner.text)
        rotation = RotationRun(run, list(requests), before, manager_state(self.manager), reports, result)
        assert result == json.loads((reports / "rotation.json").read_text(encoding="utf-8"))
        assert_nothing_lost(rotation)
        assert_unrelated_is_untouched(rotation)
        assert_token_is_hidden(rotation, self.manager.token, self.backups)
        assert_summarizes(
            reported["ansible_stats"]["data"]["certificate_rotation"]["localhost"], reports / "rotation.json"
        )
        assert_report_is_accurate(rotation, check=check)
        return rotation

    def _prepare(
        self, certificates: Sequence[Mapping[str, Any]], variables: Mapping[str, Any]
    ) -> tuple[Path, dict[str, Any]]:
        """Return the folder for the reports of the next run, and its variables."""
        self._runs += 1
        reports = self.machine.folder / f"reports-{self._runs}"
        items = [dict(certificate) for certificate in certificates or [self.desired()]]
        return reports, {"certificates": items, "report_dir": str(reports), **variables}


def _prefixed(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {f"certificate_rotation_{name}": value for name, value in variables.items()}


def contents(folder: Path) -> list[str]:
    """Return the content of every file in a folder and its subfolders."""
    return [file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*")) if file.is_file()]


def statistics(run: Run) -> dict[str, Any]:
    """Return what a run published with set_stats."""
    (line,) = re.findall(r"^\s+RUN: (\{.*\})$", run.text, re.MULTILINE)
    return dict(json.loads(line))


def assert_summarizes(summary: Mapping[str, Any], report: Path) -> None:
    """Assert that a summary published with set_stats matches the report file that it names."""
    result = json.loads(report.read_text(encoding="utf-8"))
    assert summary["report"] == str(report)
    for key in ("schema", "manager", "started", "finished", "check_mode", "outcome", "message", "waves", "backup"):
        assert summary[key] == result[key], key
    assert summary["rolled_back"] == result["rollback"]["complete"]
    assert summary["counts"] == Counter(certificate["outcome"] for certificate in result["certificates"])
    assert summary["omitted"] == 0
    for failed in summary["failed"]:
        assert failed in [{key: one[key] for key in failed} for one in result["certificates"]]


def assert_nothing_lost(rotation: RotationRun) -> None:
    """Assert that no environment lost its certificate, neither in the record nor on the gateway."""
    retired = {
        (one["project"], one["name"]) for one in rotation.result.get("certificates", ()) if one["outcome"] == "retired"
    }
    for key, before in rotation.before.items():
        where, now = "/".join(key), rotation.after.get(key, EnvironmentState())
        if key[:2] in retired:
            assert now == EnvironmentState()
            continue
        assert now.entries, f"{where} is missing in the manager's record:\n{rotation.text}"
        assert now.gateway or not before.gateway, f"{where} is missing on the gateway:\n{rotation.text}"


def assert_unrelated_is_untouched(rotation: RotationRun) -> None:
    """Assert that the certificate that the run does not concern is as before."""
    for key, before in rotation.before.items():
        assert key[1] != UNRELATED or rotation.after.get(key) == before, f"the run modified {'/'.join(key)}"


def assert_token_is_hidden(rotation: RotationRun, token: str, backups: Path) -> None:
    """Assert that the output, the reports and the backups do not contain the token."""
    assert token not in "".join([rotation.text, *contents(rotation.reports), *contents(backups)])


def assert_report_is_published(rotation: RotationRun) -> None:
    """Assert that the tasks of the user after the run see the report, and that set_stats publishes its summary."""
    assert f"outcome after the run: {rotation.outcome}" in rotation.text
    assert_summarizes(statistics(rotation.run)["certificate_rotation"]["localhost"], rotation.reports / "rotation.json")


def assert_report_is_accurate(rotation: RotationRun, *, check: bool) -> None:
    """Assert that the report matches the state of the manager and its gateways, before and after the run."""
    result, text = rotation.result, rotation.text
    assert (rotation.run.status == 0) == (rotation.outcome in SUCCESSES), text
    assert result["check_mode"] is check
    if check or rotation.outcome in ("nothing_to_do", "refused", "planned", "skipped"):
        assert not rotation.writes
    for certificate in result["certificates"]:
        for environment in certificate["environments"]:
            key = (certificate["project"], certificate["name"], environment["name"])
            before, now = (states.get(key, EnvironmentState()) for states in (rotation.before, rotation.after))
            _assert_environment_report(rotation, environment, before, now, certificate["outcome"])
    for wave in result["waves"]:
        if wave["outcome"] == "not_started":
            touched = {name for request in rotation.writes for name in _environments_of(request).split(",")}
            assert not touched.intersection(wave["environments"])


def _assert_environment_report(
    rotation: RotationRun,
    environment: Mapping[str, Any],
    before: EnvironmentState,
    now: EnvironmentState,
    outcome: str,
) -> None:
    """Assert that the report on one environment of a certificate matches the state before and after the run."""
    text = rotation.text
    assert _reported(environment["from"]) == before.newest, text
    if "could not be read back" not in rotation.message:
        assert _reported(environment["now"]) == now.newest, text
        assert environment["entries"] == len(now.entries), text
    if rotation.outcome in ("refused", "planned", "nothing_to_do", "skipped"):
        assert now == before
    if outcome in ("rotated", "stored") and environment["action"] != "none":
        assert now.entries == (_reported(environment["to"]),), text
    if outcome == "rotated" and environment["action"] != "none":
        assert now.gateway == now.newest, f"a gateway that is stale was called rotated:\n{text}"
    if (environment["gateway"] or {}).get("state") == "confirmed" and outcome == "rotated":
        assert now.gateway == now.newest, text
    if environment["rolled_back"] or rotation.outcome == "rolled_back":
        assert now == before, text


def _reported(described: Mapping[str, Any] | None) -> str | None:
    return described["fingerprint_sha1"] if described else None
