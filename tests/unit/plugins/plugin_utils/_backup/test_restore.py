# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore import plan_restore, restore
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import RollbackPlan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    EXPIRED,
    OLD,
    OTHER,
    PROD,
    Json,
    RunBuilder,
    certificate,
    entry,
    holding,
)


def backup_of(before: Json) -> FakeFiles:
    """A backup in the folder C(backup)."""
    files = FakeFiles()
    write_backup(RunBuilder(before).build(), files, "backup")
    return files


def changed_manifest(files: FakeFiles, **changes: Any) -> FakeFiles:
    manifest = json.loads(files.contents["backup/manifest.json"])
    files.contents["backup/manifest.json"] = json.dumps({**manifest, **changes}).encode()
    return files


def plan(
    files: FakeFiles, *, strategy: str = "replace", now: str = "2026-06-02T00:00:00Z", environments: Any = None
) -> RollbackPlan:
    return plan_restore(files, "backup", strategy=strategy, environments=environments, now=now)


def restored(found: RollbackPlan) -> list[tuple[tuple[str, ...], str | None]]:
    return [(step.environments, step.content) for step in found.steps]


@pytest.mark.parametrize(
    ("strategy", "certificates", "expected"),
    [
        ("replace", {DEV: OLD, PROD: OLD}, [((DEV, PROD), OLD.pem)]),
        ("per_environment", {DEV: OLD, PROD: OLD}, [((DEV, PROD), OLD.pem)]),
        ("replace", {DEV: OLD, PROD: OTHER}, [((DEV,), OLD.pem), ((PROD,), OTHER.pem)]),
    ],
)
def test_a_backup_is_restored_to_the_environments_it_is_from(
    strategy: str, certificates: dict[str, Bundle], expected: list[tuple[tuple[str, ...], str]]
) -> None:
    found = plan(backup_of(holding(certificates)), strategy=strategy)

    assert restored(found) == expected
    assert found.impossible == ()
    one_update = strategy == "replace" and len(expected) == 1
    assert {step.unlisted_environments for step in found.steps} == {"fail" if one_update else "keep"}
    assert {(step.alias, step.description, step.absent) for step in found.steps} == {("web-alias", "First", False)}


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2026-06-21T11:59:59Z", (DEV, PROD)), ("2026-06-21T12:00:00Z", (DEV, PROD)), ("2026-06-21T12:00:01Z", (PROD,))],
)
@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_a_certificate_that_has_expired_since_is_left_out_and_named(
    strategy: str, now: str, expected: tuple[str, ...]
) -> None:
    found = plan(backup_of(holding({DEV: OLD, PROD: OTHER})), strategy=strategy, now=now)

    assert [environments for environments, _content in restored(found)] == [(name,) for name in expected]
    assert found.impossible == (
        ()
        if DEV in expected
        else (
            "MyProject/web in development: the previous certificate expired on 2026-06-21T12:00:00Z, so it was NOT restored",
        )
    )


@pytest.mark.parametrize(
    ("environments", "expected"),
    [
        (None, [DEV, PROD]),
        ((DEV,), [DEV]),
        ((DEV, "elsewhere"), [DEV]),
        ((PROD, DEV), [DEV, PROD]),
    ],
)
@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_a_restore_is_limited_to_the_given_environments(
    strategy: str, environments: tuple[str, ...] | None, expected: list[str]
) -> None:
    found = plan(backup_of(holding({DEV: OLD, PROD: OLD})), strategy=strategy, environments=environments)

    assert [name for names, _content in restored(found) for name in names] == expected
    everywhere = strategy == "replace" and len(expected) == 2
    assert {step.unlisted_environments for step in found.steps} <= {"fail" if everywhere else "keep"}


def test_a_restore_of_environments_that_are_not_in_the_backup_is_refused() -> None:
    reason = (
        r"^certificate_restore_environments: the backup has no certificate of elsewhere, nowhere\. "
        rf"It has certificates of {DEV}, {PROD} \(case-sensitive\)$"
    )
    with pytest.raises(SettingError, match=reason):
        plan(backup_of(holding({PROD: OLD, DEV: OLD})), environments=("elsewhere", "nowhere"))


