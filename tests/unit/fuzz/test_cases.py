# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make fuzz`, with fixed seeds, and tests that it notices what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _api, _envelope, _errors
from ansible_collections.apinizer.apiops.plugins.module_utils._writer import WriteError, Writer
from fuzz.__main__ import main
from fuzz.cases import Report, fault_case, mutation_case

FAULTS, MUTATIONS = range(1, 151), range(1, 201)
IN_A_TEST = 20


def in_parts(seeds: range) -> list[range]:
    return [seeds[start : start + IN_A_TEST] for start in range(0, len(seeds), IN_A_TEST)]


@pytest.mark.parametrize("seeds", in_parts(FAULTS), ids=str)
def test_faults_lead_to_no_false_result_and_no_loss(seeds: range) -> None:
    failed = [report for report in map(fault_case, seeds) if report.problems]
    assert not failed, "\n".join(map(str, failed))


@pytest.mark.parametrize("seeds", in_parts(MUTATIONS), ids=str)
def test_mutated_responses_lead_to_no_false_result_and_no_raw_error(seeds: range) -> None:
    failed = [report for report in map(mutation_case, seeds) if report.problems]
    assert not failed, "\n".join(map(str, failed))


def is_noticed(problem: str, case: Callable[[int], Report], seeds: range) -> bool:
    return any(problem in text for seed in seeds for text in case(seed).problems)


@pytest.mark.parametrize(("changed", "problem"), [(False, "says that it has not"), (True, "and has not")])
def test_a_false_changed_is_noticed(monkeypatch: pytest.MonkeyPatch, changed: bool, problem: str) -> None:
    carry_out = Writer.carry_out

    def lie(self: Writer, *given: Any) -> Any:
        try:
            return carry_out(self, *given)
        except WriteError as error:
            error.changed = changed
            raise

    monkeypatch.setattr(Writer, "carry_out", lie)
    assert is_noticed(problem, fault_case, FAULTS)


def test_an_error_that_nobody_expected_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (_api, _envelope):
        monkeypatch.setattr(module, "readable", lambda _method, read: read())
    assert is_noticed("ended with ShapeError", mutation_case, MUTATIONS)


def test_control_characters_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_errors, "escape_controls", lambda text: text)
    assert is_noticed("control characters", mutation_case, MUTATIONS)


def test_the_command_prints_how_many_cases_have_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--count", "3", "--only", "faults"])
    assert not caught.value.code
    assert capsys.readouterr().out.startswith("faults: 3 cases with ")
