# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage on which the role and the playbooks are run for real, and the laws that hold after every run of the role.

A project with three environments, in which certificates are to be rotated, and a bystander that nobody asked for.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from integration.certificate_fixture import calls
from integration.execution_modes import comparable
from integration.machine import COLLECTION, Machine, Run
from manager import Issued, Manager, Request

PROJECT, NAME, OTHER, BYSTANDER = "MyProject", "my-certificate", "other-certificate", "bystander"
ENVIRONMENTS = DEVELOPMENT, STAGING, PRODUCTION = "development", "staging", "production"
TWO_WAVES = [[DEVELOPMENT, STAGING], [PRODUCTION]]
THREE_WAVES = [[DEVELOPMENT], [STAGING], [PRODUCTION]]
LISTING = re.compile(r"/certificates/$")
IMPORT = "import-file"

NOT_HERE = {"APINIZER_URL": "", "APINIZER_TOKEN": ""}
"""An environment without a connection: it has to come some other way."""

SUCCESSES = {"nothing_to_do", "planned", "rotated"}
SECONDS = 180
"""No run takes that long, not even on a busy machine: one that does hangs."""

_SETTINGS = {
    "ANSIBLE_SHOW_CUSTOM_STATS": "true",
    "APINIZER_RETRIES": "0",
    "APINIZER_TIMEOUT": "20",
}
_AFTER_RUN = """
- name: Tell how it went
  ansible.builtin.debug:
    msg: "told after the run: {{ certificate_rotation_result.outcome }}"
"""


@dataclass(frozen=True)
class Place:
    """One certificate in one environment: the SHA-1 of each entry of the record, the newest last, and of the gateway's."""

    entries: tuple[str, ...] = ()
    gateway: str | None = None

    @property
    def newest(self) -> str | None:
        """What the record's newest entry holds."""
        return self.entries[-1] if self.entries else None


Truth = dict[tuple[str, str, str], Place]
"""What a manager and its gateways hold, by project, certificate and environment."""


def truth(manager: Manager) -> Truth:
    """How things stand, whatever anybody says of it."""
    found: dict[tuple[str, str, str], Place] = {}
    for (project, name), certificate in manager.state.certificates.items():
        for environment in certificate.environments:
            entries = tuple(_sha1(entry.der) for entry in certificate.entries_in(environment))
            found[project, name, environment] = Place(entries)
    for environment, served in manager.gateways.items():
        for (project, name), der in served.items():
            key = (project, name, environment)
            found[key] = Place(found.get(key, Place()).entries, _sha1(der))
    return found


def _sha1(der: bytes) -> str:
    return hashlib.sha1(der).hexdigest()


@dataclass(frozen=True)
class Rotation:
    """A run of the role that has ended: what it printed, what it reports, what it asked of the manager."""

    run: Run
    requests: Sequence[Request]
    before: Truth = field(repr=False)
    after: Truth = field(repr=False)
    reports: Path
    result: dict[str, Any] = field(repr=False)

    @property
    def text(self) -> str:
        """What was printed."""
        return self.run.text

    @property
    def outcome(self) -> str:
        """In a word."""
        return str(self.result["outcome"])

    @property
    def message(self) -> str:
        """In sentences."""
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
        """The requests that write: what, which certificate, and where."""
        return [(call, _certificate_of(one), _list_of(one)) for call, one in zip(calls(self.writes), self.writes)]

    def certificate(self, name: str = NAME) -> dict[str, Any]:
        """What is reported of a certificate."""
        (found,) = (one for one in self.result["certificates"] if one["name"] == name)
        return found

    def environments(self, name: str = NAME) -> dict[str, dict[str, Any]]:
        """What is reported of its environments."""
        return {environment["name"]: environment for environment in self.certificate(name)["environments"]}

    def plan(self) -> dict[tuple[str, str, str], tuple[Any, ...]]:
        """What is reported as planned, by project, certificate and environment."""
        return {
            (certificate["project"], certificate["name"], environment["name"]): tuple(
                environment[key] for key in ("wave", "action", "reason", "from", "to")
            )
            for certificate in self.result["certificates"]
            for environment in certificate["environments"]
        }

    def failed_guards(self) -> list[tuple[str, str, str | None]]:
        """The guards that are reported not to pass: certificate, guard, environment."""
        return [
            (certificate["name"], guard["guard"], guard["environment"])
            for certificate in self.result["certificates"]
            for guard in certificate["guards"]
            if not guard["passed"]
        ]


