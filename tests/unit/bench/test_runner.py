# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real commands against a real stand-in: what is timed, what is believed, and what the commands are given."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import yaml

from bench import series
from bench.cases import Case
from bench.contenders import CONTENDERS, Contender
from bench.desk import Desk
from bench.material import Material

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_only_a_contender_that_does_its_job_is_measured(tmp_path):
    liar = Contender("liar", "does nothing, and says that all is well", lambda _desk: [sys.executable, "-c", ""])
    said = []
    trial = series.Series([liar, CONTENDERS["floor"]], 1, tmp_path, say=said.append)
    (floor,) = trial.measure([Case(1, 0, "all")])
    assert floor.contender == "floor"
    assert [run.traffic.updated for run in floor.runs] == [{"GET PUT GET": 1}]
    (failure,) = trial.failures
    assert failure.startswith("liar, 1 certificate, 0 ms, all to do: the manager's record of certificate-0000 is not")
    assert sum("FAILED" in line for line in said) == 1


def test_time_and_memory_are_those_of_the_largest_process(tmp_path):
    inner = "import time; kept = bytearray(50_000_000); time.sleep(0.1); raise SystemExit(3)"
    outer = f"import subprocess, sys; sys.exit(subprocess.run([sys.executable, '-c', {inner!r}]).returncode)"
    kept = bytearray(200_000_000)  # of this process: it must not count
    file = tmp_path / "result.json"
    subprocess.run([sys.executable, series._STOPWATCH, file, sys.executable, "-c", outer], check=True)
    status, seconds, memory = json.loads(file.read_text())
    assert status == 3
    assert 0.1 < seconds < 10
    assert 50_000_000 < memory < len(kept) / 2


def test_a_command_that_hangs_is_ended(monkeypatch, tmp_path):
    monkeypatch.setattr(series, "_HANGS_SECONDS", 0.1)
    late = tmp_path / "late"
    command = f"import pathlib, time; time.sleep(0.4); pathlib.Path({str(late)!r}).touch()"
    with pytest.raises(series.NotDone, match="was still running after"):
        series._timed([sys.executable, "-c", command], {}, tmp_path / "output.txt")
    time.sleep(0.6)
    assert not late.exists()


def test_the_variables_are_what_a_user_would_write(tmp_path):
    desk = Desk(tmp_path / "desk", Material((PEM,), (PEM,)))
    listed = yaml.safe_load(desk.certificates.read_text())["certificates"]
    assert listed == json.loads(desk.list.read_text())
    assert listed == yaml.safe_load(desk.rotation.read_text())["certificate_rotation_certificates"]
    (certificate,) = yaml.safe_load(desk.rotation_of_contents.read_text())["certificate_rotation_certificates"]
    assert certificate == {"project": "MyProject", "name": "certificate-0000", "content": PEM}
