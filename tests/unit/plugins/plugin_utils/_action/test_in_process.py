# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleContext, ModuleDefinition
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import (
    redact_messages,
    run_in_process,
)

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "token": {"type": "str", "no_log": True},
    "count": {"type": "int", "default": 3},
}
HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


def run(operation: Any = lambda context: {}, *, show_invocation: bool = True, **options: Any) -> dict[str, Any]:
    """Run a definition with this operation."""

    def run_operation(context: ModuleContext, _now: datetime) -> dict[str, Any]:
        returned: dict[str, Any] = operation(context)
        return returned

    return run_in_process(
        ModuleDefinition(SPEC, run_operation), "a.b.module", options, check_mode=False, show_invocation=show_invocation
    )


def test_options_are_converted_and_completed() -> None:
    result = run(lambda context: dict(context.params), name=7, show_invocation=False)
    assert result == {"name": "7", "token": None, "count": 3}


def test_an_empty_string_counts_as_not_set() -> None:
    assert run(lambda context: dict(context.params), name="web", count="")["count"] == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "missing required arguments: name"),
        ({"name": ""}, "missing required arguments: name"),
        ({"name": "web", "count": "many"}, "argument 'count' is of type"),
        ({"name": "web", "nmae": 1}, "Unsupported parameters for (a.b.module) module: nmae."),
    ],
)
def test_invalid_options_are_rejected_in_ansibles_words(options: dict[str, Any], message: str) -> None:
    result = run(lambda _context: pytest.fail("ran"), **options)
    assert result["failed"]
    assert result["msg"].startswith(message)


def test_secrets_are_never_shown() -> None:
    def operation(context: ModuleContext) -> dict[str, Any]:
        context.no_log_values.add("bought")
        context.warn("it said bought and s3cr3t")
        return {"changed": True, "echo": ["s3cr3t", "a bought token"], "name": "web"}

    assert run(operation, name="web", token="s3cr3t") == {
        "changed": True,
        "echo": [HIDDEN, "a ******** token"],
        "name": "web",
        "invocation": {"module_args": {"name": "web", "token": HIDDEN, "count": 3}},
        "warnings": ["it said ******** and ********"],
    }


@pytest.mark.parametrize("secret", ['a "quoted" one', "two\nlines", "back\\slash", "ä€😀", "\udcff", "4711"])
@pytest.mark.parametrize("shape", [str, lambda secret: [{"key": [f"it is {secret}."]}]])
def test_a_secret_is_found_anywhere(secret: str, shape: Any) -> None:
    result = run(lambda _context: {"echo": shape(secret)}, name="web", token=secret, show_invocation=False)
    assert secret not in str(result["echo"])


@pytest.mark.parametrize("value", [4711, 34711.5, (["4711"],), b"4711"])
def test_a_secret_is_found_in_values_that_are_not_text(value: Any) -> None:
    result = run(lambda _context: {"echo": [value]}, name="web", token="4711", show_invocation=False)
    assert "4711" not in str(result["echo"])


def test_a_boolean_is_not_a_secret() -> None:
    assert run(lambda _context: {"changed": True}, name="web", token="True")["changed"] is True


def test_control_characters_in_a_warning_are_escaped() -> None:
    result = run(lambda context: context.warn("it said \x1b[31mred\u202e") or {}, name="web")
    assert result["warnings"] == ["it said \\x1b[31mred\\u202e"]


@pytest.mark.parametrize("secret", ["staging", "True", "true", "1", "a"])
def test_only_messages_of_a_result_to_work_with_are_redacted(secret: str) -> None:
    certificate = {"name": "staging", "environments": [{"name": "staging", "alias": "a1", "days_remaining": 11}]}
    deployment = {"success": True, "environments": [{"name": "staging", "success": True, "message": None}]}
    result = {"changed": True, "operation": "update", "certificate": certificate, "deployment": deployment}
    assert redact_messages(result, {secret}) == result


def test_a_secret_in_a_message_is_redacted() -> None:
    environments = [{"name": "staging", "success": False, "message": "no worker for s3cr3t"}]
    result = {
        "msg": "refused by s3cr3t",
        "warnings": ["s3cr3t expires"],
        "deployment": {"message": "s3cr3t?", "environments": environments},
        "gateways": [{"name": "s3cr3t", "reason": "s3cr3t is not valid"}],
    }
    assert redact_messages(result, {"s3cr3t"}) == {
        "msg": "refused by ********",
        "warnings": ["******** expires"],
        "deployment": {
            "message": "********?",
            "environments": [{"name": "staging", "success": False, "message": "no worker for ********"}],
        },
        "gateways": [{"name": "s3cr3t", "reason": "******** is not valid"}],
    }


def test_a_private_key_in_the_wrong_option_is_a_secret() -> None:
    assert run(name="-----BEGIN PRIVATE KEY-----")["invocation"]["module_args"]["name"] == HIDDEN
