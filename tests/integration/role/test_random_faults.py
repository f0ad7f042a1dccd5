# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Some of the random faults of `make fuzz`, with real Ansible processes. `rotate` asserts the invariants."""

from __future__ import annotations

import random

import pytest

from fuzz.cases import random_fault
from integration.role.conftest import MakeCase
from integration.role.rotation_fixture import TWO_WAVES


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(2))
def test_random_faults_lead_to_no_false_report_and_no_loss(make_case: MakeCase, seed: int) -> None:
    rng = random.Random(seed)
    case = make_case(import_reports_deployment=True)
    case.add_certificate()
    faults = [random_fault(rng, ["POST" if seed % 2 == 0 else "PUT"]) for _unused in range(3)]
    case.manager.faults.add(*(fault for fault in faults if fault.kind not in ("other_writer", "delay", "lost_update")))

    rotation = case.rotate(**({"waves": TWO_WAVES} if seed % 2 == 0 else {}))

    assert "Traceback" not in rotation.text
