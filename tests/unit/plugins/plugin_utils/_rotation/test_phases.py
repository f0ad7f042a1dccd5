# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import json
import os
import re
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import RequestError
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Deployment, Entry, StoredCertificate
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils import _certificate_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import in_process, manager
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError, hints_of
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.summary import rotation_summary
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import phases
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation import run as run_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.phases import PHASES, TAGS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import RotationPlan, make_plan
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import Run, RunError, Write, load_run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeTask, result_file
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    EXPIRED,
    KEY,
    NAME,
    NEW,
    NOW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    STAGE,
    Certificates,
    Json,
    issued,
)

WAVES = [[DEV, STAGE], [PROD]]
CERTIFICATE_VARIABLE = {"project": PROJECT, "name": NAME, "path": "web.pem"}
INCOMPLETE = re.escape("The phases of the role certificate_rotation must run in order, and --tags, --skip-tags")


class Clock(datetime):
    """The time of the tests."""

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return NOW.astimezone(tz)


class Role:
    """Carries out the phases of the role, each in a task of its own, against a fake manager."""

    def __init__(self, folder: Path, access: ManagerAccess, api: Any) -> None:
        self.api = api
        self.folder = folder
        self.variables: Json = {"certificates": [CERTIFICATE_VARIABLE]}
        self.check_mode = False
        self.others: list[str] = []
        self.run_file = ""
        self.lines: list[str] = []
        self._access = access
        (folder / "web.pem").write_text(issued(days=300).pem)

    def hold(self, certificates: Certificates, name: str = NAME, project: str = PROJECT) -> None:
        """The manager holds a certificate in these environments; None for one without content."""
        entries = (
            Entry(environment, "web-alias", bundle, sha1=None if bundle else OLD.leaf.fingerprint_sha1)
            for environment, bundle in certificates.items()
        )
        self.api.stored[project, name] = StoredCertificate(project, name, "First", entries=tuple(entries))

    def holdings(self, name: str = NAME) -> dict[str, Bundle | None]:
        """What each environment holds."""
        return {entry.environment: entry.bundle for entry in self.api.stored[PROJECT, name].entries}

    def phase(self, phase: str, *, failed: str = "", tags: tuple[str, ...] = (), **arguments: Any) -> Json:
        """The result of a phase; C(failed) is the message of the task that failed before it."""
        task: Any = FakeTask(
            self.folder,
            self._access,
            ControllerFiles(str(self.folder)),
            self.variables,
            run_file=self.run_file,
            check_mode=self.check_mode,
            others=self.others,
            failed=failed,
            tags=tags,
        )
        result = PHASES[phase](task, **arguments)
        self.run_file = result.get("run_file", self.run_file)
        self.lines += task.lines
        return result

    def until(self, last: str) -> Json:
        """The result of a phase, after those before it."""
        for phase in ("plan", "preflight", "backup"):
            result = self.phase(phase)
            if phase == last:
                break
            assert "failed" not in result
        return result

    def wave(self, number: int) -> None:
        """Write and verify a wave."""
        assert "failed" not in self.phase("write", wave=number)
        assert "failed" not in self.phase("verify", wave=number)

    def report(self, **given: Any) -> Json:
        """The result of the run, as the report phase has written it."""
        made: Json = json.loads(result_file(self.phase("report", **given)).read_text())
        return made

    @property
    def run(self) -> Run:
        return load_run(self.run_file)


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: Any) -> Role:
    """A role whose manager holds C(OLD) in three environments."""

    @contextmanager
    def shared_manager(_connection: object, _hide: object) -> Iterator[Any]:
        yield api

    hints_of(Run)  # before its clock is replaced
    for module in (phases, manager, run_module):
        monkeypatch.setattr(module, "datetime", Clock)
    monkeypatch.setattr(in_process, "shared_manager", shared_manager)
    options = {"url": "https://manager.example.com", "token": "t0k3n"}
    access = ManagerAccess(dict.fromkeys((CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO), options))
    api.stored.clear()
    role = Role(tmp_path, access, api)
    role.hold(dict.fromkeys((DEV, STAGE, PROD), OLD))
    return role


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[RotationPlan]:
    """The plans that are made."""
    made: list[RotationPlan] = []

    def make_plan_and_record(*given: Any, **named: Any) -> RotationPlan:
        made.append(make_plan(*given, **named))
        return made[-1]

    monkeypatch.setattr(phases, "make_plan", make_plan_and_record)
    return made


def fails(_take_effect: Callable[[], None]) -> Deployment:
    """A write that fails and changes nothing."""
    raise RequestError("HTTP 403: no permission", status=403)


def succeeds(take_effect: Callable[[], None]) -> Deployment:
    take_effect()
    return Deployment(success=True)


