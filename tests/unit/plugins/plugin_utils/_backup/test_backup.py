# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import hashlib
import json
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles, FileProblem
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.backup import write_backup
from ansible_collections.apinizer.apiops.plugins.plugin_utils._backup.manifest import MANIFEST
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import load_run
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from unit.plugins.plugin_utils._rotation.fakes import FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    KEY,
    NAME,
    NEW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    Json,
    RunBuilder,
    certificate,
    entry,
    holding,
)

AFTER = holding({DEV: NEW, PROD: NEW})


def back_up(builder: RunBuilder) -> tuple[Json, dict[str, str]]:
    """The manifest of a backup, and the texts of its other files."""
    files = FakeFiles()
    write_backup(builder.build(), files, "backup")
    texts = {path.removeprefix("backup/"): content.decode() for path, content in files.contents.items()}
    return json.loads(texts.pop(MANIFEST)), texts


def test_a_backup_has_the_previous_certificates_and_a_manifest() -> None:
    manifest, files = back_up(RunBuilder(holding({DEV: OLD, PROD: OTHER})))

    assert files == {"MyProject,web,development.pem": OLD.pem, "MyProject,web,production.pem": OTHER.pem}
    finished = datetime.fromisoformat(manifest.pop("finished").replace("Z", "+00:00"))
    assert abs((datetime.now(timezone.utc) - finished).total_seconds()) < 60
    assert manifest == {
        "schema": 1,
        "manager": "https://manager.example.com",
        "host": "localhost",
        "started": "2026-06-01T12:00:00Z",
        "backup": "backup",
        "certificates": [
            {
                "project": PROJECT,
                "name": NAME,
                "description": "First",
                "environments": [
                    {
                        "name": name,
                        "alias": "web-alias",
                        "not_after": entry(name, current)["not_after"],
                        "fingerprint_sha256": current.leaf.fingerprint_sha256,
                        "file": f"MyProject,web,{name}.pem",
                        "sha256": hashlib.sha256(current.pem.encode()).hexdigest(),
                    }
                    for name, current in ((DEV, OLD), (PROD, OTHER))
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    "builder",
    [
        RunBuilder(None, desired=DesiredCertificate(PROJECT, NAME, path="x", environments=(DEV,))),
        RunBuilder(AFTER),
        RunBuilder(holding({DEV: OLD})).before_preflight(),
    ],
)
def test_without_previous_certificates_there_is_only_a_manifest(builder: RunBuilder) -> None:
    manifest, files = back_up(builder)

    assert (manifest["certificates"], files) == ([], {})


def test_a_certificate_that_the_manager_did_not_return_has_no_file() -> None:
    manifest, files = back_up(RunBuilder(certificate(entry(DEV, None), entry(PROD, OLD))))

    assert list(files) == ["MyProject,web,production.pem"]
    environments = manifest["certificates"][0]["environments"]
    assert [(one["name"], one["file"]) for one in environments] == [(DEV, None), (PROD, "MyProject,web,production.pem")]
    assert environments[0]["sha256"] is None


@pytest.mark.parametrize(
    "odd", ["a/b", "..", "../..", "/etc/passwd", "Üretim", "a\nb", "{{ x }}", "x" * 300, "ü" * 300]
)
def test_a_file_stays_in_its_folder_with_any_names(odd: str) -> None:
    desired = DesiredCertificate(odd, odd, path="x.pem")
    manifest, files = back_up(RunBuilder(certificate(entry(odd), project=odd, name=odd), desired=desired))

    (file,) = files
    assert "/" not in file
    assert len(file.encode()) <= 143
    (found,) = manifest["certificates"]
    assert (found["project"], found["name"], found["environments"][0]["name"]) == (odd, odd, odd)
    assert found["environments"][0]["file"] == file


@pytest.mark.parametrize(
    ("one", "another"),
    [
        (("a__b", "c", "d"), ("a", "b__c", "d")),
        (("a_", "_b", "c"), ("a", "__b", "c")),
        (("a,b", "c", "d"), ("a", "b,c", "d")),
        (("a/b", "c", "d"), ("a%2Fb", "c", "d")),
        (("a b", "c", "d"), ("a%20b", "c", "d")),
        (("a", "web", "d"), ("a", "Web", "d")),
        (("a", "x" * 300 + "1", "d"), ("a", "x" * 300 + "2", "d")),
    ],
)
def test_no_two_certificates_share_a_file(one: tuple[str, str, str], another: tuple[str, str, str]) -> None:
    """Not even where a file system ignores case."""
    (first, second) = (
        certificate(entry(environment, current), project=project, name=name)
        for (project, name, environment), current in ((one, OLD), (another, OTHER))
    )
    builder = RunBuilder(first, desired=DesiredCertificate(one[0], one[1], path="x.pem")).also(second)

    manifest, files = back_up(builder)

    assert [files[found["environments"][0]["file"]] for found in manifest["certificates"]] == [OLD.pem, OTHER.pem]
    assert len({file.casefold() for file in files}) == 2


def test_any_tool_can_read_the_manifest() -> None:
    files = FakeFiles()
    write_backup(RunBuilder(holding({DEV: OLD}) | {"description": "Üretim"}).build(), files, "backup")

    text = files.contents["backup/manifest.json"].decode()
    assert '"Üretim"' in text
    assert text.endswith("}\n")
    assert yaml.safe_load(text) == json.loads(text)


def test_only_their_owner_can_read_the_files() -> None:
    files = FakeFiles()

    write_backup(RunBuilder(holding({DEV: OLD})).build(), files, "backup")

    assert files.modes == {
        "backup": 0o700,
        "backup/MyProject,web,development.pem": 0o600,
        "backup/manifest.json": 0o600,
    }


def test_a_folder_that_cannot_be_made_is_a_problem() -> None:
    with pytest.raises(FileProblem, match="cannot be created"):
        write_backup(RunBuilder(holding({DEV: OLD})).build(), FakeFiles(unusable=["backup"]), "backup")


def test_on_the_controller_the_run_file_moves_to_the_backup(tmp_path: Path) -> None:
    run = RunBuilder(holding({DEV: OLD})).build()
    run.create_file(str(tmp_path))
    first = run.path

    folder = write_backup(run, ControllerFiles(str(tmp_path)), "backups/run")

    assert folder == str(tmp_path / "backups/run")
    assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700
    assert {path.name for path in Path(folder).iterdir()} == {
        "MyProject,web,development.pem",
        "manifest.json",
        "run.jsonl",
    }
    assert run.path == str(tmp_path / "backups/run/run.jsonl")
    assert load_run(first) == load_run(run.path)


def test_on_another_host_the_run_file_stays_on_the_controller(tmp_path: Path) -> None:
    run = RunBuilder(holding({DEV: OLD})).build()
    run.create_file(str(tmp_path))
    first = run.path

    assert write_backup(run, FakeFiles(), "backups/run") == "backups/run"
    assert run.path == first


def test_a_second_backup_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    def folder_of_a_run() -> Any:
        run = RunBuilder(holding({DEV: OLD})).build()
        run.create_file(str(tmp_path))
        return write_backup(run, ControllerFiles(str(tmp_path)), "run")

    assert [folder_of_a_run(), folder_of_a_run()] == [str(tmp_path / "run"), str(tmp_path / "run-2")]
    assert json.loads((tmp_path / "run-2/manifest.json").read_text())["backup"] == str(tmp_path / "run-2")


def test_all_certificates_that_are_due_are_in_one_backup() -> None:
    builder = (
        RunBuilder(holding({DEV: OLD}))
        .also(holding({PROD: OTHER}, name="api"))
        .also(holding({PROD: NEW}, name="in-sync"))
    )

    manifest, files = back_up(builder)

    assert [f"{one['project']}/{one['name']}" for one in manifest["certificates"]] == [KEY, "MyProject/api"]
    assert len(files) == 2
