# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import deployment_unknown_warning
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.hook_views import request_view
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import Request
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, Write, load_run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.write import (
    PROGRESS_FROM,
    make_operation,
    predict_wave,
    write_wave,
)
from unit.plugins.plugin_utils._rotation.fakes import FakeAccess, failure, stored
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    KEY,
    NAME,
    NEW,
    OLD,
    PROD,
    PROJECT,
    STAGE,
    TWO_WAVES,
    Json,
    RunBuilder,
    bundle,
    certificate,
    deployment,
    entry,
    holding,
)

BEFORE = holding({DEV: OLD, STAGE: OLD, PROD: OLD})
WAVES = ((DEV, STAGE), (PROD,))


def operation_of(builder: RunBuilder, wave: int | None = 1) -> Operation:
    run = builder.build()
    return make_operation(run, run.plan.certificates[0], wave)


def several(count: int, **settings: Any) -> RunBuilder:
    """A run for that many certificates, C(c0) and so on, in one environment."""
    builder = RunBuilder(
        holding({DEV: OLD}, name="c0"), desired=DesiredCertificate(PROJECT, "c0", path="x"), **settings
    )
    for number in range(1, count):
        builder.also(holding({DEV: OLD}, name=f"c{number}"))
    return builder


def write(run: Run, access: FakeAccess, wave: int = 1) -> tuple[Json, list[str]]:
    """The result of writing a wave, and the lines that it shows."""
    lines: list[str] = []
    return write_wave(run, wave, access, lines.append), lines


def test_one_update_names_every_environment_also_those_in_sync() -> None:
    operation = operation_of(RunBuilder(holding({DEV: OLD, PROD: NEW})))

    assert operation == Operation(PROJECT, NAME, (DEV, PROD), NEW, unlisted_environments="fail")


@pytest.mark.parametrize(("wave", "environments"), [(1, (DEV,)), (2, (PROD,)), (None, (DEV, PROD))])
def test_a_wave_writes_the_environments_that_are_due_in_it_and_keeps_the_others(
    wave: int | None, environments: tuple[str, ...]
) -> None:
    operation = operation_of(RunBuilder(holding({DEV: OLD, STAGE: NEW, PROD: OLD}), waves=WAVES), wave)

    assert operation == Operation(PROJECT, NAME, environments, NEW, unlisted_environments="keep")


def test_an_operation_has_the_alias_and_the_description_that_are_given() -> None:
    desired = DesiredCertificate(PROJECT, NAME, path="web.pem", alias="new-alias", description="Second")

    operation = operation_of(RunBuilder(holding({DEV: OLD}), desired=desired))

    assert (operation.alias, operation.description) == ("new-alias", "Second")


@pytest.mark.parametrize(
    ("settings", "scope"),
    [
        ({"update_referenced_jwks": True, "update_scope": "all_projects"}, "all_projects"),
        ({"update_referenced_jwks": False, "update_scope": "all_projects"}, None),
    ],
)
def test_an_operation_updates_jwks_only_if_the_settings_say_so(settings: Json, scope: str | None) -> None:
    assert operation_of(RunBuilder(holding({DEV: OLD}), **settings)).jwk_scope == scope


def test_an_operation_is_forced_if_the_settings_say_so() -> None:
    assert operation_of(RunBuilder(holding({DEV: NEW}), force=True)).force


def test_a_request_is_the_operation_without_the_certificate() -> None:
    run = RunBuilder(holding({DEV: OLD, STAGE: NEW, PROD: OLD}), waves=WAVES).build()

    request = request_view(make_operation(run, run.plan.certificates[0], 2), run.new_views[KEY])

    assert request == {
        "key": KEY,
        "project": PROJECT,
        "name": NAME,
        "environments": [PROD],
        "unlisted_environments": "keep",
        "alias": "",
        "description": "",
        "update_referenced_jwks": False,
        "update_scope": "",
        "force": False,
        "fingerprint_sha1": NEW.leaf.fingerprint_sha1,
        "fingerprint_sha256": NEW.leaf.fingerprint_sha256,
    }
    assert request.keys() == Request.__annotations__.keys()


def test_writing_a_wave_records_what_was_written(tmp_path: Path) -> None:
    run = RunBuilder(BEFORE, waves=WAVES).build()
    run.create_file(str(tmp_path))

    result, lines = write(run, FakeAccess(), 2)

    assert (result, lines) == ({"changed": True, "diff": []}, [])
    assert run.writes == load_run(run.path).writes
    assert run.writes == [
        Write(KEY, 2, (PROD,), failed=False, may_have_changed=True, deployment=deployment(), duplicated=False)
    ]


def test_the_intent_is_on_disk_before_a_write_and_the_result_after_it(tmp_path: Path) -> None:
    run = several(3).build()
    run.create_file(str(tmp_path))
    seen: list[list[Write]] = []

    write(run, FakeAccess(before_write=lambda _operation: seen.append(load_run(run.path).writes)))

    def done(name: str) -> Write:
        return Write(f"{PROJECT}/{name}", 1, (DEV,), failed=False, deployment=deployment())

    def intent(name: str) -> Write:
        return Write(f"{PROJECT}/{name}", 1, (DEV,))

    assert seen == [[intent("c0")], [done("c0"), intent("c1")], [done("c0"), done("c1"), intent("c2")]]


