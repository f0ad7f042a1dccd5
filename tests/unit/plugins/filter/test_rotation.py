# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.apinizer.apiops.plugins.filter import rotation
from ansible_collections.apinizer.apiops.plugins.filter.rotation import FilterModule
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import packed, unpacked
from unit.plugins.plugin_utils._rotation.rotation_scene import (
    DEV,
    EXPIRED,
    KEY,
    NAME,
    NEW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    STAGE,
    Bundle,
    Json,
    applied,
    bundle,
    certificate,
    entry,
    gather,
    holding,
    listed,
    looped,
    wanted_in,
)

FILTERS = FilterModule().filters()
BEFORE = holding({DEV: OLD, STAGE: OLD, PROD: OLD})
AFTER = holding({DEV: NEW, STAGE: NEW, PROD: NEW})
WAVES: Json = {"waves": [[DEV, STAGE], [PROD]]}


def call(name: str, *arguments: Any, **named: Any) -> Any:
    return FILTERS[name](*arguments, **named)


def request(*environments: str, **changes: Any) -> Json:
    return {
        "key": KEY,
        "project": PROJECT,
        "name": NAME,
        "environments": list(environments),
        "unlisted_environments": "keep",
        "alias": "",
        "description": "",
        "update_referenced_jwks": False,
        "update_scope": "",
        "force": False,
        "fingerprint_sha1": NEW.leaf.fingerprint_sha1,
        **changes,
    }


def test_every_filter_is_documented_and_nothing_else_is() -> None:
    documented = [path.stem for path in Path(rotation.__file__).parent.glob("rotation_*.yml")]

    assert sorted({*FILTERS, "rotation_report"}) == sorted(documented)


# Those that do not take the evidence.
OTHER_FILTERS = ("rotation_applied", "rotation_mismatches", "rotation_restore", "rotation_unpacked")


@pytest.mark.parametrize("name", [name for name in FILTERS if name not in OTHER_FILTERS])
def test_a_variable_that_cannot_be_used_is_an_error_of_the_filter(name: str) -> None:
    evidence = gather(BEFORE, variables={"force": "maybe"})
    given = evidence["variables"] if name == "rotation_settings" else {**evidence, "folder": None}

    with pytest.raises(AnsibleFilterError, match="certificate_rotation_force: must be true or false"):
        call(name, given)


def test_settings_are_what_the_tasks_need() -> None:
    certificates = [
        {"project": "b", "name": "web", "path": "web.pem"},
        {"project": "a", "name": "api", "content": "PEM"},
        {"project": "b", "name": "api", "path": "api.pem"},
    ]

    given = packed({"certificates": certificates})

    assert call("rotation_settings", given) == {
        "projects": ["a", "b"],
        "needs_types": False,
        "rollback": True,
        "soak_seconds": 0,
        "parallel_writes": 1,
        "stops_at_guards": True,
        "update_referenced_jwks": False,
        "update_scope": None,
        "force": False,
        "given": given,
    }


@pytest.mark.parametrize(
    ("variable", "given", "setting", "value"),
    [
        ("waves", "auto", "needs_types", True),
        ("rollback", "no", "rollback", False),
        ("soak_seconds", "90", "soak_seconds", 90),
        ("parallel_writes", "8", "parallel_writes", 8),
        ("on_guard_failure", "skip", "stops_at_guards", False),
        ("force", "yes", "force", True),
        ("update_scope", "all_projects", "update_scope", "all_projects"),
    ],
)
def test_settings_are_no_strings_any_more(variable: str, given: str, setting: str, value: Any) -> None:
    found = call("rotation_settings", {"certificates": wanted_in([DEV]), variable: given})[setting]

    assert found == value
    assert type(found) is type(value)


def test_a_new_certificate_may_be_given_as_text() -> None:
    given = [{"project": PROJECT, "name": NAME, "content": NEW.pem}]

    plan = call("rotation_plan", {**gather(BEFORE, variables={"certificates": given}), "materials": ""})

    assert [due["fingerprint_sha1"] for due in plan["due"]] == [NEW.leaf.fingerprint_sha1]


