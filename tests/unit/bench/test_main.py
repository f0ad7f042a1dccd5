# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: which cases it measures, what it writes, and its exit code."""

from __future__ import annotations

import csv

import pytest

import bench.__main__ as command
from bench import summary
from bench.candidates import CANDIDATES
from bench.cases import Case
from bench.summary import NEEDED as SHOWN
from bench.targets import NEEDED

from .conftest import NEAR, all_of, measured

NAMES = ("empty", "baseline", "ad-hoc", "loop", "role", "role-content", "role-parallel", "uri")


class FakeRunner:
    """Replaces `Runner`: returns measurements immediately, and remembers the plan and the number of runs."""

    def __init__(self, monkeypatch, *, failures=(), uri_seconds=1.0):
        self.failures = list(failures)
        self._uri_seconds = uri_seconds
        monkeypatch.setattr(command, "Runner", self._make)

    def _make(self, runs, _cache, progress):
        self.runs = runs
        return self

    def measure(self, plan):
        self.plan = {case: [candidate.name for candidate in candidates] for case, candidates in plan.items()}
        return all_of(*(measured(case, name, self._seconds(name)) for case in plan for name in self.plan[case]))

    def _seconds(self, name):
        return self._uri_seconds if name == "uri" else 1.0


def exit_code(*words):
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    return ended.value.code


def test_all_cases_and_candidates(monkeypatch, capsys):
    runner = FakeRunner(monkeypatch, uri_seconds=31.0)
    assert exit_code() == 0
    assert len(runner.plan) == 2 * (2 + 3 + 3)
    assert Case(1, 0, "some") not in runner.plan
    assert (runner.plan[Case(1, 0, "all")], runner.runs) == ([*NAMES], 5)
    assert runner.plan[NEAR] == [name for name in NAMES if name != "ad-hoc"]
    assert runner.plan[Case(1000, 20, "all")] == [name for name in NAMES if name not in ("ad-hoc", "uri")]
    printed = capsys.readouterr().out
    assert "ansible.builtin.uri, looped" in printed
    assert "PASS  loop, 200 certificates, 0 ms, all to do: at least 30 times as fast as uri: 31.0" in printed


def test_filters(monkeypatch):
    runner = FakeRunner(monkeypatch)
    words = ("--sizes", "200", "--latencies", "0", "--situations", "all", "--only", "loop", "uri", "--runs", "3")
    assert exit_code(*words) == 0
    assert (runner.plan, runner.runs) == ({NEAR: ["loop", "uri"]}, 3)


def test_no_case_is_left(monkeypatch):
    FakeRunner(monkeypatch)
    assert "no case" in exit_code("--sizes", "200", "--only", "ad-hoc")


def test_targets_that_are_met(monkeypatch, capsys):
    runner = FakeRunner(monkeypatch, uri_seconds=31.0)
    assert exit_code("--targets") == 0
    assert "FAIL" not in capsys.readouterr().out
    assert {(case, name) for case, names in runner.plan.items() for name in names} == NEEDED


def test_targets_are_measured_with_the_candidates_they_need(monkeypatch):
    runner = FakeRunner(monkeypatch)
    exit_code("--targets")
    assert [case for case, names in runner.plan.items() if "uri" in names] == [NEAR, Case(200, 20, "all")]
    assert "role" not in runner.plan[Case(200, 20, "all")]


def test_the_guide_is_updated_with_what_it_shows_and_what_the_targets_need(monkeypatch, tmp_path):
    runner = FakeRunner(monkeypatch, uri_seconds=31.0)
    assert exit_code("--targets", "--rst", str(tmp_path / "guide.rst")) == 0
    measured = {(case, name) for case, names in runner.plan.items() for name in names}
    assert measured == NEEDED | {(case, name) for case, name in SHOWN if CANDIDATES[name].accepts(case.size)}


@pytest.mark.parametrize("words", [("--targets",), ()])
def test_a_target_that_is_missed(monkeypatch, capsys, words):
    FakeRunner(monkeypatch, uri_seconds=29.0)
    assert exit_code(*words) == 1
    assert "FAIL  loop, 200 certificates, 0 ms, all to do: at least 30 times as fast as uri: 29.0" in (
        capsys.readouterr().out
    )


def test_a_target_that_was_not_measured(monkeypatch, capsys):
    FakeRunner(monkeypatch, uri_seconds=31.0)
    assert exit_code("--targets", "--sizes", "200") == 1
    assert "NOT MEASURED  role, nothing to do" in capsys.readouterr().out


def test_a_candidate_that_failed(monkeypatch, capsys):
    FakeRunner(monkeypatch, failures=["loop: exit code 1"])
    assert exit_code("--quick") == 1
    assert "FAILED: loop: exit code 1" in capsys.readouterr().err


def test_files_with_all_measurements(monkeypatch, tmp_path):
    FakeRunner(monkeypatch)
    markdown, table = tmp_path / "bench.md", tmp_path / "bench.csv"
    exit_code("--quick", "--markdown", str(markdown), "--csv", str(table))
    assert markdown.read_text().startswith("| certificates |")
    assert " cores, " in markdown.read_text()
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 2 * len(NAMES) + 3 * (len(NAMES) - 1)
    assert {row["certificates"] for row in rows} == {"1", "10"}


def test_the_guide_is_updated_in_place(monkeypatch, tmp_path):
    FakeRunner(monkeypatch, uri_seconds=29.0)
    guide = tmp_path / "guide.rst"
    guide.write_text(f"Before\n\n{summary.BEGIN}\n\nOld figures\n\n{summary.END}\n\nAfter\n", encoding="utf-8")
    exit_code("--runs", "2", "--rst", str(guide), f"--csv={tmp_path / 'all.csv'}")
    text = guide.read_text()
    assert text.startswith(f"Before\n\n{summary.BEGIN}\n\nMeasured on 20")
    assert text.endswith(f"\n\n{summary.END}\n\nAfter\n")
    assert "Old figures" not in text
    assert '``make bench ARGS="--runs 2"``' in text
    assert "* loop, 200 certificates, 0 ms, all to do: at least 30 times as fast as uri: 29.0 times" in text
    assert " cores, " in text
