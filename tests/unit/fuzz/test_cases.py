# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The short form of `make fuzz`, with fixed seeds, and tests that it notices what it should."""

from __future__ import annotations

import pytest

from fuzz.__main__ import main
from fuzz.cases import fault_case, mutation_case

FAULTS, MUTATIONS = range(1, 301), range(1, 401)
IN_A_TEST = 20


def by_twenty(seeds: range) -> list[range]:
    return [seeds[start : start + IN_A_TEST] for start in range(0, len(seeds), IN_A_TEST)]


@pytest.mark.parametrize("seeds", by_twenty(FAULTS), ids=str)
def test_faults_lead_to_no_false_result_and_no_loss(seeds: range) -> None:
    failed = [report for report in map(fault_case, seeds) if report.problems]
    assert not failed, "\n".join(map(str, failed))


@pytest.mark.parametrize("seeds", by_twenty(MUTATIONS), ids=str)
def test_mutated_responses_lead_to_no_false_result_and_no_raw_error(seeds: range) -> None:
    failed = [report for report in map(mutation_case, seeds) if report.problems]
    assert not failed, "\n".join(map(str, failed))


def test_a_seed_makes_the_same_case_each_time() -> None:
    assert [mutation_case(seed).mutations for seed in range(30)] == [
        mutation_case(seed).mutations for seed in range(30)
    ]


def test_the_command_prints_how_many_cases_have_passed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--count", "3", "--only", "faults"])
    assert not caught.value.code
    assert capsys.readouterr().out.startswith("faults: 3 cases with ")