def test_a_plan_with_one_update_for_all() -> None:
    plan = call("rotation_plan", gather(holding({DEV: OLD, PROD: NEW})))

    assert (plan["strategy"], plan["strategy_reason"]) == (
        "replace",
        "there is one wave, and one update serves all its environments",
    )
    assert plan["waves"] == [{"number": 1, "environments": (DEV, PROD)}]
    assert plan["problems"] == plan["to_obtain"] == []
    assert plan["due"] == [request(DEV, PROD, unlisted_environments="fail")]
    assert plan["contents"] == {KEY: NEW.pem}
    assert [line.split()[2] for line in plan["table"]] == ["environment", DEV, PROD]


def test_a_plan_for_each_environment_that_is_due() -> None:
    plan = call("rotation_plan", gather(holding({DEV: OLD, STAGE: NEW, PROD: OLD}), variables=WAVES))

    assert plan["due"] == [request(DEV, PROD)]


def test_a_request_has_the_alias_and_the_description_that_are_given() -> None:
    wanted = wanted_in([DEV], alias="new-alias", description="Second")
    plan = call("rotation_plan", gather(holding({DEV: OLD}), variables={"certificates": wanted}))

    assert plan["due"] == [request(DEV, unlisted_environments="fail", alias="new-alias", description="Second")]


def test_a_plan_says_what_has_to_be_obtained_and_why() -> None:
    wanted = [{"project": PROJECT, "name": NAME, "renew_before_days": 22, "environments": [DEV, STAGE, PROD]}]
    variables = {"certificates": wanted, "obtain_tasks": "obtain.yml", **WAVES}
    held = certificate(entry(DEV, OLD), entry(STAGE, OTHER))

    plan = call("rotation_plan", gather(held, variables=variables, new=None))

    (item,) = plan["to_obtain"]
    assert {key: item[key] for key in ("key", "project", "name")} == {"key": KEY, "project": PROJECT, "name": NAME}
    assert [(place["name"], place["reason"]) for place in item["environments"]] == [
        (DEV, "expires_soon"),
        (PROD, "absent"),
    ]
    assert [(place["current"] or {}).get("not_after") for place in item["environments"]] == [
        "2026-06-21T12:00:00Z",
        None,
    ]
    assert plan["due"] == []
    assert plan["contents"] == {}


def test_a_plan_has_nothing_to_obtain_where_nothing_is_due() -> None:
    wanted = [{"project": PROJECT, "name": NAME, "renew_before_days": 10}]
    plan = call(
        "rotation_plan", gather(BEFORE, variables={"certificates": wanted, "obtain_tasks": "obtain.yml"}, new=None)
    )

    assert (plan["to_obtain"], plan["due"]) == ([], [])


def test_a_plan_tells_its_problems() -> None:
    plan = call("rotation_plan", gather(None, materials={KEY: {"content": "x"}}))

    assert len(plan["problems"]) == 2


def test_no_content_in_the_items_of_a_loop() -> None:
    """They stand on the screen; contents are apart."""
    plan = call("rotation_plan", gather(BEFORE, variables=WAVES))
    waves = call("rotation_waves", gather(BEFORE, variables=WAVES))

    assert "BEGIN" not in str([plan["due"], plan["waves"], plan["table"], waves])


def test_guards_that_failed_are_text_with_their_names() -> None:
    evidence = gather(holding({DEV: OLD}), new=bundle(days=300, common_name="other.example"))

    guards = call("rotation_guards", evidence)

    assert guards["count"] == 4
    assert [text.rsplit(" ", 1)[1] for text in guards["failed"]] == ["[require_same_subject]", "[require_same_names]"]
    assert guards["failed"][1] == (
        "MyProject/web in development: the current names are web.example.com, the new ones other.example; "
        "web.example.com would be lost [require_same_names]"
    )


def test_guards_that_pass_are_counted() -> None:
    assert call("rotation_guards", gather(BEFORE)) == {"count": 10, "failed": []}


def test_waves_have_the_requests_of_what_is_due_in_them() -> None:
    evidence = gather(holding({DEV: OLD, STAGE: NEW, PROD: OLD}), variables=WAVES)

    assert call("rotation_waves", evidence) == [
        {"number": 1, "environments": (DEV, STAGE), "requests": [request(DEV)]},
        {"number": 2, "environments": (PROD,), "requests": [request(PROD)]},
    ]


