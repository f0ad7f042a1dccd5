# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit takes every connection option from the variables of the role certificate_rotation."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC
from integration.machine import ROOT, Machine

pytestmark = pytest.mark.single_mode

CONNECTION = {"url": "http://127.0.0.1:9", "token": "secret-token"}


def test_module_defaults_have_every_connection_option() -> None:
    (play,) = yaml.safe_load((ROOT / "playbooks" / "audit.yml").read_text(encoding="utf-8"))

    assert play["module_defaults"]["group/apinizer.apiops.apinizer"] == {
        option: f"{{{{ certificate_rotation_{option} | default('') }}}}" for option in CONNECTION_SPEC
    }


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"client_cert": "/none/client.pem"}, "client_cert: /none/client.pem cannot be read"),
        ({"client_key": "/none/client.key"}, "client_cert: missing"),
        ({"retries": "-1"}, "retries: must be 0 or greater"),
    ],
)
def test_connection_variables_reach_the_module(machine: Machine, options: dict[str, str], message: str) -> None:
    variables = {f"certificate_rotation_{option}": value for option, value in {**CONNECTION, **options}.items()}

    run = machine.command("ansible-playbook", "apinizer.apiops.audit", "-e", json.dumps(variables))

    assert run.status != 0
    assert message in " ".join(run.text.split())
    assert CONNECTION["token"] not in run.text
