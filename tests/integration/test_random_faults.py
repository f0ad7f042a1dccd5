# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some of the random faults of `make fuzz`, with real Ansible processes."""

from __future__ import annotations

import random

import pytest

from fuzz.cases import random_fault
from integration.certificate_fixture import DEPLOYED, MakeCase, assert_accurate

pytestmark = [pytest.mark.any_mode, pytest.mark.exhaustive]


@pytest.mark.parametrize("seed", range(4))
def test_random_faults_lead_to_no_false_result_and_no_loss(make_case: MakeCase, seed: int) -> None:
    rng = random.Random(seed)
    options = [{"unlisted_environments": "keep", "environments": [DEPLOYED[0]]}, {"description": "Second"}]
    given = options[seed % 2]
    case = make_case()
    faults = [random_fault(rng, ["POST" if seed % 2 == 0 else "PUT"]) for _unused in range(3)]
    case.manager.faults.add(*(fault for fault in faults if fault.kind not in ("other_writer", "delay")))
    before = case.manager.snapshot()["certificates"]

    outcome = case.run(content=case.new.pem, retries=1, **given)

    case.manager.settle()
    assert "Traceback" not in outcome.text
    assert set(case.gateway_certificates()) == set(DEPLOYED)
    if "is unknown" not in outcome.text:
        assert outcome.changed == (case.manager.snapshot()["certificates"] != before), outcome
    if not outcome.failed:
        assert_accurate(outcome, case.manager)
