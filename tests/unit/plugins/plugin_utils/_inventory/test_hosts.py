# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which hosts, groups and variables the environments of a manager become."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import ApinizerError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._inventory.hosts import (
    EnvironmentHost,
    host_name,
    make_hosts,
)


def environment(name: str, **values: str) -> dict[str, Any]:
    """Return an environment as the manager lists it."""
    return {"name": name, "type": "TEST", "status": "PUBLISHED", "access_url": None, "description": None, **values}


def certificate(project: str, name: str, *environments: str, not_after: str | None = None) -> dict[str, Any]:
    """Return a certificate as the info module returns it, without most of its values."""
    holders = [
        {"name": each, "alias": name, "not_before": None, "not_after": not_after, "days_remaining": -7, "expired": None}
        for each in environments
    ]
    return {"project": project, "name": name, "description": "Web", "environments": holders}


def project(name: str, environments: list[Any], certificates: list[Any]) -> dict[str, Any]:
    """Return a project as `read_projects` does. Environments may be given by name."""
    listed = [each if isinstance(each, dict) else environment(each) for each in environments]
    return {"name": name, "environments": listed, "certificates": certificates}


@pytest.fixture
def hosts(now: datetime) -> Callable[..., dict[str, EnvironmentHost]]:
    """Make hosts, by name. A warning fails the test unless `warnings` collects it."""

    def hosts(*projects: Any, prefix: str = "", warnings: list[str] | None = None) -> dict[str, EnvironmentHost]:
        messages: list[str] = [] if warnings is None else warnings
        found = make_hosts(projects, prefix=prefix, now=now, warn=messages.append)
        assert warnings is not None or not messages
        return {host.name: host for host in found}

    return hosts


def test_an_environment_of_two_projects_is_one_host(hosts: Any) -> None:
    found = hosts(
        project("A", ["test"], [certificate("A", "one", "test")]),
        project("B", ["test", "idle"], [certificate("B", "two", "test", "apimanager")]),
    )

    assert list(found) == ["apimanager", "idle", "test"]
    assert found["test"].variables["apinizer_projects"] == ["A", "B"]
    assert [each["name"] for each in found["test"].variables["apinizer_certificates"]] == ["one", "two"]
    assert found["test"].groups == ("type_test", "status_published")
    assert found["idle"].variables["apinizer_certificates"] == []


def test_an_environment_that_is_not_listed_has_unknown_type_and_status(hosts: Any) -> None:
    (host,) = hosts(project("A", [], [certificate("A", "one", "apimanager")])).values()

    assert host.groups == ("type_unknown", "status_unknown")
    assert {key: host.variables[f"apinizer_{key}"] for key in ("type", "status", "access_url")} == {
        "type": None,
        "status": None,
        "access_url": None,
    }


def test_projects_that_report_different_values_cause_a_warning(hosts: Any) -> None:
    warnings: list[str] = []

    found = hosts(
        project("A", [environment("x", type="TEST")], []),
        project("B", [environment("x", type="PRODUCTION")], []),
        warnings=warnings,
    )

    assert found["x"].groups == ("type_test", "status_published")
    assert warnings == ["Projects A and B report different values for environment x. Those of project A are used"]


@pytest.mark.parametrize(
    ("left", "days", "percent", "expired"),
    [
        (timedelta(days=3), 3, 10, False),
        (timedelta(days=3, seconds=-1), 2, 9, False),
        (timedelta(0), 0, 0, False),
        (timedelta(seconds=-1), -1, -1, True),
    ],
)
def test_the_remaining_time_is_calculated_when_hosts_are_made(
    hosts: Any, now: datetime, left: timedelta, days: int, percent: int, expired: bool
) -> None:
    not_after = f"{now + left:%Y-%m-%dT%H:%M:%SZ}"

    not_before = f"{now + left - timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}"
    listed = certificate("A", "one", "x", not_after=not_after)
    listed["environments"][0]["not_before"] = not_before

    (host,) = hosts(project("A", ["x"], [listed])).values()

    assert host.variables["apinizer_certificates"] == [
        {
            "project": "A",
            "name": "one",
            "alias": "one",
            "not_before": not_before,
            "not_after": not_after,
            "days_remaining": days,
            "percent_remaining": percent,
            "expired": expired,
        }
    ]


def test_what_the_gateways_hold_is_part_of_each_certificate(hosts: Any) -> None:
    held = {"name": "x", "state": "stale", "fingerprint_sha256": "ab12", "reason": None}
    listed = certificate("A", "one", "x")
    listed["environments"][0]["gateway"] = held

    (host,) = hosts(project("A", ["x"], [listed])).values()

    assert [each["gateway"] for each in host.variables["apinizer_certificates"]] == [held]


def test_two_environments_with_the_same_host_name_are_an_error(hosts: Any) -> None:
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
def test_the_host_name_of_an_environment(text: str, name: str) -> None:
    assert host_name(text) == name
