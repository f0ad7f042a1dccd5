# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake AWX controller for the files in extensions/awx: it starts jobs with ansible-runner and follows workflows.

It follows the behavior of AWX 24.6.1: it renders the injectors of a credential, marks survey answers as unsafe text,
and passes the artifacts of a job (`set_stats`) to the nodes that follow.
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
SECONDS = 300
"""A job that takes longer than this hangs."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Definitions:
    """What the setup sends to AWX: the arguments of each module call."""

    calls: Sequence[Json]

    def all(self, module: str) -> dict[str, Json]:
        """Return the arguments of each call of a module, by the name of the object."""
        return {call["arguments"]["name"]: call["arguments"] for call in self.calls if call["module"] == module}

    def one(self, module: str) -> Json:
        """Return the arguments of a module that is called once."""
        (arguments,) = self.all(module).values()
        return arguments


@dataclass(frozen=True)
class Job:
    """A finished job."""

    folder: Path
    status: str
    template: str

    @property
    def artifacts_folder(self) -> Path:
        """The folder with the artifacts of the runner."""
        return self.folder / "artifacts" / "1"

    @cached_property
    def events(self) -> list[Json]:
        """The events in order."""
        files = (self.artifacts_folder / "job_events").glob("*.json")
        return sorted(
            (json.loads(file.read_text(encoding="utf-8")) for file in files), key=lambda event: event["counter"]
        )

    @property
    def text(self) -> str:
        """The output of the job."""
        return "\n".join(event["stdout"] for event in self.events)

    @property
    def artifacts(self) -> Json:
        """The artifacts for the nodes that follow: the data of set_stats in the last event."""
        ends = [event["event_data"] for event in self.events if event["event"] == "playbook_on_stats"]
        return dict(ends[-1]["artifact_data"]) if ends else {}

    @property
    def changed(self) -> int:
        """How many tasks reported a change."""
        (stats,) = (event["event_data"] for event in self.events if event["event"] == "playbook_on_stats")
        return sum(stats["changed"].values())


@dataclass
class WorkflowRun:
    """The jobs of a workflow by node, and whether AWX would report it as successful."""

    jobs: dict[str, Job] = field(default_factory=dict)
    successful: bool = True


def render_credential(
    kind: Mapping[str, Any], inputs: Mapping[str, Any], folder: Path
) -> tuple[dict[str, str], list[Path]]:
    """Render the injectors of a credential type; return the environment variables and the files.

    A field without a value is undefined in the templates, except a boolean, which is false.
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


