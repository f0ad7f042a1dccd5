# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate_info

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(run_module: Run) -> Run:
    return lambda **options: run_module(apinizer_certificate_info, **options)


@pytest.mark.parametrize("check_mode", [False, True])
def test_certificates_are_listed(run: Run, api: Any, check_mode: bool) -> None:
    result = run(check_mode=check_mode)
    assert api.calls == ["projects", "list MyProject"]
    assert not result["changed"]
    assert [certificate["name"] for certificate in result["certificates"]] == ["web"]


def test_every_option_reaches_the_operation(run: Run, api: Any) -> None:
    options = {
        "project": "MyProject",
        "name": "web",
        "environments": "staging",
        "expiring_within": "36500",
        "details": "yes",
    }
    (certificate,) = run(**options)["certificates"]
    assert [environment["name"] for environment in certificate["environments"]] == ["staging"]
    assert api.calls == ["list MyProject"]


def test_an_empty_string_counts_as_not_set(run: Run, api: Any) -> None:
    result = run(**dict.fromkeys(("project", "name", "environments", "expiring_within", "details"), ""))
    assert len(result["certificates"]) == 1
    assert api.calls == ["projects", "list MyProject"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "web"}, "missing parameter(s) required by 'name': project"),
        ({"project": ".."}, "project: '..' is not a valid name, because it cannot be part of a URL"),
        ({"project": "p", "name": "a\tb"}, "name: must contain visible characters"),
        ({"environments": []}, "environments: the list is empty"),
        *(
            (
                {"expiring_within": value},
                "expiring_within: must be a number of days from 0 to 36500, such as 30, or a share",
            )
            for value in (-1, 36501, "soon", "0%", "100%", 0.33)
        ),
    ],
)
def test_invalid_options_are_rejected_before_any_request(
    run: Run, api: Any, options: dict[str, Any], message: str
) -> None:
    result = run(**options)
    assert result["failed"]
    assert result["msg"].startswith(message)
    assert api.calls == []


def test_a_project_that_cannot_be_read_is_an_error(run: Run, api: Any) -> None:
    api.reads = [RequestError("HTTP 400", status=400)]
    result = run(project="MyProject")
    assert (result["failed"], result["msg"]) == (True, "HTTP 400")
