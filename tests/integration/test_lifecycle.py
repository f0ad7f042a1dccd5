# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a task can do to a certificate, in every generation: in check mode, for real, and once more.

Check mode sends nothing but reads and says what the real run then does; the next run finds nothing left to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pytest

from integration.certificate_fixture import (
    ALIAS,
    DESCRIPTION,
    ENVIRONMENTS,
    HELD_IN,
    NAME,
    Scene,
    Start,
    assert_error,
    assert_truthful,
    calls,
)
from integration.machine import Run, task
from manager import Fault

GENERATIONS = ("2023", "2025", "2026", "openapi")
WITH_IMPORT = ("2026", "openapi")
WRITES = ("create", "update", "import", "delete")


@dataclass(frozen=True)
class Case:
    """What a task asks for, and what has to be true afterwards.

    `holds` names the certificate (`old` or `new`) of each environment, `calls` what the real run requests. `new` in
    the options stands for the new certificate's PEM.
    """

    operation: str
    calls: tuple[str, ...]
    holds: Mapping[str, str]
    options: Mapping[str, Any] = field(default_factory=dict)
    aliases: str = ALIAS
    description: str = DESCRIPTION
    held: bool = True


_OLD, _NEW = dict.fromkeys(HELD_IN, "old"), dict.fromkeys(HELD_IN, "new")
CASES = {
    "nothing to do": Case("none", ("get",), _OLD, {"content": "old", "alias": ALIAS, "environments": [*HELD_IN]}),
    "create": Case(
        "create",
        ("get", "list", "environments", "create", "get"),
        dict.fromkeys(ENVIRONMENTS, "new"),
        {"content": "new", "environments": [*ENVIRONMENTS]},
        aliases=NAME,
        description=NAME,
        held=False,
    ),
    "certificate only": Case("update", ("get", "jwks", "update", "get"), _NEW, {"content": "new"}),
    "description only": Case(
        "update", ("get", "jwks", "update", "get"), _OLD, {"description": "Renewed"}, description="Renewed"
    ),
    "alias only": Case("update", ("get", "jwks", "update", "get"), _OLD, {"alias": "another"}, aliases="another"),
    "add environment": Case(
        "update",
        ("get", "jwks", "environments", "update", "get"),
        dict.fromkeys(ENVIRONMENTS, "old"),
        {"environments": [*ENVIRONMENTS]},
    ),
    "remove": Case(
        "update",
        ("get", "jwks", "update", "get"),
        {"staging": "new"},
        {"content": "new", "environments": ["staging"], "unlisted_environments": "remove"},
    ),
    "widen with update": Case(
        "update",
        ("get", "jwks", "update", "get"),
        _NEW,
        {"content": "new", "environments": ["staging"], "unlisted_environments": "update"},
    ),
    "keep": Case(
        "import",
        ("get", "import", "get"),
        {"development": "old", "staging": "new"},
        {"content": "new", "environments": ["staging"], "unlisted_environments": "keep"},
    ),
    "absent": Case("delete", ("list", "delete", "list"), {}, {"state": "absent"}),
}
# 2023 does not report descriptions and has no import-file; 2025 has no import-file: tests of their own, below.
EVERYWHERE = [name for name in CASES if name not in ("description only", "keep")]
MATRIX = [
    *((generation, name) for generation in GENERATIONS for name in EVERYWHERE),
    *((generation, "description only") for generation in GENERATIONS if generation != "2023"),
    *((generation, "keep") for generation in WITH_IMPORT),
]
# What the generations differ in is the manager's doing: one of them is enough for each version of Ansible.
MARKS = {generation: [pytest.mark.exhaustive] for generation in GENERATIONS if generation != "2026"}


def _three_times(scene: Scene, options: Mapping[str, Any]) -> Run:
    """Run a task in check mode, for real and again, in one play. The token of each names its requests."""
    given = {"old": scene.old.pem, "new": scene.new.pem}
    chosen = {key: given.get(value, value) if key == "content" else value for key, value in options.items()}

    def one(name: str, check_mode: bool) -> dict[str, Any]:
        return task(name, check_mode=check_mode, **scene.options(scene.manager.add_token(name), **chosen))

    return scene.machine.playbook(one("check", True), one("real", False), one("again", False))


def _calls_by(scene: Scene, token: str) -> list[str]:
    return calls(scene.manager.journal.by(token))


