# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An example as its reader tries it: a copy of its folder, next to a manager with the data of `make manager`."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from integration.machine import ROOT, SECONDS, Machine, Run
from manager import Authority, Issued, Manager
from manager.demo_data import ENVIRONMENTS, NAME, PROJECT, renewals, seed

EXAMPLES = ROOT / "examples"


class Example:
    """A copy of an example, and the certificates with which its reader renews."""

    def __init__(self, machine: Machine, authority: Authority, stack: ExitStack) -> None:
        """Prepare the renewals."""
        self.machine = machine
        self.folder = machine.folder
        self.renewals: dict[str, Issued] = renewals(authority)
        self._authority = authority
        self._stack = stack
        self.manager = self.start_manager()

    def start_manager(self) -> Manager:
        """Start a manager as `make manager` does."""
        manager = self._stack.enter_context(Manager())
        seed(manager, self._authority)
        return manager

    def copy(self, name: str) -> None:
        """Copy an example into the working directory, with the renewals in `new`."""
        shutil.copytree(EXAMPLES / name, self.folder, dirs_exist_ok=True)
        for certificate, renewal in self.renewals.items():
            self.machine.file(f"new/{certificate}.pem", renewal.pem)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of every command."""
        connection = {"APINIZER_URL": self.manager.url, "APINIZER_TOKEN": self.manager.token, "APINIZER_RETRIES": "0"}
        environment = self.machine.environment(**connection, **more)
        del environment["ANSIBLE_CALLBACKS_ENABLED"]
        return environment

    def shell(self, script: str, *, fails: bool = False, **more: str) -> str:
        """Run a script as a pipeline does, and return its output."""
        done = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        assert bool(done.returncode) is fails, done.stdout
        assert self.manager.token not in done.stdout
        return done.stdout

    def playbook(self, *arguments: str, fails: bool = False, **more: str) -> Run:
        """Run `ansible-playbook`."""
        run = self.machine.command("ansible-playbook", *arguments, env={**self.environment(), **more})
        assert bool(run.status) is fails, run.text
        assert self.manager.token not in run.text
        return run

    def renewed(self, manager: Manager | None = None) -> list[str]:
        """The environments whose record and gateways hold the renewal of the main certificate."""
        new, of = self.renewals[NAME].der, manager or self.manager
        holds = of.holds(PROJECT, NAME)
        return [one for one in ENVIRONMENTS if holds[one] == [new] and of.served(one, PROJECT, NAME) == new]


@pytest.fixture
def example(machine: Machine, authority: Authority) -> Iterator[Example]:
    """A manager with the data of `make manager`, and an empty working directory."""
    with ExitStack() as stack:
        yield Example(machine, authority, stack)


@pytest.fixture
def program(machine: Machine) -> Callable[[str], Path]:
    """Create a program that writes down its arguments and succeeds; return the file with them."""

    def create(name: str) -> Path:
        calls = machine.folder / f"{name}.calls"
        file = Path(machine.file(f"bin/{name}", f'#!/bin/sh\nprintf "%s\\n" "$@" >> {calls}\n'))
        file.chmod(0o755)
        return calls

    return create
