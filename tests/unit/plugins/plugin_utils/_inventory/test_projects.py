# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the inventory reads from the manager, and with which requests."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.projects import read_projects


def test_certificates_and_environments_of_each_project_are_read(api: Any, now: datetime, old: Bundle) -> None:
    warnings: list[str] = []

    (project,) = read_projects(api, None, now=now, warn=warnings.append)

    assert api.calls == ["projects", "list MyProject", "environments"]
    assert [each["name"] for each in project["environments"]] == ["development", "staging", "production"]
    (certificate,) = project["certificates"]
    assert {each["name"] for each in certificate["environments"]} == {"production", "staging"}
    assert certificate["environments"][0]["fingerprint_sha256"] == old.leaf.fingerprint_sha256
    assert not any("content" in each for each in certificate["environments"])
    assert not warnings


def test_named_projects_are_read_without_listing_all_projects(api: Any, now: datetime) -> None:
    read_projects(api, ["MyProject", "Another", "MyProject"], now=now, warn=pytest.fail)
    assert api.calls == ["list Another", "environments", "list MyProject", "environments"]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_environments_that_are_not_listed_cause_a_warning(api: Any, now: datetime, status: int) -> None:
    api.known_environments = RequestError("forbidden", status=status)
    warnings: list[str] = []

    (project,) = read_projects(api, ["MyProject"], now=now, warn=warnings.append)

    assert project["environments"] == []
    assert len(project["certificates"]) == 1
    (warning,) = warnings
    assert warning.startswith("The manager does not list the environments of project MyProject (forbidden)")


def test_a_manager_without_a_list_of_environments_is_asked_once(api: Any, now: datetime) -> None:
    def refuse(_project: str) -> None:
        api.calls.append("environments")
        api.lists_environments = False
        raise RequestError("not found", status=404)

    api.environments = refuse
    warnings: list[str] = []

    read_projects(api, ["Another", "MyProject"], now=now, warn=warnings.append)

    assert api.calls == ["list Another", "environments", "list MyProject"]
    assert [("of any project" in warning) for warning in warnings] == [True]


@pytest.mark.parametrize("status", [401, 500, None])
def test_other_errors_are_raised(api: Any, now: datetime, status: int | None) -> None:
    api.known_environments = RequestError("no response", status=status)
    with pytest.raises(RequestError, match="no response"):
        read_projects(api, ["MyProject"], now=now, warn=pytest.fail)


def test_gateways_are_asked_once_for_all_projects(api: Any, now: datetime) -> None:
    (stored,) = api.stored.values()
    api.stored["Another", "web"] = type(stored)("Another", "web", entries=stored.entries)
    api.truststores = {"production": [], "staging": RequestError("HTTP 404", status=404)}
    warnings: list[str] = []

    projects = read_projects(api, None, now=now, warn=warnings.append, verify_gateways=True)

    assert [call for call in api.calls if call.startswith("truststore")] == [
        "truststore production",
        "truststore staging",
    ]
    for project in projects:
        states = [environment["gateway"]["state"] for environment in project["certificates"][0]["environments"]]
        assert states == ["missing", "unknown"]
    assert warnings == ["What the gateways of staging hold is unknown. HTTP 404"]
    assert json.loads(json.dumps(projects)) == projects, "the result can be cached"