def test_a_rotation_in_two_waves(role: Role) -> None:
    role.variables |= {"waves": WAVES, "backup_dir": "backups", "report_dir": "reports"}

    planned = role.phase("plan")
    assert planned["strategy"] == (
        "per_environment, since there are 2 waves, and only import-file writes one wave without the others "
        "(strategy overlap needs no import-file)"
    )
    assert [line.split()[:4] for line in planned["table"][1:]] == [
        ["1", KEY, DEV, "update"],
        ["1", KEY, STAGE, "update"],
        ["2", KEY, PROD, "update"],
    ]
    assert planned["to_obtain"] == []

    assert role.phase("preflight") == {
        "changed": False,
        "waves": [
            {"number": 1, "title": f"1 ({DEV}, {STAGE})", "stage": None, "environments": [DEV, STAGE], "requests": []},
            {"number": 2, "title": f"2 ({PROD})", "stage": None, "environments": [PROD], "requests": []},
        ],
        "retire": False,
    }
    folder = str(role.folder / "backups/2026-06-01T120000Z-localhost")
    assert role.phase("backup") == {"changed": True, "folder": folder}

    assert role.phase("write", wave=1)["changed"]
    assert role.holdings() == {PROD: OLD, DEV: NEW, STAGE: NEW}
    assert role.phase("verify", wave=1) == {"changed": False}
    role.wave(2)
    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), NEW)

    result = role.report()
    assert (result["outcome"], result["backup"], result["host"]) == ("rotated", folder, "localhost")
    assert result["manager"] == "https://manager.example.com"
    assert {path.name for path in (role.folder / "reports").iterdir()} == {
        "rotation.json",
        "rotation.html",
        "rotation.md",
        "apinizer_rotation.prom",
    }


@pytest.mark.parametrize("waves", [[], WAVES])
def test_the_plan_is_made_once(role: Role, plans: list[RotationPlan], waves: Any) -> None:
    role.variables |= {"waves": waves, "backup_dir": "backups"}

    role.until("backup")
    for wave in range(1, max(len(waves), 1) + 1):
        role.wave(wave)
    assert role.report()["outcome"] == "rotated"

    assert len(plans) == 1


def test_a_plan_reads_each_project_once(role: Role) -> None:
    role.phase("plan")

    assert role.api.calls == [f"list {PROJECT}"]


def test_the_run_file_begins_in_the_temporary_folder(role: Role) -> None:
    role.phase("plan")

    path = Path(role.run_file)
    assert path.parent == role.folder
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (role.run.started, role.run.check_mode) == (NOW, False)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"strategy": "both"}, "certificate_rotation_strategy: must be one of"),
        ({"certificates": []}, "certificate_rotation_certificates: must be a list"),
        (
            {"force": SettingError("force", "cannot be rendered: x")},
            "certificate_rotation_force: cannot be rendered: x",
        ),
        ({"wave": [[DEV]]}, "certificate_rotation_wave: the role has no such variable"),
    ],
)
def test_variables_that_cannot_be_used_stop_the_run(role: Role, variables: Json, message: str) -> None:
    role.variables |= variables

    result = role.phase("plan")

    assert result["failed"]
    assert result["msg"].startswith(message)
    assert result["run_file"] == role.run_file
    assert role.api.calls == []
    assert role.report(failed=result["msg"])["outcome"] == "refused"


def test_unknown_variables_and_the_warnings_of_the_manager_are_shown(role: Role) -> None:
    role.others = ["certificate_rotation_team_mail", "other_variable"]

    assert role.phase("plan")["warnings"] == [
        "certificate_rotation_team_mail is not a variable of the role certificate_rotation, and has no effect"
    ]


def test_a_manager_that_cannot_be_read_stops_the_run(role: Role) -> None:
    role.api.reads = [RequestError("HTTP 503")]

    result = role.phase("plan")

    assert (result["failed"], result["msg"]) == (True, "HTTP 503")
    made = role.report(failed="HTTP 503")
    assert (made["outcome"], made["message"]) == ("refused", "Nothing was written. HTTP 503.")


def test_the_types_of_environments_make_the_waves(role: Role) -> None:
    role.variables |= {"waves": "auto"}

    role.phase("plan")
    result = role.phase("preflight")

    assert result["failed"]
    assert "certificate_rotation_waves: auto needs the type of each environment" in result["msg"]


def test_all_problems_are_reported_by_preflight(role: Role) -> None:
    (role.folder / "file").write_text("")
    role.variables |= {
        "certificates": [
            {"project": PROJECT, "name": NAME, "path": "missing.pem"},
            {**CERTIFICATE_VARIABLE, "name": "x"},
        ],
        "backup_dir": "file/backups",
        "verify_tasks": "missing.yml",
    }

    assert "failed" not in role.phase("plan")
    result = role.phase("preflight")

    assert result["failed"]
    assert [
        result["msg"].find(text)
        for text in (
            "The new certificate of MyProject/web (missing.pem) cannot be used",
            "certificate_rotation_backup_dir: the folder",
            "certificate_rotation_verify_tasks: the file missing.yml does not exist",
            "MyProject/x is in no environment yet",
        )
    ] == sorted(
        result["msg"].find(text)
        for text in (
            "The new certificate of MyProject/web (missing.pem)",
            "certificate_rotation_backup_dir: ",
            "certificate_rotation_verify_tasks: ",
            "MyProject/x is in no environment yet",
        )
    )
    assert ".." not in result["msg"]
    assert role.report(failed=result["msg"])["outcome"] == "refused"


def obtaining(role: Role, **item: Any) -> Json:
    """The plan of a role that obtains its certificate, and the item for the user's tasks."""
    role.variables |= {
        "certificates": [{"project": PROJECT, "name": NAME, "renew_before_days": 30, **item}],
        "obtain_tasks": "obtain.yml",
    }
    return role.phase("plan")


def test_a_certificate_to_be_obtained_is_described_for_the_users_tasks(role: Role) -> None:
    role.hold({DEV: OLD, STAGE: NEW})

    planned = obtaining(role, environments=[DEV, STAGE, PROD])

    (item,) = planned["to_obtain"]
    assert {key: item[key] for key in ("key", "project", "name")} == {"key": KEY, "project": PROJECT, "name": NAME}
    assert [(one["name"], one["reason"]) for one in item["environments"]] == [
        (DEV, "expires_soon"),
        (STAGE, "differs"),
        (PROD, "absent"),
    ]
    assert [(one["current"] or {}).get("not_after") for one in item["environments"]] == [
        "2026-06-21T12:00:00Z",
        "2027-03-28T12:00:00Z",
        None,
    ]