def test_a_certificate_without_a_date_is_restored() -> None:
    files = backup_of(certificate(entry(DEV) | {"not_after": None}))

    assert restored(plan(files)) == [((DEV,), OLD.pem)]


def test_a_certificate_without_a_file_is_named_and_the_others_are_restored() -> None:
    found = plan(backup_of(certificate(entry(DEV, None), entry(PROD, OLD))))

    assert restored(found) == [((PROD,), OLD.pem)]
    assert found.impossible == (
        "MyProject/web in development: the manager did not return the previous certificate, so it cannot be restored",
    )


@pytest.mark.parametrize("strategy", ["auto", "", "both"])
def test_another_strategy_is_refused(strategy: str) -> None:
    with pytest.raises(SettingError) as raised:
        plan(backup_of(holding({DEV: OLD})), strategy=strategy)
    assert str(raised.value) == (
        f"certificate_restore_strategy: must be one of per_environment, replace, not '{strategy}'"
    )


@pytest.mark.parametrize("text", ["not JSON", "{}", "[]", "7", b"\xff"])
def test_a_file_that_is_not_a_manifest_is_refused(text: bytes | str) -> None:
    with pytest.raises(SettingError) as raised:
        plan(FakeFiles({"backup/manifest.json": text}))
    assert str(raised.value) == "certificate_restore_dir: manifest.json in backup is not the manifest of a backup"


def test_a_manifest_of_another_schema_is_refused() -> None:
    with pytest.raises(SettingError, match=r"^certificate_restore_dir: manifest\.json in backup has schema 2, not 1$"):
        plan(changed_manifest(backup_of(holding({DEV: OLD})), schema=2))


@pytest.mark.parametrize("missing", ["manifest.json", "MyProject,web,development.pem"])
def test_a_missing_file_stops_the_restore(missing: str) -> None:
    files = backup_of(holding({DEV: OLD}))
    del files.contents[f"backup/{missing}"]

    with pytest.raises(FileProblem, match=f"^backup/{missing} cannot be read"):
        plan(files)


def run_phase(files: FakeFiles, **arguments: Any) -> Json:
    given = {"folder": "backup", "strategy": "per_environment", "environments": "", **arguments}
    task: Any = SimpleNamespace(files=files)
    return restore(task, **given)


def test_the_phase_returns_steps_for_the_playbook() -> None:
    """Its loop passes them to apinizer_certificate. (The certificate has expired by the clock of the machine or not.)"""
    files = changed_manifest(backup_of(holding({DEV: OLD})))
    manifest = json.loads(files.contents["backup/manifest.json"])
    manifest["certificates"][0]["environments"][0]["not_after"] = "9999-12-31T23:59:59Z"
    changed_manifest(files, certificates=manifest["certificates"])

    assert run_phase(files, environments=f"{DEV}, elsewhere") == {
        "changed": False,
        "steps": [
            {
                "project": "MyProject",
                "name": "web",
                "environments": (DEV,),
                "absent": False,
                "unlisted_environments": "keep",
                "content": OLD.pem,
                "alias": "web-alias",
                "description": "First",
            }
        ],
        "impossible": [],
    }


def test_the_phase_compares_with_the_current_time() -> None:
    result = run_phase(changed_manifest(backup_of(holding({DEV: EXPIRED}))))

    assert result["steps"] == []
    assert len(result["impossible"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strategy": "auto"}, "certificate_restore_strategy: must be one of"),
        ({"environments": ","}, "certificate_restore_environments: is an empty list"),
        ({"folder": "elsewhere"}, "elsewhere/manifest.json cannot be read"),
    ],
)
def test_what_stops_the_phase_is_its_message(arguments: Json, message: str) -> None:
    result = run_phase(backup_of(holding({DEV: OLD})), **arguments)

    assert result["failed"]
    assert result["msg"].startswith(message)
