# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guide played as a reader would follow it: its files written, its commands run, what they print compared.

A guide that is to be played has stage directions, as comments:

- `stage: set`: from here on. Managers hold one certificate everywhere, and its successor is a file. `set 2023` or
  `set 2025`: managers of that generation.
- `stage: deployment fails in staging`, `stage: mended`: what the managers do from here on. `... 5 times`: the number of
  writes until it succeeds again, wherever they go to.
- `stage: development was reached`: by an earlier run, which was cut off then.
- `stage: off`, `stage: on`: what is between them is not played, since other tests run the same.
- `stage: holds new, old, old`: what is to be in development, staging and production now.

Every address `https://apinizer....example.com` of the guide is a manager of its own, and `token-of-NAME` its token.
Commands that are Ansible's, or just look at files, are run. The lines that are shown below one are to be found among
those that it prints, in that order; `...` stands for any others. Dates and fingerprints differ, of course.
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
"""No command takes that long: one that does hangs."""

_MAIN = "https://apinizer.example.com"
_ADDRESS = re.compile(r"https://apinizer[\w-]*\.example\.com")
_PLAYED = re.compile(r"(ansible|ansible-(doc|inventory|playbook|vault)|cat|ls) ")


@dataclass(frozen=True)
class Command:
    """A command of a block, and the lines that are shown below it."""

    line: str
    shown: tuple[str, ...]

    @property
    def fails(self) -> bool:
        """Whether what is shown is a failure."""
        return any(re.search(r"failed=[1-9]|FAILED!", line) for line in self.shown)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block: from one prompt to the next, continued lines joined."""
    for part in re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        first, *others = part.splitlines()
        yield Command(first.partition(" #")[0].strip(), tuple(line for line in others if line.strip()))


@dataclass
class Performance:
    """The stage: a machine, and the managers that the guide speaks of."""

    machine: Machine
    authority: Authority
    old: Issued
    new: Issued
    files: Mapping[str, str]
    """What lies in the folder already."""
    collections: str
    stack: ExitStack
    managers: dict[str, Manager] = field(default_factory=dict)
    _options: Mapping[str, Any] = field(default_factory=dict)
    _is_on: bool = False

    def play(self, blocks: list[Block]) -> None:
        """Play a guide from where the stage is set to its end."""
        for block in blocks:
            if block.language == "stage":
                self._direct(block)
            elif self._is_on and block.caption:
                self.write(block.caption, block)
            elif self._is_on and block.language == "console":
                for command in commands(block):
                    if _PLAYED.match(command.line):
                        self.run(command, block)
        assert self.managers, "the guide never sets the stage"

    def _direct(self, block: Block) -> None:
        word, _unused, rest = block.text.partition(" ")
        if word == "set":
            self.set_stage({"generation": rest} if rest else {})
        elif found := re.fullmatch(r"deployment fails in (\w+)(?: (\d+) times)?", block.text):
            times = int(found[2]) if found[2] else None
            for manager in self.managers.values():
                manager.faults.add(Fault("deployment_failure", times=times, environments=(found[1],)))
        elif block.text == "mended":
            for manager in self.managers.values():
                manager.faults.clear()
        elif found := re.fullmatch(r"(\w+) was reached", block.text):
            self._reach(found[1])
        elif word in ("off", "on"):
            self._is_on = word == "on"
        elif word == "holds":
            self.assert_held(rest.split(", "), block)
        else:
            raise AssertionError(f"{block.where}: no such stage direction: {block.text}")

    def set_stage(self, options: Mapping[str, Any]) -> None:
        """Begin anew, with managers that have these options."""
        self._is_on = True
        self._options = options
        self.managers.clear()
        self._manager(_MAIN)
        for name, text in self.files.items():
            self.machine.file(name, text)

    def _manager(self, address: str) -> Manager:
        """The manager at an address of the guide."""
        if address not in self.managers:
            manager = self.stack.enter_context(Manager(import_reports_deployment=True, **self._options))
            manager.add_project(PROJECT, ENVIRONMENTS)
            held = dict.fromkeys(ENVIRONMENTS, self.old)
            manager.add_certificate(PROJECT, NAME, held, alias="my-cert-alias", description="Web site")
            self.managers[address] = manager
        return self.managers[address]

    def _reach(self, environment: str) -> None:
        """Let the main manager hold the new certificate in an environment, and its gateway serve it."""
        self.managers[_MAIN].set_entry(PROJECT, NAME, environment, self.new.pem)

    def _real(self, text: str) -> str:
        """A text of the guide with the addresses and tokens of the managers that stand for its own."""
        text = re.sub(
            r"token-of-(apinizer[\w-]*)", lambda found: self._manager(f"https://{found[1]}.example.com").token, text
        )
        return _ADDRESS.sub(lambda found: self._manager(found[0]).url, text)

    def write(self, name: str, block: Block) -> None:
        """Make a file of a block."""
        self.machine.file(name, self._real(block.text))

    def run(self, command: Command, block: Block) -> None:
        """Run a command of a block, and compare what it prints."""
        main = self.managers[_MAIN]
        env = self.machine.environment(
            APINIZER_URL=main.url,
            APINIZER_TOKEN=main.token,
            APINIZER_RETRIES="1",  # so that a bad day is a short one
            MY_TOKEN=main.token,  # what the README calls it
            ANSIBLE_COLLECTIONS_PATH=self.collections,
        )
        del env["ANSIBLE_CALLBACKS_ENABLED"]
        done = subprocess.run(
            ["bash", "-c", self._real(command.line)],
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
            wanted = _comparable(shown)
            assert wanted == "..." or any(_is(wanted, line) for line in lines), f"not printed: {shown}\n{where}"

    def assert_held(self, expected: list[str], block: Block) -> None:
        """Each environment has one entry, the one expected (`old`, `new` or `other`), and its gateway serves it."""
        manager = self.managers[_MAIN]
        names = {self.old.der: "old", self.new.der: "new"}
        for environment, word in zip(ENVIRONMENTS, expected, strict=True):
            entries = manager.holds(PROJECT, NAME)[environment]
            served = manager.served(environment, PROJECT, NAME)
            assert [names.get(der, "other") for der in entries] == [word], f"{block.where}: {environment}"
            assert served == entries[0], f"{block.where}: the gateway of {environment}"


def _is(wanted: str, line: str) -> bool:
    """Whether a line that is printed is the one shown, which may be cut off with `...`."""
    return line.startswith(wanted.removesuffix("...").rstrip()) if wanted.endswith("...") else line == wanted


def _comparable(line: str) -> str:
    """A line without what differs from run to run."""
    line = re.sub(r"\b\d{4}-\d\d-\d\d(T[\d:]+Z)?", "DATE", line)
    line = re.sub(r"\b[0-9a-f]{16,}\b", "HEX", line)
    return " ".join(re.sub(r"\*{3,}", "***", line).split())
