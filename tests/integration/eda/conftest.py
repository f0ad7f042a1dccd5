# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for the tests of Event-Driven Ansible: Java for ansible-rulebook, and a fake manager to watch."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from integration.machine import Machine
from manager import Authority, Issued, Manager

pytest.register_assert_rewrite("integration.eda.rulebook")

# Imported after the line above, so that pytest rewrites the assertions of the module.
from integration.eda.receiver import Receiver  # noqa: E402
from integration.eda.rulebook import Rulebook  # noqa: E402

PROJECT, ENVIRONMENTS = "MyProject", ("development", "staging", "production")
MINIMUM_JAVA = 17

RunRulebook = Callable[..., Rulebook]
Issue = Callable[..., Issued]
Receive = Callable[[Mapping[tuple[str, str], Any]], Receiver]


@pytest.fixture(scope="session")
def java() -> dict[str, str] | None:
    """The environment variables with which ansible-rulebook finds Java; None if there is no suitable Java."""
    home = os.environ.get("JAVA_HOME")
    program = shutil.which(str(Path(home, "bin", "java")) if home else "java")
    output = (
        subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stderr if program else ""
    )
    version = re.search(r'version "(\d+)', output)
    if program is None or version is None or int(version[1]) < MINIMUM_JAVA:
        return None
    return {"JAVA_HOME": home} if home else {"JAVA_ON_PATH": str(Path(program).parent)}


@pytest.fixture(scope="session")
def issue(authority: Authority) -> Issue:
    """Issue certificates for www.example.com that expire after the given time, for example `days=30`."""

    def issue(**left: float) -> Issued:
        until = datetime.now(timezone.utc) + timedelta(**left)
        given = {"dns_names": ["www.example.com"], "not_before": until - timedelta(days=800), "not_after": until}
        return authority.issue("www.example.com", **given)

    return issue


@pytest.fixture
def manager() -> Iterator[Manager]:
    """A fake manager with one project and no certificates."""
    with Manager(import_reports_deployment=True) as manager:
        manager.add_project(PROJECT, ENVIRONMENTS)
        yield manager


@pytest.fixture
def receive() -> Iterator[Receive]:
    """MakeCase receivers with the given responses, by method and path."""
    with ExitStack() as stack:

        def receive(responses: Mapping[tuple[str, str], Any]) -> Receiver:
            return stack.enter_context(Receiver(responses))

        yield receive


@pytest.fixture
def run_rulebook(
    request: pytest.FixtureRequest, machine: Machine, manager: Manager, java: dict[str, str] | None
) -> RunRulebook:
    """Prepare runs of the collection's rulebooks that watch the fake manager.

    `verbose` shows as much output as possible, to check that it contains no secrets. `hostvars` are variables of
    localhost in the inventory, `env` additional environment variables. The other arguments are the variables of the
    rulebook.
    """
    if java is None:
        reason = f"ansible-rulebook needs Java {MINIMUM_JAVA} or newer, by JAVA_HOME or on PATH: not found"
        pytest.skip(f"{request.node.name}: {reason}")

    def run_rulebook(
        name: str,
        *,
        verbose: bool = False,
        env: dict[str, str] | None = None,
        hostvars: dict[str, Any] | None = None,
        **variables: Any,
    ) -> Rulebook:
        settings = machine.environment(
            **java, APINIZER_URL=manager.url, APINIZER_TOKEN=manager.token, APINIZER_RETRIES="0", PYTHONUNBUFFERED="1"
        )
        # The source must find its collection without these variables.
        del settings["PYTHONPATH"], settings["ANSIBLE_CALLBACKS_ENABLED"]
        if "JAVA_ON_PATH" in settings:
            settings["PATH"] += os.pathsep + settings.pop("JAVA_ON_PATH")
        host = {"ansible_connection": "local", **(hostvars or {})}
        inventory = machine.file("inventory.yml", json.dumps({"all": {"hosts": {"localhost": host}}}))
        # JSON is valid YAML.
        variables_file = machine.file("variables.yml", json.dumps({"certificate_watch_interval": 1, **variables}))
        arguments = [
            "--rulebook",
            f"apinizer.apiops.{name}",
            "--inventory",
            inventory,
            "--vars",
            variables_file,
            *(["-vv"] if verbose else []),
        ]
        return Rulebook(arguments, {**settings, **(env or {})}, machine.folder)

    return run_rulebook
