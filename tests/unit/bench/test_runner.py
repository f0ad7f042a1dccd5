# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real commands against a real fake manager: what is timed, what is checked, and which files the commands get."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import yaml

from bench import runner
from bench.candidates import CANDIDATES, Candidate
from bench.cases import Case
from bench.certificates import CertificatePairs
from bench.workspace import Workspace

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_only_a_candidate_that_rotates_correctly_is_measured(tmp_path):
    idle = Candidate("idle", "does nothing and exits with 0", lambda _workspace: [sys.executable, "-c", ""])
    progress = []
    trial = runner.Runner(1, tmp_path, progress=progress.append)
    (baseline,) = trial.measure({Case(1, 0, "all"): [idle, CANDIDATES["baseline"]]})
    assert baseline.candidate == "baseline"
    assert [run.traffic.updated for run in baseline.runs] == [{"GET PUT GET": 1}]
    (failure,) = trial.failures
    assert failure.startswith("idle, 1 certificate, 0 ms, all to do: the manager's record of certificate-0000 does not")
    assert sum("FAILED" in line for line in progress) == 1


def test_memory_is_that_of_the_largest_process(tmp_path):
    inner = "import time; block = bytearray(50_000_000); time.sleep(0.1); raise SystemExit(3)"
    outer = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {inner!r}]).returncode)"
    block = bytearray(200_000_000)  # memory of this process, which must not count
    file = tmp_path / "result.json"
    subprocess.run([sys.executable, runner._STOPWATCH, file, sys.executable, "-c", outer], check=True)
    status, seconds, memory, cpu_seconds = json.loads(file.read_text())
    assert status == 3
    assert 0.1 < seconds < 10
    assert 0 < cpu_seconds < seconds * 2
    assert 50_000_000 < memory < len(block) / 2


def test_a_command_that_hangs_is_killed(monkeypatch, tmp_path):
    monkeypatch.setattr(runner, "_TIMEOUT_SECONDS", 0.1)
    late = tmp_path / "late"
    command = f"import pathlib, time; time.sleep(0.4); pathlib.Path({str(late)!r}).touch()"
    with pytest.raises(runner.RunFailed, match="timed out after"):
        runner._timed([sys.executable, "-c", command], {}, tmp_path / "output.txt")
    time.sleep(0.6)
    assert not late.exists()


def test_the_variables_name_the_certificates_by_path_and_by_content(tmp_path):
    workspace = Workspace(tmp_path / "workspace", CertificatePairs((PEM,), (PEM,)))
    listed = yaml.safe_load(workspace.certificates.read_text())["certificates"]
    assert listed == json.loads(workspace.list.read_text())
    assert listed == yaml.safe_load(workspace.rotation.read_text())["certificate_rotation_certificates"]
    (certificate,) = yaml.safe_load(workspace.rotation_of_contents.read_text())["certificate_rotation_certificates"]
    assert certificate == {"project": "MyProject", "name": "certificate-0000", "content": PEM}
