# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import ModuleDefinition
from ansible_collections.apinizer.apiops.plugins.module_utils._module import run_as_module


@pytest.fixture
def leave(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a module with this result and these options, and returns its exit code and its output."""

    def leave(result: dict[str, Any], *, warning: str = "", **options: Any) -> tuple[Any, dict[str, Any]]:
        def operation(context: Any, _now: object) -> dict[str, Any]:
            if warning:
                context.warn(warning)
            return {**result, "given": context.params["name"]}

        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": options}).encode())
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        with pytest.raises(SystemExit) as caught:
            run_as_module(ModuleDefinition({"name": {"type": "str"}}, operation))
        return caught.value.code, json.loads(capsys.readouterr().out)

    return leave


def test_a_result_is_returned(leave: Any) -> None:
    code, printed = leave({"changed": True}, name="web")
    assert (code, printed["changed"], printed["given"]) == (0, True, "web")


def test_a_failure_is_returned_with_the_known_values(leave: Any) -> None:
    code, printed = leave({"failed": True, "msg": "HTTP 500", "changed": True}, name="web")
    assert code == 1
    assert {key: printed[key] for key in ("failed", "msg", "changed")} == {
        "failed": True,
        "msg": "HTTP 500",
        "changed": True,
    }


def test_an_empty_string_counts_as_not_set(leave: Any) -> None:
    _code, printed = leave({}, name="")
    assert printed["given"] is None


@pytest.mark.parametrize("library", ["requests", "cryptography"])
def test_a_missing_library_is_named(leave: Any, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    code, printed = leave({})
    assert code == 1
    assert f"required Python library ({library})" in printed["msg"]
    assert printed["msg"].endswith(f"Install it with: {sys.executable} -m pip install {library}")


def test_control_characters_in_a_warning_are_escaped(leave: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    warnings: list[str] = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda _self, warning: warnings.append(warning))
    leave({}, warning="\x1b[31mred")
    assert "\\x1b[31mred" in warnings
