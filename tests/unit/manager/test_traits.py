# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The traits of a manager that no other file is about, in every generation."""

from __future__ import annotations

import pytest

from manager import ALL_PERMISSIONS, Manager, Permission

GENERATIONS = ("2024.09", "2025", "2026.04", "2026.09", "openapi")
WITH_IMPORT = ("2026.09", "openapi")
WEB = ("MyProject", "web")


@pytest.mark.parametrize("generation", WITH_IMPORT)
def test_an_import_that_only_stores_leaves_the_gateways_alone(start, old, new, generation):
    api = start(generation=generation, import_deploys=False)
    assert api.import_file(new.pem, "staging").json() == {"status": "SUCCESS"}
    assert api.import_file(new.pem, "development", name="fresh", alias="fresh").ok
    assert api.manager.holds(*WEB) == {"production": [old.der], "staging": [new.der]}
    assert api.manager.gateways == {"staging": {WEB: old.der}, "production": {WEB: old.der}}
    api.put(new.pem, "staging", "production")
    assert api.manager.gateways == {"staging": {WEB: new.der}, "production": {WEB: new.der}}


def test_an_import_that_only_stores_has_no_environment_to_report(start, new):
    api = start(import_deploys=False, import_reports_deployment=True)
    result = api.import_file(new.pem, "staging").json()["deploymentResult"]
    assert (result["success"], result["environmentResults"]) == (True, [])


WRITES = {
    "create": lambda api, new: api.create("fresh", new.pem, "development", "staging", "production"),
    "update": lambda api, new: api.put(new.pem, "development", "staging", "production"),
    "delete": lambda api, new: api.delete(),
    "import": lambda api, new: api.import_file(new.pem, "development", "staging", "production"),
}


@pytest.mark.parametrize(
    ("generation", "write"),
    [
        (generation, write)
        for generation in GENERATIONS
        for write in WRITES
        if write != "import" or generation in WITH_IMPORT
    ],
)
def test_a_failed_deployment_can_name_its_environments_in_the_outer_message_only(start, new, generation, write):
    api = start(generation=generation, failures_in_message=True, import_reports_deployment=True)
    api.manager.unreachable.update(["staging", "production"])
    body = WRITES[write](api, new).json()
    assert (body["status"], body["deploymentResult"]) == ("SUCCESS", {"success": False, "detailList": []})
    assert "deployment to environments failed. Details: staging: " in body["resultMessage"]
    assert "production: " in body["resultMessage"]
    assert "development" not in body["resultMessage"]


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_successful_deployment_does_not_depend_on_that_trait(start, new, generation):
    bodies = [
        start(generation=generation, failures_in_message=value).put(new.pem, "staging").json()
        for value in (False, True)
    ]
    assert bodies[0] == bodies[1]


LISTS = {
    "certificates": ("projects", "MyProject", "certificates"),
    "truststore": ("projects", "admin", "certificates", "truststore", "staging"),
    "projects": ("projects",),
}


@pytest.fixture
def seven(start, new):
    """Start a manager whose lists have seven items, and return a function that lists one: names, and the body."""

    def start_seven(**options):
        api = start(truststore=["manager"], **options)
        for number in range(6):
            api.manager.add_certificate("MyProject", f"more-{number}", {"staging": new})
        for number in range(5):
            api.manager.add_project(f"Project-{number}")

        def ask(kind, **params):
            body = api("GET", *LISTS[kind], params=params).json()
            return [item["name"] for item in body["resultList"]], body

        return ask

    return start_seven


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_lists_are_complete_by_default(seven, generation, kind):
    ask = seven(generation=generation)
    names, body = ask(kind, page=2, size=3)
    assert len(names) == 7
    assert body.get("resultCount", 7) == 7


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("paging", "first"), [("from-1", 1), ("from-0", 0)])
def test_pages_add_up_to_the_list(seven, generation, kind, paging, first):
    every, _body = seven(generation=generation)(kind)
    ask = seven(generation=generation, page_size=3, paging=paging)
    pages = [ask(kind, page=page) for page in range(first, first + 4)]
    assert [len(names) for names, _body in pages] == [3, 3, 1, 0]
    assert [name for names, _body in pages for name in names] == every
    assert {body["resultCount"] for _names, body in pages} == {7}
    assert ask(kind)[0] == pages[0][0]