def _expected_calls(case: Case, generation: str) -> list[str]:
    """2023 documents no list of environments: both generations' addresses are tried, unless the JWKs have shown it."""
    if generation != "2023":
        return list(case.calls)
    lookups = [] if "jwks" in case.calls else ["environments"] * 2
    return [call for name in case.calls for call in (lookups if name == "environments" else [name])]


def _before_the_write(expected: list[str]) -> list[str]:
    return next((expected[:index] for index, call in enumerate(expected) if call in WRITES), expected)


def _expected_description(scene: Scene, case: Case) -> str:
    """An update has to send a description; where the manager does not report the old one, that is the name."""
    lost = case.operation == "update" and not scene.manager.options.dialect.shows_description
    return NAME if lost else case.description


def _assert_state(scene: Scene, case: Case) -> None:
    """Manager and gateways hold what the case wants, and nothing else."""
    der = {"old": scene.old.der, "new": scene.new.der}
    wanted = {environment: der[which] for environment, which in case.holds.items()}
    assert scene.served() == wanted
    assert scene.holds() == {environment: [value] for environment, value in wanted.items()}
    if wanted:
        assert scene.aliases() == dict.fromkeys(wanted, case.aliases)
        assert scene.description() == _expected_description(scene, case)


def _assert_check_mode_foretold(run: Run) -> None:
    for key in ("changed", "operation", "certificate", "previous", "diff"):
        assert run["check"][key] == run["real"][key], key
    assert set(run["check"].result) - {"warnings"} == set(run["real"].result) - {"warnings"}


def _play(scene: Scene, case: Case, expected: list[str]) -> Run:
    """Run a case three times, and check everything that is true of every case."""
    run = _three_times(scene, case.options)
    assert run.status == 0, run.text
    assert not run["check"].failed
    assert not run["real"].failed
    assert not run["again"].failed
    _assert_check_mode_foretold(run)
    _assert_state(scene, case)
    assert_truthful(run["real"], scene.manager)
    assert_truthful(run["again"], scene.manager)
    assert (run["real"]["operation"], run["real"].changed) == (case.operation, case.operation != "none")
    assert (run["again"]["operation"], run["again"].changed) == ("none", False)
    assert _calls_by(scene, "check") == _before_the_write(expected)
    assert _calls_by(scene, "real") == expected
    assert len(_calls_by(scene, "again")) == 1
    for token in ("check", "real", "again"):
        assert len(scene.manager.journal.by(token).connections()) == 1, token
    return run


@pytest.mark.parametrize(
    ("generation", "name"),
    [pytest.param(generation, name, marks=MARKS.get(generation, ())) for generation, name in MATRIX],
)
def test_check_real_again(start: Start, generation: str, name: str) -> None:
    case = CASES[name]
    scene = start(generation, held=case.held)

    run = _play(scene, case, _expected_calls(case, generation))

    assert run["check"]["deployment"] is None
    assert run["again"]["deployment"] is None
    if case.operation == "none":
        assert run["real"]["deployment"] is None
    elif case.operation == "import":
        # The manager's answer to import-file says nothing of a deployment, so nothing is claimed.
        assert run["real"]["deployment"]["success"] is None
    else:
        touched = case.holds or _OLD
        deployment = run["real"]["deployment"]
        assert deployment["success"] is True
        assert {one["name"]: one["success"] for one in deployment["environments"]} == dict.fromkeys(touched, True)
        assert deployment["message"] == "Deployment completed successfully"