def test_nothing_is_obtained_where_nothing_is_due(role: Role) -> None:
    assert obtaining(role, renew_before_days=10)["to_obtain"] == []


def test_nothing_is_obtained_in_check_mode(role: Role) -> None:
    role.check_mode = True

    planned = obtaining(role)

    assert planned["to_obtain"] == []
    assert "to-be-obtained" in planned["table"][1]
    assert role.phase("preflight") == {"changed": False, "waves": [], "retire": False}
    assert role.report()["outcome"] == "planned"


def test_nothing_is_obtained_where_the_plan_has_problems(role: Role) -> None:
    role.variables["verify_tasks"] = "missing.yml"

    assert obtaining(role)["to_obtain"] == []


@pytest.mark.parametrize("obtained", [{"path": "web.pem"}, {"content": issued(days=300).pem}])
def test_an_obtained_certificate_is_planned_and_written(role: Role, obtained: Json) -> None:
    obtaining(role)
    role.variables["obtained"] = obtained

    assert role.phase("obtain", key=KEY) == {"changed": False}
    assert [wave["number"] for wave in role.phase("preflight")["waves"]] == [1]
    role.wave(1)

    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), NEW)
    assert role.report()["outcome"] == "rotated"


def test_with_obtained_certificates_the_plan_is_made_twice_and_the_manager_listed_once(
    role: Role, plans: list[RotationPlan]
) -> None:
    role.hold({DEV: OLD}, "api")
    obtaining(role)
    role.variables["certificates"].append({"project": PROJECT, "name": "api", "renew_before_days": 30})
    role.run_file = ""
    role.api.calls.clear()
    plans.clear()

    assert [item["key"] for item in role.phase("plan")["to_obtain"]] == [KEY, "MyProject/api"]
    role.variables["obtained"] = {"path": "web.pem"}
    role.phase("obtain", key=KEY)
    role.phase("obtain", key="MyProject/api")
    role.phase("preflight")

    assert len(plans) == 2
    assert role.api.calls.count(f"list {PROJECT}") == 1
    assert [planned.new for planned in role.run.plan.due] == [NEW, NEW]


def test_an_obtained_certificate_that_is_already_deployed_is_not_written(role: Role) -> None:
    obtaining(role)
    role.variables["obtained"] = {"content": issued(days=20).pem}

    role.phase("obtain", key=KEY)

    assert role.phase("preflight") == {
        "changed": False,
        "waves": [],
        "retire": False,
        "warnings": [
            "MyProject/web: your tasks obtained the certificate that its environments hold already. Nothing is written"
        ],
    }
    assert role.report()["outcome"] == "nothing_to_do"


def test_a_certificate_is_obtained_and_written_on_request(role: Role) -> None:
    planned = obtaining(role, renew_before_days=5, renew=True)
    role.variables["obtained"] = {"content": issued(days=300).pem}

    assert {one["reason"] for one in planned["to_obtain"][0]["environments"]} == {"requested"}
    role.phase("obtain", key=KEY)
    assert len(role.phase("preflight")["waves"]) == 1
    role.wave(1)

    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), NEW)
    reasons = {one["reason"] for one in role.report()["certificates"][0]["environments"]}
    assert reasons == {"requested"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_new_certificate_that_is_due_itself_is_refused_in_check_mode_as_well(role: Role, check_mode: bool) -> None:
    role.check_mode = check_mode
    role.variables |= {"certificates": [{**CERTIFICATE_VARIABLE, "renew_before": 301}]}

    assert role.phase("plan")["pending"]
    result = role.phase("preflight")

    assert result["failed"]
    assert "with 300 days left, and renew_before is 301 days. It would be due again at once" in result["msg"]
    assert role.report()["outcome"] == "refused"
    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), OLD)


def test_an_obtained_certificate_passes_the_guards_like_any_other(role: Role) -> None:
    obtaining(role)
    role.variables["obtained"] = {"content": issued(days=5).pem}

    role.phase("obtain", key=KEY)
    result = role.phase("preflight")

    assert result["failed"]
    assert "certificate_rotation_require_later_expiry" in result["msg"]


@pytest.mark.parametrize(
    ("obtained", "message"),
    [
        (None, "(certificate_rotation_obtained) cannot be used: your tasks set neither path nor content in it"),
        ({}, "(certificate_rotation_obtained) cannot be used: your tasks set neither path nor content in it"),
        ("web.pem", "(certificate_rotation_obtained) cannot be used: your tasks set neither path nor content in it"),
        ({"path": "missing.pem"}, "(missing.pem) cannot be used: "),
        ({"content": "x"}, "(content) cannot be used: "),
    ],
)
def test_an_obtained_certificate_that_cannot_be_used_stops_the_run(role: Role, obtained: Any, message: str) -> None:
    obtaining(role)
    role.variables["obtained"] = obtained

    result = role.phase("obtain", key=KEY)

    assert result["failed"]
    assert result["msg"].startswith(f"The new certificate of MyProject/web {message}")
    assert role.run.failure == result["msg"]