def _certificate_of(request: Request) -> str:
    return request.fields.get("certificateName") or request.segments[3]


def _list_of(request: Request) -> str:
    return request.fields.get("environmentList", "")


class Stage:
    """A manager, and a machine to rotate its certificates from."""

    def __init__(self, manager: Manager, machine: Machine, old: Issued, new: Issued) -> None:
        """Set the scene: the bystander is everywhere."""
        self.manager = manager
        self.machine = machine
        self.old = old
        self.new = new
        self.backups = machine.folder / "backups"
        self._runs = 0
        self._process: subprocess.Popen[str] | None = None
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, BYSTANDER, dict.fromkeys(ENVIRONMENTS, old))

    def hold(self, name: str = NAME, holds: Mapping[str, Any] | None = None, **options: Any) -> None:
        """Let the manager hold a certificate: everywhere the old one, unless it is said otherwise."""
        given = {"description": "Web site", **options}
        self.manager.add_certificate(PROJECT, name, holds or dict.fromkeys(ENVIRONMENTS, self.old), **given)

    def snapshot(self) -> dict[str, Any]:
        """All that the manager and its gateways hold, aliases and descriptions included. Entries have no order."""
        snapshot = self.manager.snapshot()
        for certificate in snapshot["certificates"].values():
            certificate["entries"] = sorted(entry[:-1] for entry in certificate["entries"])
        return snapshot

    def drift(self, name: str = NAME, *, held: Sequence[Issued]) -> None:
        """Let each environment hold a certificate of its own, with an alias of its own."""
        aliases = {environment: f"{name}-{environment}" for environment in ENVIRONMENTS}
        self.hold(name, dict(zip(ENVIRONMENTS, held)), alias=aliases)

    def wanted(self, name: str = NAME, new: Issued | str | None = None, **keys: Any) -> dict[str, Any]:
        """An item of certificate_rotation_certificates: the new certificate in a file, unless it is said otherwise."""
        content = new.pem if isinstance(new, Issued) else new or self.new.pem
        return {"project": PROJECT, "name": name, "path": self.machine.file(f"new/{name}.pem", content), **keys}

    def ansible(self, *words: str, env: Mapping[str, str] | None = None) -> Run:
        """Run an Ansible command to its end, or until it is killed."""
        connection = {"APINIZER_URL": self.manager.url, "APINIZER_TOKEN": self.manager.token}
        settings = self.machine.environment(**{**_SETTINGS, **connection, **(env or {})})
        del settings["ANSIBLE_CALLBACKS_ENABLED"]
        with subprocess.Popen(
            self.machine.words(*words),
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
        """Kill the command and all that it has started, as a machine that goes down does."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)

    def play(self, variables: Mapping[str, Any], times: Sequence[Mapping[str, Any]] = ({},), **keywords: Any) -> str:
        """Write a playbook that runs the role with these variables, named without the prefix; return its path.

        `times`: variables of each time that the role is run. `keywords`: more of the play.
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
        # JSON is YAML, and carries every string as it is.
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
    ) -> Rotation:
        """Run the role, and check that the laws hold. `killed`: it is going to be, and cannot report anything."""
        self._runs += 1
        reports = self.machine.folder / f"reports-{self._runs}"
        given = {
            "certificates": [dict(certificate) for certificate in certificates or [self.wanted()]],
            "report_dir": str(reports),
            "after_run_tasks": self.machine.file("after-run.yml", _AFTER_RUN),
            **variables,
        }
        before, requests = truth(self.manager), self.manager.journal.mark()
        words = ["--check", "--diff"] if check else []
        run = self.ansible("ansible-playbook", *words, *arguments, self.play(given, times), env=env)
        file = reports / "rotation.json"
        result = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        rotation = Rotation(run, list(requests), before, truth(self.manager), reports, result)
        assert_nothing_lost(rotation)
        assert self.manager.token not in "".join([run.text, *contents(reports), *contents(self.backups)])
        if killed:
            assert run.status == -signal.SIGKILL, run.text
            assert not result
        else:
            assert result, run.text
            assert_truthful(rotation, check=check)
            self.machine.results.append(comparable(result, []))
        return rotation