def test_certificates_that_are_stopped_by_guards_are_not_written() -> None:
    builder = several(2, on_guard_failure="skip").also(holding({DEV: OLD}, name="odd"), new=bundle(days=0))
    access = FakeAccess()

    write(builder.build(), access)

    assert access.written == ["MyProject/c0", "MyProject/c1"]


@pytest.mark.parametrize(("in_process", "expected"), [(True, 4), (False, 1)])
def test_writes_run_in_parallel_in_process_and_one_by_one_as_modules(in_process: bool, expected: int) -> None:
    all_there = threading.Barrier(expected)

    def meet(_operation: Operation) -> None:
        all_there.wait(10)

    run = several(4, parallel_writes=4).build()
    result, _lines = write(run, FakeAccess(before_write=meet, in_process=in_process))

    assert result["changed"]
    assert len(run.writes) == 4
    assert not any(one.failed for one in run.writes)


def test_after_a_failure_no_other_write_begins() -> None:
    run, access = several(4).build(), FakeAccess(results={"MyProject/c1": failure("No permission.")})

    result, _lines = write(run, access)

    assert access.written == ["MyProject/c0", "MyProject/c1"]
    assert (result["failed"], result["changed"], result["msg"]) == (True, True, "MyProject/c1: No permission")
    assert [(one.key, one.failed) for one in run.writes] == [("MyProject/c0", False), ("MyProject/c1", True)]


def test_failures_are_summarized_with_their_certificates() -> None:
    both_begun = threading.Barrier(2)

    def meet(_operation: Operation) -> None:
        both_begun.wait(10)

    results = {"MyProject/c0": failure("No permission."), "MyProject/c1": failure("MyProject/c1 is gone")}
    run = several(2, parallel_writes=2).build()

    result, _lines = write(run, FakeAccess(results=results, before_write=meet))

    assert sorted(result["msg"].split(". ")) == ["MyProject/c0: No permission", "MyProject/c1 is gone"]


@pytest.mark.parametrize(
    ("result", "may"),
    [
        ({"changed": False}, False),
        ({"changed": True}, True),
        (failure("HTTP 403"), False),
        (failure("HTTP 403", changed=False), False),
        (failure("Not deployed", changed=True), True),
        (failure("Unexpected KeyError", crashed=True), True),
        (failure("MODULE FAILURE", module_stdout="", module_stderr="Killed"), True),
    ],
)
def test_a_write_may_have_changed_the_record_if_it_says_so_or_returned_no_result(result: Json, may: bool) -> None:
    run = several(1).build()

    summary, _lines = write(run, FakeAccess(results={"MyProject/c0": result}))

    assert (run.writes[0].may_have_changed, summary["changed"]) == (may, may)
    assert run.writes[0].failed is bool(result.get("failed"))


@pytest.mark.parametrize(("entries", "duplicated"), [(1, False), (2, True)])
def test_duplicate_entries_after_a_write_are_recorded(entries: int, duplicated: bool) -> None:
    after = certificate(entry(DEV, NEW, entries=entries), name="c0")
    run = several(1).build()

    write(run, FakeAccess(results={"MyProject/c0": stored(certificate=after)}))

    assert run.writes[0].duplicated is duplicated


def test_an_error_of_the_engine_leaves_the_write_as_interrupted(tmp_path: Path) -> None:
    run = several(3).build()
    run.create_file(str(tmp_path))

    with pytest.raises(RuntimeError, match="a bug"):
        write(run, FakeAccess(results={"MyProject/c1": RuntimeError("a bug")}))

    writes = load_run(run.path).writes
    assert [(one.key, one.failed, one.may_have_changed) for one in writes] == [
        ("MyProject/c0", False, True),
        ("MyProject/c1", True, True),
    ]


def test_a_task_timeout_records_the_writes_that_were_sent_and_sends_no_other(
    tmp_path: Path, alarm: Callable[[float], None]
) -> None:
    both_begun = threading.Barrier(2)

    def time_out(_operation: Operation) -> None:
        both_begun.wait(10)
        alarm(0.05)
        time.sleep(0.3)

    run = several(5, parallel_writes=2).build()
    run.create_file(str(tmp_path))

    with pytest.raises(KeyboardInterrupt):
        write(run, FakeAccess(before_write=time_out))

    assert [(one.key, one.failed) for one in load_run(run.path).writes] == [
        ("MyProject/c0", False),
        ("MyProject/c1", False),
    ]


def test_the_diffs_of_all_writes_are_returned() -> None:
    results = {f"MyProject/c{number}": stored(diff={"before": number}) for number in (0, 2)}

    result, _lines = write(several(3).build(), FakeAccess(results=results))

    assert result["diff"] == [{"before": 0}, {"before": 2}]


def test_a_small_wave_shows_no_progress() -> None:
    _result, lines = write(several(PROGRESS_FROM - 1).build(), FakeAccess())

    assert lines == []


