# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.modules import apinizer_environment_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module(apinizer_environment_info, **options)


@pytest.mark.parametrize("check_mode", [False, True])
def test_environments_are_listed(run: Run, api: Any, check_mode: bool) -> None:
    result = run(project="MyProject", check_mode=check_mode)
    assert api.calls == ["environments"]
    assert not result["changed"]
    assert [environment["name"] for environment in result["environments"]] == ["development", "production", "staging"]


@pytest.mark.parametrize(
    ("project", "message"), [("", "missing required arguments: project"), (".", "project: '.' is not a valid name")]
)
def test_a_project_is_required(run: Run, api: Any, project: str, message: str) -> None:
    result = run(project=project)
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert api.calls == []


def test_a_manager_that_lists_none_is_an_error(run: Run, api: Any) -> None:
    api.known_environments = RequestError("HTTP 404", status=404)
    assert run(project="MyProject")["msg"] == "HTTP 404"
