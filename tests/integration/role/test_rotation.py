# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rotation that goes well: first in check mode, then for real, then once more; with every generation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from integration.certificate_fixture import calls
from integration.machine import COLLECTION
from integration.role.conftest import Issue, SetStage
from integration.role.rotation_fixture import (
    DEVELOPMENT,
    ENVIRONMENTS,
    IMPORT,
    LISTING,
    NAME,
    NOT_HERE,
    OTHER,
    PRODUCTION,
    PROJECT,
    STAGING,
    THREE_WAVES,
    TWO_WAVES,
    Rotation,
    Stage,
    contents,
    truth,
)
from manager import Fault, Issued

ALL = ",".join(sorted(ENVIRONMENTS))


@dataclass(frozen=True)
class Good:
    """A rotation that goes well: with which manager, what is asked for, and what the manager is then asked to do."""

    generation: Any
    names: tuple[str, ...]
    variables: dict[str, Any]
    writes: list[tuple[str, str, str]]
    waves: int = 1
    options: dict[str, Any] = field(default_factory=dict)
    silent: bool = False


GOOD = [
    Good("2023", (NAME,), {"strategy": "replace"}, [("update", NAME, ALL)]),
    Good(
        "2025",
        (NAME, OTHER),
        {"waves": [list(ENVIRONMENTS)], "update_referenced_jwks": True, "update_scope": "same_project"},
        [("update", NAME, ALL), ("update", OTHER, ALL)],
    ),
    Good(
        "2026",
        (NAME, OTHER),
        {"waves": TWO_WAVES},
        [
            ("import", NAME, f"{DEVELOPMENT},{STAGING}"),
            ("import", OTHER, f"{DEVELOPMENT},{STAGING}"),
            ("import", NAME, PRODUCTION),
            ("import", OTHER, PRODUCTION),
        ],
        waves=2,
        silent=True,
    ),
    Good(
        "openapi",
        (NAME,),
        {"waves": "auto"},
        [("import", NAME, DEVELOPMENT), ("import", NAME, STAGING), ("import", NAME, PRODUCTION)],
        waves=3,
        options={"import_reports_deployment": True},
    ),
]


@pytest.mark.parametrize(
    "good",
    [
        pytest.param(good, id=good.generation, marks=[] if good.generation == "2026" else [pytest.mark.exhaustive])
        for good in GOOD
    ],
)
def test_from_check_mode_to_nothing_left_to_do(set_stage: SetStage, good: Good) -> None:
    stage = set_stage(good.generation, **good.options)
    for name in good.names:
        stage.hold(name)
    stage.manager.add_jwk(PROJECT, "my-jwk", NAME)
    certificates = [stage.wanted(name) for name in good.names]

    check = stage.rotate(*certificates, check=True, **good.variables)
    real = stage.rotate(*certificates, **good.variables)
    again = stage.rotate(*certificates, **good.variables)

    assert (check.outcome, real.outcome, again.outcome) == ("planned", "rotated", "nothing_to_do")
    assert check.plan() == real.plan()
    assert {reason for _unused, _unused, reason, _unused, _unused in real.plan().values()} == {"differs"}
    assert check.requests
    assert real.written == good.writes
    assert real.waves == ["done"] * good.waves
    assert {key: (place.newest, place.gateway) for key, place in real.after.items() if key[1] in good.names} == {
        (PROJECT, name, environment): (stage.new.sha1, stage.new.sha1)
        for name in good.names
        for environment in ENVIRONMENTS
    }
    # Nothing to do costs one list, and the stages where the waves go by them.
    by_stage = good.variables.get("waves") == "auto"
    assert calls(again.requests) == ["list", "environments"][: 1 + by_stage]
    assert {reason for _unused, _unused, reason, _unused, _unused in again.plan().values()} == {"in_sync"}
    # What the manager did not say, nobody claims.
    assert ("The manager did not report" in real.message) is good.silent
    _assert_tells_its_plan_first(real)
    _assert_reports_agree(check, "planned")
    _assert_reports_agree(real, "rotated")
    if good.variables.get("update_referenced_jwks"):
        assert all(request.query["updateScope"] == "SAME_PROJECT" for request in real.writes)
        assert stage.manager.state.jwks[PROJECT, "my-jwk"].der == stage.new.der


