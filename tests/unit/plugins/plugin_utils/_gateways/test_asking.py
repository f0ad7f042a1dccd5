# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which requests ask the gateways, and that a failure is an answer."""

from __future__ import annotations

from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import TruststoreUnavailableError
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation, run_info_operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.asking import ask_environments
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import Answer, add_gateways
from unit.plugins.conftest import FakeApi


def test_each_environment_is_asked_once_for_all_projects(api: FakeApi, now: datetime) -> None:
    (stored,) = api.stored.values()
    for project in ("Another", "MyProject"):
        for name in ("one", "two"):
            api.stored[project, name] = type(stored)(project, name, entries=stored.entries)
    certificates = run_info_operation(api, InfoOperation(), now=now)
    api.calls.clear()

    answers = ask_environments(api, certificates, now=now)

    assert api.calls == ["truststore production", "truststore staging"]
    states = {each["gateway"]["state"] for one in add_gateways(certificates, answers) for each in one["environments"]}
    assert states == {"confirmed"}


def test_a_truststore_that_cannot_be_read_does_not_hide_the_others(api: FakeApi, now: datetime) -> None:
    api.truststores["production"] = TruststoreUnavailableError("The workers do not respond", status=400)
    certificates = run_info_operation(api, InfoOperation(), now=now)

    answers = ask_environments(api, certificates, now=now)

    assert answers["production"] == Answer(reason="The workers do not respond")
    assert answers["staging"].reason is None
    assert len(answers["staging"].held) == 1
