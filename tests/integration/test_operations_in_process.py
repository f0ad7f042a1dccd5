# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""apinizer_certificate and its gateways on every kind of manager: what is refused before a write, and what a result says.

The definition of the module runs in this process, over real HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.modules import apinizer_certificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.in_process import InProcessContext
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import CERTIFICATE
from manager import ALL_PERMISSIONS, Authority, Fault, Issued, Manager, Permission

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

PROJECT, NAME, ALIAS = "MyProject", "my-certificate", "my-alias"
ENVIRONMENTS = ("development", "production")
KEEP = {"environments": ["development"], "unlisted_environments": "keep"}
REFUSED = "The gateways must be asked (verify_gateways), but cannot be, so nothing was written. "


class Case:
    """A manager that holds the old certificate in both environments."""

    def __init__(self, manager: Manager, old: Issued, new: Issued) -> None:
        self.manager, self.old, self.new = manager, old, new
        manager.add_project(PROJECT, ENVIRONMENTS)
        manager.add_certificate(PROJECT, NAME, dict.fromkeys(ENVIRONMENTS, old), alias=ALIAS)

    def run(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        """Run the module, and check that it has written only what it says."""
        given = {
            "url": self.manager.url,
            "token": self.manager.token,
            "retries": 0,
            "project": PROJECT,
            "name": NAME,
            "verify_gateways_timeout": 0,
            **options,
        }
        context = InProcessContext(given, check_mode=check)
        assert context.validate(apinizer_certificate.DEFINITION, CERTIFICATE) is None
        before, mark = self.state(), self.manager.journal.mark()
        made = apinizer_certificate.DEFINITION.run(context)
        if check:
            assert not [request for request in mark if request.writes]
        else:
            assert bool(made.get("changed")) == (self.state() != before)
        return {"changed": False, "msg": "", **made, "warnings": " ".join(context.warnings)}

    def state(self) -> Any:
        """What the record contains and the gateways hold."""
        record = [self.manager.holds(project, name) for project in (PROJECT, "Empty") for name in (NAME, "other")]
        return record, self.gateways()

    def gateways(self) -> dict[str, bytes | None]:
        return {environment: self.manager.served(environment, PROJECT, NAME) for environment in ENVIRONMENTS}

    def operator(self, permissions: Any = ALL_PERMISSIONS) -> str:
        """A token without access to the project admin."""
        return str(self.manager.add_token("operator", projects=[PROJECT], permissions=permissions))


@pytest.fixture
def make(authority: Authority) -> Iterator[Callable[..., Case]]:
    now = datetime.now(timezone.utc)
    old, new = (authority.issue("www.example.com", not_after=now + timedelta(days=days)) for days in (30, 300))
    with ExitStack() as stack:
        yield lambda generation="2026.09", **traits: Case(stack.enter_context(Manager(generation, **traits)), old, new)


def states(made: dict[str, Any]) -> dict[str, str] | None:
    return made["gateways"] and {one["name"]: one["state"] for one in made["gateways"]}


# Before a write


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize("way", ["update", "keep", "create", "absent"])
@pytest.mark.parametrize("generation", ["2024.09", "2025", "2026.04", "2026.09"])
def test_required_is_refused_where_no_truststore_can_be_read(
    make: Callable[..., Case], generation: str, way: str, check: bool
) -> None:
    case = make(generation, truststore=())
    before = case.state()
    options: dict[str, Any] = {
        "update": {"content": case.new.pem},
        "keep": {"content": case.new.pem, **KEEP},
        "create": {"name": "other", "content": case.new.pem, "environments": ["development"]},
        "absent": {"state": "absent"},
    }[way]

    made = case.run(verify_gateways="required", check=check, **options)

    assert made["failed"]
    assert made["msg"].startswith(f"{REFUSED}What the gateways of development")
    assert made["msg"].endswith("To write nevertheless, set verify_gateways=auto, which only warns")
    assert not case.manager.journal.writes()
    assert case.state() == before


@pytest.mark.parametrize("check", [True, False])
def test_workers_that_cannot_be_reached_are_noticed_before_the_write(make: Callable[..., Case], check: bool) -> None:
    case = make()
    case.manager.unreachable.add("production")

    made = case.run(content=case.new.pem, verify_gateways="required", token=case.operator(), check=check)

    assert made["msg"].startswith(f"{REFUSED}What the gateways of production hold is unknown")
    assert not case.manager.journal.writes()


def test_the_first_certificate_of_an_environment_can_be_created(make: Callable[..., Case]) -> None:
    """The archive of its empty truststore is refused, like that of workers that cannot be reached."""
    case = make()
    case.manager.add_project("Empty", ["lab"])
    options = {"project": "Empty", "content": case.new.pem, "environments": ["lab"], "verify_gateways": "required"}
    token = case.manager.add_token("lab", projects=["Empty"])

    predicted = case.run(check=True, token=token, **options)
    assert (predicted["changed"], states(predicted)) == (True, {"lab": "unknown"})
    assert states(case.run(token=token, **options)) == {"lab": "confirmed"}


# The diff


@pytest.mark.parametrize("check", [True, False])
def test_the_diff_shows_what_a_stale_gateway_holds(make: Callable[..., Case], check: bool) -> None:
    case = make()
    case.manager.set_gateway(PROJECT, NAME, "production", case.new, alias=ALIAS)

    made = case.run(content=case.old.pem, verify_gateways="required", check=check)

    sides = [
        {name: one["gateway_fingerprint_sha256"] for name, one in made["diff"][side]["environments"].items()}
        for side in ("before", "after")
    ]
    assert sides == [
        {"development": case.old.sha256, "production": case.new.sha256},
        dict.fromkeys(ENVIRONMENTS, case.old.sha256),
    ]


# Where the truststore was read


@pytest.mark.parametrize(("truststore", "source"), [(("workers",), "workers"), (("manager",), "manager"), ((), None)])
def test_each_gateway_says_where_its_truststore_was_read(
    make: Callable[..., Case], truststore: tuple[str, ...], source: str | None
) -> None:
    case = make(truststore=truststore)

    made = case.run(content=case.new.pem, **KEEP)

    assert [(one["state"], one["source"]) for one in made["gateways"]] == [
        ("confirmed" if source else "unknown", source)
    ]


# After a deletion


@pytest.mark.parametrize("generation", ["2025", "2026.04", "2026.09", "openapi"])
def test_a_deletion_is_verified_at_the_gateways(make: Callable[..., Case], generation: str) -> None:
    case = make(generation, truststore=("workers", "manager"))

    for check in (True, False):
        made = case.run(state="absent", verify_gateways="required", check=check)
        assert (made["changed"], made["operation"]) == (True, "delete")
        assert states(made) == dict.fromkeys(ENVIRONMENTS, "stale" if check else "confirmed")

    assert case.gateways() == dict.fromkeys(ENVIRONMENTS, None)
    again = case.run(state="absent", verify_gateways="required")
    assert (again["changed"], states(again)) == (False, None)


def test_a_truststore_that_the_deletion_empties_is_no_failure(make: Callable[..., Case]) -> None:
    case = make()

    made = case.run(state="absent", verify_gateways="required", token=case.operator())

    assert not made.get("failed")
    assert states(made) == dict.fromkeys(ENVIRONMENTS, "unknown")
    assert (
        "The manager deleted certificate my-certificate in development, production, but its gateways"
        in made["warnings"]
    )


def test_auto_believes_a_deletion_that_the_manager_reports(make: Callable[..., Case]) -> None:
    case = make()
    assert states(case.run(state="absent")) is None
    assert not [request for request in case.manager.journal if "truststore" in request.segments]


@pytest.mark.parametrize("verify", ["auto", "required"])
def test_a_gateway_that_keeps_the_deleted_certificate_is_a_failure(make: Callable[..., Case], verify: str) -> None:
    case = make()
    answer = {"status": "SUCCESS"}
    case.manager.faults.add(Fault("deployment_failure", method="DELETE", environments=("production",)))
    case.manager.faults.add(Fault("status", method="DELETE", status=200, body=answer, after=True))

    made = case.run(state="absent", verify_gateways=verify)

    assert made["msg"].startswith(
        "The manager deleted certificate my-certificate, but the gateways of production still hold it. "
    )
    assert made["changed"]
    assert states(made) == {"development": "confirmed", "production": "stale"}
    assert case.gateways() == {"development": None, "production": case.old.der}


# Permissions


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize(
    ("generation", "missing", "options", "right"),
    [
        ("2026.09", Permission.IMPORT, KEEP, "import-file requires SECRETS with EXPORT_IMPORT in the project"),
        ("2025", Permission.DEPLOY, {}, "where the console offers it, SECRETS with DEPLOY_UNDEPLOY"),
        ("2026.09", Permission.DEPLOY, {}, "where the console offers it, SECRETS with DEPLOY_UNDEPLOY"),
        ("2026.09", Permission.MANAGE, {}, "writing requires SECRETS with MANAGE in the project"),
    ],
)
def test_a_missing_permission_is_named(
    make: Callable[..., Case], generation: str, missing: Permission, options: dict[str, Any], right: str, language: str
) -> None:
    """A manager from 2026.01 on answers a missing permission with HTTP 400, like anything else that is wrong."""
    case = make(generation, language=language)

    made = case.run(token=case.operator(ALL_PERMISSIONS - {missing}), content=case.new.pem, **options)

    assert right in made["msg"]
    assert "Ask the administrator of the manager to grant it to the user of the token" in made["msg"]
    assert ("EXPORT_IMPORT" in made["msg"]) == (missing is Permission.IMPORT)


# Without import-file


@pytest.mark.parametrize("generation", ["2025", "2026.04"])
def test_a_manager_without_import_file_is_explained_in_terms_of_the_module(
    make: Callable[..., Case], generation: str
) -> None:
    case = make(generation)

    made = case.run(content=case.new.pem, **KEEP)

    assert made["msg"].startswith("This manager has no import-file")
    assert made["msg"].endswith("Choose another value for unlisted_environments")
    assert "certificate_" not in made["msg"]