def _assert_tells_its_plan_first(rotation: Rotation) -> None:
    """The strategy with its reason, and a line for each place, before the first wave."""
    plan, _unused, rest = rotation.text.partition("Preflight | Look at what is due in detail")
    assert f"Strategy {rotation.result['strategy']}, since {rotation.result['strategy_reason']}"[:60] in plan
    for (_unused, name, environment), (wave, action, reason, _unused, _unused) in rotation.plan().items():
        (line,) = (line for line in plan.splitlines() if f"{PROJECT}/{name} " in line and f" {environment} " in line)
        assert line.split()[0].strip('"') == str(wave)
        assert f" {action} " in line
        assert f" {reason} " in line
    assert "of wave 1" in rest


def _assert_reports_agree(rotation: Rotation, word: str) -> None:
    """The three files are there, and those for people name the certificate and what came of it."""
    assert {file.name for file in rotation.reports.iterdir()} == {f"rotation.{kind}" for kind in ("json", "html", "md")}
    for text in contents(rotation.reports):
        assert NAME in text
        assert word in text.lower()


@pytest.mark.exhaustive
def test_a_backup_is_made_of_what_was_there(stage: Stage, different: list[Issued]) -> None:
    """One folder a run, for nobody else to read; none where nothing is written."""
    stage.drift(held=different)

    planned = stage.rotate(check=True, backup_dir="backups")
    assert planned.result["backup"] is None
    assert not stage.backups.exists()
    rotated = stage.rotate(strategy="per_environment", backup_dir=str(stage.backups))

    (folder,) = stage.backups.iterdir()
    assert rotated.result["backup"] == str(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    modes = {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}
    assert set(modes.values()) == {0o600}
    assert len(modes) == len(ENVIRONMENTS) + 1
    for environment, issued in zip(ENVIRONMENTS, different):
        (file,) = folder.glob(f"*{environment}*.pem")
        assert file.read_text(encoding="utf-8") == issued.pem
    assert "manifest.json" in modes


@pytest.mark.exhaustive
def test_force_writes_what_is_in_sync(set_stage: SetStage) -> None:
    """The way to deploy once more."""
    stage = set_stage()
    stage.hold(holds=dict.fromkeys(ENVIRONMENTS, stage.new), deploy=False)

    rotation = stage.rotate(force=True)

    assert rotation.outcome == "rotated"
    assert rotation.written == [("update", NAME, ALL)]
    assert {environment["reason"] for environment in rotation.environments().values()} == {"forced"}
    assert {rotation.after[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {stage.new.sha1}


@pytest.mark.exhaustive
def test_a_new_certificate_is_created(set_stage: SetStage) -> None:
    """In waves as well: the first one creates it."""
    stage = set_stage()

    rotation = stage.rotate(stage.wanted(environments=f"{DEVELOPMENT}, {PRODUCTION}"), waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.environments()[PRODUCTION]["reason"] == "absent"
    assert stage.manager.holds(PROJECT, NAME) == {DEVELOPMENT: [stage.new.der], PRODUCTION: [stage.new.der]}
    assert stage.manager.served(PRODUCTION, PROJECT, NAME) == stage.new.der


@pytest.mark.exhaustive
def test_a_manager_that_adds_entries_is_rotated_with_import_file(set_stage: SetStage) -> None:
    """An environment that is listed twice is one entry again, and the strategy says why."""
    stage = set_stage(duplicates=True)
    stage.hold(holds={**dict.fromkeys(ENVIRONMENTS, stage.old), STAGING: [stage.old, stage.old]})

    rotation = stage.rotate()

    assert rotation.result["strategy"] == "per_environment"
    assert "listed twice" in rotation.result["strategy_reason"]
    assert stage.manager.holds(PROJECT, NAME) == {name: [stage.new.der] for name in ENVIRONMENTS}


@pytest.mark.exhaustive
def test_an_answer_that_got_lost_stops_nothing(stage: Stage) -> None:
    """The write took effect, as reading back shows. Of the deployment the report claims nothing."""
    stage.manager.faults.add(Fault("drop_after", path=IMPORT, skip=1))

    rotation = stage.rotate(waves=THREE_WAVES)

    assert rotation.outcome == "rotated"
    assert rotation.written == [("import", NAME, environment) for environment in ENVIRONMENTS]
    assert f"did not report whether the gateways of {STAGING} serve it" in rotation.message
    assert not (rotation.environments()[STAGING]["deployment"] or {}).get("success")
    assert rotation.environments()[PRODUCTION]["deployment"]["success"] is True


@pytest.mark.exhaustive
def test_a_writer_after_the_last_look_is_not_overlooked(stage: Stage, issue: Issue) -> None:
    """Verified in its wave, and replaced by somebody else before the end: the report says so, and the play fails."""
    theirs = issue(200)
    stage.manager.faults.add(
        Fault(
            "other_writer",
            method="GET",
            path=LISTING,
            skip=4,
            action=lambda manager: manager.set_entry(PROJECT, NAME, STAGING, theirs),
        )
    )

    rotation = stage.rotate(waves=THREE_WAVES)

    assert rotation.outcome == "failed"
    assert f"{PROJECT}/{NAME} in {STAGING} holds SHA-1 {theirs.sha1}" in rotation.message
    assert "Somebody else has written" in rotation.message
    assert stage.manager.served(STAGING, PROJECT, NAME) == theirs.der


def test_certificates_are_obtained_only_if_they_are_due(stage: Stage, issue: Issue) -> None:
    """One list says which; the tasks are run for those, and what they hand over is guarded like any other."""
    stage.hold(OTHER, dict.fromkeys(ENVIRONMENTS, issue(90)))
    obtain = stage.machine.file(
        "obtain.yml",
        """
- name: Ask for a certificate
  ansible.builtin.debug:
    msg: "obtaining {{ certificate_rotation_item.name }} for {{ certificate_rotation_item.environments | map(attribute='reason') | unique }}"
- name: Hand it over
  ansible.builtin.set_fact:
    certificate_rotation_obtained: "{{ {'path': obtained} }}"
""",
    )
    wanted = [{"project": PROJECT, "name": name} for name in (NAME, OTHER)]
    given = {"renew_before_days": "30", "obtain_tasks": obtain}
    arguments = ["-e", f"obtained={stage.wanted()['path']}"]

    check = stage.rotate(*wanted, check=True, arguments=arguments, **given)
    real = stage.rotate(*wanted, arguments=arguments, **given)

    assert "obtaining" not in check.text
    assert "to-be-obtained" in check.text
    assert real.outcome == "rotated"
    assert f"obtaining {NAME} for ['expires_soon']" in real.text
    assert f"obtaining {OTHER}" not in real.text
    assert real.written == [("update", NAME, ALL)]
    assert real.certificate(OTHER)["outcome"] == "not_due"


@pytest.mark.exhaustive
def test_two_rotations_in_one_play_know_nothing_of_each_other(stage: Stage, issue: Issue) -> None:
    """The second is the one that is reported, and nothing of the first."""
    stage.hold(OTHER)
    second = {"certificates": [stage.wanted(OTHER, issue(100))], "backup_dir": "", "waves": TWO_WAVES}

    rotation = stage.rotate(stage.wanted(), times=[{"backup_dir": str(stage.backups)}, second])

    assert [(call, name) for call, name, _unused in rotation.written] == [
        ("update", NAME),
        ("import", OTHER),
        ("import", OTHER),
    ]
    assert [certificate["name"] for certificate in rotation.result["certificates"]] == [OTHER]
    assert "1 of 1 certificates due" in rotation.message
    assert rotation.waves == ["done", "done"]
    assert rotation.result["backup"] is None


def test_defaults_that_a_play_has_for_the_modules_reach_the_role(stage: Stage) -> None:
    """By the names of the modules, and rendered where they are used; the role has no connection of its own here."""
    connection = {"url": "{{ the_manager }}", "token": "{{ the_token }}", "retries": 0}
    names = ("apinizer_certificate", "apinizer_certificate_info", "apinizer_environment_info")
    defaults = {f"{COLLECTION}.{name}": connection for name in names}
    play = stage.play({"certificates": [stage.wanted()], "waves": "auto"}, module_defaults=defaults)
    the_manager = json.dumps({"the_manager": stage.manager.url, "the_token": stage.manager.token})

    run = stage.ansible("ansible-playbook", play, "-e", the_manager, env=NOT_HERE)

    assert run.status == 0, run.text
    assert {truth(stage.manager)[PROJECT, NAME, name].gateway for name in ENVIRONMENTS} == {stage.new.sha1}
    assert stage.manager.token not in run.text
