# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.evidence import Evidence, packed, unpacked
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import WayBack
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import SettingError
from unit.plugins.plugin_utils._rotation.rotation_scene import (
    DEV,
    KEY,
    NEW,
    NOW,
    OLD,
    PROD,
    PROJECT,
    STAGE,
    Json,
    applied,
    certificate,
    entry,
    gather,
    holding,
    issued,
    listed,
    looped,
    wanted_in,
)

BEFORE = holding({DEV: OLD, PROD: OLD})
NEW_ISSUED = issued(days=300)


def encoded(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def with_material(**material: Any) -> Evidence:
    return Evidence(gather(BEFORE, materials={KEY: {"path": "web.pem", **material}}))


@pytest.mark.parametrize("now", ["2026-06-01T12:00:00Z", "2026-06-01T12:00:00+00:00", "2026-06-01T15:00:00+03:00"])
def test_now_is_an_iso_date(now: str) -> None:
    assert Evidence(gather(BEFORE, now=now)).now == datetime(2026, 6, 1, 12, tzinfo=timezone.utc) == NOW


@pytest.mark.parametrize(
    "material",
    [
        {"content": NEW_ISSUED.pem},
        {"content": NEW_ISSUED.pem.replace("\n", "\r\n").rstrip()},
        {"base64": encoded(NEW_ISSUED.pem)},
        {"base64": encoded(NEW_ISSUED.der), "error": ""},
        {"base64": encoded(NEW_ISSUED.chain_pem)},
    ],
)
def test_a_new_certificate_as_text_or_as_a_file(material: Json) -> None:
    evidence = with_material(**material)

    assert evidence.new[KEY].leaf == NEW.leaf
    assert evidence.problems == []
    assert evidence.new_described[KEY]["fingerprint_sha256"] == NEW.leaf.fingerprint_sha256
    assert evidence.new_described[KEY]["days_remaining"] == 300


def test_the_issuers_of_a_file_travel_along() -> None:
    assert with_material(base64=encoded(NEW_ISSUED.chain_pem)).new[KEY].pem == NEW_ISSUED.chain_pem


@pytest.mark.parametrize(
    ("material", "reason"),
    [
        ({"content": "no certificate"}, "contains no certificate"),
        ({"content": ""}, "is empty"),
        ({"base64": ""}, "is empty"),
        ({"base64": encoded(NEW_ISSUED.der[:-9])}, "contains no certificate"),
        ({"base64": "abc"}, "the file was not transferred whole"),
        ({"base64": None, "error": "file not found: web.pem"}, "file not found: web.pem"),
        ({"content": NEW_ISSUED.pem + NEW_ISSUED.key_pem}, "contains a private key"),
        ({"base64": encoded(NEW_ISSUED.key_pem)}, "contains a private key"),
    ],
)
def test_a_new_certificate_that_is_none_stops_the_run(material: Json, reason: str) -> None:
    evidence = with_material(**material)

    assert evidence.new == {}
    (problem,) = evidence.problems
    assert problem.startswith(f"The new certificate of MyProject/web (web.pem) cannot be used: {reason}")


def test_a_private_key_is_never_repeated() -> None:
    evidence = with_material(content=NEW_ISSUED.pem + NEW_ISSUED.key_pem)

    said = " ".join(evidence.problems)
    assert "the key was not sent anywhere" in said
    assert not any(line in said for line in NEW_ISSUED.key_pem.splitlines())


def test_a_file_that_was_fetched_from_elsewhere() -> None:
    file = {"key": KEY, "path": "/there/web.pem"}
    read = looped("any_name", file, content=encoded(NEW_ISSUED.pem.encode()), failed=False)
    missing = looped("any_name", file, msg="file not found: /there/web.pem", failed=False)

    assert Evidence(gather(BEFORE, materials="", fetched=packed([read]))).new[KEY].leaf == NEW.leaf
    assert Evidence(gather(BEFORE, materials="", fetched=packed([missing]))).problems == [
        "The new certificate of MyProject/web (/there/web.pem) cannot be used: file not found: /there/web.pem"
    ]


@pytest.mark.parametrize(("certificates", "beginning"), [(1, "json:{"), (1000, "zlib:")])
def test_a_value_passes_as_text_and_compressed_where_it_is_large(certificates: int, beginning: str) -> None:
    value = {"project": [{"name": f"ünï-{number}", "content": OLD.pem} for number in range(certificates)]}

    text = packed(value)

    assert text.startswith(beginning)
    assert text.isascii()
    assert len(text) < len(OLD.pem) * certificates or certificates == 1
    assert packed(text) == text
    assert unpacked(text) == value


@pytest.mark.parametrize("value", ["", "text", None, 7, ["json:1"]])
def test_what_is_no_such_text_is_left_alone(value: Any) -> None:
    assert unpacked(value) == value


def test_only_what_is_due_is_described() -> None:
    assert Evidence(gather(holding({DEV: NEW, PROD: NEW}))).new_described == {}


def test_content_without_a_path_says_so() -> None:
    (problem,) = Evidence(gather(BEFORE, materials={KEY: {"content": "x"}})).problems

    assert problem.startswith("The new certificate of MyProject/web (content) cannot be used")


def test_problems_of_the_plan_follow() -> None:
    problems = Evidence(gather(None, materials={KEY: {"content": "x"}})).problems

    assert [problem.split(" (")[0] for problem in problems] == [
        "The new certificate of MyProject/web",
        "MyProject/web is in no environment yet; give the key environments in certificate_rotation_certificates to create it",
    ]


def test_variables_that_cannot_be_used() -> None:
    with pytest.raises(SettingError, match=r"^certificate_rotation_strategy: "):
        _unused = Evidence(gather(BEFORE, variables={"strategy": "both"})).plan


def test_without_the_lists_the_plan_is_empty_rather_than_wrong() -> None:
    plan = Evidence(gather(BEFORE, listed="")).plan

    assert (plan.waves, plan.certificates, plan.problems) == ((), (), ())
    assert plan.strategy_reason == "the certificates could not be listed"


def test_a_result_belongs_to_the_item_of_its_loop_whatever_the_variable_is_called() -> None:
    evidence = Evidence(
        gather(
            BEFORE,
            variables={"waves": "auto"},
            types=[
                looped(
                    "any_name",
                    PROJECT,
                    environments=[{"name": DEV, "type": "TEST"}, {"name": PROD, "type": "PRODUCTION"}],
                )
                | {"item": "not this"}
            ],
        )
    )

    assert [wave.environments for wave in evidence.plan.waves] == [(DEV,), (PROD,)]
    assert evidence.problems == []


@pytest.mark.parametrize(
    "result",
    [looped("project", PROJECT, failed=True, msg="No"), looped("project", PROJECT, failed=False, msg="No")],
)
def test_stages_that_could_not_be_read_are_not_reported(result: Json) -> None:
    (problem, _in_no_wave) = Evidence(gather(BEFORE, variables={"waves": "auto"}, types=[result])).problems

    assert "development (type not reported), production (type not reported)" in problem


def test_guards_compare_with_what_the_details_say() -> None:
    guards = Evidence(gather(BEFORE)).guards

    assert list(guards) == [KEY]
    assert {guard.environment for guard in guards[KEY]} == {None, DEV, PROD}
    assert all(guard.passed for guard in guards[KEY])


def test_no_guards_before_the_details_are_known() -> None:
    evidence = Evidence(gather(BEFORE, details=""))

    assert evidence.guards == {}
    assert evidence.passes(evidence.plan.certificates[0])


def test_a_certificate_passes_with_all_its_guards() -> None:
    evidence = Evidence(gather(holding({DEV: OLD, PROD: NEW}), new=OLD))

    assert not evidence.passes(evidence.plan.certificates[0])


def test_what_is_not_handed_out_is_not_compared() -> None:
    before = certificate(entry(DEV, None), entry(PROD, OLD))
    guards = Evidence(gather(before)).guards[KEY]

    assert {guard.environment for guard in guards if not guard.passed} == {DEV}


def test_the_way_back_is_for_what_was_written() -> None:
    before = holding({DEV: OLD, STAGE: OLD, PROD: OLD})
    waves = {"waves": [[DEV], [STAGE], [PROD]]}
    written = [applied(DEV), applied(STAGE, wave=2, failed=True), applied(PROD, wave=3, changed=False, failed=True)]

    (undo,) = Evidence(gather(before, variables=waves, applied=written)).way_back().undos

    assert (undo.environments, undo.unlisted_environments, undo.content) == ((DEV, STAGE), "keep", OLD.pem)


@pytest.mark.parametrize("more", [{}, {"applied": [applied(DEV, PROD, changed=False, failed=True)]}])
def test_nothing_written_nothing_to_undo(more: Json) -> None:
    assert Evidence(gather(BEFORE, **more)).way_back() == WayBack()


@pytest.mark.parametrize(("entries", "unlisted"), [(1, "fail"), (2, "keep")])
def test_entries_that_the_manager_doubled_go_back_one_by_one(entries: int, unlisted: str) -> None:
    after = certificate(entry(DEV, NEW, entries=entries), entry(PROD, NEW))

    (undo,) = Evidence(gather(BEFORE, applied=[applied(DEV, PROD, after=after)])).way_back().undos

    assert (undo.environments, undo.unlisted_environments) == ((DEV, PROD), unlisted)


def test_a_created_certificate_goes_back_to_none() -> None:
    variables = {"certificates": wanted_in([DEV, PROD])}
    (undo,) = Evidence(gather(None, variables=variables, applied=[applied(DEV, PROD)])).way_back().undos

    assert (undo.state, undo.environments) == ("absent", (DEV, PROD))


def test_a_run_before_its_first_write_has_undone_nothing() -> None:
    """A loop over nothing has results, too: none."""
    run = Evidence(gather(BEFORE, failure="A guard", undone=[])).run()

    assert (run.refused, run.undone, run.impossible) == (True, None, ())


def test_what_fails_after_the_preflight_and_before_the_first_write_is_refused() -> None:
    assert Evidence(gather(BEFORE, failure="No space for the backup", refused=False, undone=[])).run().refused


def test_a_rollback_that_is_switched_off_has_undone_nothing() -> None:
    skipped = [looped("undo", {}, skipped=True, changed=False)]
    run = Evidence(
        gather(BEFORE, variables={"rollback": "no"}, applied=[applied(DEV, PROD)], undone=skipped, refused=False)
    ).run()

    assert (run.refused, run.undone) == (False, None)


@pytest.mark.parametrize(
    ("after", "known"), [("", False), (listed(BEFORE), True), (listed(), True), (packed(listed(BEFORE)), True)]
)
def test_what_is_there_in_the_end_is_known_when_it_was_read(after: Json | str, known: bool) -> None:
    run = Evidence(gather(BEFORE, applied=[applied(DEV, PROD)]) | {"after": after}).run()

    assert (run.after is not None) is known
