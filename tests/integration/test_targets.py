# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenarios in plain YAML in `targets/`, one for each public module, run against the fake manager."""

from __future__ import annotations

import json

import pytest

from integration.certificate_fixture import ENVIRONMENTS, CertificateFixture, MakeCase, calls
from integration.machine import CERTIFICATE, ENVIRONMENT_INFO, INFO, ROOT, Run

TARGETS = ROOT / "tests" / "integration" / "targets"
WRITES = {
    CERTIFICATE: ["create", "update", "delete"],
    INFO: ["create", "delete"],
    ENVIRONMENT_INFO: [],
    "apinizer_truststore_info": [],
}
"""The writes of each scenario: those of check mode, and of tasks that change nothing, would come on top."""


def _run(case: CertificateFixture, target: str) -> Run:
    """Run the scenario of a module as a role."""
    case.machine.file("old.pem", case.old.pem)
    case.machine.file("new.pem", case.new.pem)
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "roles": [target]}
    case.machine.file("target.yml", json.dumps([play]))
    env = {
        "ANSIBLE_ROLES_PATH": str(TARGETS),
        "APINIZER_URL": case.manager.url,
        "APINIZER_TOKEN": case.manager.token,
    }
    return case.machine.command("ansible-playbook", "target.yml", env=env)


def test_every_public_module_has_a_target() -> None:
    public = {file.stem for file in (ROOT / "plugins" / "modules").glob("apinizer_*.py")}

    assert {folder.name for folder in TARGETS.iterdir()} == public == set(WRITES)


@pytest.mark.exhaustive
@pytest.mark.parametrize("target", WRITES)
def test_target_passes(make_case: MakeCase, target: str) -> None:
    case = make_case(with_certificate=False)

    run = _run(case, target)

    assert run.status == 0, run.text
    assert calls(case.manager.journal.writes()) == WRITES[target]
    assert case.manager.snapshot()["certificates"] == {}
    assert {environment for environment in ENVIRONMENTS if case.manager.gateways.get(environment)} == set()