# What a manager may do differently within its generation, and the calls that this costs.
VARIANTS: dict[str, dict[str, Any]] = {
    "2023 in Turkish": {"generation": "2023", "language": "tr"},
    "2025 in Turkish": {"generation": "2025", "language": "tr"},
    "2026 in Turkish": {"generation": "2026", "language": "tr"},
    "no content in lists": {"generation": "2026", "list_content": False},
    "no content at all": {"generation": "2026", "list_content": False, "get_content": False},
    "URL with a path": {"generation": "2025", "prefix": "/gate/way"},
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", ["nothing to do", "create", "certificate only", "absent"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_managers_that_answer_differently(start: Start, variant: str, name: str) -> None:
    options, case = VARIANTS[variant], CASES[name]
    scene = start(held=case.held, **options)
    expected = _expected_calls(case, options["generation"])
    if name == "absent" and not options.get("list_content", True):
        # The PEM for `previous` has to come from somewhere.
        expected.insert(1, "get")

    run = _play(scene, case, expected)

    if case.held:
        contents = [entry["content"] for entry in run["real"]["previous"]["environments"]]
        # A manager that hands nothing out can be shown to hold only what the task gives.
        known = options.get("get_content", True) or name == "nothing to do"
        assert contents == [scene.old.pem if known else None] * len(HELD_IN)
    else:
        assert run["real"]["previous"] is None


def test_a_description_that_the_manager_does_not_report(start: Start) -> None:
    """2023: nothing to compare with, so the description alone is no change, and the task says so."""
    scene = start("2023")

    run = _three_times(scene, {"description": "Renewed"})

    for name in ("check", "real", "again"):
        assert not run[name].failed
        assert (run[name].changed, run[name]["operation"]) == (False, "none")
        assert ["does not report the description" in warning for warning in run[name].warnings] == [True]
    assert scene.description() == DESCRIPTION
    assert calls(scene.manager.journal) == ["get"] * 3


def test_an_unreported_description_is_written_with_another_change(start: Start) -> None:
    scene = start("2023")

    outcome = scene.run(content=scene.new.pem, description="Renewed")

    assert scene.description() == "Renewed"
    assert outcome["certificate"]["description"] == "Renewed"
    assert outcome["diff"]["after"]["description"] == "Renewed"


def test_a_description_that_was_not_written_is_not_claimed(start: Start) -> None:
    """The certificate is the same before and after, so nothing but the failure tells."""
    scene = start("2023")
    scene.manager.faults.add(Fault("status", method="PUT", status=500))

    outcome = scene.run(description="Renewed", force=True)

    assert_error(outcome, "HTTP 500", "Nothing was changed")
    assert not outcome.changed
    assert outcome["certificate"]["description"] is None
    assert scene.description() == DESCRIPTION


@pytest.mark.parametrize("generation", ["2023", "2025"])
def test_keep_needs_a_manager_with_import_file(start: Start, generation: str) -> None:
    scene = start(generation)
    before = scene.manager.snapshot()

    run = _three_times(scene, CASES["keep"].options)

    for name in ("real", "again"):
        assert_error(run[name], "import-file", "unlisted_environments")
        assert not run[name].changed
        assert_truthful(run[name], scene.manager)
    assert scene.manager.snapshot() == before
    assert not [request for request in scene.manager.journal if request.applied]


def test_the_diff_shows_what_the_certificates_mean(scene: Scene) -> None:
    serial_number = f"{scene.old.certificate.serial_number:x}"

    run = scene.machine.playbook(
        task("update", check_mode=True, **scene.options(content=scene.new.pem, description="Renewed"))
    )

    diff = run["update"]["diff"]
    assert diff["before_header"] == diff["after_header"] == "MyProject/my-certificate"
    assert (diff["before"]["description"], diff["after"]["description"]) == (DESCRIPTION, "Renewed")
    for environment in HELD_IN:
        before, after = diff["before"]["environments"][environment], diff["after"]["environments"][environment]
        assert (before["fingerprint_sha256"], after["fingerprint_sha256"]) == (scene.old.sha256, scene.new.sha256)
        assert before["subject"] == "CN=www.example.com,O=Example Inc,C=US"
        assert before["serial_number"] == serial_number
    shown = [line for line in run.text.splitlines() if "fingerprint_sha256" in line]
    assert [(line[0], line.split('"')[3]) for line in shown] == [("-", scene.old.sha256), ("+", scene.new.sha256)] * 2


def test_every_field_of_a_result(scene: Scene) -> None:
    begin, end = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), datetime(2126, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    new = scene.authority.issue("www.example.com", not_before=begin, not_after=end)

    outcome = scene.run(content=new.pem)

    staging = outcome["certificate"]["environments"][1]
    assert [entry["name"] for entry in outcome["certificate"]["environments"]] == sorted(HELD_IN)
    assert staging == {
        "name": "staging",
        "alias": ALIAS,
        "subject": "CN=www.example.com,O=Example Inc,C=US",
        "issuer": "CN=Example CA,O=Example Inc,C=US",
        "serial_number": f"{new.certificate.serial_number:x}",
        "not_before": "2026-01-02T03:04:05Z",
        "not_after": "2126-01-02T03:04:05Z",
        "days_remaining": (end - datetime.now(timezone.utc)).days,
        "expired": False,
        "fingerprint_sha256": new.sha256,
        "fingerprint_sha1": new.sha1,
        "entries": 1,
    }
    previous = outcome["previous"]
    assert [entry.pop("content") for entry in previous["environments"]] == [scene.old.pem] * 2
    assert [entry["fingerprint_sha256"] for entry in previous["environments"]] == [scene.old.sha256] * 2