def test_a_wave_with_nothing_due_is_left_out_and_the_others_keep_their_numbers() -> None:
    evidence = gather(holding({DEV: NEW, STAGE: NEW, PROD: OLD}), variables=WAVES)

    assert [wave["number"] for wave in call("rotation_waves", evidence)] == [2]
    assert call("rotation_waves", gather(AFTER, variables=WAVES)) == []


def test_one_update_names_the_environments_that_are_in_sync_as_well() -> None:
    (wave,) = call("rotation_waves", gather(holding({DEV: OLD, PROD: NEW})))

    assert wave["requests"] == [request(DEV, PROD, unlisted_environments="fail")]


@pytest.mark.parametrize("guard", ["", "require_same_subject"])
def test_what_a_guard_holds_back_is_in_no_wave(guard: str) -> None:
    odd = bundle(days=300, organization="Another Inc")
    variables = {"on_guard_failure": "skip", **({guard: False} if guard else {})}

    assert len(call("rotation_waves", gather(BEFORE, variables=variables, new=odd))) == bool(guard)


@pytest.mark.parametrize(
    ("after", "mismatches"),
    [
        (AFTER, []),
        (holding({DEV: NEW, STAGE: NEW, PROD: OLD}), []),
        (holding({STAGE: NEW}), ["MyProject/web in development: the manager holds none"]),
        (
            certificate(entry(DEV, NEW, entries=2), entry(STAGE, NEW)),
            ["MyProject/web in development: the manager lists 2 entries"],
        ),
        (
            holding({DEV: OLD, STAGE: NEW}),
            [
                (
                    f"MyProject/web in development: the manager holds SHA-1 {OLD.leaf.fingerprint_sha1}, "
                    f"not the new {NEW.leaf.fingerprint_sha1}"
                )
            ],
        ),
        (
            holding({DEV: NEW, STAGE: NEW}, name="Web"),
            [f"MyProject/web in {name}: the manager holds none" for name in (DEV, STAGE)],
        ),
        (
            holding({DEV: NEW, STAGE: NEW}, project="admin"),
            [f"MyProject/web in {name}: the manager holds none" for name in (DEV, STAGE)],
        ),
    ],
)
def test_mismatches_are_what_was_not_written(after: Json, mismatches: list[str]) -> None:
    assert call("rotation_mismatches", [request(DEV, STAGE)], listed(after)) == mismatches


def test_mismatches_of_several_projects() -> None:
    other = request(PROD, key="admin/api", project="admin", name="api")
    here, there = listed(AFTER), listed(holding({PROD: NEW}, project="admin", name="api"), project="admin")

    assert call("rotation_mismatches", [request(DEV), other], packed({**here, **there})) == []
    assert call("rotation_mismatches", [request(DEV), other], packed(here)) == [
        "admin/api in production: the manager holds none"
    ]


def test_the_way_back_has_its_contents_apart() -> None:
    before = holding({DEV: OLD, STAGE: OTHER, PROD: OLD})
    written = [applied(DEV, STAGE), applied(PROD, wave=2)]

    way = call("rotation_way_back", gather(before, variables=WAVES, applied=written))

    assert way["contents"] == [OLD.pem, OTHER.pem]
    assert [(undo["environments"], undo["content"]) for undo in way["undos"]] == [((DEV, PROD), 0), ((STAGE,), 1)]
    assert way["undos"][0] == {
        "project": PROJECT,
        "name": NAME,
        "environments": (DEV, PROD),
        "state": "present",
        "unlisted_environments": "keep",
        "content": 0,
        "alias": "web-alias",
        "description": "First",
    }
    assert way["impossible"] == []


def test_the_way_back_from_a_creation_has_no_content() -> None:
    evidence = gather(None, variables={"certificates": wanted_in([DEV])}, applied=[applied(DEV)])
    way = call("rotation_way_back", evidence)

    assert way["contents"] == [""]
    assert [(undo["state"], undo["content"]) for undo in way["undos"]] == [("absent", 0)]


def test_the_way_back_says_what_is_impossible() -> None:
    way = call("rotation_way_back", gather(holding({DEV: EXPIRED}), applied=[applied(DEV)]))

    assert (way["undos"], way["contents"]) == ([], [])
    assert len(way["impossible"]) == 1