@pytest.mark.parametrize(("count", "step"), [(20, 2), (25, 2), (100, 10)])
def test_a_large_wave_shows_its_progress_about_ten_times(count: int, step: int) -> None:
    _result, lines = write(several(count).build(), FakeAccess())

    expected = sorted({*range(step, count + 1, step), count})
    assert lines == [f"Wave 1: {done} of {count} certificates written" for done in expected]


def test_a_large_wave_names_each_certificate_that_failed() -> None:
    _result, lines = write(several(30).build(), FakeAccess(results={"MyProject/c4": failure()}))

    assert lines == ["Wave 1: 3 of 30 certificates written", "Wave 1: MyProject/c4 failed"]


def unknown(name: str) -> Json:
    """A write after which the manager did not report the deployment."""
    return stored(deployment=None, warnings=[deployment_unknown_warning(name, (DEV,))])


@pytest.mark.parametrize(("silent", "which"), [(("c1",), "MyProject/c1"), (("c0", "c1", "c2"), "3 certificates")])
def test_deployments_that_were_not_reported_are_one_warning(silent: tuple[str, ...], which: str) -> None:
    results = {f"MyProject/{name}": unknown(name) for name in silent}

    result, _lines = write(several(3, verify_gateways="never").build(), FakeAccess(results=results))

    assert result["warnings"] == [
        (
            f"Wave 1: the manager stored {which}, but did not report the deployment to the gateways of development. "
            "To find out what they hold, run again in check mode with certificate_rotation_verify_gateways=required, or read "
            "their truststores with apinizer_truststore_info"
        )
    ]


def test_other_warnings_are_listed_once_after_it() -> None:
    warned = unknown("c0")
    warned["warnings"].append("Retried once")
    results = {"MyProject/c0": warned, "MyProject/c1": stored(warnings=["Retried once", "A JWK uses it"])}

    result, _lines = write(several(2, verify_gateways="never").build(), FakeAccess(results=results))

    assert [warning.split(":")[0] for warning in result["warnings"]] == ["Wave 1", "Retried once", "A JWK uses it"]


@pytest.mark.parametrize("mode", ["auto", "required"])
def test_deployments_that_were_not_reported_are_no_warning_where_the_gateways_are_asked_next(mode: str) -> None:
    results = {"MyProject/c0": unknown("c0")}

    result, _lines = write(several(2, verify_gateways=mode).build(), FakeAccess(results=results))

    assert "warnings" not in result


def test_a_wave_without_warnings_has_none() -> None:
    result, _lines = write(several(2).build(), FakeAccess(results={"MyProject/c0": stored(warnings=["Retried"])}))
    assert result["warnings"] == ["Retried"]

    result, _lines = write(several(2).build(), FakeAccess())
    assert "warnings" not in result


def diff_of(*environments: str, created: bool = False) -> Json:
    after = {"description": "First", "environments": {name: {"alias": name} for name in environments}}
    return {"before": {} if created else after, "after": after, "before_header": KEY}


@pytest.mark.parametrize(("wave", "environments"), [(1, {DEV}), (2, {PROD})])
@pytest.mark.parametrize("created", [True, False])
def test_a_prediction_shows_the_part_of_the_diff_that_is_about_the_wave(
    wave: int, environments: set[str], created: bool
) -> None:
    run = RunBuilder(holding({DEV: OLD, PROD: OLD}), waves=TWO_WAVES, check_mode=True).build()
    run.diffs = {KEY: diff_of(DEV, PROD, created=created)}

    result = predict_wave(run, wave)

    (diff,) = result["diff"]
    assert result["changed"]
    assert set(diff["after"]["environments"]) == environments
    assert diff["before_header"] == KEY
    assert diff["before"] == ({} if created else diff["after"])
    assert run.writes == []


def test_a_prediction_shows_what_stale_gateways_hold() -> None:
    run = RunBuilder(holding({DEV: OLD, PROD: OLD}), check_mode=True).build()
    record = {name: {"alias": "web", "fingerprint_sha256": "new"} for name in (DEV, PROD)}
    side = {"description": "First", "environments": record}
    run.diffs = {KEY: {"before": side, "after": side}}
    run.gateways = {
        KEY: {
            DEV: {"name": DEV, "state": "stale", "fingerprint_sha256": "old", "reason": None, "source": "workers"},
            PROD: {"name": PROD, "state": "unknown", "fingerprint_sha256": None, "reason": "Down", "source": None},
        }
    }

    (diff,) = predict_wave(run, 1)["diff"]

    held = [diff[side]["environments"][DEV]["gateway_fingerprint_sha256"] for side in ("before", "after")]
    assert held == ["old", "new"]
    assert "gateway_fingerprint_sha256" not in diff["before"]["environments"][PROD]
    assert "gateway_fingerprint_sha256" not in run.diffs[KEY]["before"]["environments"][DEV]


def test_a_prediction_without_anything_to_write_changes_nothing() -> None:
    run = RunBuilder(holding({DEV: NEW}), check_mode=True).build()

    assert predict_wave(run, 1) == {"changed": False, "diff": []}
