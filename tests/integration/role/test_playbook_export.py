# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook `export`: its files are what the manager holds, and the playbook `rotate` has nothing to do with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from integration.machine import Run
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import (
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    RotationFixture,
    contents,
)

PLAYBOOK = "apinizer.apiops.export"
HOSTILE = "{{ lookup('ansible.builtin.pipe', 'touch executed') }} 'quoted': #1\nsecond line"


def _export(case: RotationFixture, *arguments: str, **variables: Any) -> tuple[Run, Path]:
    """Run the playbook, and assert that it only reads."""
    folder = case.machine.folder / "repository"
    before, mark = case.snapshot(), case.manager.journal.mark()
    given = {f"certificate_export_{name}": value for name, value in {"dir": "repository", **variables}.items()}
    run = case.ansible("ansible-playbook", PLAYBOOK, "-e", json.dumps(given), *arguments)
    assert case.snapshot() == before
    assert {request.method for request in mark} <= {"GET"}
    if folder.exists():
        assert case.manager.token not in "".join([run.text, *contents(folder)])
    return run, folder


def test_a_rotation_with_the_files_has_nothing_to_do(make_case: MakeCase) -> None:
    """Check mode first, then a real run, then again. Texts of the manager are never rendered as templates."""
    case = make_case(list_content=False)
    case.add_certificate(description=HOSTILE)
    case.add_certificate(OTHER, {STAGING: case.old, PRODUCTION: case.new})

    check, folder = _export(case, "--check", "--diff")
    assert check.status == 0, check.text
    assert not folder.exists()
    real, _folder = _export(case)
    written = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again, _folder = _export(case)

    for run, what in ((check, "Would export"), (real, "Exported")):
        assert f"{what} 3 certificates in 3 environments to {folder}" in " ".join(run.text.split())
        assert "changed=1" in run.text
    assert "+++ after: " in check.text
    assert f"{PROJECT}/{OTHER} differs between environments, so it is in a list" in " ".join(real.text.split())
    assert (again.status, "changed=0" in again.text) == (0, True), again.text
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == written
    for name in ("certificates.yml", "differences/production.yml"):
        base_dir = f"certificate_rotation_base_dir={folder}"
        report_dir = f"certificate_rotation_report_dir={case.machine.folder}/reports"
        rotate = case.ansible(
            "ansible-playbook",
            "apinizer.apiops.rotate",
            "-e",
            f"@{folder}/{name}",
            "-e",
            base_dir,
            "-e",
            report_dir,
            "--check",
        )
        assert rotate.status == 0, rotate.text
        report = json.loads((case.machine.folder / "reports" / "rotation.json").read_text(encoding="utf-8"))
        assert report["outcome"] == "nothing_to_do"
    assert not list(case.machine.folder.rglob("executed"))


@pytest.mark.exhaustive
def test_a_misspelled_variable_is_refused(case: RotationFixture) -> None:
    run, folder = _export(case, project=PROJECT)

    assert run.status != 0
    message = "certificate_export_project: the playbook has no such variable. Did you mean certificate_export_projects?"
    assert message in " ".join(run.text.split())
    assert not folder.exists()