def test_size_is_limited_and_unusable_numbers_count_as_missing(seven):
    ask = seven(page_size=3)
    first = ask("certificates")[0]
    assert ask("certificates", size=2)[0] == first[:2]
    assert ask("certificates", size=2, page=2)[0][0] == first[2]
    for params in ({"size": 100}, {"size": 0}, {"size": "x"}, {"page": 0}, {"page": "-1"}, {"page": "x"}):
        assert ask("certificates", **params)[0] == first


def test_a_manager_that_ignores_the_page_always_cuts(seven):
    ask = seven(page_size=3, paging="ignored")
    first, body = ask("certificates")
    assert (len(first), body["resultCount"]) == (3, 7)
    assert ask("certificates", page=2, size=100)[0] == first


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(("scope", "accepted"), [("project", True), ("environment", False)])
def test_where_an_alias_must_be_unique(start, new, generation, scope, accepted):
    api = start(generation=generation, alias_scope=scope)
    api.manager.add_project("Other", ["staging"])
    api.manager.add_certificate("Other", "theirs", {"staging": new}, alias="theirs")
    before = api.manager.snapshot()
    assert api.put(new.pem, "staging", form={"alias": "theirs"}).ok is accepted
    assert (api.manager.snapshot() == before) is not accepted
    assert api.put(new.pem, "production", form={"alias": "theirs"}).ok
    assert api.create("second", new.pem, "production", form={"alias": "theirs"}).ok is False


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    ("status", "deployed"),
    [("PUBLISHED", True), ("REPUBLISH_REQUIRED", True), ("UNPUBLISHED", False), ("DRAFT", False)],
)
def test_nothing_can_be_deployed_to_an_environment_that_is_not_published(start, old, new, generation, status, deployed):
    api = start(generation=generation)
    api.manager.set_status("staging", status)
    body = api.put(new.pem, "staging", "production").json()
    assert body["deploymentResult"]["success"] is deployed
    assert api.manager.holds(*WEB) == {"staging": [new.der], "production": [new.der]}
    assert api.manager.served("staging", *WEB) == (new.der if deployed else old.der)
    assert api.manager.served("production", *WEB) == new.der


def test_the_list_of_environments_shows_the_status(api):
    api.manager.set_status("staging", "REPUBLISH_REQUIRED")
    shown = api("GET", "projects", "MyProject", "environments").json()["resultList"]
    assert [item["status"] for item in shown] == ["PUBLISHED", "REPUBLISH_REQUIRED", "PUBLISHED"]


@pytest.mark.parametrize("generation", WITH_IMPORT)
@pytest.mark.parametrize(
    ("missing", "update", "imports"), [(Permission.DEPLOY, False, True), (Permission.IMPORT, True, False)]
)
def test_a_token_can_lack_a_single_permission(start, new, generation, missing, update, imports):
    api = start(generation=generation)
    api.token = api.manager.add_token("limited", permissions=ALL_PERMISSIONS - {missing})
    assert api.put(new.pem, "staging").ok is update
    assert api.import_file(new.pem, "staging").ok is imports
    assert api("GET", "projects", "MyProject", "certificates").ok


@pytest.mark.parametrize(
    "traits",
    [
        {"generation": "2023"},
        {"language": "de"},
        {"truststore": ["gateways"]},
        {"alias_scope": "everywhere"},
        {"paging": "from-2"},
        {"page_size": 0},
    ],
)
def test_an_unknown_value_of_a_trait_is_an_error(traits):
    with pytest.raises(ValueError, match=r"is not one of|positive"):
        Manager(**traits)
