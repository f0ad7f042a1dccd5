# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.inputs import (
    problems_of_files,
    read_new_certificates,
    read_record,
    views_of,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.run import RunError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._rotation.fakes import FakeAccess, FakeFiles
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    KEY,
    NAME,
    NEW,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    entry,
    holding,
    issued,
)

CURRENT = holding({DEV: OLD, PROD: OLD})
NEW_ISSUED = issued(days=300)


def settings(*desired: DesiredCertificate, **values: Any) -> Settings:
    return Settings(certificates=desired or (DesiredCertificate(PROJECT, NAME, path="web.pem"),), **values)


def test_the_certificates_of_each_project_are_read_once() -> None:
    other = holding({PROD: OLD}, project="admin", name="api")
    wanted = (DesiredCertificate(PROJECT, NAME), DesiredCertificate("admin", "api"), DesiredCertificate(PROJECT, "x"))

    assert read_record(FakeAccess(CURRENT, other), settings(*wanted)) == {
        "listed": {PROJECT: [CURRENT], "admin": [other]},
        "environments": {},
        "warnings": ["MyProject was read", "admin was read"],
    }


def test_a_project_that_cannot_be_listed_stops_the_run() -> None:
    wanted = (DesiredCertificate(PROJECT, NAME), DesiredCertificate("admin", "api"))

    with pytest.raises(RunError, match=r"^MyProject cannot be read: HTTP 503$"):
        read_record(FakeAccess(CURRENT, unreadable=PROJECT), settings(*wanted))


def test_the_types_of_environments_are_read_for_automatic_waves_only() -> None:
    access = FakeAccess(CURRENT, types={PROJECT: {DEV: "TEST", PROD: None}})
    found = {PROJECT: {DEV: {"name": DEV, "type": "TEST"}, PROD: {"name": PROD, "type": None}}}

    assert read_record(access, settings(waves="auto"))["environments"] == found
    assert read_record(access, settings(waves=((DEV,),)))["environments"] == {}


def test_environments_that_cannot_be_listed_have_no_type() -> None:
    """The plan then reports that it cannot make the waves."""
    assert read_record(FakeAccess(CURRENT), settings(waves="auto"))["environments"] == {PROJECT: {}}


def test_environments_are_found_by_certificate_and_name() -> None:
    other = holding({PROD: OTHER}, name="api")

    assert views_of({PROJECT: [CURRENT, other]}) == {
        (KEY, DEV): entry(DEV, OLD),
        (KEY, PROD): entry(PROD, OLD),
        ("MyProject/api", PROD): entry(PROD, OTHER),
    }


def test_all_new_certificates_are_read_and_those_that_cannot_be_used_are_reported() -> None:
    desired = (
        DesiredCertificate(PROJECT, "file", path="web.pem"),
        DesiredCertificate(PROJECT, "text", content=NEW_ISSUED.pem),
        DesiredCertificate(PROJECT, "missing", path="missing.pem"),
        DesiredCertificate(PROJECT, "damaged", content="x"),
        DesiredCertificate(PROJECT, "to-obtain", renew_before=RenewalWindow(30)),
    )

    found, problems = read_new_certificates(FakeFiles({"web.pem": NEW_ISSUED.pem}), settings(*desired))

    assert found == {"MyProject/file": NEW, "MyProject/text": NEW}
    assert [problem.split(" cannot")[0] for problem in problems] == [
        "The new certificate of MyProject/missing (missing.pem)",
        "The new certificate of MyProject/damaged (content)",
    ]


def task_with(files: FakeFiles | None = None, **variables: Any) -> Any:
    """A task with these variables of the role; a file whose name starts with C(bad) cannot be used as tasks."""

    def variable(name: str) -> Any:
        value = variables.get(name, "")
        if isinstance(value, Exception):
            raise value
        return value

    def hook_problem(file: str) -> str | None:
        return f"{file} is not a list of tasks" if file.startswith("bad") else None

    return SimpleNamespace(files=files or FakeFiles(), variable=variable, hook_problem=hook_problem)


def test_folders_and_tasks_that_can_be_used_are_no_problem() -> None:
    task = task_with(verify_tasks="verify.yml", after_run_tasks="after.yml")

    assert problems_of_files(task, settings(backup_dir="backups", report_dir="/reports", base_dir="/base")) == []


@pytest.mark.parametrize("name", ["backup_dir", "report_dir"])
@pytest.mark.parametrize(("folder", "path"), [("folder", "/base/folder"), ("/there", "/there")])
def test_a_folder_that_cannot_be_made_is_a_problem(name: str, folder: str, path: str) -> None:
    given = settings(base_dir="/base", **{name: folder})

    assert problems_of_files(task_with(FakeFiles(unusable=[path])), given) == [
        f"certificate_rotation_{name}: the folder {path} cannot be created"
    ]


@pytest.mark.parametrize("name", ["obtain_tasks", "before_wave_tasks", "verify_tasks", "after_run_tasks"])
def test_a_file_with_tasks_that_cannot_be_used_is_a_problem(name: str) -> None:
    assert problems_of_files(task_with(**{name: "bad.yml"}), settings()) == [
        f"certificate_rotation_{name}: bad.yml is not a list of tasks"
    ]


def test_a_file_with_tasks_whose_name_depends_on_the_wave_is_not_checked() -> None:
    task = task_with(verify_tasks=SettingError("verify_tasks", "cannot be rendered: 'certificate_rotation_wave'"))

    assert problems_of_files(task, settings()) == []


def test_all_problems_of_files_are_reported() -> None:
    task = task_with(FakeFiles(unusable=["a", "b"]), obtain_tasks="bad1.yml", verify_tasks="bad2.yml")

    assert len(problems_of_files(task, settings(backup_dir="a", report_dir="b"))) == 4
