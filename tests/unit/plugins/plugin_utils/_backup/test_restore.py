# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phases of a restore, with the real planning and writing, on a fake API in memory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import (
    ImportFileUnavailableError,
    RequestError,
    TruststoreUnavailableError,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    Environment,
    EnvironmentDeployment,
    StoredCertificate,
    Truststore,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action import in_process
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import (
    CERTIFICATE,
    CERTIFICATE_INFO,
    ENVIRONMENT_INFO,
    TRUSTSTORE_INFO,
    ManagerAccess,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.restore import RESTORE_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import RecordError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles, FakeTask
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    EXPIRED,
    NEW,
    PROD,
    PROJECT,
    STAGE,
    Json,
    RunBuilder,
    bundle,
    certificate,
    entry,
    holding,
)

# Valid for longer than anybody runs these tests: a restore compares dates with the clock of the machine.
FIRST, SECOND, CURRENT = bundle(days=30_000), bundle(days=30_001), bundle(days=30_002)
FOLDER = "/backup"
OLD_FORMAT = Path(__file__).parents[4] / "backups" / "2026-06-01T120000Z-localhost"
Held = Callable[..., StoredCertificate]


class Restore:
    """A restore of a backup, phase by phase."""

    def __init__(self, folder: Path, api: Any, files: Any) -> None:
        self.api = api
        self.files = files
        self.temporary_folder = folder
        self.check_mode = False
        self.manager_url = "https://manager.example.com"
        self.variable_names: list[str] = []
        self.run_file = ""
        options: Mapping[str, Any] = {"url": self.manager_url, "token": "t0k3n", "retries": 0}
        modules = (CERTIFICATE, CERTIFICATE_INFO, ENVIRONMENT_INFO, TRUSTSTORE_INFO)
        self.access = ManagerAccess(dict.fromkeys(modules, options))

    def phase(self, name: str, **arguments: Any) -> Json:
        task: Any = FakeTask(
            self.temporary_folder,
            self.access,
            self.files,
            {},
            run_file=self.run_file,
            check_mode=self.check_mode,
            others=self.variable_names,
        )
        task.manager_url = self.manager_url
        return RESTORE_PHASES[f"restore_{name}"](task, **arguments)

    def plan(self, **variables: Any) -> Json:
        result = self.phase("plan", settings={"dir": FOLDER, **variables})
        self.run_file = result.get("run_file", "")
        return result

    def waves(self) -> list[Json]:
        """Write and verify waves 1, 2, ... as the playbook does, until one fails; return the results."""
        results: list[Json] = []
        for wave in (1, 2, 3):
            for phase in ("write", "verify"):
                results.append(self.phase(phase, wave=wave))
                if results[-1].get("failed"):
                    return results
        return results

    def refusal(self, **variables: Any) -> str:
        """The message of a plan that is refused. No request was sent, unless a failed result says why."""
        with pytest.raises((SettingError, RecordError)) as raised:
            self.plan(**variables)
        return str(raised.value)

    @property
    def writes(self) -> list[str]:
        return [call for call in self.api.calls if call.split()[0] in ("create", "update", "import", "delete")]

    def holds(self) -> dict[str, Bundle | None]:
        return {one.environment: one.bundle for one in self.api.stored[PROJECT, "web"].entries}


def backup_of(*before: Json) -> FakeFiles:
    """A backup in the folder of the tests."""
    files = FakeFiles()
    builder = RunBuilder(before[0], desired=DesiredCertificate(before[0]["project"], before[0]["name"], path="x.pem"))
    for one in before[1:]:
        builder = builder.also(one)
    write_backup(builder.build(), files, FOLDER)
    return files


def change_manifest(files: FakeFiles, **changes: Any) -> None:
    manifest = json.loads(files.contents[f"{FOLDER}/manifest.json"])
    files.contents[f"{FOLDER}/manifest.json"] = json.dumps({**manifest, **changes}).encode()


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, api: Any, held: Held) -> Callable[..., Restore]:
    """A restore of a backup to a manager that holds C(CURRENT) in three environments."""

    @contextmanager
    def shared_manager(_connection: object, _hide: object) -> Iterator[Any]:
        yield api

    monkeypatch.setattr(in_process, "shared_manager", shared_manager)
    api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT, STAGE: CURRENT})

    def make(files: Any = None) -> Restore:
        return Restore(tmp_path, api, files or backup_of(holding({DEV: FIRST, PROD: SECOND, STAGE: FIRST})))

    return make


def line(environment: str, what: str) -> str:
    return f"MyProject/web in {environment}: {what}"


def restored(bundle: Bundle, wave: int = 1, what: str = "restore") -> str:
    until = bundle.leaf.not_after
    assert until is not None
    return (
        f"{what} in wave {wave} (SHA-256 {bundle.leaf.fingerprint_sha256[:16]}..., valid until "
        f"{until.strftime('%Y-%m-%dT%H:%M:%SZ')})"
    )


def test_certificates_are_restored_and_verified(make: Callable[..., Restore]) -> None:
    restore = make()

    planned = restore.plan()
    assert planned["lines"] == [line(DEV, restored(FIRST)), line(STAGE, restored(FIRST)), line(PROD, restored(SECOND))]
    assert planned["waves"] == [{"number": 1, "environments": [DEV, STAGE, PROD]}]
    assert restore.writes == []

    written, verified = restore.phase("write", wave=1), restore.phase("verify", wave=1)
    assert (written["changed"], verified) == (True, {"changed": False})
    assert [one["before_header"] for one in written["diff"]] == [one["after_header"] for one in written["diff"]]
    assert restore.writes == [f"import {DEV} {STAGE}", f"import {PROD}"]
    assert restore.holds() == {DEV: FIRST, STAGE: FIRST, PROD: SECOND}
    assert restore.phase("report") == {
        "changed": False,
        "message": "Restored 1 certificate in 3 environments, verified in the manager's record. "
        "Gateways: confirmed in development, production, staging",
    }


