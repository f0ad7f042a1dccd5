# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The info module: what it finds, what it leaves out, and what it costs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from integration.runners import ENVIRONMENT_INFO, INFO, Outcome, task
from integration.scene import (
    ALIAS,
    DESCRIPTION,
    ENVIRONMENTS,
    HELD_IN,
    NAME,
    PROJECT,
    Scene,
    Start,
    assert_error,
    calls,
    recorded,
    reported,
)

GENERATIONS = ("2023", "2025", "2026", "openapi")


def _names(outcome: Outcome) -> list[tuple[str, str]]:
    return [(one["project"], one["name"]) for one in outcome["certificates"]]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_all_projects_cost_one_request_each(start: Start, generation: str) -> None:
    scene = start(generation)
    scene.manager.add_project("Another", ["test"])
    scene.manager.add_certificate("Another", "z", {"test": scene.new})
    scene.manager.add_certificate("Another", "a", {"test": scene.new})

    run = scene.machine.playbook(task("all", INFO, url=scene.manager.url, token=scene.manager.token))

    assert _names(run["all"]) == [("Another", "a"), ("Another", "z"), (PROJECT, NAME)]
    assert not run["all"].changed
    assert calls(scene.manager.journal) == ["projects", "list", "list", "list"]
    assert len(scene.manager.journal.connections()) == 1
    assert reported(run["all"]["certificates"][2]) == recorded(scene.manager)


@pytest.mark.parametrize("generation", GENERATIONS)
def test_every_field(start: Start, generation: str) -> None:
    scene = start(generation)

    (found,) = scene.info(project=PROJECT, name=NAME)["certificates"]

    assert found["description"] == (None if generation == "2023" else DESCRIPTION)
    assert [entry["name"] for entry in found["environments"]] == sorted(HELD_IN)
    assert found["environments"][0] == {
        "name": "development",
        "alias": ALIAS,
        "subject": "CN=www.example.com,O=Example Inc,C=US",
        "issuer": "CN=Example CA,O=Example Inc,C=US",
        "serial_number": f"{scene.old.certificate.serial_number:x}",
        "not_before": found["environments"][0]["not_before"],
        "not_after": found["environments"][0]["not_after"],
        "days_remaining": 363,
        "expired": False,
        "fingerprint_sha256": scene.old.sha256,
        "fingerprint_sha1": scene.old.sha1,
        "entries": 1,
    }
    assert calls(scene.manager.journal) == ["list"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_details_fetch_what_the_list_leaves_out(start: Start, generation: str) -> None:
    scene = start(generation, list_content=False)
    scene.manager.add_certificate(PROJECT, "another", {"production": scene.new})

    listed, detailed = scene.info(project=PROJECT), scene.info(project=PROJECT, details=True)

    for outcome, known in ((listed, False), (detailed, True)):
        entries = [entry for one in outcome["certificates"] for entry in one["environments"]]
        assert [entry["fingerprint_sha256"] is not None for entry in entries] == [known] * 3
        assert [entry["issuer"] is not None for entry in entries] == [known] * 3
        assert [entry["fingerprint_sha1"] for entry in entries] == [scene.new.sha1, scene.old.sha1, scene.old.sha1]
        assert [entry["days_remaining"] for entry in entries] == [363] * 3
    assert calls(scene.manager.journal) == ["list", "list", "get", "get"]


def test_details_cost_nothing_where_the_list_has_them(scene: Scene) -> None:
    scene.info(project=PROJECT, details=True)

    assert calls(scene.manager.journal) == ["list"]


def test_details_are_fetched_only_for_the_name_that_is_asked_for(start: Start) -> None:
    scene = start(list_content=False)
    scene.manager.add_certificate(PROJECT, "another", {"production": scene.new})

    outcome = scene.info(project=PROJECT, name=NAME, details=True)

    assert _names(outcome) == [(PROJECT, NAME)]
    assert calls(scene.manager.journal) == ["list", "get"]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (0, ["expired"]),
        (9, ["expired"]),
        (10, ["expired", "in-ten-days"]),
        (30, ["expired", "in-ten-days"]),
        (3650, ["expired", "in-ten-days", NAME]),
    ],
)
def test_expiring_within(start: Start, days: int, found: list[str]) -> None:
    """Ten days and not a second more: at nine it is not found, at ten it is. What has expired always is."""
    scene = start(list_content=False)
    now = datetime.now(timezone.utc)
    begin = now - timedelta(days=99)
    expired = scene.authority.issue("e.example.com", not_before=begin, not_after=now - timedelta(seconds=1))
    soon = scene.authority.issue("s.example.com", not_before=begin, not_after=now + timedelta(days=10))
    scene.manager.add_certificate(PROJECT, "expired", {"staging": expired})
    scene.manager.add_certificate(PROJECT, "in-ten-days", {"staging": soon, "production": scene.new})

    outcome = scene.info(project=PROJECT, expiring_within=days)

    assert [name for _unused, name in _names(outcome)] == sorted(found)
    by_name = {one["name"]: one["environments"] for one in outcome["certificates"]}
    assert [(entry["expired"], entry["days_remaining"]) for entry in by_name["expired"]] == [(True, -1)]
    if "in-ten-days" in by_name:
        # The certificate is shown as a whole: an environment that has been renewed already is part of the picture.
        assert [entry["days_remaining"] for entry in by_name["in-ten-days"]] == [363, 9]


