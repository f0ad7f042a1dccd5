# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The registered results of apinizer_truststore_info, in every form that a task can have."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.results import read_results
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import Answer, answer_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from unit.plugins.plugin_utils._report.test_samples import entry


def succeeded(*environments: str) -> dict[str, Any]:
    return {
        "truststores": [{"environment": name, "source": "workers", "certificates": [entry()]} for name in environments]
    }


HELD = answer_of([entry()])


def test_one_result_can_have_several_environments():
    assert read_results(succeeded("staging", "production")) == {"staging": HELD, "production": HELD}


def test_a_loop_has_an_answer_for_each_item():
    results = [
        {**succeeded("staging"), "item": "staging"},
        {"msg": "HTTP 400", "item": "production"},
        {"msg": "HTTP 404", "item": {"environment": "test", "project": "A"}},
        {"msg": "HTTP 403", "ansible_loop_var": "each", "each": {"environment": "development"}},
        {"skipped": True, "item": "apimanager"},
    ]
    assert read_results({"results": results}) == {
        "staging": HELD,
        "production": Answer(reason="HTTP 400"),
        "test": Answer(reason="HTTP 404"),
        "development": Answer(reason="HTTP 403"),
    }


def test_a_loop_without_items_has_no_answers():
    assert read_results({"results": [], "skipped": True, "changed": False}) == {}


@pytest.mark.parametrize(
    "value",
    [None, [], "text", {}, {"msg": "HTTP 400"}, {"results": [1]}, {"results": 1}, {"truststores": 1}],
)
def test_anything_else_is_refused(value: Any):
    with pytest.raises(ReportError, match=r"^truststores: must be the result of apinizer_truststore_info"):
        read_results(value)
