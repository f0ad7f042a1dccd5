# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake AWX controller: runs the files in extensions/awx as jobs of ansible-runner, and follows the workflow.

It does what AWX 24.6.1 does. It renders the injectors of the credential, marks answers as unsafe text so that Ansible
does not template them, and passes the statistics of a job to the nodes that follow. A sliced job template becomes several
jobs, each with every n-th host by name, whose statistics are merged by name, so that those of the last job win.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2.sandbox import ImmutableSandboxedEnvironment

from integration.machine import ROOT, Machine

EXTENSION = ROOT / "extensions" / "awx"
JOB_TIMEOUT = 300
"""The time limit of a job, in seconds. No job takes that long, even on a busy machine, unless it hangs."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Definitions:
    """What set_up.yml sends to AWX: module calls, each with `module` and `arguments`."""

    calls: Sequence[Json]

    def all(self, module: str) -> dict[str, Json]:
        """The arguments of all calls of a module, by the name of the AWX object."""
        return {call["arguments"]["name"]: call["arguments"] for call in self.calls if call["module"] == module}

    def one(self, module: str) -> Json:
        """The arguments of a module that was called exactly once."""
        (arguments,) = self.all(module).values()
        return arguments


@dataclass(frozen=True)
class Job:
    """A finished job: its private data folder, its status as ansible-runner reports it, and its template."""

    folder: Path
    status: str
    template: str
    slices: tuple[Job, ...] = ()
    """The jobs of the slices, if the job template was sliced. Then this object stands for all of them."""

    @property
    def artifacts_folder(self) -> Path:
        """The folder with the events and the output of the job."""
        return self.folder / "artifacts" / "1"

    @cached_property
    def events(self) -> list[Json]:
        """All events, in order."""
        files = (self.artifacts_folder / "job_events").glob("*.json")
        return sorted(
            (json.loads(file.read_text(encoding="utf-8")) for file in files), key=lambda event: event["counter"]
        )

    @property
    def text(self) -> str:
        """The output of the job."""
        if self.slices:
            return "\n".join(job.text for job in self.slices)
        return "\n".join(event["stdout"] for event in self.events)

    @property
    def artifacts(self) -> Json:
        """The statistics (set_stats) that AWX passes to the nodes that follow, from the last event."""
        if self.slices:
            merged: Json = {}
            for job in self.slices:
                merged.update(job.artifacts)
            return merged
        ends = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(ends[-1]["artifact_data"]) if ends else {}

    @property
    def changed(self) -> int:
        """The number of changed tasks."""
        (stats,) = (event["event_data"] for event in self.events if event["event"] == "playbook_on_stats")
        return sum(stats["changed"].values())


@dataclass
class WorkflowRun:
    """The jobs of a workflow, by node, and whether AWX would show the workflow as successful."""

    jobs: dict[str, Job] = field(default_factory=dict)
    successful: bool = True


def render_credential(
    kind: Mapping[str, Any], inputs: Mapping[str, Any], folder: Path
) -> tuple[dict[str, str], list[Path]]:
    """Render the injectors of a credential type. Return the environment variables and the files.

    In the templates, an empty field is undefined, except for a boolean, which is false.
    """
    names: Json = {name: value for name, value in inputs.items() if isinstance(value, bool) or len(value)}
    for described in kind["inputs"]["fields"]:
        if described["type"] == "boolean":
            names.setdefault(described["id"], False)
    environment = ImmutableSandboxedEnvironment()
    files: dict[str, Path] = {}
    for label, template in kind["injectors"].get("file", {}).items():
        files[label.partition(".")[2]] = file = folder / f"credential-{label}"
        file.write_text(environment.from_string(template).render(**names), encoding="utf-8")
        file.chmod(0o600)
    names["tower"] = {"filename": {label: str(file) for label, file in files.items()}}
    rendered = kind["injectors"].get("env", {})
    variables = {name: environment.from_string(template).render(**names) for name, template in rendered.items()}
    return variables, list(files.values())


def survey_errors(spec: Mapping[str, Any], answers: Mapping[str, Any]) -> list[str]:
    """Return the reasons why AWX would reject the answers to a survey; none if it would accept them."""
    errors = []
    for question in spec["spec"]:
        name = question["variable"]
        if name not in answers:
            if question["required"] and "default" not in question:
                errors.append(f"{name} is missing")
        elif not isinstance(answers[name], str):
            errors.append(f"{name} is not text")
        elif question["type"] == "multiplechoice":
            if answers[name] not in question["choices"]:
                errors.append(f"{name} is not one of the choices")
        elif not question["min"] <= len(answers[name]) <= question["max"]:
            errors.append(f"{name} is too short or too long")
    return errors


class _UnsafeDumper(yaml.SafeDumper):
    """Writes every string with the tag !unsafe, so that Ansible does not template it."""

    def represent_data(self, data: Any) -> yaml.Node:
        """Tag strings, and leave other values unchanged."""
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


def dump_extra_vars(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """Return the extra variables as YAML. Only values that come unchanged from the job template may be Jinja templates."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if trusted.get(name) == value else _UnsafeDumper)
        for name, value in variables.items()
    )


