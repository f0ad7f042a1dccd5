# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run modules in the process of the tests, in the same way as Ansible runs them in their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils import basic

from ansible_collections.apinizer.apiops.plugins.module_utils import _module

RunModule = Callable[..., dict[str, Any]]


@pytest.fixture
def run_module(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], api: Any) -> RunModule:
    """Runs a module with the fake API, and returns its output."""

    def run(module: ModuleType, *, check_mode: bool = False, **options: Any) -> dict[str, Any]:
        connection = {"url": "https://apinizer.example.com", "token": "t0k3n"}
        arguments = {**connection, **options, "_ansible_check_mode": check_mode}
        monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
        # How ansible-core 2.19 and newer read the arguments; older ones have no such name.
        monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
        monkeypatch.setattr(_module, "CertificateApi", lambda client: api)
        with pytest.raises(SystemExit) as caught:
            module.main()
        printed: dict[str, Any] = json.loads(capsys.readouterr().out)
        assert bool(caught.value.code) == printed.get("failed", False)
        return printed

    return run
