# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a guide as a reader follows it: writes its files, runs its commands, and compares the output with the guide.

Comments in the guide control the test:

- `.. guide-test: start`: start here, with managers that hold one certificate in every environment, and its successor
  in a file. `start 2024.09` or `start 2025`: with managers of that generation.
- `.. guide-test: deployment fails in staging`: inject a fault into the managers. `... 5 times`: for that number of
  writes to any environment. `.. guide-test: clear faults` removes it.
- `.. guide-test: development is updated`: write the new certificate there, as an interrupted run would have done.
- `.. guide-test: skip`, `.. guide-test: resume`: skip the blocks in between, because other tests run them.
- `.. guide-test: expect new, old, old`: assert the certificates in development, staging and production.

Each address `https://apinizer....example.com` in the guide is a separate manager, and `token-of-NAME` is its token.
The runner executes commands of Ansible and those that show files. The lines shown below a command must appear in its
output in the same order; `...` matches any lines. Dates and fingerprints are not compared.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from integration.docs.blocks import Block
from integration.machine import Machine
from manager import Authority, Fault, Issued, Manager

PROJECT, NAME = "MyProject", "my-certificate"
ENVIRONMENTS = ("development", "staging", "production")
SECONDS = 120
"""A command that takes longer than this hangs."""

_MAIN = "https://apinizer.example.com"
_ADDRESS = re.compile(r"https://apinizer[\w-]*\.example\.com")
_EXECUTED = re.compile(r"(ansible|ansible-(doc|inventory|playbook|vault)|cat|ls) ")


@dataclass(frozen=True)
class Command:
    """A command in a block, and the output shown below it."""

    line: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether the output shows a failure."""
        return any(re.search(r"failed=[1-9]|FAILED!", line) for line in self.shown)


def commands(block: Block) -> Iterator[Command]:
    """Yield the commands of a console block, with continued lines joined."""
    for part in re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        first, *others = part.splitlines()
        yield Command(first.partition(" #")[0].strip(), tuple(line for line in others if line.strip()))


@dataclass
class DocRunner:
    """A machine, and the managers that the guide names."""

    machine: Machine
    authority: Authority
    old: Issued
    new: Issued
    files: Mapping[str, str]
    """The files that the reader already has, by name."""
    collections: str
    stack: ExitStack
    managers: dict[str, Manager] = field(default_factory=dict)
    _options: Mapping[str, Any] = field(default_factory=dict)
    _is_running: bool = False

    def run_guide(self, blocks: list[Block]) -> None:
        """Run a guide from its `start` directive to its end."""
        for block in blocks:
            if block.language == "guide-test":
                self._execute_directive(block)
            elif self._is_running and block.caption:
                self.write(block.caption, block)
            elif self._is_running and block.language == "console":
                for command in commands(block):
                    if _EXECUTED.match(command.line):
                        self.run(command, block)
        assert self.managers, "the guide has no start directive"

    def _execute_directive(self, block: Block) -> None:
        word, _unused, rest = block.text.partition(" ")
        if word == "start":
            self.start({"generation": rest} if rest else {})
        elif found := re.fullmatch(r"deployment fails in (\w+)(?: (\d+) times)?", block.text):
            times = int(found[2]) if found[2] else None
            for manager in self.managers.values():
                manager.faults.add(Fault("deployment_failure", times=times, environments=(found[1],)))
        elif block.text == "clear faults":
            for manager in self.managers.values():
                manager.faults.clear()
        elif found := re.fullmatch(r"(\w+) is updated", block.text):
            self._update(found[1])
        elif word in ("skip", "resume"):
            self._is_running = word == "resume"
        elif word == "expect":
            self.assert_certificates(rest.split(", "), block)
        else:
            raise AssertionError(f"{block.where}: unknown test directive: {block.text}")

    def start(self, options: Mapping[str, Any]) -> None:
        """Start with new managers that have these options."""
        self._is_running = True
        self._options = options
        self.managers.clear()
        self._manager(_MAIN)
        for name, text in self.files.items():
            self.machine.file(name, text)

    def _manager(self, address: str) -> Manager:
        """Return the manager for an address in the guide."""
        if address not in self.managers:
            manager = self.stack.enter_context(Manager(import_reports_deployment=True, **self._options))
            manager.add_project(PROJECT, ENVIRONMENTS)
            current = dict.fromkeys(ENVIRONMENTS, self.old)
            manager.add_certificate(PROJECT, NAME, current, alias="my-cert-alias", description="Web site")
            self.managers[address] = manager
        return self.managers[address]

    def _update(self, environment: str) -> None:
        """Write the new certificate to an environment of the main manager and its gateway."""
        self.managers[_MAIN].set_entry(PROJECT, NAME, environment, self.new.pem)

    def _localized(self, text: str) -> str:
        """Return text of the guide with the addresses and tokens of the fake managers."""
        text = re.sub(
            r"token-of-(apinizer[\w-]*)", lambda found: self._manager(f"https://{found[1]}.example.com").token, text
        )
        return _ADDRESS.sub(lambda found: self._manager(found[0]).url, text)

    def write(self, name: str, block: Block) -> None:
        """Write a block to a file."""
        self.machine.file(name, self._localized(block.text))

    def run(self, command: Command, block: Block) -> None:
        """Run a command of a block and compare its output."""
        main = self.managers[_MAIN]
        env = self.machine.environment(
            APINIZER_URL=main.url,
            APINIZER_TOKEN=main.token,
            APINIZER_RETRIES="1",  # keeps failures short
            MY_TOKEN=main.token,  # the name in the README
            ANSIBLE_COLLECTIONS_PATH=self.collections,
        )
        del env["ANSIBLE_CALLBACKS_ENABLED"]
        done = subprocess.run(
            ["bash", "-c", self._localized(command.line)],
            cwd=self.machine.folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=SECONDS,
            check=False,
        )
        printed = done.stdout
        for address, manager in self.managers.items():
            printed = printed.replace(manager.url, address)
            assert manager.token not in printed
        where = f"{block.where}: {command.line}\n{printed}"
        assert bool(done.returncode) is command.fails, where
        lines = iter(_comparable(line) for line in printed.splitlines())
        for shown in command.shown:
            expected = _comparable(shown)
            assert expected == "..." or any(_matches(expected, line) for line in lines), (
                f"missing in the output: {shown}\n{where}"
            )

    def assert_certificates(self, expected: list[str], block: Block) -> None:
        """Assert that each environment and its gateway hold the expected certificate: `old`, `new` or `other`."""
        manager = self.managers[_MAIN]
        names = {self.old.der: "old", self.new.der: "new"}
        for environment, name in zip(ENVIRONMENTS, expected, strict=True):
            entries = manager.holds(PROJECT, NAME)[environment]
            on_gateway = manager.served(environment, PROJECT, NAME)
            assert [names.get(der, "other") for der in entries] == [name], f"{block.where}: {environment}"
            assert on_gateway == entries[0], f"{block.where}: the gateway of {environment}"


def _matches(expected: str, line: str) -> bool:
    """Return whether a printed line matches the expected one, which may end with `...`."""
    return line.startswith(expected.removesuffix("...").rstrip()) if expected.endswith("...") else line == expected


def _comparable(line: str) -> str:
    """Return a line without the values that differ between runs."""
    line = re.sub(r"\b\d{4}-\d\d-\d\d(T[\d:]+Z)?", "DATE", line)
    line = re.sub(r"\b[0-9a-f]{16,}\b", "HEX", line)
    return " ".join(re.sub(r"\*{3,}", "***", line).split())