class FakeController:
    """Launches the job templates and the workflow that set_up.yml defines."""

    def __init__(self, definitions: Definitions, machine: Machine, credential: Mapping[str, Any]) -> None:
        """Set up. `credential` holds the inputs of the credential that the user filled in."""
        self.definitions = definitions
        self.credential = dict(credential)
        self.jobs: list[Job] = []
        self._machine = machine

    def launch(
        self,
        name: str,
        answers: Mapping[str, Any] | None = None,
        *,
        workflow_variables: Mapping[str, Any] | None = None,
        job_type: str | None = None,
        slices: int | None = None,
        cancel_when: Callable[[], object] | None = None,
    ) -> Job:
        """Launch a job template and wait for its job, or for the jobs of all its slices, one after the other.

        AWX passes `workflow_variables` to the job without validating them against the survey of the template. `slices` is
        the answer to the prompt for their number. The job is canceled as soon as `cancel_when` returns something true.
        """
        template = self.definitions.all("job_template")[name]
        assert slices is None or template["ask_job_slice_count_on_launch"], "AWX would reject the number of slices"
        # Never more slices than hosts.
        count = min(slices or template["job_slice_count"], len(self.definitions.all("host")))
        jobs = [
            self._launch(name, answers, workflow_variables, job_type, (number, count), cancel_when)
            for number in range(1, count + 1)
        ]
        if count == 1:
            return jobs[0]
        status = "successful" if all(job.status == "successful" for job in jobs) else "failed"
        return Job(jobs[0].folder, status, name, tuple(jobs))

    def _launch(
        self,
        name: str,
        answers: Mapping[str, Any] | None,
        workflow_variables: Mapping[str, Any] | None,
        job_type: str | None,
        part: tuple[int, int],
        cancel_when: Callable[[], object] | None,
    ) -> Job:
        """Run one job. `part`: the number of its slice, and that of all slices."""
        template = self.definitions.all("job_template")[name]
        answers = answers or {}
        spec = template["survey_spec"] if template["survey_enabled"] else {"spec": []}
        assert not survey_errors(spec, answers)
        assert set(answers) <= {question["variable"] for question in spec["spec"]}, (
            "AWX would drop answers to questions that the survey does not have"
        )
        defaults = {question["variable"]: question["default"] for question in spec["spec"] if "default" in question}
        variables = {
            **template["extra_vars"],
            **defaults,
            **answers,
            **(workflow_variables or {}),
            "awx_job_id": len(self.jobs) + 1,
        }

        folder = self._machine.folder / f"job-{len(self.jobs) + 1}"
        for subfolder in ("env", "inventory"):
            (folder / subfolder).mkdir(parents=True)
        shutil.copytree(EXTENSION / "project", folder / "project")
        for file in self._machine.folder.glob("new/*"):
            (folder / "project" / "new").mkdir(exist_ok=True)
            shutil.copy(file, folder / "project" / "new")
        (folder / "env" / "extravars").write_text(dump_extra_vars(variables, template["extra_vars"]), encoding="utf-8")
        injected = {}
        if template["credentials"]:
            assert template["credentials"] == list(self.definitions.all("credential"))
            injected, _unused = render_credential(
                self.definitions.one("credential_type"), self.credential, folder / "env"
            )
        check = ["--check"] if (job_type or template["job_type"]) == "check" else []
        diff = ["--diff"] if template["diff_mode"] else []
        forks = [f"--forks={template['forks']}"] if template["forks"] else []
        (folder / "env" / "cmdline").write_text(" ".join([*check, "-u", "root", *diff, *forks]), encoding="utf-8")
        self._inventory(folder, *part)
        self.jobs.append(self._run(folder, template, injected, cancel_when))
        return self.jobs[-1]

    def _run(
        self,
        folder: Path,
        template: Mapping[str, Any],
        injected: Mapping[str, str],
        cancel_when: Callable[[], object] | None,
    ) -> Job:
        """Run the job whose input is in the folder, with the environment variables of its credential."""
        parameters = {
            "ident": "1",
            "private_data_dir": str(folder),
            "playbook": template["playbook"],
            "inventory": str(folder / "inventory" / "hosts"),
            "envvars": {"AWX_PRIVATE_DATA_DIR": str(folder), "JOB_ID": "1", "MAX_EVENT_RES": "700000", **injected},
            "settings": {"suppress_ansible_output": True, "process_isolation": False},
            "suppress_env_files": True,
            "fact_cache_type": "",
        }
        environment = self._machine.environment()
        for setting in ("ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "PYTHONPATH"):
            del environment[setting]
        # ansible-runner is installed only in the environment of the tests, and it starts Ansible from there.
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("run_job.py"))],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            assert process.stdin is not None
            process.stdin.write(json.dumps(parameters))
            process.stdin.close()
            deadline = time.monotonic() + JOB_TIMEOUT
            while process.poll() is None:
                if (cancel_when and cancel_when()) or time.monotonic() > deadline:
                    (folder / "cancel").touch()
                time.sleep(0.05)
            output = process.stdout.read() if process.stdout else ""
        _stop_container(folder)
        outcome = folder / "outcome.json"
        assert outcome.exists(), output
        return Job(folder, json.loads(outcome.read_text(encoding="utf-8"))["status"], template["name"])

    def _inventory(self, folder: Path, number: int, count: int) -> None:
        """Write the hosts of a slice as AWX does, as an executable script."""
        hosts = self.definitions.all("host")
        names = sorted(hosts)[number - 1 :: count]
        inventory = {
            "all": {"hosts": names, "vars": self.definitions.one("inventory")["variables"]},
            "_meta": {"hostvars": {name: hosts[name]["variables"] for name in names}},
        }
        file = folder / "inventory" / "hosts"
        file.write_text(f"#! {sys.executable}\nprint({json.dumps(inventory)!r})\n", encoding="utf-8")
        file.chmod(0o700)

    def run_workflow(
        self,
        answers: Mapping[str, Any],
        *,
        start: str | None = None,
        **before_node: Callable[[], object],
    ) -> WorkflowRun:
        """Run the workflow to its end, one node at a time, and approve every approval.

        `start` is the node to start from, by default the first one. `before_node` are functions to call right before a
        node, by the identifier of the node with underscores.
        """
        workflow = self.definitions.one("workflow_job_template")
        assert not survey_errors(workflow["survey_spec"], answers)
        defaults = {
            question["variable"]: question["default"]
            for question in workflow["survey_spec"]["spec"]
            if "default" in question
        }
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        successors = {name for node in nodes.values() for name in next_nodes(node)}
        (first,) = (name for name in nodes if name not in successors)
        artifacts: Json = {}
        run = WorkflowRun()
        current = start or first
        while current:
            node = nodes[current]
            before_node.get(current.replace("-", "_"), lambda: None)()
            if node["unified_job_template"]["type"] == "workflow_approval":
                succeeded = True
            else:
                # The answers of the user take precedence over the artifacts of jobs.
                variables = {**artifacts, **workflow.get("extra_vars", {}), **defaults, **answers}
                job = self.launch(
                    node["unified_job_template"]["name"],
                    node.get("extra_data", {}),
                    workflow_variables=variables,
                    slices=node.get("job_slice_count"),
                )
                run.jobs[current] = job
                artifacts |= job.artifacts
                succeeded = job.status == "successful"
            following = next_nodes(node, "success" if succeeded else "failure")
            run.successful = run.successful and (succeeded or bool(following))
            assert len(following) <= 1, "parallel nodes are not supported here"
            current = following[0] if following else ""
        return run


def _stop_container(folder: Path) -> None:
    """Kill the processes that a job left running, as the end of its container does.

    Ansible's workers run in sessions of their own, so the runner does not reach them when it cancels a job. They are
    recognized by an environment variable with the folder of the job.
    """
    marker = f"AWX_PRIVATE_DATA_DIR={folder}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if marker in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def next_nodes(node: Mapping[str, Any], *outcomes: str) -> list[str]:
    """Return the nodes that follow a node always or after one of these outcomes (default: after any outcome)."""
    related = node.get("related", {})
    return [
        one["identifier"]
        for outcome in ("always", *(outcomes or ("success", "failure")))
        for one in related.get(f"{outcome}_nodes", ())
    ]