def test_preflight_keeps_the_previous_certificates_and_the_guards(role: Role) -> None:
    role.until("preflight")

    run = role.run
    assert run.ready
    assert [view["content"] for view in run.previous[KEY]["environments"]] == [OLD.pem] * 3
    assert len(run.guards[KEY]) == 13
    assert run.diffs == {}


def test_preflight_writes_nothing(role: Role) -> None:
    role.until("preflight")

    assert role.api.sent == []


def test_preflight_reports_what_the_manager_would_refuse(role: Role) -> None:
    role.api.known_environments = (DEV,)
    role.variables["certificates"] = [{**CERTIFICATE_VARIABLE, "environments": [DEV, STAGE, PROD, "typo"]}]

    role.phase("plan")
    result = role.phase("preflight")

    assert result["failed"]
    assert "typo" in result["msg"]
    assert not role.run.ready


def test_a_guard_stops_the_run(role: Role) -> None:
    role.hold({PROD: NEW})
    (role.folder / "web.pem").write_text(issued(days=290).pem)

    role.phase("plan")
    result = role.phase("preflight")

    assert result["failed"]
    assert result["msg"] == (
        "MyProject/web in production: the current certificate is valid until 2027-03-28T12:00:00Z, the new one until "
        "2027-03-18T12:00:00Z (certificate_rotation_require_later_expiry: false lifts this guard)"
    )
    made = role.report(failed=result["msg"])
    assert (made["outcome"], made["certificates"][0]["outcome"]) == ("refused", "skipped")


def test_a_guard_leaves_a_certificate_out_with_a_warning(role: Role) -> None:
    role.hold({PROD: OLD}, "api")
    (role.folder / "api.pem").write_text(issued(days=10).pem)
    role.variables |= {
        "certificates": [CERTIFICATE_VARIABLE, {"project": PROJECT, "name": "api", "path": "api.pem"}],
        "on_guard_failure": "skip",
    }

    role.phase("plan")
    result = role.phase("preflight")

    (warning,) = result["warnings"]
    assert warning.startswith("MyProject/api in production: the current certificate is valid until ")
    assert warning.endswith(". The certificate is left out")
    role.wave(1)
    assert role.holdings("api") == {PROD: OLD}
    made = role.report()
    assert (made["outcome"], [one["outcome"] for one in made["certificates"]]) == ("rotated", ["rotated", "skipped"])


def test_a_run_whose_guards_leave_everything_out_is_skipped_with_a_warning(role: Role) -> None:
    (role.folder / "web.pem").write_text(issued(days=10).pem)
    role.variables["on_guard_failure"] = "skip"

    role.phase("plan")
    assert role.phase("preflight")["waves"] == []
    reported = role.phase("report")

    assert reported["warnings"] == ["Nothing was written. The guards left out every certificate that is due (1 of 1)."]
    assert reported["failed_outcome"] is False


def test_certificates_without_content_fail_the_guards(role: Role) -> None:
    role.hold({PROD: None})

    role.phase("plan")
    assert "the manager does not return the current certificate" in role.phase("preflight")["msg"]


def test_preflight_skips_the_guards_of_a_certificate_to_be_created(role: Role) -> None:
    role.api.stored.clear()
    role.variables["certificates"] = [{**CERTIFICATE_VARIABLE, "environments": [DEV]}]

    role.until("preflight")

    assert [guard.guard for guard in role.run.guards[KEY]] == ["minimum_remaining_days"]
    assert role.run.previous == {KEY: None}


@pytest.mark.parametrize("hook", ["before_wave_tasks", "verify_tasks"])
def test_hooks_see_the_requests_of_each_wave(role: Role, hook: str) -> None:
    role.hold({DEV: OLD, STAGE: NEW, PROD: OLD})
    role.variables |= {"waves": WAVES, hook: "hook.yml"}

    waves = role.until("preflight")["waves"]

    assert [[request["environments"] for request in wave["requests"]] for wave in waves] == [[[DEV]], [[PROD]]]
    assert {request["fingerprint_sha256"] for wave in waves for request in wave["requests"]} == {
        NEW.leaf.fingerprint_sha256
    }
    assert "BEGIN" not in str(waves)


def test_a_wave_with_nothing_to_write_is_left_out_and_the_others_keep_their_numbers(role: Role) -> None:
    role.hold({DEV: NEW, STAGE: NEW, PROD: OLD})
    role.variables["waves"] = WAVES

    assert [wave["number"] for wave in role.until("preflight")["waves"]] == [2]


def test_a_run_with_nothing_to_do_has_no_waves(role: Role) -> None:
    role.hold({DEV: NEW})

    assert role.until("preflight")["waves"] == []
    assert role.report()["outcome"] == "nothing_to_do"


def test_no_content_is_on_the_screen(role: Role) -> None:
    role.variables |= {"waves": WAVES, "verify_tasks": "hook.yml"}

    shown = [role.phase("plan"), role.phase("preflight"), role.phase("write", wave=1), role.phase("verify", wave=1)]

    assert "BEGIN" not in str(shown)


def test_check_mode_predicts_each_wave_and_writes_nothing(role: Role) -> None:
    role.check_mode = True
    role.variables |= {"waves": WAVES, "backup_dir": "backups"}

    assert role.until("backup") == {"changed": True}
    first, second = role.phase("write", wave=1), role.phase("write", wave=2)

    assert (first["changed"], second["changed"]) == (True, True)
    assert [sorted(one["diff"][0]["after"]["environments"]) for one in (first, second)] == [[DEV, STAGE], [PROD]]
    assert first["diff"][0]["before"]["environments"][DEV]["fingerprint_sha256"] == OLD.leaf.fingerprint_sha256
    assert first["diff"][0]["after"]["environments"][DEV]["fingerprint_sha256"] == NEW.leaf.fingerprint_sha256
    assert role.api.sent == []
    assert not (role.folder / "backups").exists()
    assert role.report()["outcome"] == "planned"


