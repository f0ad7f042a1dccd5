# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.role_action import (
    _surely,
    may_have_written,
    together,
)


def failed(message: str, **more: Any) -> dict[str, Any]:
    return {"failed": True, "msg": message, **more}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"p/a": failed("No.")}, "No."),
        ({"p/a": failed("No"), "p/b": {"changed": False}}, "p/a: No"),
        ({"p/a": failed("No"), "p/b": failed("No")}, "No"),
        ({"p/a": failed("No"), "p/b": failed("Never.")}, "p/a: No. p/b: Never"),
        ({"p/a": failed("p/a is gone"), "p/b": failed("Never")}, "p/a is gone. p/b: Never"),
    ],
)
def test_failures_become_one_that_tells_them_apart(results: dict[str, Any], message: str) -> None:
    result = together(results)

    assert (result["failed"], result["msg"], result["changed"]) == (True, message, False)
    assert "_ansible_no_log" not in result


def test_what_a_single_failure_has_to_say_is_kept() -> None:
    found = together({"p": failed("MODULE FAILURE", module_stderr="Killed", diff={})})

    assert found == {"changed": False, "failed": True, "msg": "MODULE FAILURE", "module_stderr": "Killed"}


@pytest.mark.parametrize(
    ("result", "may"),
    [
        ({"changed": False}, False),
        ({"changed": True}, True),
        (failed("HTTP 403"), False),
        (failed("Not deployed", changed=True), True),
        (failed("MODULE FAILURE", module_stdout="", module_stderr="Killed"), True),
    ],
)
def test_a_module_may_have_written_where_it_says_so_or_can_say_nothing(result: dict[str, Any], may: bool) -> None:
    assert may_have_written(result) is may


def test_an_error_that_nobody_expected_is_a_result_that_may_have_written() -> None:
    def work(options: Mapping[str, Any]) -> dict[str, Any]:
        return {"changed": options["certificates"][0]}

    surely = _surely(work)

    assert surely({"certificates": [True]}) == {"changed": True}
    result = surely({})
    assert (result["failed"], result["msg"]) == (True, "Unexpected KeyError: 'certificates'")
    assert may_have_written(result)


def test_an_error_that_ansible_has_words_for_is_told_in_them() -> None:
    def work(_options: Mapping[str, Any]) -> dict[str, Any]:
        raise AnsibleConnectionFailure("The host has gone")

    result = _surely(work)({})

    assert (result["failed"], result["msg"]) == (True, "The host has gone")
    assert may_have_written(result)


def test_success_is_hidden_unless_there_are_warnings() -> None:
    silent: dict[str, Any] = {"changed": False}
    warned = {"changed": True, "warnings": ["Careful"]}

    assert together({"p/a": silent}) == {"changed": False, "_ansible_no_log": True}
    assert together({"p/a": silent, "p/b": warned, "p/c": warned}) == {"changed": False, "warnings": ["Careful"]}