def refused_answers(spec: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Return why AWX would refuse the answers to a survey, one text per problem."""
    problems = []
    for question in spec["spec"]:
        name = question["variable"]
        if name not in given:
            if question["required"] and "default" not in question:
                problems.append(f"{name} is missing")
        elif not isinstance(given[name], str):
            problems.append(f"{name} is no text")
        elif question["type"] == "multiplechoice":
            if given[name] not in question["choices"]:
                problems.append(f"{name} is none of the choices")
        elif not question["min"] <= len(given[name]) <= question["max"]:
            problems.append(f"{name} is too short or too long")
    return problems


class _TextDumper(yaml.SafeDumper):
    """Writes strings that Ansible does not template."""

    def represent_data(self, data: Any) -> yaml.Node:
        """Mark every string as unsafe."""
        if isinstance(data, str):
            return self.represent_scalar("!unsafe", data)
        return super().represent_data(data)


def dump_extra_vars(variables: Mapping[str, Any], trusted: Mapping[str, Any]) -> str:
    """Return the extra variables as YAML; only values that equal those of the job template may be templates."""
    return "".join(
        yaml.dump({name: value}, Dumper=yaml.SafeDumper if trusted.get(name) == value else _TextDumper)
        for name, value in variables.items()
    )


class Controller:
    """Launches job templates and workflows."""

    def __init__(self, definitions: Definitions, machine: Machine, credential: Mapping[str, Any]) -> None:
        """Keep the arguments. `credential` holds the inputs of the credential."""
        self.definitions = definitions
        self.credential = dict(credential)
        self.jobs: list[Job] = []
        self._machine = machine

    def launch(
        self,
        name: str,
        answers: Mapping[str, Any] | None = None,
        *,
        beyond: Mapping[str, Any] | None = None,
        job_type: str | None = None,
        cancel_when: Callable[[], object] | None = None,
    ) -> Job:
        """Launch a job template, and wait for its job.

        `beyond`: variables from a workflow, which AWX does not compare with the survey.
        """
        template = self.definitions.all("job_template")[name]
        answers = answers or {}
        spec = template["survey_spec"] if template["survey_enabled"] else {"spec": []}
        assert not refused_answers(spec, answers)
        assert set(answers) <= {question["variable"] for question in spec["spec"]}, "AWX would drop the others"
        defaults = {question["variable"]: question["default"] for question in spec["spec"] if "default" in question}
        variables = {
            **template["extra_vars"],
            **defaults,
            **answers,
            **(beyond or {}),
            "awx_job_id": len(self.jobs) + 1,
        }

        folder = self._machine.folder / f"job-{len(self.jobs) + 1}"
        for part in ("env", "inventory"):
            (folder / part).mkdir(parents=True)
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
        (folder / "env" / "cmdline").write_text(" ".join([*check, "-u", "root", *diff]), encoding="utf-8")
        status = self._run(folder, template["playbook"], injected, cancel_when)
        self.jobs.append(Job(folder, status, name))
        return self.jobs[-1]

    def _run(
        self, folder: Path, playbook: str, injected: Mapping[str, str], cancel_when: Callable[[], object] | None
    ) -> str:
        parameters = {
            "ident": "1",
            "private_data_dir": str(folder),
            "playbook": playbook,
            "inventory": self._inventory(folder),
            "envvars": {"AWX_PRIVATE_DATA_DIR": str(folder), "JOB_ID": "1", "MAX_EVENT_RES": "700000", **injected},
            "settings": {"suppress_ansible_output": True, "process_isolation": False},
            "suppress_env_files": True,
            "fact_cache_type": "",
        }
        environment = self._machine.environment()
        for setting in ("ANSIBLE_CALLBACKS_ENABLED", "ANSIBLE_CALLBACK_PLUGINS", "PYTHONPATH"):
            del environment[setting]
        # ansible-runner, and the Ansible that it starts, run in the Python of the tests.
        environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
        with subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("launch.py"))],
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
            end = time.monotonic() + SECONDS
            while process.poll() is None:
                if (cancel_when and cancel_when()) or time.monotonic() > end:
                    (folder / "cancel").touch()
                time.sleep(0.05)
            said = process.stdout.read() if process.stdout else ""
        _end_container(folder)
        outcome = folder / "outcome.json"
        assert outcome.exists(), said
        return str(json.loads(outcome.read_text(encoding="utf-8"))["status"])

    def _inventory(self, folder: Path) -> str:
        """Write the inventory as AWX does: as an executable."""
        host = self.definitions.one("host")
        names = {"all": {"hosts": [host["name"]]}, "_meta": {"hostvars": {host["name"]: host["variables"]}}}
        file = folder / "inventory" / "hosts"
        file.write_text(f"#! {sys.executable}\nprint({json.dumps(names)!r})\n", encoding="utf-8")
        file.chmod(0o700)
        return str(file)

    def run_workflow(
        self,
        answers: Mapping[str, Any],
        *,
        start: str | None = None,
        **between: Callable[[], object],
    ) -> WorkflowRun:
        """Run the workflow to its end, one node at a time, and approve each approval node.

        `start`: the node to start at instead of the first. `between`: functions to call before a node, by the name of
        the node with underscores.
        """
        workflow = self.definitions.one("workflow_job_template")
        assert not refused_answers(workflow["survey_spec"], answers)
        defaults = {
            question["variable"]: question["default"]
            for question in workflow["survey_spec"]["spec"]
            if "default" in question
        }
        nodes = {node["identifier"]: node for node in workflow["workflow_nodes"]}
        entered = {name for node in nodes.values() for name in targets(node)}
        (first,) = (one for one in nodes if one not in entered)
        artifacts: Json = {}
        run = WorkflowRun()
        following = start or first
        while following:
            node = nodes[following]
            between.get(following.replace("-", "_"), lambda: None)()
            if node["unified_job_template"]["type"] == "workflow_approval":
                succeeded = True
            else:
                # Survey answers take precedence over the artifacts of jobs.
                beyond = {**artifacts, **workflow.get("extra_vars", {}), **defaults, **answers}
                job = self.launch(node["unified_job_template"]["name"], node.get("extra_data", {}), beyond=beyond)
                run.jobs[following] = job
                artifacts |= job.artifacts
                succeeded = job.status == "successful"
            ways = targets(node, "success" if succeeded else "failure")
            run.successful = run.successful and (succeeded or bool(ways))
            assert len(ways) <= 1, "the fake controller follows a single path"
            following = ways[0] if ways else ""
        return run


def _end_container(folder: Path) -> None:
    """Kill the processes that a job left running, as the end of its container does.

    Ansible's workers have their own sessions, which the runner does not reach when it cancels a job.
    """
    mark = f"AWX_PRIVATE_DATA_DIR={folder}\0".encode()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


def targets(node: Mapping[str, Any], *outcomes: str) -> list[str]:
    """Return the nodes that follow a node, always or after one of these outcomes; without outcomes, all of them."""
    related = node.get("related", {})
    return [
        one["identifier"]
        for outcome in ("always", *(outcomes or ("success", "failure")))
        for one in related.get(f"{outcome}_nodes", ())
    ]