def test_a_backup_that_cannot_be_written_stops_the_run(role: Role) -> None:
    role.variables["backup_dir"] = "backups"
    role.until("preflight")
    (role.folder / "backups").write_text("in the way since the plan")

    result = role.phase("backup")

    assert result["failed"]
    assert result["msg"].startswith("certificate_rotation_backup_dir: the folder ")
    assert role.report(failed=result["msg"])["outcome"] == "refused"


def test_a_write_without_the_backup_that_is_set_is_a_warning(role: Role) -> None:
    role.variables["backup_dir"] = "backups"
    role.until("preflight")

    assert role.phase("write", wave=1)["warnings"] == [
        "certificate_rotation_backup_dir is set, but no backup was made, since --tags or --skip-tags leave it out"
    ]


def test_a_failed_write_is_kept_as_the_failure_of_the_run(role: Role) -> None:
    role.until("preflight")
    role.api.writes = [fails]

    result = role.phase("write", wave=1)

    assert result["failed"]
    assert "HTTP 403: no permission" in result["msg"]
    assert role.run.failure == result["msg"]


def test_a_wave_does_not_start_while_another_is_not_verified(role: Role) -> None:
    """As after ignore_errors on the verification, or with skipped tasks."""
    role.variables["waves"] = WAVES
    role.until("preflight")
    role.phase("write", wave=1)

    result = role.phase("write", wave=2)

    assert (result["failed"], result["msg"]) == (True, "Wave 2 was not started, since wave 1 was not verified")
    assert role.holdings()[PROD] == OLD


def test_verification_compares_the_record_with_what_was_written(role: Role) -> None:
    role.variables["waves"] = WAVES
    role.until("preflight")
    role.phase("write", wave=1)
    role.hold({DEV: OTHER, PROD: OLD})

    result = role.phase("verify", wave=1)

    assert result["failed"]
    assert result["msg"] == (
        "Verification of wave 1 (development, staging) failed: MyProject/web in development: the manager holds "
        f"SHA-256 {OTHER.leaf.fingerprint_sha256[:16]}... instead of the new certificate, "
        f"SHA-256 {NEW.leaf.fingerprint_sha256[:16]}...; "
        "MyProject/web in staging: the manager holds no certificate"
    )
    assert role.run.verified == []


def test_verification_is_case_sensitive_and_looks_in_the_certificates_own_project(role: Role) -> None:
    role.until("preflight")
    role.phase("write", wave=1)
    role.api.stored.clear()
    role.hold(dict.fromkeys((DEV, STAGE, PROD), NEW), "Web")
    role.hold(dict.fromkeys((DEV, STAGE, PROD), NEW), project="admin")

    assert role.phase("verify", wave=1)["msg"] == (
        "Verification of wave 1 (development, production, staging) failed: MyProject/web in development, production, staging: "
        "the manager holds no certificate"
    )


def test_verification_covers_all_projects_of_a_wave(role: Role) -> None:
    role.hold({DEV: OLD}, "api", "admin")
    role.variables["certificates"].append({**CERTIFICATE_VARIABLE, "project": "admin", "name": "api"})
    role.until("preflight")
    role.phase("write", wave=1)
    assert role.phase("verify", wave=1) == {"changed": False}

    role.hold({DEV: OTHER}, "api", "admin")
    assert role.phase("verify", wave=1)["msg"].startswith(
        "Verification of wave 1 (development, production, staging) failed: admin/api in development: the manager holds SHA-256 "
    )


def test_verification_finds_duplicate_entries(role: Role) -> None:
    role.until("preflight")
    role.phase("write", wave=1)
    stored = role.api.stored[PROJECT, NAME]
    role.api.stored[PROJECT, NAME] = replace(stored, entries=stored.entries * 2)

    problem = "MyProject/web in development, production, staging: the manager lists 2 entries"
    assert problem in role.phase("verify", wave=1)["msg"]


def test_a_record_that_cannot_be_read_fails_the_verification(role: Role) -> None:
    role.until("preflight")
    role.phase("write", wave=1)
    role.api.reads = [RequestError("HTTP 503")]

    message = role.phase("verify", wave=1)["msg"]
    assert message == "Verification of wave 1 (development, production, staging) failed. HTTP 503"


def test_a_failed_run_is_rolled_back(role: Role) -> None:
    role.variables["waves"] = WAVES
    role.until("preflight")
    role.wave(1)
    role.api.writes = [fails]
    failed = role.phase("write", wave=2)["msg"]

    assert role.phase("rollback", failed=failed) == {"changed": True}

    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), OLD)
    made = role.report(failed=failed)
    assert (made["outcome"], made["rollback"]["complete"]) == ("rolled_back", True)
    assert made["message"].startswith(failed)


def test_an_environment_that_was_written_is_restored_where_another_was_added(role: Role) -> None:
    """Two writes to the same environment: one restores it, and one removes the certificate from the other."""
    role.hold({DEV: OLD})
    role.variables |= {
        "certificates": [{**CERTIFICATE_VARIABLE, "environments": [DEV, PROD]}],
        "waves": [[DEV], [PROD]],
    }
    role.until("preflight")
    role.wave(1)
    role.wave(2)
    assert role.holdings() == {DEV: NEW, PROD: NEW}

    assert role.phase("rollback", failed="The smoke test failed") == {"changed": True}

    assert role.holdings() == {DEV: OLD}
    assert role.report()["outcome"] == "rolled_back"


