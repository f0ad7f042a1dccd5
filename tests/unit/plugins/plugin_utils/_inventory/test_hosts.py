# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError, RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.hosts import (
    EnvironmentHost,
    host_name,
    make_hosts,
    read_projects,
)

Held = Callable[..., StoredCertificate]


def environment(name: str, **values: str) -> dict[str, Any]:
    """An environment as the manager lists it."""
    return {"name": name, "type": "TEST", "status": "PUBLISHED", "access_url": None, "description": None, **values}


def certificate(project: str, name: str, *environments: str, not_after: str | None = None) -> dict[str, Any]:
    """A certificate as the info module returns it, shortened."""
    held = [
        {"name": each, "alias": name, "not_after": not_after, "days_remaining": -7, "expired": None}
        for each in environments
    ]
    return {"project": project, "name": name, "description": "Web", "environments": held}


def project(name: str, environments: list[Any], certificates: list[Any]) -> dict[str, Any]:
    listed = [each if isinstance(each, dict) else environment(each) for each in environments]
    return {"name": name, "environments": listed, "certificates": certificates}


@pytest.fixture
def hosts(now: datetime) -> Callable[..., dict[str, EnvironmentHost]]:
    """Makes hosts, by name; no warning is expected unless a list takes it."""

    def hosts(*projects: Any, prefix: str = "", warnings: list[str] | None = None) -> dict[str, EnvironmentHost]:
        told: list[str] = [] if warnings is None else warnings
        found = make_hosts(projects, prefix=prefix, now=now, warn=told.append)
        assert warnings is not None or not told
        return {host.name: host for host in found}

    return hosts


# Reading


def test_each_project_is_asked_for_its_certificates_and_its_environments(api: Any, now: datetime, old: Bundle) -> None:
    warnings: list[str] = []

    (read,) = read_projects(api, None, now=now, warn=warnings.append)

    assert api.calls == ["projects", "list MyProject", "environments"]
    assert [each["name"] for each in read["environments"]] == ["development", "staging", "production"]
    (held,) = read["certificates"]
    assert {each["name"] for each in held["environments"]} == {"production", "staging"}
    assert held["environments"][0]["fingerprint_sha256"] == old.leaf.fingerprint_sha256
    assert not any("content" in each for each in held["environments"])
    assert not warnings


def test_projects_that_are_named_need_no_list(api: Any, now: datetime) -> None:
    read_projects(api, ["MyProject", "Another", "MyProject"], now=now, warn=pytest.fail)
    assert api.calls == ["list Another", "environments", "list MyProject", "environments"]


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_environments_that_are_not_listed_are_a_warning(api: Any, now: datetime, status: int) -> None:
    api.known_environments = RequestError("not for you", status=status)
    warnings: list[str] = []

    (read,) = read_projects(api, ["MyProject"], now=now, warn=warnings.append)

    assert read["environments"] == []
    assert len(read["certificates"]) == 1
    (warning,) = warnings
    assert warning.startswith("The manager does not list the environments of project MyProject (not for you)")


def test_a_manager_without_such_a_list_is_asked_once(api: Any, now: datetime) -> None:
    def refuse(_project: str) -> None:
        api.calls.append("environments")
        api.lists_environments = False
        raise RequestError("no such page", status=404)

    api.environments = refuse
    warnings: list[str] = []

    read_projects(api, ["Another", "MyProject"], now=now, warn=warnings.append)

    assert api.calls == ["list Another", "environments", "list MyProject"]
    assert [("of any project" in warning) for warning in warnings] == [True]


@pytest.mark.parametrize("status", [401, 500, None])
def test_other_errors_are_errors(api: Any, now: datetime, status: int | None) -> None:
    api.known_environments = RequestError("no answer", status=status)
    with pytest.raises(RequestError, match="no answer"):
        read_projects(api, ["MyProject"], now=now, warn=pytest.fail)


# Hosts


def test_an_environment_of_two_projects(hosts: Any) -> None:
    found = hosts(
        project("A", ["test"], [certificate("A", "one", "test")]),
        project("B", ["test", "idle"], [certificate("B", "two", "test", "apimanager")]),
    )

    assert list(found) == ["apimanager", "idle", "test"]
    assert found["test"].variables["apinizer_projects"] == ["A", "B"]
    assert [held["name"] for held in found["test"].variables["apinizer_certificates"]] == ["one", "two"]
    assert found["test"].groups == ("type_test", "status_published")
    assert found["idle"].variables["apinizer_certificates"] == []


def test_what_is_not_listed_is_known_from_its_certificates_alone(hosts: Any) -> None:
    (host,) = hosts(project("A", [], [certificate("A", "one", "apimanager")])).values()

    assert host.groups == ("type_unknown", "status_unknown")
    assert {key: host.variables[f"apinizer_{key}"] for key in ("type", "status", "access_url")} == {
        "type": None,
        "status": None,
        "access_url": None,
    }


def test_projects_that_contradict_each_other_are_a_warning(hosts: Any) -> None:
    warnings: list[str] = []

    found = hosts(
        project("A", [environment("x", type="TEST")], []),
        project("B", [environment("x", type="PRODUCTION")], []),
        warnings=warnings,
    )

    assert found["x"].groups == ("type_test", "status_published")
    assert warnings == ["Projects A and B report environment x differently; A is believed"]


@pytest.mark.parametrize(
    ("left", "days", "expired"),
    [
        (timedelta(days=3), 3, False),
        (timedelta(days=3, seconds=-1), 2, False),
        (timedelta(0), 0, False),
        (timedelta(seconds=-1), -1, True),
    ],
)
def test_what_changes_with_the_clock_is_not_what_was_read(
    hosts: Any, now: datetime, left: timedelta, days: int, expired: bool
) -> None:
    not_after = f"{now + left:%Y-%m-%dT%H:%M:%SZ}"

    (host,) = hosts(project("A", ["x"], [certificate("A", "one", "x", not_after=not_after)])).values()

    assert host.variables["apinizer_certificates"] == [
        {
            "project": "A",
            "name": "one",
            "alias": "one",
            "not_after": not_after,
            "days_remaining": days,
            "expired": expired,
        }
    ]


def test_two_environments_cannot_be_one_host(hosts: Any) -> None:
    with pytest.raises(ApinizerError, match="'a b' and 'a_b' would both be host p-a_b"):
        hosts(project("A", ["a b", "a_b"], []), prefix="p-")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("production", "production"),
        ("eu-prod.1_a", "eu-prod.1_a"),
        ("Üretim", "Üretim"),
        ("a:b,c/d e", "a_b_c_d_e"),
        ("!a", "_a"),
        ("&a", "_a"),
        ("~a", "_a"),
        ("-a", "_a"),
        ("a[0:3]*", "a_0_3__"),
        ("{{ x }}", "___x___"),
        ("all", "all_"),
        ("ungrouped", "ungrouped_"),
        ("allow", "allow"),
    ],
)
def test_the_name_of_a_host(text: str, name: str) -> None:
    assert host_name(text) == name
