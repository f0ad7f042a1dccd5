# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The artifact, installed from a requirements file, works without the repository."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from integration.certificate_fixture import NAME, PROJECT
from integration.machine import ROOT, Machine
from manager import Authority, Manager

VERSION = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]


def _install(machine: Machine) -> Path:
    """Build the artifact, and install it as a user does. Returns the folder for ANSIBLE_COLLECTIONS_PATH."""
    folder = machine.folder / "collections"
    built = machine.command("ansible-galaxy", "collection", "build", "--output-path", "dist", str(ROOT))
    assert built.status == 0, built.text
    artifact = machine.folder / "dist" / f"apinizer-apiops-{VERSION}.tar.gz"
    machine.file("requirements.yml", yaml.safe_dump({"collections": [{"name": str(artifact), "type": "file"}]}))
    options = ("--offline", "--pre", "-p", str(folder))
    # Nothing is installed if Ansible finds the collection already.
    env = {"ANSIBLE_COLLECTIONS_PATH": str(folder), "PYTHONPATH": ""}
    installed = machine.command("ansible-galaxy", "collection", "install", "-r", "requirements.yml", *options, env=env)
    assert installed.status == 0, installed.text
    return folder


@pytest.mark.single_mode
def test_artifact_works_without_the_repository(machine: Machine, authority: Authority) -> None:
    with Manager() as manager:
        manager.add_project(PROJECT, ("development", "production"))
        old, new = authority.issue("api.example.com"), authority.issue("api.example.com")
        manager.add_certificate(PROJECT, NAME, {"development": old, "production": old})
        env = {
            "ANSIBLE_COLLECTIONS_PATH": str(_install(machine)),
            "PYTHONPATH": "",
            "APINIZER_URL": manager.url,
            "APINIZER_TOKEN": manager.token,
        }
        machine.file("new.pem", new.pem)
        arguments = f"project={PROJECT} name={NAME} path=new.pem"

        changed = machine.command(
            "ansible", "localhost", "-m", "apinizer.apiops.apinizer_certificate", "-a", arguments, env=env
        )
        audited = machine.command(
            "ansible-playbook", "apinizer.apiops.audit", "-e", "certificate_audit_report_dir=reports", env=env
        )

        assert changed.status == 0, changed.text
        assert manager.holds(PROJECT, NAME) == {"development": [new.der], "production": [new.der]}
        assert audited.status == 0, audited.text
        assert "No problems found" in audited.text
        assert (machine.folder / "reports" / "audit.html").exists()