def test_no_phase_returns_what_a_file_contains(make: Callable[..., Restore]) -> None:
    restore = make()

    results = [restore.plan(), restore.phase("write", wave=1), restore.phase("verify", wave=1), restore.phase("report")]

    assert "BEGIN" not in json.dumps(results)
    assert (restore.temporary_folder / Path(restore.run_file).name).stat().st_mode & 0o777 == 0o600


def test_check_mode_shows_the_same_and_writes_nothing(make: Callable[..., Restore]) -> None:
    restore = make()
    planned = restore.plan()
    restore.check_mode = True

    in_check_mode = restore.plan()
    written = restore.phase("write", wave=1)

    assert (in_check_mode["lines"], in_check_mode["waves"]) == (planned["lines"], planned["waves"])
    assert written["changed"]
    assert {
        name: view["fingerprint_sha256"]
        for one in written["diff"]
        for name, view in one["after"]["environments"].items()
    } == {
        DEV: FIRST.leaf.fingerprint_sha256,
        STAGE: FIRST.leaf.fingerprint_sha256,
        PROD: SECOND.leaf.fingerprint_sha256,
    }
    assert restore.writes == []
    assert restore.phase("report")["message"] == "Would restore 1 certificate in 3 environments"


def test_what_the_record_holds_is_left_alone(make: Callable[..., Restore], held: Held) -> None:
    restore = make()
    restore.api.stored[PROJECT, "web"] = held({DEV: FIRST, PROD: CURRENT, STAGE: FIRST})

    assert restore.plan()["lines"] == [
        line(PROD, restored(SECOND)),
        line(DEV, "already in sync"),
        line(STAGE, "already in sync"),
    ]
    restore.phase("write", wave=1)
    restore.phase("verify", wave=1)
    assert restore.writes == [f"import {PROD}"]
    assert restore.phase("report")["message"] == (
        "Restored 1 certificate in 1 environment, verified in the manager's record. Gateways: confirmed in production. The "
        "gateways of what was in sync already were not asked; certificate_restore_verify_gateways: required asks them"
    )


def test_without_a_difference_there_is_nothing_to_restore(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding({DEV: FIRST})))
    restore.api.stored[PROJECT, "web"] = held({DEV: FIRST})

    assert restore.plan()["waves"] == []
    assert restore.phase("report")["message"] == (
        "Nothing to restore, since the record already holds these certificates of the backup. The gateways of what was in "
        "sync already were not asked; certificate_restore_verify_gateways: required asks them"
    )


def test_force_writes_again_what_the_record_holds(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding({DEV: FIRST, PROD: FIRST})))
    restore.api.stored[PROJECT, "web"] = held({DEV: FIRST, PROD: CURRENT})

    assert restore.plan(force="true")["lines"] == [
        line(DEV, restored(FIRST, what="write again")),
        line(PROD, restored(FIRST)),
    ]
    restore.phase("write", wave=1)
    assert restore.writes == [f"import {DEV} {PROD}"]


def test_a_certificate_that_has_disappeared_is_created(make: Callable[..., Restore]) -> None:
    restore = make(backup_of(holding({DEV: FIRST, PROD: FIRST})))
    restore.api.stored.clear()

    restore.plan(waves=[[DEV], [PROD]])
    restore.waves()

    assert restore.writes == [f"create {DEV}", f"import {PROD}"]
    assert restore.holds() == {DEV: FIRST, PROD: FIRST}


WAVES = [[DEV], [STAGE], [PROD]]


@pytest.mark.parametrize("waves", [WAVES, f"{DEV}\n{STAGE}\n{PROD}\n", json.dumps(WAVES), "auto"])
def test_waves_are_written_and_verified_one_after_the_other(make: Callable[..., Restore], waves: Any) -> None:
    restore = make()
    types = {DEV: "TEST", STAGE: "SANDBOX", PROD: "PRODUCTION"}
    restore.api.environments = lambda _project: tuple(Environment(name, kind) for name, kind in types.items())

    planned = restore.plan(waves=waves)
    assert [wave["environments"] for wave in planned["waves"]] == WAVES
    restore.waves()

    assert [call for call in restore.api.calls if call.startswith(("import", "list"))][-6:] == [
        f"import {DEV}",
        "list MyProject",
        f"import {STAGE}",
        "list MyProject",
        f"import {PROD}",
        "list MyProject",
    ]
    assert restore.holds() == {DEV: FIRST, STAGE: FIRST, PROD: SECOND}


def test_a_wave_without_anything_to_write_is_left_out(make: Callable[..., Restore], held: Held) -> None:
    restore = make()
    restore.api.stored[PROJECT, "web"] = held({DEV: FIRST, PROD: CURRENT, STAGE: CURRENT})

    assert [wave["number"] for wave in restore.plan(waves=WAVES)["waves"]] == [2, 3]


def test_waves_need_the_stage_of_each_environment(make: Callable[..., Restore]) -> None:
    restore = make()

    message = restore.refusal(waves="auto")

    assert message.startswith("certificate_restore_waves: auto needs the type of each environment")
    assert restore.writes == []