@pytest.mark.parametrize("failing", [0, 1])
def test_each_write_of_the_rollback_that_fails_is_reported(role: Role, failing: int) -> None:
    role.hold({DEV: OLD})
    role.variables |= {
        "certificates": [{**CERTIFICATE_VARIABLE, "environments": [DEV, PROD]}],
        "waves": [[DEV], [PROD]],
    }
    role.until("preflight")
    role.wave(1)
    role.wave(2)
    role.api.writes = [*[succeeds] * failing, fails]

    assert role.phase("rollback", failed="The smoke test failed")["failed"]
    assert "HTTP 403: no permission" in str(role.run.rollback)


def test_a_hook_that_fails_is_rolled_back_with_its_message(role: Role) -> None:
    role.until("preflight")
    role.wave(1)

    role.phase("rollback", failed="The smoke test failed")

    assert role.holdings() == dict.fromkeys((DEV, STAGE, PROD), OLD)
    assert role.report(failed="x")["message"].startswith(
        "A task failed after wave 1 (development, production, staging) was verified: The smoke test failed. In the "
        "manager's record, every environment that the run changed"
    )


def test_a_task_that_fails_is_named_with_its_wave(role: Role) -> None:
    role.variables["waves"] = WAVES

    def failure() -> str:
        role.phase("rollback", failed="HTTP 503")
        return role.run.failure

    role.phase("plan")
    assert failure() == "HTTP 503"
    role.until("preflight")
    assert failure() == "A task failed before wave 1 (development, staging): HTTP 503"
    role.until("preflight")
    role.run.save_write(Write(KEY, 1, (DEV,)))
    assert failure() == "A task failed in wave 1 (development, staging): HTTP 503"
    role.until("preflight")
    role.wave(1)
    assert failure() == "A task failed after wave 1 (development, staging) was verified: HTTP 503"
    role.until("preflight")
    role.wave(1)
    role.phase("write", wave=2)
    assert failure() == "A task failed in wave 2 (production): HTTP 503"


def test_environments_in_which_a_guard_found_the_same_share_its_message(role: Role) -> None:
    role.hold({DEV: NEW, STAGE: OLD, PROD: NEW})
    (role.folder / "web.pem").write_text(issued(days=10).pem)

    message = role.until("preflight")["msg"]

    assert message.count("MyProject/web in development, production: ") == 1
    assert message.count("MyProject/web in staging: ") == 1


def test_a_rollback_that_is_not_complete_says_so(role: Role) -> None:
    role.hold({DEV: EXPIRED, PROD: OLD})
    role.until("preflight")
    role.wave(1)

    result = role.phase("rollback", failed="The smoke test failed")

    assert (result["changed"], result["failed"], result["msg"]) == (True, True, "The rollback is not complete")
    assert role.holdings() == {DEV: NEW, PROD: OLD}
    made = role.report()
    assert (made["outcome"], made["rollback"]["complete"]) == ("rollback_failed", False)
    assert "the previous certificate expired on 2026-05-27T12:00:00Z, so it was NOT restored" in made["message"]


def test_a_write_of_the_rollback_that_fails_is_named(role: Role) -> None:
    role.until("preflight")
    role.wave(1)
    role.api.writes = [fails]

    result = role.phase("rollback", failed="The smoke test failed")

    assert result["failed"]
    (problem,) = role.run.rollback or []
    assert "HTTP 403: no permission" in problem
    assert role.report()["outcome"] == "rollback_failed"


