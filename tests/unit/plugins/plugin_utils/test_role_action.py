# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._role_action import together


def failed(message: str, **more: Any) -> dict[str, Any]:
    return {"failed": True, "msg": message, **more}


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ({"p/a": failed("No.")}, "No."),
        ({"p/a": failed("No"), "p/b": {"changed": False}}, "No"),
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
    assert together({"p": failed("MODULE FAILURE", module_stderr="Killed")})["module_stderr"] == "Killed"


def test_success_is_hidden_unless_there_are_warnings() -> None:
    silent: dict[str, Any] = {"changed": False}
    warned = {"changed": True, "warnings": ["Careful"]}

    assert together({"p/a": silent}) == {"changed": False, "_ansible_no_log": True}
    assert together({"p/a": silent, "p/b": warned, "p/c": warned}) == {"changed": False, "warnings": ["Careful"]}
