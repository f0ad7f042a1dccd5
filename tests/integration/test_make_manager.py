# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make manager`: what it prints can be pasted into a shell, and its certificates pass all guards of the role."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from integration.docs.blocks import Block, blocks, documents
from integration.machine import ROOT, SECONDS

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

OTHER_CERTIFICATES = ("expires-soon", "expired", "drifted")
PLAYBOOKS = [
    block
    for document in documents()
    if document.suffix == ".md"
    for block in blocks(document)
    if block.language == "yaml" and "hosts" in block.text and "my-certificate.pem" in block.text
]


@dataclass
class Shell:
    """A shell into which the exports were pasted. Its working folder is the one that the manager has filled."""

    greeting: str
    home: Path

    @property
    def exports(self) -> list[str]:
        return [line for line in self.greeting.splitlines() if line.startswith("export ")]

    @property
    def folder(self) -> Path:
        (folder,) = re.findall(r" cd (\S+)", self.greeting)
        return Path(folder)

    def run(self, command: str) -> str:
        """Run a command, which must succeed, and return its output."""
        script = "\n".join([*self.exports, f"cd {shlex.quote(str(self.folder))}", command])
        environment = {"HOME": str(self.home), "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(
            ["bash", "-ec", script],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Start the manager as `make manager` does."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), "TMPDIR": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-m", "manager"], env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        home = tmp_path / "home"
        home.mkdir()
        yield Shell("".join(lines), home)
        process.terminate()


def test_the_first_lines_set_up_a_shell(shell: Shell) -> None:
    assert shell.greeting.splitlines()[:2] == shell.exports
    assert re.fullmatch(r"export PATH=/\S+/bin:\$PATH ANSIBLE_COLLECTIONS_PATH=/\S+/collections", shell.exports[0])
    assert re.fullmatch(r"export APINIZER_URL=http://\S+ APINIZER_TOKEN=\w+", shell.exports[1])
    assert shell.run("command -v ansible").strip() == str(Path(sys.executable).parent / "ansible")


def test_every_command_works(shell: Shell) -> None:
    commands = [line for line in shell.greeting.splitlines() if line.startswith(("ansible ", "curl "))]
    outputs = [shell.run(command) for command in commands if command.startswith("ansible ")]
    assert len(outputs) == 3
    assert "expires-soon" in outputs[0]
    assert ["CHANGED" in output for output in outputs] == [False, True, True]
    assert "SUCCESS" in shell.run(commands[2])


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda block: block.where)
def test_the_playbooks_of_the_readme_files_work(shell: Shell, playbook: Block) -> None:
    text = playbook.text
    for setting in re.findall(r"^ *(?:url|token): .*\n", text, flags=re.MULTILINE):
        text = text.replace(setting, "")
    text = text.replace("    group/apinizer.apiops.apinizer:\n", "    {}\n")
    (shell.folder / "rotate.yml").write_text(text, encoding="utf-8")
    output = shell.run("ansible-playbook rotate.yml -e certificate_rotation_soak_seconds=0")
    assert re.search(r"changed=[1-9].* failed=0 ", output), output


def test_the_role_accepts_every_renewal(shell: Shell) -> None:
    """All guards are as strict as they can be."""
    files = {"my-certificate": "renewed.pem"} | {name: f"new/{name}.pem" for name in OTHER_CERTIFICATES}
    certificates = [{"project": "MyProject", "name": name, "path": file} for name, file in files.items()]
    variables = {"certificate_rotation_certificates": certificates, "certificate_rotation_minimum_remaining_days": 300}
    role = {"role": "apinizer.apiops.certificate_rotation", "vars": variables}
    play = {"name": "Rotate", "hosts": "localhost", "gather_facts": False, "roles": [role]}
    (shell.folder / "rotate.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    output = shell.run("ansible-playbook rotate.yml")
    assert re.search(r"changed=[1-9].* failed=0 ", output), output
    assert shell.run("ansible localhost -m apinizer.apiops.apinizer_certificate_info -a expiring_within=300").count(
        '"certificates": []'
    )


def test_there_are_playbooks() -> None:
    assert len(PLAYBOOKS) >= 3
