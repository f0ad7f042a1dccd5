# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phase of the playbook merge_reports, with files on the disk."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import ControllerFiles
from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge import merge as merge_module
from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge.merge import MERGE_PHASES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import SettingError
from unit.plugins.plugin_utils._report import test_samples as samples
from unit.plugins.plugin_utils._report.test_merged import SUMMARY
from unit.plugins.plugin_utils._report.test_samples import Json, fleet, of_manager
from unit.plugins.plugin_utils._rotation.fakes import FakeTask

FILES = ["apinizer_rotations.prom", "rotations.html", "rotations.json", "rotations.md"]


def save(path: Path, value: Any) -> Path:
    """Write a report file; text and bytes are written as they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = value if isinstance(value, (str, bytes)) else json.dumps(value)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def phase(folder: Path, *, check: bool = False, **settings: Any) -> Json:
    """Run the phase. It has no access to a manager."""
    task: Any = FakeTask(folder, None, ControllerFiles("/"), {}, check_mode=check)
    return MERGE_PHASES["merge_reports"](task, settings={"base_dir": str(folder), **settings})


def merge(folder: Path, **settings: Any) -> Json:
    """Run the phase, and return the merged report."""
    phase(folder, output_dir="out", **{"dir": "reports", **settings})
    (file,) = (folder / "out").glob("*.json")
    values: Json = json.loads(file.read_text(encoding="utf-8"))
    return values


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_module, "_now", lambda: samples.NOW + timedelta(hours=1))


@pytest.fixture
def reports(tmp_path: Path) -> Path:
    """A folder with the reports of three managers, of which one has failed."""
    for result in fleet(3):
        save(tmp_path / "reports" / result["host"] / "rotation.json", result)
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()} if folder.exists() else {}


def test_check_mode_predicts_what_is_written_and_a_second_run_changes_nothing(reports: Path) -> None:
    given = {"dir": "reports", "output_dir": "reports/merged"}

    check = phase(reports, check=True, **given)
    assert not (reports / "reports" / "merged").exists()
    real = phase(reports, **given)
    written = contents(reports / "reports" / "merged")
    again = phase(reports, **given)

    assert sorted(written) == FILES
    assert (check["changed"], real["changed"], again["changed"]) == (True, True, False)
    assert check["diff"] == real["diff"]
    assert again["diff"] == []
    assert contents(reports / "reports" / "merged") == written
    assert check["lines"][-1] == f"Merged report in {reports}/reports/merged: 4 files to write, 0 unchanged"
    assert again["lines"][-1] == f"Merged report in {reports}/reports/merged: 0 files written, 4 unchanged"
    assert (real["outcome"], real["failure"]) == ("rolled_back", "Failed: manager-002")


def test_the_difference_of_the_page_is_short(reports: Path) -> None:
    phase(reports, dir="reports", output_dir="out")
    save(reports / "reports" / "manager-000" / "rotation.json", of_manager(0, samples.stored()))

    diff = {
        os.path.basename(one["after_header"]): one for one in phase(reports, dir="reports", output_dir="out")["diff"]
    }

    assert sorted(diff) == FILES
    assert "○" not in diff["rotations.html"]["after"]
    assert len(diff["rotations.html"]["after"].splitlines()) == 1
    assert "✓ Nothing to do" in diff["rotations.md"]["before"]
    assert "! Stored" in diff["rotations.md"]["after"]


def test_only_the_formats_that_were_asked_for_are_written(reports: Path) -> None:
    phase(reports, dir="reports", output_dir="out", formats=["md"])

    assert sorted(contents(reports / "out")) == ["rotations.md"]


def test_without_an_output_folder_the_screen_shows_the_result(reports: Path) -> None:
    result = phase(reports, dir="reports", fail=False)

    assert (result["changed"], result["failure"]) == (False, "")
    assert result["lines"][0].startswith("Rolled back. 3 reports: 1 rolled back, 1 rotated, 1 nothing to do.")
    assert len(result["lines"]) == 2


def test_the_newest_report_of_a_manager_and_host_counts(reports: Path) -> None:
    older = of_manager(1, samples.rollback_failed()) | {"finished": "2026-11-22T05:00:00Z"}
    save(reports / "reports" / "z-older" / "rotation.json", older)
    other_host = of_manager(1, samples.good()) | {"host": "another-host"}
    save(reports / "reports" / "another" / "rotation.json", other_host)

    result = merge(reports)

    assert sorted(one["host"] for one in result["managers"]) == [
        "another-host",
        "manager-000",
        "manager-001",
        "manager-002",
    ]
    assert (result["older"], result["outcome"]) == (1, "rolled_back")
    assert "Left out, because there is a newer one, or one that is not from check mode: 1 report." in result["message"]


def test_all_files_that_are_given_count(reports: Path) -> None:
    canary = save(reports / "canary.json", of_manager(1, samples.failed()))

    result = merge(reports, files=["canary.json", "reports/manager-001/rotation.json"])

    assert [one["source"] for one in result["managers"] if one["host"] == "manager-001"] == [
        str(canary),
        str(reports / "reports" / "manager-001" / "rotation.json"),
    ]
    assert (len(result["managers"]), result["older"], result["outcome"]) == (4, 0, "failed")


def test_the_page_of_a_manager_is_linked(reports: Path) -> None:
    folder = reports / "reports" / "manager-001"
    folder.rename(reports / "reports" / "java script:alert(1)")
    save(reports / "reports" / "java script:alert(1)" / "rotation.html", "<p>")

    result = merge(reports)

    pages = {one["host"]: one["page"] for one in result["managers"]}
    assert pages["manager-001"] == "../reports/java script:alert(1)/rotation.html"
    page = (reports / "out" / "rotations.html").read_text(encoding="utf-8")
    assert 'href="../reports/java%20script%3Aalert%281%29/rotation.html"' in page


def test_a_run_before_the_given_time_does_not_count(reports: Path) -> None:
    stale = of_manager(1, samples.good()) | {"started": "2026-11-21T05:00:00Z", "finished": "2026-11-21T05:10:00Z"}
    save(reports / "reports" / "manager-001" / "rotation.json", stale)

    result = merge(reports, expected="manager-000,manager-001,manager-002", since="2026-11-23T00:00:00Z")

    assert (result["missing"], result["outdated"], result["outcome"]) == (["manager-001"], 1, "failed")
    lines = phase(reports, dir="reports", expected="manager-001", since="2026-11-23T00:00:00Z")["lines"]
    assert "manager-001: The last report is from 2026-11-21 05:10:00 UTC, which is too old" in lines


def truncated(value: Json) -> str:
    text = json.dumps(value)
    return text[: len(text) // 2]


UNUSABLE: Mapping[str, tuple[Callable[[], Any], str]] = {
    "truncated": (lambda: truncated(fleet(1)[0]), "It is not valid JSON from line 1, column"),
    "empty": (lambda: "", "It is empty"),
    "binary": (lambda: b"\xff\xfe\x00", "It is not valid JSON"),
    "a list": (list, "It is not a report: it must contain a JSON object"),
    "nested": (lambda: "[" * 200_000, "It is nested too deeply to be a report"),
    "foreign": (lambda: {"name": "package"}, "It is not a report of this collection"),
    "newer": (lambda: {**fleet(1)[0], "schema": 2}, "report.schema: must be 1, the only version"),
    "without a time": (lambda: {**fleet(1)[0], "started": None}, "report.started: is missing"),
    "an audit": (samples.AUDITS["clean"], "It is the report of an audit, not of a rotation. Set merge_reports_kind"),
    "merged": (lambda: {"kind": "rotations", "outcome": "failed"}, "It is a merged report"),
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_file_that_cannot_be_used_is_named_and_is_a_failure(reports: Path, name: str) -> None:
    make, problem = UNUSABLE[name]
    file = save(reports / "reports" / "broken" / "rotation.json", make())

    result = merge(reports)

    (unusable,) = result["unusable"]
    assert unusable["source"] == str(file)
    assert unusable["problem"].startswith(problem)
    assert (len(result["managers"]), result["failed"]) == (3, True)
    assert f"Not readable: {file}" in result["message"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "missing", "link to nothing"])
def test_what_is_no_regular_file_is_named(reports: Path, kind: str) -> None:
    path = reports / "given.json"
    make: dict[str, Callable[[], object]] = {
        "folder": path.mkdir,
        "pipe": lambda: os.mkfifo(path),
        "missing": lambda: None,
        "link to nothing": lambda: path.symlink_to(reports / "nothing"),
    }
    make[kind]()

    (unusable,) = merge(reports, files=["given.json"])["unusable"]

    assert unusable["source"] == str(path)
    assert unusable["problem"].startswith(("It is not a regular file", "It cannot be read: "))


def test_a_folder_that_does_not_exist_is_named(reports: Path) -> None:
    (unusable,) = merge(reports, dir=["reports", "nothing"])["unusable"]

    assert unusable == {
        "source": str(reports / "nothing"),
        "problem": "The folder cannot be read: No such file or directory",
    }


def test_a_folder_without_reports_is_refused_unless_managers_are_expected(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()

    with pytest.raises(SettingError) as raised:
        phase(tmp_path, dir="reports")
    assert str(raised.value) == f"merge_reports_dir: there is no rotation.json in {tmp_path}/reports"
    result = phase(tmp_path, dir="reports", expected="manager-a")
    assert (result["outcome"], result["failure"]) == ("failed", "Without a report: manager-a")


def test_reports_of_the_other_kind_are_named(tmp_path: Path) -> None:
    save(tmp_path / "reports" / "a" / "audit.json", samples.AUDITS["clean"]())

    with pytest.raises(SettingError) as raised:
        phase(tmp_path, dir="reports")

    assert str(raised.value).endswith("but 1 audit.json file. Set merge_reports_kind to audit")
    assert merge(tmp_path, kind="audit")["outcome"] == "clean"
    assert sorted(contents(tmp_path / "out")) == ["apinizer_audits.prom", "audits.html", "audits.json", "audits.md"]


def test_summaries_count_where_their_report_is_not_there(reports: Path) -> None:
    results = {
        "manager-001": {**SUMMARY, "started": fleet(2)[1]["started"]},
        "manager-050": SUMMARY,
        "manager-060": {"outcome": 1, "counts": {}},
    }

    result = merge(reports, results=results)

    assert [one["host"] for one in result["managers"]][:2] == ["manager-002", "manager-050"]
    assert len(result["managers"]) == 4
    assert result["unusable"] == [
        {
            "source": "merge_reports_results.manager-060",
            "problem": "result.outcome: must be a string, not a number",
        }
    ]


def test_results_must_be_by_host(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="merge_reports_results: must be a dictionary of results"):
        phase(tmp_path, results=[SUMMARY])


def test_a_folder_that_cannot_be_written_is_named(reports: Path) -> None:
    save(reports / "file", "text")

    with pytest.raises(SettingError) as raised:
        phase(reports, dir="reports", output_dir="file/out")

    assert str(raised.value).startswith(f"merge_reports_output_dir: the folder {reports}/file/out cannot be created")


def test_links_are_not_followed_in_circles(reports: Path) -> None:
    (reports / "reports" / "manager-001" / "all").symlink_to(reports / "reports")

    assert len(merge(reports)["managers"]) == 3


def test_a_link_to_a_report_is_not_an_older_report(reports: Path) -> None:
    (reports / "reports" / "rotation.json").symlink_to("manager-001/rotation.json")
    (reports / "link").symlink_to("reports")

    merged = merge(reports, dir=["reports", "link"])

    assert len(merged["managers"]) == 3
    assert "newer" not in merged["message"]


def test_file_names_and_hosts_that_are_not_text_are_escaped(reports: Path) -> None:
    """A file name may be any bytes, and a name in JSON may have half of a surrogate pair."""
    folder = os.fsdecode(b"caf\xe9")
    shutil.copytree(reports / "reports" / "manager-001", reports / "reports" / folder)
    save(reports / "reports" / folder / "manager-002" / "rotation.json", "")
    for result in fleet(2):
        save(reports / "reports" / folder / "rotation.json", {**result, "host": "other"})

    merged = merge(reports, results={"\ud800": {**SUMMARY, "started": None}})

    assert [one["source"] for one in merged["unusable"]] == [
        f"{reports}/reports/caf\N{REPLACEMENT CHARACTER}/manager-002/rotation.json"
    ]
    assert {one["host"] for one in merged["managers"]} >= {"other", "\N{REPLACEMENT CHARACTER}"}


def run_at(outcome: str, started: str, finished: str | None = None, **changes: Any) -> Json:
    """The result of a run on the manager m between two times of a day."""
    result = of_manager(0, samples.run(outcome=outcome))
    times = {"started": f"2026-11-20T{started}:00Z", "finished": f"2026-11-20T{finished or started}:00Z"}
    return {**result, **times, "host": "m", **changes}


def merge_files(folder: Path, *results: Json, **settings: Any) -> tuple[list[str], Json]:
    """Merge these reports; the outcomes that count, and the merged report."""
    for number, result in enumerate(results):
        save(folder / "reports" / str(number) / "rotation.json", result)
    result = merge(folder, **settings)
    return [one["outcome"] for one in result["managers"]], result


def test_a_run_that_is_too_old_replaces_none_that_counts(tmp_path: Path) -> None:
    """A long run that began before the given time ended after the one that failed."""
    old, failed = run_at("rotated", "04:00", "06:00"), run_at("failed", "05:01", "05:30")

    outcomes, result = merge_files(tmp_path, old, failed, since="2026-11-20T05:00:00Z")

    assert (outcomes, result["older"], result["outdated"]) == (["failed"], 0, 1)


def test_the_run_that_started_last_counts(tmp_path: Path) -> None:
    assert merge_files(tmp_path, run_at("rotated", "04:00", "06:00"), run_at("failed", "05:01", "05:30"))[0] == [
        "failed"
    ]


@pytest.mark.parametrize("hours", [("04:00", "06:00"), ("06:00", "04:00")])
def test_check_mode_does_not_replace_a_real_run(tmp_path: Path, hours: tuple[str, str]) -> None:
    real, check = run_at("failed", hours[0]), run_at("planned", hours[1], check_mode=True)

    assert merge_files(tmp_path, real, check)[0] == ["failed"]
    summary = {**SUMMARY, "outcome": "planned", "check_mode": True, "started": "2026-11-20T07:00:00Z"}
    assert merge_files(tmp_path, real, results={"m": summary})[0] == ["failed"]


def test_a_report_in_check_mode_does_not_hide_the_summary_of_a_real_run(tmp_path: Path) -> None:
    check = run_at("planned", "06:00", check_mode=True)

    outcomes, _result = merge_files(tmp_path, check, results={"m": {**SUMMARY, "started": "2026-11-20T05:00:00Z"}})

    assert outcomes == ["rolled_back", "planned"]


def test_a_report_from_the_future_is_unusable(tmp_path: Path) -> None:
    future = run_at("rotated", "06:00") | {"finished": "9999-12-31T23:59:59Z"}
    soon = run_at("rotated", "06:00", host="other") | dict.fromkeys(["started", "finished"], "2026-11-24T05:00:00Z")
    results = {"n": {**SUMMARY, "started": "2027-01-01T00:00:00Z"}}

    outcomes, result = merge_files(tmp_path, run_at("failed", "05:00"), future, soon, results=results)

    assert outcomes == ["failed", "rotated"]
    assert [one["problem"] for one in result["unusable"]] == [
        "report.finished: 9999-12-31 23:59:59 UTC is in the future. Check the clock of the machine that ran it",
        "result.started: 2027-01-01 00:00:00 UTC is in the future. Check the clock of the machine that ran it",
    ]


@pytest.mark.parametrize("since", ["", "2026-11-20T05:00:00Z"])
def test_the_failure_of_a_run_whose_time_is_not_known_always_counts(tmp_path: Path, since: str) -> None:
    results = {"m": {"outcome": "failed"}}

    outcomes, result = merge_files(tmp_path, run_at("rotated", "06:00"), results=results, expected=["m"], since=since)

    assert (outcomes, result["failed"]) == (["failed", "rotated"], True)


def test_a_success_whose_time_is_not_known_does_not_count_where_there_is_a_limit(tmp_path: Path) -> None:
    results = {"m": {"outcome": "rotated", "counts": {}}}

    assert merge(tmp_path, dir="", results=results, expected=["m"])["failed"] is False
    late = merge(tmp_path, dir="", results=results, expected=["m"], since="2026-11-20T05:00:00Z")

    assert (late["failed"], late["missing"], late["outdated"]) == (True, ["m"], 1)


def test_a_report_that_is_too_old_hides_no_summary(tmp_path: Path) -> None:
    results = {"m": {"outcome": "failed", "started": "2026-11-20T05:30:00Z"}}

    outcomes, result = merge_files(tmp_path, run_at("rotated", "04:00"), results=results, since="2026-11-20T05:00:00Z")

    assert (outcomes, result["outdated"]) == (["failed"], 1)


def test_the_summary_of_an_audit_counts_where_it_is_newer_than_the_file(tmp_path: Path) -> None:
    old = of_manager(1, samples.AUDITS["empty"]()) | {"generated": "2026-11-01T05:00:00Z"}
    save(tmp_path / "reports" / "audit.json", old)
    new = {"outcome": "expired", "started": "2026-11-20T05:30:00Z", "counts": {"expired": 1}, "failed": True}

    result = merge(tmp_path, kind="audit", results={"manager-001": new})

    assert [one["outcome"] for one in result["managers"]] == ["expired", "empty"]


@pytest.mark.parametrize(
    ("kind", "summary"),
    [
        ("audit", {"outcome": "rollback_failed", "counts": {}}),
        ("rotation", {"outcome": "clean", "counts": {}}),
        ("rotation", {"outcome": "rotated", "counts": {}, "schema": 99}),
        ("rotation", {}),
    ],
)
def test_a_summary_that_cannot_be_used_is_a_failure(tmp_path: Path, kind: str, summary: Json) -> None:
    result = merge(tmp_path, dir="", kind=kind, results={"m": summary})

    assert (result["failed"], result["managers"]) == (True, [])
    assert [one["source"] for one in result["unusable"]] == ["merge_reports_results.m"]


def test_a_result_that_is_nested_too_deeply_is_named(tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]

    result = merge(tmp_path, dir="", results={"m": {"schema": 1, "x": deep}})

    assert [one["problem"] for one in result["unusable"]] == ["It is nested too deeply to be a result"]


def test_an_empty_summary_does_not_matter_where_the_report_is_there(tmp_path: Path) -> None:
    assert merge_files(tmp_path, run_at("rotated", "04:00"), results={"m": {}})[1]["failed"] is False