def _prefixed(variables: Mapping[str, Any]) -> dict[str, Any]:
    return {f"certificate_rotation_{name}": value for name, value in variables.items()}


def contents(folder: Path) -> list[str]:
    """The files of a folder and the folders in it."""
    return [file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*")) if file.is_file()]


def statistics(run: Run) -> dict[str, Any]:
    """What a run has handed to set_stats."""
    (line,) = re.findall(r"^\s+RUN: (\{.*\})$", run.text, re.MULTILINE)
    return dict(json.loads(line))


def assert_nothing_lost(rotation: Rotation) -> None:
    """Every place that had a certificate has one, in the record and on the gateway, and the bystander is untouched."""
    for key, place in rotation.before.items():
        where, now = "/".join(key), rotation.after.get(key, Place())
        assert now.entries, f"{where} is gone from the manager's record:\n{rotation.text}"
        assert now.gateway or not place.gateway, f"{where} is gone from the gateway:\n{rotation.text}"
        assert now == place or key[1] != BYSTANDER, f"{where} was touched, and nobody asked for it"


def assert_truthful(rotation: Rotation, *, check: bool) -> None:
    """What the report claims is so."""
    result, text = rotation.result, rotation.text
    assert (rotation.run.status == 0) == (rotation.outcome in SUCCESSES), text
    assert result["check_mode"] is check
    assert f"told after the run: {rotation.outcome}" in text
    assert statistics(rotation.run)["certificate_rotation"]["localhost"] == result
    if check or rotation.outcome in ("nothing_to_do", "refused", "planned"):
        assert not rotation.writes
    for certificate in result["certificates"]:
        for environment in certificate["environments"]:
            key = (certificate["project"], certificate["name"], environment["name"])
            before, now = (places.get(key, Place()) for places in (rotation.before, rotation.after))
            _assert_place(rotation, environment, before, now, rotated=certificate["outcome"] == "rotated")
    for wave in result["waves"]:
        if wave["outcome"] == "not_started":
            touched = {name for request in rotation.writes for name in _list_of(request).split(",")}
            assert not touched.intersection(wave["environments"])


def _assert_place(
    rotation: Rotation, environment: Mapping[str, Any], before: Place, now: Place, *, rotated: bool
) -> None:
    """What is reported of a certificate in an environment is so, before the run and after it."""
    text = rotation.text
    assert _reported(environment["from"]) == before.newest, text
    if "could not be read back" not in rotation.message:
        assert _reported(environment["now"]) == now.newest, text
        assert environment["entries"] == len(now.entries), text
    if rotation.outcome in ("refused", "planned", "nothing_to_do"):
        assert now == before
    if rotated and environment["action"] != "none":
        assert now.entries == (_reported(environment["to"]),), text
    if rotated and (environment["deployment"] or {}).get("success"):
        assert now.gateway == now.newest, text
    if environment["rolled_back"] or rotation.outcome == "rolled_back":
        assert now == before, text


def _reported(described: Mapping[str, Any] | None) -> str | None:
    return described["fingerprint_sha1"] if described else None