def test_the_environments_filter(scene: Scene) -> None:
    scene.manager.add_certificate(PROJECT, "another", {"production": scene.new})

    outcome = scene.info(project=PROJECT, environments=["staging", "no-such-environment"])

    (found,) = outcome["certificates"]
    assert found["name"] == NAME
    assert [entry["name"] for entry in found["environments"]] == ["staging"]


def test_the_filters_together(scene: Scene) -> None:
    """Only an environment that is asked for makes a certificate expire."""
    now = datetime.now(timezone.utc)
    soon = scene.authority.issue("s.example.com", not_after=now + timedelta(days=5))
    scene.manager.add_certificate(PROJECT, NAME, {"development": soon, "staging": scene.new})

    assert _names(scene.info(expiring_within=9, environments=["staging"])) == []
    assert _names(scene.info(expiring_within=9, environments=["development"])) == [(PROJECT, NAME)]


def test_an_environment_with_two_entries(scene: Scene) -> None:
    newer = scene.authority.issue("www.example.com", not_before=datetime.now(timezone.utc))
    scene.manager.add_certificate(PROJECT, NAME, {"staging": [scene.old, newer]})

    (found,) = scene.info(project=PROJECT)["certificates"]

    (entry,) = found["environments"]
    assert (entry["entries"], entry["fingerprint_sha256"]) == (2, newer.sha256)


@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_absent_certificate_and_missing_project(start: Start, generation: str, language: str) -> None:
    """Told apart by what is asked for, not by the words of the answer."""
    scene = start(generation, language=language)

    absent, wrong_case = scene.info(project=PROJECT, name="absent"), scene.info(project=PROJECT, name=NAME.upper())
    missing = scene.info(project="myproject")

    assert not absent.failed
    assert (absent["certificates"], wrong_case["certificates"]) == ([], [])
    assert_error(missing, "project myproject", "option project", "case-sensitive")


@pytest.mark.parametrize("state", ["present", "absent"])
@pytest.mark.parametrize("language", ["en", "tr"])
@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_missing_project_is_no_absent_certificate(start: Start, generation: str, language: str, state: str) -> None:
    scene = start(generation, language=language)
    certificate = {} if state == "absent" else {"content": scene.new.pem, "environments": [*ENVIRONMENTS]}

    outcome = scene.run(project="myproject", state=state, **certificate)

    assert_error(outcome, "project myproject", "option project")
    assert not scene.manager.journal.writes()


def test_only_projects_that_the_token_may_see(scene: Scene) -> None:
    scene.manager.add_project("Hidden", ["test"])
    scene.manager.add_certificate("Hidden", "secret", {"test": scene.new})
    token = scene.manager.add_token("limited", projects=[PROJECT], permissions=["read"])

    outcome = scene.machine.module(INFO, url=scene.manager.url, token=token)

    assert _names(outcome) == [(PROJECT, NAME)]


def test_check_mode_reads_as_well(scene: Scene) -> None:
    options: dict[str, Any] = {"url": scene.manager.url, "token": scene.manager.token, "project": PROJECT}

    real, check = (scene.machine.module(INFO, check=check, **options) for check in (False, True))

    assert check["certificates"] == real["certificates"]
    assert not check.changed


class TestEnvironments:
    """The environments of a project."""

    @pytest.mark.parametrize(("generation", "kind"), [("2025", "KUBERNETES"), ("2026", "PRODUCTION")])
    def test_their_fields(self, start: Start, generation: str, kind: str) -> None:
        scene = start(generation)

        outcome = self._run(scene)

        assert [one["name"] for one in outcome["environments"]] == sorted(ENVIRONMENTS)
        assert outcome["environments"][1] == {
            "name": "production",
            "type": kind,
            "status": "PUBLISHED",
            "access_url": "https://production.example.com",
            "description": "",
        }
        assert not outcome.changed
        assert set(calls(scene.manager.journal)) == {"environments"}

    @pytest.mark.parametrize("generation", ["2025", "2026", "openapi"])
    def test_a_missing_project(self, start: Start, generation: str) -> None:
        outcome = self._run(start(generation), project="myproject")

        assert_error(outcome, "myproject")
        assert not outcome.changed

    def test_a_manager_that_has_no_list_of_them(self, start: Start) -> None:
        scene = start("2023")

        assert_error(self._run(scene), "HTTP 404")

    def _run(self, scene: Scene, project: str = PROJECT) -> Outcome:
        return scene.machine.module(ENVIRONMENT_INFO, url=scene.manager.url, token=scene.manager.token, project=project)