def test_the_result_of_a_run() -> None:
    result = call("rotation_result", gather(BEFORE, variables=WAVES, check_mode=True))

    assert (result["schema"], result["outcome"], result["check_mode"]) == (1, "planned", True)
    assert json.loads(json.dumps(result)) == result


def back_up(before: Json, **more: Any) -> tuple[Json, dict[str, str]]:
    """The manifest of a backup, and its other files."""
    files = {file["name"]: file["content"] for file in call("rotation_backup", gather(before, **more))}
    return json.loads(files.pop("manifest.json")), files


def restore(
    manifest: Json,
    files: dict[str, str],
    *,
    strategy: str = "replace",
    now: str = "2026-06-02T00:00:00Z",
    environments: Any = None,
) -> Json:
    more = {} if environments is None else {"environments": environments}
    way: Json = call("rotation_restore", manifest, contents=files, now=now, strategy=strategy, **more)
    return way


def restored(way: Json) -> list[tuple[tuple[str, ...], str]]:
    return [(undo["environments"], way["contents"][undo["content"]]) for undo in way["undos"]]


def test_a_backup_has_what_is_due_and_a_manifest_of_it() -> None:
    manifest, files = back_up(holding({DEV: OLD, PROD: OTHER}))

    assert files == {"MyProject,web,development.pem": OLD.pem, "MyProject,web,production.pem": OTHER.pem}
    assert manifest == {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "localhost",
        "started": "2026-06-01T12:00:00Z",
        "finished": "2026-06-01T12:05:00Z",
        "backup": None,
        "certificates": [
            {
                "project": PROJECT,
                "name": NAME,
                "description": "First",
                "environments": [
                    {
                        "name": name,
                        "alias": "web-alias",
                        "not_after": entry(name, held)["not_after"],
                        "fingerprint_sha256": held.leaf.fingerprint_sha256,
                        "file": f"MyProject,web,{name}.pem",
                    }
                    for name, held in ((DEV, OLD), (PROD, OTHER))
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("before", "details"),
    [(None, None), (AFTER, ""), (holding({DEV: OLD}), {KEY: None})],
)
def test_a_backup_of_nothing_has_a_manifest_alone(before: Any, details: Any) -> None:
    manifest, files = back_up(before, **({} if details is None else {"details": details}))

    assert (manifest["certificates"], files) == ([], {})


def test_what_was_not_handed_out_has_no_file_and_is_named_when_the_rest_goes_back() -> None:
    manifest, files = back_up(certificate(entry(DEV, None), entry(PROD, OLD)))

    assert list(files) == ["MyProject,web,production.pem"]
    places = manifest["certificates"][0]["environments"]
    assert [(place["name"], place["file"]) for place in places] == [(DEV, None), (PROD, "MyProject,web,production.pem")]
    found = restore(manifest, files)
    assert restored(found) == [((PROD,), OLD.pem)]
    assert found["impossible"] == [
        "MyProject/web in development: the manager did not hand out the previous certificate, so it cannot be put back"
    ]


ODD = [
    ("with space", "with space"),
    ("a/b", "a%2Fb"),
    ("a\\b", "a%5Cb"),
    ("..", ".."),
    ("../..", "..%2F.."),
    ("/etc/passwd", "%2Fetc%2Fpasswd"),
    ("Üretim", "%C3%9Cretim"),
    ("100%", "100%25"),
    ("{{ x }}", "%7B%7B x %7D%7D"),
    ("a\nb", "a%0Ab"),
    ("a,b", "a%2Cb"),
    ("a__b", "a__b"),
]


@pytest.mark.parametrize(("odd", "quoted"), ODD)
def test_a_file_of_a_backup_stays_in_its_folder_whatever_the_names(odd: str, quoted: str) -> None:
    before = certificate(entry(odd), project=odd, name=odd)
    wanted = {"certificates": [{"project": odd, "name": odd, "path": "x.pem"}]}
    key = f"{odd}/{odd}"
    manifest, files = back_up(
        before,
        variables=wanted,
        listed=listed(before, project=odd),
        materials={key: {"content": NEW.pem}},
        details={key: before},
    )

    assert list(files) == [f"{quoted},{quoted},{quoted}.pem"]
    assert "/" not in "".join(files)
    (found,) = manifest["certificates"]
    assert (found["project"], found["name"], found["environments"][0]["name"]) == (odd, odd, odd)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (("a__b", "c", "d"), ("a", "b__c", "d")),
        (("a_", "_b", "c"), ("a", "__b", "c")),
        (("a,b", "c", "d"), ("a", "b,c", "d")),
        (("a/b", "c", "d"), ("a%2Fb", "c", "d")),
        (("a b", "c", "d"), ("a%20b", "c", "d")),
    ],
)
def test_no_two_certificates_share_a_file(one: tuple[str, str, str], another: tuple[str, str, str]) -> None:
    held = [
        certificate(entry(place, old), project=project, name=name)
        for (project, name, place), old in ((one, OLD), (another, OTHER))
    ]
    keys = [f"{found['project']}/{found['name']}" for found in held]
    manifest, files = back_up(
        None,  # type: ignore[arg-type]
        variables={
            "certificates": [{"project": found["project"], "name": found["name"], "path": "x.pem"} for found in held]
        },
        listed={project: [found for found in held if found["project"] == project] for project in (one[0], another[0])},
        materials={key: {"content": NEW.pem} for key in keys},
        details=dict(zip(keys, held, strict=True)),
    )

    assert [files[found["environments"][0]["file"]] for found in manifest["certificates"]] == [OLD.pem, OTHER.pem]


def test_a_backup_can_be_read_with_any_tool() -> None:
    (text,) = [
        file["content"]
        for file in call("rotation_backup", gather(BEFORE | {"description": "Üretim"}))
        if "json" in file["name"]
    ]

    assert '"Üretim"' in text
    assert text.endswith("}\n")
    assert yaml.safe_load(text) == json.loads(text)


@pytest.mark.parametrize(
    ("strategy", "held", "way"),
    [
        ("replace", {DEV: OLD, PROD: OLD}, [((DEV, PROD), OLD.pem)]),
        ("per_environment", {DEV: OLD, PROD: OLD}, [((DEV, PROD), OLD.pem)]),
        ("replace", {DEV: OLD, PROD: OTHER}, [((DEV,), OLD.pem), ((PROD,), OTHER.pem)]),
    ],
)
def test_a_backup_goes_back_where_it_came_from(
    strategy: str, held: dict[str, Bundle], way: list[tuple[tuple[str, ...], str]]
) -> None:
    found = restore(*back_up(holding(held)), strategy=strategy)

    assert restored(found) == way
    assert found["impossible"] == []
    alike = strategy == "replace" and len(way) == 1
    assert {undo["unlisted_environments"] for undo in found["undos"]} == {"fail" if alike else "keep"}
    assert {(undo["alias"], undo["description"], undo["state"]) for undo in found["undos"]} == {
        ("web-alias", "First", "present")
    }


@pytest.mark.parametrize(
    ("now", "back"),
    [("2026-06-21T11:59:59Z", (DEV, PROD)), ("2026-06-21T12:00:00Z", (DEV, PROD)), ("2026-06-21T12:00:01Z", (PROD,))],
)
@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_what_has_expired_since_is_left_out_and_named(strategy: str, now: str, back: tuple[str, ...]) -> None:
    found = restore(*back_up(holding({DEV: OLD, PROD: OTHER})), strategy=strategy, now=now)

    assert [places for places, _content in restored(found)] == [(place,) for place in back]
    assert found["impossible"] == (
        []
        if DEV in back
        else [
            "MyProject/web in development: the previous certificate expired on 2026-06-21T12:00:00Z, so it is NOT put back"
        ]
    )


@pytest.mark.parametrize(
    ("environments", "back"),
    [("", [DEV, PROD]), (DEV, [DEV]), ([DEV, "elsewhere"], [DEV]), (f"{PROD},\n{DEV}", [DEV, PROD]), ("elsewhere", [])],
)
@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_a_restore_keeps_to_the_environments_that_it_is_given(
    strategy: str, environments: Any, back: list[str]
) -> None:
    found = restore(*back_up(holding({DEV: OLD, PROD: OLD})), strategy=strategy, environments=environments)

    assert [name for places, _content in restored(found) for name in places] == back
    everywhere = strategy == "replace" and len(back) == 2
    assert {undo["unlisted_environments"] for undo in found["undos"]} <= {"fail" if everywhere else "keep"}


def test_a_restore_names_its_own_variable() -> None:
    with pytest.raises(AnsibleFilterError, match=r"^certificate_restore_environments: is an empty list"):
        restore(*back_up(holding({DEV: OLD})), environments=",")


def test_a_certificate_without_a_date_is_put_back() -> None:
    manifest, files = back_up(certificate(entry(DEV) | {"not_after": None}))

    assert restored(restore(manifest, files)) == [((DEV,), OLD.pem)]


@pytest.mark.parametrize(
    ("manifest", "strategy"),
    [({"schema": 2, "certificates": []}, "replace"), ({}, "replace"), ({"schema": 1, "certificates": []}, "auto")],
)
def test_what_cannot_be_restored(manifest: Json, strategy: str) -> None:
    with pytest.raises(AnsibleFilterError, match=r"^Needs a manifest of schema 1, and the strategy replace or"):
        restore(manifest, {}, strategy=strategy)


def test_evidence_may_come_as_text() -> None:
    evidence = gather(BEFORE, applied=[applied(DEV)], refused=False)
    packed = {
        key: f"json:{json.dumps(value)}" if key in ("variables", "listed", "materials", "details") else value
        for key, value in evidence.items()
    }
    packed["applied"] = [f"json:{json.dumps(wave)}" for wave in evidence["applied"]]

    for name in ("rotation_plan", "rotation_guards", "rotation_waves", "rotation_way_back", "rotation_result"):
        assert call(name, packed) == call(name, evidence)


def test_what_was_obtained_takes_the_place_of_other_material() -> None:
    obtained = {KEY: {"content": OLD.pem}}

    plan = call("rotation_plan", {**gather(BEFORE), "obtained": obtained})

    assert plan["due"] == []


def test_files_of_this_machine_are_read_all_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(b"PEM")
    (tmp_path / "folder").mkdir()
    paths = {"relative": "a.pem", "absolute": f"{tmp_path}/a.pem", "missing": "b.pem", "folder": "folder"}
    wanted = [{"project": "p", "name": name, "path": path} for name, path in paths.items()]
    given = {"variables": {"certificates": [*wanted, {"project": "p", "name": "given", "content": "PEM"}]}}

    found = call("rotation_files", {**given, "folder": str(tmp_path)})

    assert unpacked(found["materials"]) == {
        "p/relative": {"path": "a.pem", "base64": "UEVN"},
        "p/absolute": {"path": f"{tmp_path}/a.pem", "base64": "UEVN"},
    }
    assert found["left"] == [{"key": "p/missing", "path": "b.pem"}, {"key": "p/folder", "path": "folder"}]
    assert [left["key"] for left in call("rotation_files", {**given, "folder": None})["left"]] == [
        f"p/{name}" for name in paths
    ]


def written(name: str, **result: Any) -> dict[str, Any]:
    return {"key": f"p/{name}", "environments": [DEV], "result": result}


def test_what_a_wave_has_written_is_noted_for_each_certificate_that_was_tried() -> None:
    results = [
        looped("r", [], written=[written("a", changed=True), written("b", changed=False)]),
        looped("r", [], written=[written("c", changed=True), written("d", changed=True)], msg="p/d: HTTP 500"),
        looped("r", [], changed=False, skipped=True),
    ]

    noted = call("rotation_applied", {"applied": ["json:[]"], "wave": "2", "results": results})

    before, wave = noted["applied"]
    assert before == "json:[]"
    assert unpacked(wave) == [
        {**written(name, changed=changed), "wave": 2}
        for name, changed in (("a", True), ("b", False), ("c", True), ("d", True))
    ]
    assert noted["failure"] == "p/d: HTTP 500"


def test_what_fails_before_anything_is_tried_stops_the_wave_too() -> None:
    noted = call("rotation_applied", {"applied": [], "wave": 1, "results": [looped("r", [], msg="No such file")]})

    assert unpacked(noted["applied"][0]) == []
    assert noted["failure"] == "No such file"


def test_a_wave_that_went_well_has_no_failure() -> None:
    results = [looped("r", [], written=[written("a", changed=True)])]

    assert call("rotation_applied", {"applied": [], "wave": 1, "results": results})["failure"] == ""
