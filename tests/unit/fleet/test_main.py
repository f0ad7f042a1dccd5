# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, and the tables that it prints and writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleet import __main__ as program
from fleet import figures, guide, scenarios
from fleet.checks import Check
from fleet.figures import Figures
from fleet.managers import Content
from fleet.run import Size
from fleet.scenarios import Outcome

ROOT = Path(__file__).resolve().parents[3]
SIZE = Size(managers=4, content=Content(100, 25, 20), slices=2, forks=5, parallel_writes=1, processes=2)
FIGURES = Figures(
    size=SIZE,
    jobs=2,
    seconds=50.0,
    cpu_seconds=6.0,
    requests=410,
    memory=80_000_000,
    events=200,
    event_bytes=400_000,
    artifact_bytes=2_048,
    report_bytes=1_000_000,
    backup_bytes=500_000,
    merge_seconds=2.0,
)


def test_figures_are_given_for_each_certificate_and_manager():
    shown = dict(figures.table([FIGURES]))

    assert shown["certificates written"] == "100"
    assert shown["certificates written per second"] == "2.0"
    assert shown["CPU time per due certificate"] == "60.0 ms"
    assert shown["requests per due certificate"] == "4.1"
    assert shown["events per manager"] == "50"
    assert shown["size of the events per manager"] == "100 kB"
    assert shown["largest artifact of a job"] == "2.0 KiB"


def test_several_runs_are_columns():
    text = figures.rst([FIGURES, FIGURES])

    assert "   * - added latency\n     - 20 ms\n     - 20 ms\n" in text
    assert figures.plain([FIGURES, FIGURES]).splitlines()[0].split() == ["managers", "4", "4"]


def test_long_durations_are_in_minutes():
    assert [figures.duration(599.94), figures.duration(1500)] == ["599.9 s", "25.0 minutes"]


def run(monkeypatch, *arguments, problems=(), scenario="undisturbed"):
    """Run the program with a scenario that only records its size. Return the size, and the exit code."""
    sizes = []

    def record(size, _cache, _progress):
        sizes.append(size)
        return Outcome((FIGURES,), (Check("gateways", tuple(problems)),), ("A note.",))

    monkeypatch.setattr(scenarios, scenario, record)
    with pytest.raises(SystemExit) as ended:
        program.main([*arguments])
    return sizes, ended.value.code


def test_a_failed_check_fails_the_program(monkeypatch, capsys):
    assert run(monkeypatch, "--undisturbed")[1] == 0
    assert run(monkeypatch, "--undisturbed", problems=["manager-1"])[1] == 1
    assert "FAIL  gateways\n      manager-1" in capsys.readouterr().out


def test_share_of_certificates_that_are_due(monkeypatch):
    (size,), _code = run(monkeypatch, "--undisturbed", "--certificates", "30", "--due", "1")

    assert size.content == Content(30, 1, 5)


def test_without_options_the_run_is_disturbed(monkeypatch):
    (size,), _code = run(monkeypatch, scenario="disturbed")

    assert (size.managers, size.content.certificates, size.slices) == (6, 30, 3)


@pytest.mark.parametrize(
    "arguments",
    [["--slices", "2"], ["--managers", "5"], ["--due", "0"], ["--speed-up", "--undisturbed"], ["--rst", "x"]],
)
def test_impossible_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        program.main(arguments)

    assert ended.value.code == 2


def test_the_guide_gets_the_figures_and_the_command(monkeypatch, tmp_path):
    file = tmp_path / "guide.rst"
    file.write_text("Before\n", encoding="utf-8")

    run(monkeypatch, "--undisturbed", "--managers", "4", "--rst", str(file))

    text = file.read_text(encoding="utf-8")
    assert text.startswith("Before\n")
    assert '``make fleet ARGS="--undisturbed --managers 4"``' in text
    assert "A note." in text
    assert "M x D x r" in text


def test_only_the_figures_are_replaced():
    first = guide.updated("Before\n\n", {"figures": "1", "projection": "2"})
    text = f"{first}After\n"

    assert guide.updated(text, {"figures": "3"}) == text.replace("\n1\n", "\n3\n")


def test_the_guide_of_the_documentation_has_a_place_for_all_figures():
    text = (ROOT / "docs" / "docsite" / "rst" / "guide_fleets.rst").read_text(encoding="utf-8")

    assert guide.updated(text, {"figures": "", "projection": "", "speed-up": ""}).count("Written by make fleet") == 6