def test_an_environment_in_no_wave_is_refused(make: Callable[..., Restore]) -> None:
    restore = make()

    assert restore.refusal(waves=[[DEV], [STAGE]]) == (
        "certificate_restore_waves: to be restored, but in no wave: MyProject/web in production. Add every environment of "
        "the backup to the waves, or limit the restore with certificate_restore_environments"
    )
    assert restore.writes == []


def test_the_restore_stops_at_the_first_failure(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.plan(waves=WAVES)

    restore.phase("write", wave=1)
    restore.phase("verify", wave=1)
    restore.api.writes.append(_fails)
    failed = restore.phase("write", wave=2)
    refused = restore.phase("write", wave=3)
    reported = restore.phase("report")

    assert failed["failed"]
    assert "HTTP 403" in failed["msg"]
    assert refused["msg"].startswith("Wave 3 was not started, since the restore has failed: wave 2 failed: ")
    assert reported["failed"]
    assert "THE RESTORE IS NOT COMPLETE: wave 2 failed: " in reported["msg"]
    assert "Restored and verified: MyProject/web in development." in reported["msg"]
    assert "Not restored: MyProject/web in staging; MyProject/web in production." in reported["msg"]
    assert restore.holds() == {DEV: FIRST, STAGE: CURRENT, PROD: CURRENT}


def _succeeds(take_effect: Callable[[], None]) -> Deployment:
    take_effect()
    return Deployment()


def _fails(_take_effect: Callable[[], None]) -> Any:
    raise RequestError("HTTP 403", status=403)


def test_the_same_command_continues_after_a_wave_that_failed(make: Callable[..., Restore], held: Held) -> None:
    """The second of two certificates fails in the second of three waves."""
    restore = make(
        backup_of(*(holding({DEV: FIRST, STAGE: FIRST, PROD: SECOND}, name=name) for name in ("api", "web")))
    )
    for name in ("api", "web"):
        stored = held({DEV: CURRENT, PROD: CURRENT, STAGE: CURRENT}, alias="web-alias")
        restore.api.stored[PROJECT, name] = replace(stored, name=name)
    restore.plan(waves=WAVES)
    restore.api.writes += [_succeeds, _succeeds, _succeeds, _fails]

    restore.waves()
    message = restore.phase("report")["msg"]

    assert restore.writes == [f"import {DEV}", f"import {DEV}", f"import {STAGE}", f"import {STAGE}"]
    for text in (
        "Restored and verified: MyProject/web in development; MyProject/api in development. ",
        "Possibly written, but not verified: MyProject/web in staging. ",
        "Not restored: MyProject/api in staging; MyProject/web in production; MyProject/api in production. ",
        "Gateways: confirmed in development, staging. ",
        "Fix the cause and run the same command again, which skips what is in sync already. ",
    ):
        assert text in message

    restore.api.calls.clear()
    assert [wave["number"] for wave in restore.plan(waves=WAVES)["waves"]] == [2, 3]
    restore.waves()
    again = restore.phase("report")["message"]

    assert restore.writes == [f"import {STAGE}", f"import {PROD}", f"import {PROD}"]
    assert again.startswith("Restored 2 certificates in 3 environments, verified in the manager's record. Gateways: ")
    for name in ("api", "web"):
        entries = restore.api.stored[PROJECT, name].entries
        assert {one.environment: one.bundle for one in entries} == {DEV: FIRST, STAGE: FIRST, PROD: SECOND}


def test_nothing_is_written_after_a_failure_within_a_wave(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.plan()
    restore.api.writes.append(_fails)

    assert restore.phase("write", wave=1)["failed"]

    assert len(restore.writes) == 1
    assert restore.holds() == {DEV: CURRENT, STAGE: CURRENT, PROD: CURRENT}


def test_a_record_that_differs_after_a_wave_stops_the_restore(make: Callable[..., Restore], held: Held) -> None:
    restore = make()
    restore.plan(waves=WAVES)
    restore.phase("write", wave=1)
    restore.api.stored[PROJECT, "web"] = held({DEV: NEW, PROD: CURRENT, STAGE: CURRENT})

    failed = restore.phase("verify", wave=1)

    assert failed["msg"].startswith(
        "Verification of wave 1 failed: MyProject/web in development: the manager holds SHA-256 "
    )
    assert "instead of the restored certificate" in failed["msg"]
    assert restore.phase("write", wave=2)["failed"]
    message = restore.phase("report")["msg"]
    assert "Possibly written, but not verified: MyProject/web in development." in message
    assert "Not restored: MyProject/web in staging; MyProject/web in production." in message


def test_a_wave_does_not_start_before_the_one_before_is_verified(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.plan(waves=WAVES)
    restore.phase("write", wave=1)

    assert restore.phase("write", wave=2)["msg"] == "Wave 2 was not started, since wave 1 was not verified"


def test_a_write_that_was_interrupted_is_reported(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.plan()

    def interrupt(take_effect: Callable[[], None]) -> Any:
        take_effect()
        raise KeyboardInterrupt

    restore.api.writes.append(interrupt)
    with pytest.raises(KeyboardInterrupt):
        restore.phase("write", wave=1)

    message = restore.phase("report")["msg"]
    assert message.startswith("THE RESTORE IS NOT COMPLETE: it was interrupted. ")
    assert "Possibly written, but not verified: MyProject/web in development, staging." in message
    assert "Not restored: MyProject/web in production." in message


def test_an_expired_certificate_is_named_and_the_others_are_restored(make: Callable[..., Restore]) -> None:
    restore = make(backup_of(holding({DEV: EXPIRED, PROD: SECOND})))
    reason = line(DEV, "the previous certificate expired on 2026-05-27T12:00:00Z, so it cannot be restored")

    assert restore.plan()["lines"] == [line(PROD, restored(SECOND)), reason]
    restore.phase("write", wave=1)
    restore.phase("verify", wave=1)
    reported = restore.phase("report")

    assert restore.writes == [f"import {PROD}"]
    assert reported["failed"]
    assert reported["msg"] == (
        f"Restored 1 certificate in 1 environment, verified in the manager's record. Gateways: confirmed in production. {reason}"
    )


def test_a_date_in_the_manifest_does_not_revive_an_expired_certificate(make: Callable[..., Restore]) -> None:
    files = backup_of(holding({DEV: EXPIRED}))
    text = files.contents[f"{FOLDER}/manifest.json"].decode()
    files.contents[f"{FOLDER}/manifest.json"] = text.replace("2026-05-27", "2099-05-27").encode()

    assert make(files).plan()["waves"] == []


def test_a_certificate_that_the_manager_did_not_return_is_named(make: Callable[..., Restore]) -> None:
    restore = make(backup_of(certificate(entry(DEV, None), entry(PROD, SECOND))))

    assert restore.plan()["lines"] == [
        line(PROD, restored(SECOND)),
        line(DEV, "the manager did not return the previous certificate, so it cannot be restored"),
    ]


def test_a_restore_can_be_limited_to_environments(make: Callable[..., Restore]) -> None:
    """Files of other environments are not read."""
    restore = make()
    restore.files.contents[f"{FOLDER}/MyProject,web,staging.pem"] = b"damaged"

    assert restore.plan(environments=f"{DEV}, elsewhere")["lines"] == [line(DEV, restored(FIRST))]


def test_environments_that_are_not_in_the_backup_are_refused(make: Callable[..., Restore]) -> None:
    restore = make()

    assert restore.refusal(environments=["elsewhere", "nowhere"]) == (
        "certificate_restore_environments: the backup has no certificate of elsewhere, nowhere. It has certificates of "
        "development, production, staging (case-sensitive)"
    )
    assert restore.api.calls == []


@pytest.mark.parametrize("same", [True, False])
def test_one_update_restores_certificates_that_were_the_same(make: Callable[..., Restore], same: bool) -> None:
    restore = make(backup_of(holding({DEV: FIRST, PROD: FIRST if same else SECOND, STAGE: FIRST})))

    restore.plan(strategy="replace")
    restore.phase("write", wave=1)

    assert restore.writes == ([f"update {DEV} {PROD} {STAGE}"] if same else [f"import {DEV} {STAGE}", f"import {PROD}"])


def test_one_update_cannot_write_several_waves(make: Callable[..., Restore]) -> None:
    restore = make()

    assert restore.refusal(strategy="replace", waves=WAVES) == (
        "certificate_restore_strategy: replace writes all environments in one update, so it cannot write 3 waves. Use "
        "per_environment, which needs a manager with import-file, or a single wave"
    )
    assert restore.api.calls == []


UPDATE_HELPS = "Set certificate_restore_strategy: replace, and use a single wave: one update for all environments needs no import-file"
UPDATE_DOES_NOT_HELP = (
    "certificate_restore_strategy: replace does not help for MyProject/web: one update writes the same certificate and alias to "
    "all environments, and those of the backup differ, or are not all to be restored. To write one of them to all "
    "environments, give its file of the backup to apinizer_certificate as path"
)
NO_IMPORT_FILE = "this manager has no import-file, the only request that leaves the other environments unchanged"
SAME, DIFFERENT = {DEV: FIRST, PROD: FIRST}, {DEV: FIRST, PROD: SECOND}


def of_other_options(message: str) -> list[str]:
    """The options of the module and of the role that a message names."""
    options = ("unlisted_environments", "certificate_rotation", "force=", "verify_gateways=", "strategy=", "previous")
    return [option for option in options if option in message]


@pytest.mark.parametrize(
    ("backup", "variables", "remedy"),
    [
        (SAME, {}, UPDATE_HELPS),
        (SAME, {"waves": [[DEV], [PROD]]}, UPDATE_HELPS),
        (SAME, {"environments": [DEV]}, UPDATE_DOES_NOT_HELP),
        (DIFFERENT, {}, UPDATE_DOES_NOT_HELP),
        (DIFFERENT, {"strategy": "replace"}, UPDATE_DOES_NOT_HELP),
        ({DEV: FIRST, PROD: EXPIRED}, {}, UPDATE_DOES_NOT_HELP),
    ],
)
def test_a_manager_without_import_file_is_refused_before_the_first_write(
    make: Callable[..., Restore], held: Held, backup: dict[str, Bundle], variables: Json, remedy: str
) -> None:
    """The types of its environments show that it is of 2025."""
    restore = make(backup_of(holding(backup)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.environments = lambda _project: (Environment(DEV, "KUBERNETES"),)
    restore.check_mode = True

    message = restore.refusal(**variables)

    assert message.startswith("certificate_restore_strategy: MyProject/web in development")
    assert message.endswith(f": {NO_IMPORT_FILE}. {remedy}")
    assert not of_other_options(message)
    assert restore.writes == []


def test_one_update_needs_no_import_file(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding(SAME)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})

    assert "warnings" not in restore.plan(strategy="replace")
    assert restore.api.calls == ["find", "jwks"]


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize("backup", [SAME, DIFFERENT])
def test_the_plan_says_that_import_file_may_be_missing(
    make: Callable[..., Restore], held: Held, backup: dict[str, Bundle], check_mode: bool
) -> None:
    """A manager whose truststores cannot be exported may be older than import-file. Each run says so, check mode as well."""
    restore = make(backup_of(holding(backup)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.truststores[DEV] = TruststoreUnavailableError(
        "The truststore of environment development cannot be read"
    )
    restore.check_mode = check_mode

    (warning,) = restore.plan()["warnings"]

    assert warning.startswith("Restoring MyProject/web in development")
    assert (
        "needs import-file, which a manager has from release 2026.09 on, and whether this manager has it is not known: The "
        "truststore of environment development cannot be read. Without it, the restore stops at the first import, which then "
        "changes nothing. "
    ) in warning
    assert warning.endswith(UPDATE_HELPS if backup is SAME else UPDATE_DOES_NOT_HELP)
    assert restore.api.calls[-2:] == ["environments", "truststore development"]
    assert restore.writes == []


def test_the_truststore_of_the_manager_says_nothing_about_import_file(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.api.truststore = lambda _project, environment: Truststore(environment, "manager", ())

    (warning,) = restore.plan()["warnings"]

    assert "the truststore of environment development cannot be exported, which the same release has added" in warning


def test_no_truststore_is_read_where_gateways_are_never_asked(make: Callable[..., Restore]) -> None:
    restore = make()

    (warning,) = restore.plan(verify_gateways="never")["warnings"]
    restore.waves()

    assert "certificate_restore_verify_gateways is never, so no truststore was read, which would tell" in warning
    assert not [call for call in restore.api.calls if call.startswith("truststore")]
    assert restore.phase("report")["message"].endswith("Gateways: not asked in development, production, staging")


def test_the_manager_itself_is_not_asked_about_import_file(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding({"apimanager": FIRST, PROD: SECOND})))
    restore.api.stored[PROJECT, "web"] = held({"apimanager": CURRENT, PROD: CURRENT})

    restore.plan()

    assert restore.api.calls[-1] == f"truststore {PROD}"


def test_a_missing_import_file_that_only_a_request_reveals_names_the_variables_of_the_restore(
    make: Callable[..., Restore],
) -> None:
    restore = make()
    restore.plan()

    def lacks(_take_effect: Callable[[], None]) -> Any:
        raise ImportFileUnavailableError("HTTP 404; unlisted_environments, certificate_rotation_strategy", status=404)

    restore.api.writes.append(lacks)
    failed = restore.phase("write", wave=1)
    message = restore.phase("report")["msg"]

    assert (failed["changed"], failed["failed"]) == (False, True)
    assert failed["msg"] == (
        f"MyProject/web in development, staging: {NO_IMPORT_FILE}. Nothing was written there. {UPDATE_DOES_NOT_HELP}"
    )
    assert "Not restored: MyProject/web in development, staging; MyProject/web in production" in message
    assert "Gateways" not in message
    assert "run the same command again" not in message
    assert not of_other_options(message)


BUSY = RequestError("HTTP 503", status=503, retryable=True)


def test_a_manager_that_cannot_be_read_is_refused_before_the_first_write(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.api.reads += [BUSY, BUSY]

    result = restore.plan()

    assert result["failed"]
    assert result["msg"] == "Nothing was written. HTTP 503"
    assert restore.writes == []


@pytest.mark.parametrize(
    ("environment", "alias", "reason"),
    [
        (
            "elsewhere",
            "web-alias",
            "project MyProject has no environment elsewhere; it has apimanager, development, production",
        ),
        (
            PROD,
            "taken",
            "taken is already the alias of certificate api in production, and an alias must be unique in each",
        ),
    ],
)
def test_what_the_manager_cannot_hold_is_named_without_options_of_the_module(
    make: Callable[..., Restore], held: Held, environment: str, alias: str, reason: str
) -> None:
    restore = make(backup_of(certificate(entry(environment, FIRST, alias=alias))))
    restore.api.known_environments = (DEV, PROD, STAGE)
    restore.api.stored[PROJECT, "api"] = replace(held({PROD: CURRENT}, alias="taken"), name="api")

    message = restore.plan()["msg"]

    assert message.startswith(f"Nothing was written. MyProject/web in {environment}: {reason}")
    assert ("A restore keeps the alias of the backup" in message) == (alias == "taken")


def test_what_cannot_be_restored_according_to_the_manager_is_named_in_the_plan(make: Callable[..., Restore]) -> None:
    """The other certificates are restored, and the restore fails at its end."""
    restore = make(backup_of(holding({DEV: FIRST}), holding({DEV: FIRST}, name="api")))
    restore.api.reads.append(BUSY)

    lines = restore.plan()["lines"]
    restore.phase("write", wave=1)
    restore.phase("verify", wave=1)

    assert len(restore.writes) == 1
    assert sum(one.endswith("HTTP 503") for one in lines) == 1
    assert restore.phase("report")["msg"].endswith("HTTP 503")


@pytest.mark.parametrize(
    "url", ["https://MANAGER.example.com/", "https://manager.example.com:443/apiops", "https://manager.example.com"]
)
def test_the_same_manager_may_have_another_form_of_its_address(make: Callable[..., Restore], url: str) -> None:
    restore = make()
    restore.manager_url = url

    assert "warnings" not in restore.plan()


def test_a_backup_of_another_manager_is_refused(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.manager_url = "https://other.example.com"

    message = restore.refusal()

    assert message.startswith(
        "certificate_restore_dir: the backup is of the manager https://manager.example.com, and the connection is to "
        "https://other.example.com. Restore it there, or set certificate_restore_any_manager: true"
    )
    assert restore.api.calls == []


def test_a_backup_of_another_manager_can_be_allowed(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.manager_url = "https://other.example.com"

    assert restore.plan(any_manager=True)["warnings"] == [
        (
            "certificate_restore_any_manager: the backup is of the manager https://manager.example.com, and the connection is to "
            "https://other.example.com. Its certificates are restored there"
        )
    ]


def test_a_manifest_whose_manager_is_not_an_address_is_of_another_one(make: Callable[..., Restore]) -> None:
    restore = make()
    change_manifest(restore.files, manager="\x1b[31mhttps://")

    assert "the backup is of the manager (not an address)" in restore.refusal()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"dir": ""}, "certificate_restore_dir: set it to the folder of a backup, which contains a manifest.json"),
        ({"dir": None}, "certificate_restore_dir: set it to the folder of a backup, which contains a manifest.json"),
        (
            {"dir": "/elsewhere"},
            (
                "certificate_restore_dir: set it to the folder of a backup, which contains a manifest.json: "
                "/elsewhere/manifest.json cannot be read: No such file or directory"
            ),
        ),
        (
            {"strategy": "auto"},
            "certificate_restore_strategy: must be one of per_environment, replace, not 'auto'",
        ),
        (
            {"environments": ","},
            "certificate_restore_environments: is an empty list of environments. Name at least one, or leave it out",
        ),
        ({"waves": 7}, "certificate_restore_waves: must be a list of lists of environment names, or auto"),
        ({"waves": [[DEV], [DEV]]}, "certificate_restore_waves: development is in more than one wave"),
        ({"force": "perhaps"}, "certificate_restore_force: must be true or false, not 'perhaps'"),
        ({"any_manager": "perhaps"}, "certificate_restore_any_manager: must be true or false, not 'perhaps'"),
    ],
)
def test_a_variable_that_cannot_be_used_is_refused(make: Callable[..., Restore], variables: Json, message: str) -> None:
    restore = make()

    assert restore.refusal(**variables) == message
    assert restore.api.calls == []


def test_a_misspelled_variable_is_refused(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.variable_names = ["certificate_restore_environment"]

    assert restore.refusal() == (
        "certificate_restore_environment: the playbook has no such variable. Did you mean certificate_restore_environments?"
    )
    assert restore.api.calls == []


def test_another_unknown_variable_is_a_warning(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.variable_names = ["certificate_restore_ticket", "certificate_restore_hosts", "certificate_restore__plan"]

    assert restore.plan()["warnings"] == [
        "certificate_restore_ticket is not a variable of the playbook restore, and has no effect"
    ]


@pytest.mark.parametrize("data", [b"not JSON", b"[" * 100_000, b"{}", b" " * (32 * 1024 * 1024 + 1)])
def test_a_manifest_that_cannot_be_used_is_refused_before_any_request(
    make: Callable[..., Restore], data: bytes
) -> None:
    restore = make()
    restore.files.contents[f"{FOLDER}/manifest.json"] = data

    message = restore.refusal()

    assert message.startswith("certificate_restore_dir: ")
    assert "/backup/manifest.json" in message
    assert "\n" not in message
    assert restore.api.calls == []


def test_a_manifest_of_another_schema_is_refused_before_any_request(make: Callable[..., Restore]) -> None:
    restore = make()
    change_manifest(restore.files, schema=2)

    assert restore.refusal() == (
        "certificate_restore_dir: /backup/manifest.json cannot be read: it has schema 2, not 1. Restore the backup with the "
        "version of the collection that made it"
    )
    assert restore.api.calls == []


def test_files_that_have_changed_are_named_before_any_request(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.files.contents[f"{FOLDER}/MyProject,web,development.pem"] += b"password: s3cret"
    del restore.files.contents[f"{FOLDER}/MyProject,web,staging.pem"]

    assert restore.refusal() == (
        "certificate_restore_dir: /backup/MyProject,web,development.pem contains something other than certificates; "
        "/backup/MyProject,web,staging.pem cannot be read: No such file or directory. Nothing was restored. Use an unchanged "
        "copy of the backup, or limit the restore with certificate_restore_environments"
    )
    assert restore.api.calls == []


def test_many_files_that_have_changed_are_counted(make: Callable[..., Restore]) -> None:
    names = [f"env-{number}" for number in range(8)]
    restore = make(backup_of(holding(dict.fromkeys(names, FIRST))))
    for path in list(restore.files.contents):
        if path.endswith(".pem"):
            restore.files.contents[path] += b"x"

    assert restore.refusal().count("contains something other than certificates") == 5
    assert "and 3 more. Nothing was restored." in restore.refusal()


def test_a_backup_of_version_0_2_is_restored(make: Callable[..., Restore]) -> None:
    """It has quoted file names, and no digests of its files."""
    restore = make(ControllerFiles("/"))
    restore.api.known_environments = (DEV, PROD, STAGE, "Üretim")

    lines = restore.plan(dir=str(OLD_FORMAT))["lines"]
    restore.phase("write", wave=1)
    restore.phase("verify", wave=1)

    assert [one.partition(" (SHA-256")[0] for one in lines] == [
        "Ödeme / Servisi/müşteri sertifikası in Üretim: restore in wave 1",
        "MyProject/my-certificate in development: restore in wave 1",
        "MyProject/my-certificate in staging: restore in wave 1",
        "MyProject/my-certificate in production: the manager did not return the previous certificate, so it cannot be restored",
    ]
    entries = restore.api.stored[PROJECT, "my-certificate"].entries
    assert {one.environment: one.alias for one in entries} == {"development": "my-alias-dev", "staging": "my-alias"}
    assert restore.api.stored["Ödeme / Servisi", "müşteri sertifikası"].environments == ("Üretim",)


def test_a_large_backup_is_restored(make: Callable[..., Restore], held: Held) -> None:
    """Its manifest is larger than a certificate may be, and what is in sync is counted."""
    certificates = [
        certificate(*(entry(where, FIRST, alias=name) for where in (DEV, PROD, STAGE)), name=name)
        for name in (f"web-{number}" for number in range(1000))
    ]
    restore = make(backup_of(*certificates))
    assert len(restore.files.contents[f"{FOLDER}/manifest.json"]) > 1024 * 1024
    for one in certificates[:-1]:
        stored = held({DEV: FIRST, PROD: FIRST, STAGE: FIRST}, alias=one["name"])
        restore.api.stored[PROJECT, one["name"]] = replace(stored, name=one["name"])

    lines = restore.plan()["lines"]

    assert len(lines) == 3 + 50 + 1
    assert lines[-1] == f"and {999 * 3 - 50:,} more that are already in sync"


def test_a_state_that_is_lost_is_a_problem(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.run_file = str(restore.temporary_folder / "lost")

    with pytest.raises(RecordError, match="The state of the restore cannot be read"):
        restore.phase("write", wave=1)


def test_a_line_that_was_cut_short_is_left_out(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.plan()
    with open(restore.run_file, "a", encoding="ascii") as file:
        file.write('{"write": [0, "wri')

    assert "Not restored: MyProject/web in development, staging" in restore.phase("report")["msg"]


def test_names_with_slashes_are_told_apart(make: Callable[..., Restore]) -> None:
    """Both are MyProject/a/b to a reader."""
    files = backup_of(certificate(entry(DEV, FIRST, alias="a/b"), name="a/b"))
    another = backup_of(holding({DEV: SECOND}, project="MyProject/a", name="b"))
    manifests = [json.loads(one.contents.pop(f"{FOLDER}/manifest.json")) for one in (files, another)]
    files.contents |= another.contents
    manifests[0]["certificates"] += manifests[1]["certificates"]
    files.contents[f"{FOLDER}/manifest.json"] = json.dumps(manifests[0]).encode()
    restore = make(files)

    assert len(restore.plan()["lines"]) == 2
    restore.phase("write", wave=1)

    assert restore.phase("verify", wave=1) == {"changed": False}
    assert restore.api.stored[PROJECT, "a/b"].entries[0].bundle == FIRST
    assert restore.api.stored["MyProject/a", "b"].entries[0].bundle == SECOND


DEPLOY_AGAIN = (
    "To deploy it, run again with certificate_restore_strategy: replace, certificate_restore_force: true and a single wave: an "
    "update deploys to all environments"
)
STALE = (
    "MyProject/web: the manager's record contains the restored certificate, but the gateways do not hold it: "
    "{environment} holds SHA-256 {sha256}... instead. Most likely, this manager stores imports without deploying them; otherwise, "
    "the deployment failed, or takes longer than certificate_restore_verify_gateways_timeout. "
)


@pytest.mark.parametrize(
    ("backup", "remedy"),
    [
        (SAME, DEPLOY_AGAIN),
        (DIFFERENT, UPDATE_DOES_NOT_HELP),
    ],
)
def test_gateways_that_an_import_does_not_reach_stop_the_restore(
    make: Callable[..., Restore], held: Held, backup: dict[str, Bundle], remedy: str
) -> None:
    """The same command again would find nothing to do there, so the message does not ask for it."""
    restore = make(backup_of(holding(backup)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.truststores[DEV] = [Entry(DEV, "web-alias", CURRENT)]
    waves = [[DEV], [PROD]]

    restore.plan(waves=waves, verify_gateways_timeout=0)
    (failed,) = restore.waves()
    message = restore.phase("report")["msg"]

    assert failed["changed"]
    sha256 = CURRENT.leaf.fingerprint_sha256[:16]
    assert failed["msg"] == STALE.format(environment=DEV, sha256=sha256) + remedy
    assert "Restored in the record, but not at all gateways: MyProject/web in development. " in message
    assert "Not restored: MyProject/web in production. Gateways: another certificate in development" in message
    assert "run the same command again" not in message
    assert not of_other_options(message)


def test_gateways_that_an_update_does_not_reach_are_looked_at(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding(SAME)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.truststores[DEV] = []

    restore.plan(strategy="replace", verify_gateways_timeout="0")
    (failed,) = restore.waves()

    assert failed["msg"].endswith(
        "development holds another certificate instead, or none. The deployment has failed without being reported, or takes longer than "
        "certificate_restore_verify_gateways_timeout. Check these environments in the manager's console. Then run the same "
        "command again with certificate_restore_verify_gateways: required"
    )


@pytest.mark.parametrize("strategy", ["replace", "per_environment"])
def test_a_deployment_that_failed_names_the_variables_of_the_restore(
    make: Callable[..., Restore], held: Held, strategy: str
) -> None:
    restore = make(backup_of(holding(SAME)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.client.connection.retries = 0

    def fails(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(
            False, None, (EnvironmentDeployment(DEV, True), EnvironmentDeployment(PROD, False, "no route"))
        )

    restore.api.writes.append(fails)
    restore.plan(strategy=strategy)
    (failed,) = restore.waves()
    message = restore.phase("report")["msg"]

    assert failed["msg"] == (
        "MyProject/web: the manager stored the restored certificate, but its deployment failed in: production (no route). Fix "
        "the cause there. Then run the same command again with certificate_restore_force: true, which deploys again what the "
        "record already holds"
    )
    assert "Gateways: deployment reported by the manager in development; deployment failed in production" in message
    assert not of_other_options(message)


def test_a_certificate_that_a_retry_has_lost_is_not_called_stored(make: Callable[..., Restore], held: Held) -> None:
    """The deployment fails, and the manager carries out only one half of the next attempt."""
    restore = make(backup_of(holding(SAME)))
    restore.api.stored[PROJECT, "web"] = held({DEV: CURRENT, PROD: CURRENT})
    restore.api.client.connection.retries = 1

    def fails(take_effect: Callable[[], None]) -> Deployment:
        take_effect()
        return Deployment(False, None, (EnvironmentDeployment(PROD, False),))

    def loses(_take_effect: Callable[[], None]) -> Deployment:
        restore.api.stored[PROJECT, "web"] = held({DEV: FIRST})
        raise RequestError("HTTP 500", status=500, maybe_applied=True)

    restore.api.writes += [fails, loses]
    restore.plan(strategy="replace")
    (failed,) = restore.waves()
    message = restore.phase("report")["msg"]

    assert "production LOST THE CERTIFICATE" in failed["msg"]
    assert "its deployment failed" not in failed["msg"]
    assert "Fix the cause and run the same command again" in message


def test_gateways_of_what_is_in_sync_are_asked_where_that_is_required(make: Callable[..., Restore], held: Held) -> None:
    restore = make(backup_of(holding(SAME)))
    restore.api.stored[PROJECT, "web"] = held(SAME)

    assert restore.plan(verify_gateways="required")["waves"] == []
    assert restore.phase("report")["message"] == (
        "Nothing to restore, since the record already holds these certificates of the backup. Gateways: confirmed in "
        "development, production"
    )


def test_what_is_not_known_of_the_gateways_is_one_warning_for_all_certificates(
    make: Callable[..., Restore], held: Held
) -> None:
    names = [f"web-{number}" for number in range(3)]
    restore = make(backup_of(*(holding(DIFFERENT, name=name) for name in names)))
    for name in names:
        restore.api.stored[PROJECT, name] = replace(held({DEV: CURRENT, PROD: CURRENT}, alias="web-alias"), name=name)
    restore.api.truststores[PROD] = TruststoreUnavailableError(
        "The truststore of environment production cannot be read"
    )

    restore.plan()
    written, verified = restore.waves()[:2]

    assert written["warnings"] == [
        "What the gateways of production hold is unknown. The truststore of environment production cannot be read"
    ]
    assert not verified.get("failed")
    assert restore.phase("report")["message"] == (
        "Restored 3 certificates in 6 environments, verified in the manager's record. Gateways: confirmed in development; "
        "could not be asked in production"
    )


def leases(folder: Path) -> list[str]:
    """The leases in a folder, which is removed with the last one if nothing else needs it."""
    return [path.name for path in folder.glob(".lease-MyProject-*")]


def test_a_restore_holds_a_lease_until_its_report(make: Callable[..., Restore], tmp_path: Path) -> None:
    restore, folder = make(), tmp_path / "leases"
    restore.plan(lock_dir=str(folder))
    assert len(leases(folder)) == 1
    message = make().refusal(lock_dir=str(folder))
    assert f"Another run is writing these certificates: the lease of project {PROJECT} on" in message
    assert "set certificate_restore_lock_timeout to the number of seconds" in message
    restore.waves()
    assert not restore.phase("report").get("failed")
    assert leases(folder) == []


def test_a_restore_that_is_refused_frees_its_lease(make: Callable[..., Restore], tmp_path: Path, api: Any) -> None:
    folder = tmp_path / "leases"
    restore = make()
    restore.refusal(lock_dir=str(folder), waves=[[DEV]])
    assert leases(folder) == []
    api.reads = [RequestError("HTTP 503")] * 9
    assert make().plan(lock_dir=str(folder))["failed"]
    assert leases(folder) == []


def test_a_restore_that_has_lost_its_lease_writes_nothing(make: Callable[..., Restore], tmp_path: Path) -> None:
    restore, folder = make(), tmp_path / "leases"
    restore.plan(lock_dir=str(folder))
    (name,) = leases(folder)
    (folder / name).unlink()
    result = restore.phase("write", wave=1)
    assert result["msg"].startswith(f"Nothing more is written, since the lease of project {PROJECT} on")
    assert restore.writes == []


def test_a_lock_folder_that_cannot_be_used_is_named(make: Callable[..., Restore], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    message = make().refusal(lock_dir=str(tmp_path / "file"))
    assert message.startswith("certificate_restore_lock_dir: no lease can be taken in the folder")


def test_check_mode_needs_no_lease(make: Callable[..., Restore]) -> None:
    restore = make()
    restore.check_mode = True
    assert not restore.plan(lock_dir="/nonexistent/leases").get("failed")