def test_a_rollback_that_is_interrupted_is_not_complete(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    role.until("preflight")
    role.wave(1)

    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(phases, "plan_rollback_of_run", killed)
    with pytest.raises(KeyboardInterrupt):
        role.phase("rollback", failed="The smoke test failed")

    assert role.run.failure.endswith(" was verified: The smoke test failed")
    assert role.run.rollback == ["The rollback was interrupted"]


@pytest.mark.parametrize("failed", ["The smoke test failed", ""])
def test_without_a_run_there_is_no_rollback(role: Role, failed: str) -> None:
    assert role.phase("rollback", failed=failed) == {"skipped": True}


def test_without_writes_there_is_no_rollback(role: Role) -> None:
    role.until("preflight")

    assert role.phase("rollback", failed="Timed out") == {"skipped": True}
    failure = "A task failed before wave 1 (development, production, staging): Timed out"
    assert (role.run.failure, role.run.rollback) == (failure, None)


def test_a_rollback_that_is_switched_off_is_not_performed(role: Role) -> None:
    role.variables["rollback"] = "no"
    role.until("preflight")
    role.wave(1)

    assert role.phase("rollback", failed="The smoke test failed") == {"skipped": True}
    assert role.report()["outcome"] == "failed"


def test_a_task_that_failed_without_a_message_is_a_failure_too(role: Role) -> None:
    role.until("preflight")
    role.wave(1)

    role.phase("rollback", failed="")

    assert role.run.failure == "A task failed after wave 1 (development, production, staging) was verified"
    assert role.report()["outcome"] == "rolled_back"


def test_the_report_returns_the_result_for_other_plays(role: Role) -> None:
    role.until("preflight")
    role.wave(1)

    reported = role.phase("report")

    result = json.loads(result_file(reported).read_text())
    del reported["variables_file"]
    assert reported == {
        "changed": False,
        "message": result["message"],
        "failed_outcome": False,
        "usable_tasks": True,
        "ansible_stats": {
            "data": {"certificate_rotation": {"localhost": rotation_summary("localhost", result, None)}},
            "per_host": False,
            "aggregate": True,
        },
    }
    assert role.run.finished


def test_only_its_owner_can_read_the_files_of_the_result(role: Role) -> None:
    role.until("preflight")

    reported = role.phase("report")

    for path in (Path(reported["variables_file"]), result_file(reported)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert path.parent == role.folder


def test_each_run_has_a_result_file_of_its_own(role: Role) -> None:
    """The variable of an earlier host or run reads its file when it is used."""
    files = set()
    for _unused in range(2):
        role.run_file = ""
        role.until("preflight")
        files.add(result_file(role.phase("report")))

    assert len(files) == 2


@pytest.mark.parametrize("failed", [True, False])
def test_the_report_says_whether_the_play_fails(role: Role, failed: bool) -> None:
    role.until("preflight")
    if failed:
        role.phase("rollback", failed="A task failed")

    assert role.phase("report")["failed_outcome"] is failed


def test_the_report_reads_back_what_the_environments_hold(role: Role) -> None:
    role.until("preflight")
    role.wave(1)
    role.hold({DEV: NEW, STAGE: OTHER, PROD: NEW})

    assert role.report()["message"].startswith(
        "Modified by someone else after verification: MyProject/web in staging holds "
    )


def test_a_report_is_made_although_the_manager_cannot_be_read_any_more(role: Role) -> None:
    role.until("preflight")
    role.phase("write", wave=1)
    role.api.reads = [RequestError("HTTP 503")]

    made = role.report()

    assert made["message"] == (
        "Wave 1 was written but not verified. Nothing was rolled back. The manager's record could not be read back."
    )


def test_report_files_that_cannot_be_written_are_a_warning(role: Role) -> None:
    role.variables["report_dir"] = "reports"
    role.until("preflight")
    (role.folder / "reports").write_text("in the way since the plan")

    (warning,) = role.phase("report")["warnings"]
    assert warning.startswith("certificate_rotation_report_dir: the report was not written: the folder ")


def test_report_files_are_written_in_check_mode_for_anyone_to_read(role: Role) -> None:
    """The metrics describe the last rotation, so check mode does not write them."""
    role.check_mode = True
    role.variables |= {"report_dir": "reports", "base_dir": str(role.folder / "base")}
    (role.folder / "base").mkdir()
    role.variables["certificates"] = [{**CERTIFICATE_VARIABLE, "path": str(role.folder / "web.pem")}]

    role.until("preflight")
    role.phase("report")

    files = sorted((role.folder / "base/reports").iterdir())
    assert [path.name for path in files] == ["rotation.html", "rotation.json", "rotation.md"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o644}
    assert json.loads(files[1].read_text())["outcome"] == "planned"


@pytest.mark.parametrize(
    ("phase", "arguments"),
    [
        ("obtain", {"key": KEY}),
        ("preflight", {}),
        ("backup", {}),
        ("write", {"wave": 1}),
        ("verify", {"wave": 1}),
    ],
)
def test_a_phase_without_a_plan_is_refused(role: Role, phase: str, arguments: Json) -> None:
    """As with --start-at-task into the role, or with tags that leave the plan out."""
    with pytest.raises(RunError, match=INCOMPLETE):
        role.phase(phase, **arguments)
    assert role.api.calls == []


@pytest.mark.parametrize(("phase", "arguments"), [("backup", {}), ("write", {"wave": 1}), ("verify", {"wave": 1})])
def test_a_phase_without_preflight_is_refused(role: Role, phase: str, arguments: Json) -> None:
    role.phase("plan")

    with pytest.raises(RunError, match=INCOMPLETE):
        role.phase(phase, **arguments)
    assert role.api.sent == []


@pytest.mark.parametrize(
    ("phase", "arguments"),
    [
        ("obtain", {"key": KEY}),
        ("preflight", {}),
        ("backup", {}),
        ("write", {"wave": 1}),
        ("verify", {"wave": 1}),
        ("rollback", {"failed": "A task failed"}),
    ],
)
def test_a_phase_after_the_end_of_the_run_is_refused(role: Role, phase: str, arguments: Json) -> None:
    role.until("preflight")
    role.phase("report")

    with pytest.raises(RunError, match=INCOMPLETE):
        role.phase(phase, **arguments)


@pytest.mark.parametrize(("phase", "arguments"), [("backup", {}), ("write", {"wave": 2}), ("verify", {"wave": 1})])
def test_nothing_more_is_written_after_a_failure(role: Role, phase: str, arguments: Json) -> None:
    """As where ignore_errors on a block lets a play go on."""
    role.variables["waves"] = WAVES
    role.until("preflight")
    role.api.writes = [fails]
    failed = role.phase("write", wave=1)["msg"]

    with pytest.raises(RunError, match=r"^Nothing more is written, since the run has failed: ") as raised:
        role.phase(phase, **arguments)
    assert failed in str(raised.value)


def test_the_message_of_a_refused_phase_names_the_ways_that_work(role: Role) -> None:
    with pytest.raises(RunError) as raised:
        role.phase("preflight")
    for text in ("--start-at-task", "--tags plan", "--tags preflight", "--skip-tags backup"):
        assert text in str(raised.value)


def test_a_report_without_a_run_is_a_refusal_that_says_why(role: Role) -> None:
    made = role.report()

    assert made["outcome"] == "refused"
    assert re.match(f"Nothing was written. {INCOMPLETE}", made["message"])
    assert (made["certificates"], made["waves"]) == ([], [])
    assert made["manager"] == "https://manager.example.com"


def test_a_report_without_a_run_tells_what_has_failed(role: Role) -> None:
    assert role.report(failed="No such role variable")["message"] == "Nothing was written. No such role variable."


@pytest.mark.parametrize("base", ["", "base"])
def test_a_report_is_written_although_no_plan_was_made(role: Role, base: str) -> None:
    """As after a plan that exceeded a task timeout, or that crashed: nothing is known but the variables."""
    role.variables |= {"report_dir": "reports", "base_dir": base and str(role.folder / base)}

    assert "warnings" not in role.phase("report", failed="Timed out after 1 second(s).")

    folder = role.folder / base / "reports"
    made = json.loads((folder / "rotation.json").read_text())
    assert (made["outcome"], made["message"]) == ("refused", "Nothing was written. Timed out after 1 second(s).")
    files = {"rotation.json", "rotation.html", "rotation.md", "apinizer_rotation.prom"}
    assert {path.name for path in folder.iterdir()} == files


def test_a_report_is_written_although_a_variable_cannot_be_used(role: Role) -> None:
    role.variables |= {"report_dir": "reports", "strategy": "fast"}
    message = role.phase("plan")["msg"]

    assert role.report()["outcome"] == "refused"

    assert message in json.loads((role.folder / "reports" / "rotation.json").read_text())["message"]


def test_a_report_folder_that_cannot_be_rendered_is_a_warning(role: Role) -> None:
    role.variables |= {"report_dir": SettingError("report_dir", "cannot be rendered: 'day' is undefined")}

    (warning,) = role.phase("report", failed="The plan failed")["warnings"]

    assert warning.startswith("certificate_rotation_report_dir: the report was not written: ")


@pytest.mark.parametrize("tags", [("other",), ("a", "b")])
def test_tags_that_do_not_mean_the_role_skip_its_report(role: Role, tags: tuple[str, ...]) -> None:
    assert role.phase("report", tags=tags) == {
        "skipped": True,
        "skip_reason": f"--tags {','.join(tags)} selects no phase of the role certificate_rotation",
    }


@pytest.mark.parametrize("tags", [(), ("all",), *((tag,) for tag in sorted(TAGS)), ("other", "apply")])
def test_tags_that_mean_the_role_do_not_skip_its_report(role: Role, tags: tuple[str, ...]) -> None:
    assert "variables_file" in role.phase("report", tags=tags)


@pytest.mark.parametrize(
    ("tags", "skip_tags", "own_tags", "skipped"),
    [
        (["other"], [], [], True),
        (["other"], [], ["mine"], True),
        (["mine"], [], ["mine"], False),
        (["other"], ["unrelated"], [], True),
        (["other"], ["plan"], [], False),
    ],
)
def test_tags_of_the_role_itself_count_as_well(
    role: Role, tags: list[str], skip_tags: list[str], own_tags: list[str], skipped: bool
) -> None:
    files: Any = ControllerFiles(str(role.folder))
    task: Any = FakeTask(role.folder, None, files, {}, tags=tags, skip_tags=skip_tags, own_tags=own_tags)

    assert phases.report(task).get("skipped", False) is skipped


def test_a_report_of_a_run_does_not_ask_for_tags(role: Role) -> None:
    role.until("preflight")

    assert "variables_file" in role.phase("report", tags=("other",))


def test_each_step_of_a_run_is_done_once(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three waves: the variables are read once, the plan is made once, and the new certificate is parsed once."""
    calls: list[str] = []

    def count(module: Any, name: str) -> None:
        function = getattr(module, name)

        def counted(*arguments: Any, **named: Any) -> Any:
            calls.append(name)
            return function(*arguments, **named)

        monkeypatch.setattr(module, name, counted)

    count(phases, "read_settings")
    count(phases, "make_plan")
    count(_certificate_files, "parse_input")
    role.variables |= {"waves": [[DEV], [STAGE], [PROD]]}

    role.until("preflight")
    for number in (1, 2, 3):
        role.wave(number)

    assert role.report()["outcome"] == "rotated"
    assert sorted(calls) == ["make_plan", "parse_input", "read_settings"]


def _disk_is_full(_path: str, *_given: object, **_options: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_does_not_prevent_the_rollback(role: Role, monkeypatch: pytest.MonkeyPatch) -> None:
    role.until("preflight")
    role.wave(1)
    monkeypatch.setattr(os, "fsync", _disk_is_full)

    with pytest.raises(RecordError, match="cannot be written: No space left on device"):
        role.phase("rollback", failed="The smoke test failed")

    assert set(role.holdings().values()) == {OLD}


def _no_space_for_the_copy(_source: str, target: str) -> None:
    raise RecordError(f"{target} cannot be written: No space left on device")


def test_a_backup_folder_that_cannot_hold_the_run_file_names_its_variable(
    role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    role.variables["backup_dir"] = str(role.folder / "backups")
    role.until("preflight")
    monkeypatch.setattr(run_module, "copy_private", _no_space_for_the_copy)

    result = role.phase("backup")

    assert result["failed"]
    assert result["msg"].startswith("certificate_rotation_backup_dir: ")
    assert result["msg"].endswith("run.jsonl cannot be written: No space left on device")
