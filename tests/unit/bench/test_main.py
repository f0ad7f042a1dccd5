# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: which cases it measures, what it writes, and how it ends."""

from __future__ import annotations

import pytest

import bench.__main__ as command
from bench.cases import Case
from bench.targets import CASES

from .conftest import NEAR, all_of, measured

NAMES = ("empty", "floor", "ad-hoc", "loop", "role", "role-content", "role-parallel", "uri")


class Measured:
    """Stands for `Series`: gives measurements at once, and remembers what it was asked for."""

    def __init__(self, monkeypatch, *, failures=(), uri_seconds=1.0):
        self.failures = list(failures)
        self._uri_seconds = uri_seconds
        monkeypatch.setattr(command, "Series", self._make)

    def _make(self, contenders, runs, _cache, say):
        self.contenders, self.runs = [contender.name for contender in contenders], runs
        return self

    def measure(self, cases):
        self.cases = cases
        return all_of(
            *(measured(case, name, self._uri_seconds if name == "uri" else 1.0) for case in cases for name in NAMES)
        )


def ends_with(*words):
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    return ended.value.code


def test_everything(monkeypatch, capsys):
    series = Measured(monkeypatch, uri_seconds=31.0)
    assert ends_with() == 0
    assert len(series.cases) == 2 * (2 + 3 + 3)
    assert Case(1, 0, "some") not in series.cases
    assert (series.contenders, series.runs) == ([*NAMES], 5)
    printed = capsys.readouterr().out
    assert "ansible.builtin.uri, looped" in printed
    assert "PASS  loop, 200 certificates, 0 ms, all to do: at least 30 times as fast as uri: 31.0" in printed


def test_filters(monkeypatch):
    series = Measured(monkeypatch)
    words = ("--sizes", "200", "--latencies", "0", "--situations", "all", "--only", "loop", "uri", "--runs", "3")
    assert ends_with(*words) == 0
    assert (series.cases, series.contenders, series.runs) == ([NEAR], ["loop", "uri"], 3)


def test_targets_that_are_met(monkeypatch, capsys):
    series = Measured(monkeypatch, uri_seconds=31.0)
    assert ends_with("--targets") == 0
    assert series.cases == [*CASES]
    assert "FAIL" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [("--targets",), ()])
def test_a_target_that_is_missed(monkeypatch, capsys, words):
    Measured(monkeypatch, uri_seconds=29.0)
    assert ends_with(*words) == 1
    assert "FAIL  loop, 200 certificates, 0 ms, all to do: at least 30 times as fast as uri: 29.0" in (
        capsys.readouterr().out
    )


def test_a_target_that_was_not_measured(monkeypatch, capsys):
    Measured(monkeypatch, uri_seconds=31.0)
    assert ends_with("--targets", "--sizes", "200") == 1
    assert "NOT MEASURED  role, nothing to do" in capsys.readouterr().out


def test_a_contender_that_failed(monkeypatch, capsys):
    Measured(monkeypatch, failures=["loop: did not do its job"])
    assert ends_with("--quick") == 1
    assert "FAILED: loop: did not do its job" in capsys.readouterr().err


def test_files_for_the_documentation(monkeypatch, tmp_path):
    Measured(monkeypatch)
    markdown, rst = tmp_path / "bench.md", tmp_path / "bench.rst"
    ends_with("--quick", "--markdown", str(markdown), "--rst", str(rst))
    assert markdown.read_text().startswith("| certificates |")
    assert rst.read_text().startswith(".. list-table::")
    assert " cores, " in rst.read_text()
