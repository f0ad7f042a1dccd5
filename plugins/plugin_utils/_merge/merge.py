# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The phase of the playbook merge_reports: read the reports of many managers, and write one. It asks no manager."""

from __future__ import annotations

import hashlib
import os
import typing as t
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from ansible_collections.apinizer.apiops.plugins.module_utils._definition import Result
from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.files import FileProblem, Files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge.merge_settings import (
    KINDS,
    MERGE_PREFIX,
    MergeSettingError,
    MergeSettings,
    check_merge_variables,
    read_merge_settings,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._merge.report_files import (
    LARGEST_FILE,
    find_files,
    read_files,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged, UnusableReport, merge
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_formats import FILE_FORMATS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_input import read_report
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_selection import (
    check_time,
    newest,
    split_by_age,
    without_known,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_text import merged_failure, merged_lines
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.report_files import write_report_files
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import count

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import Task

_Found = tuple[list[ManagerReport], list[UnusableReport]]


def merge_reports(task: Task, settings: t.Any) -> Result:
    """Merge reports, and write the merged report, or in check mode predict what that would change.

    :arg settings: the variables of the playbook by their names without the prefix.
    """
    warnings = check_merge_variables(task.variable_names)
    given = read_merge_settings(settings)
    merged = _merged(given)
    failure = merged_failure(merged) if given.fail else ""
    result: Result = {"changed": False, "lines": merged_lines(merged), "outcome": merged.outcome.key}
    if given.output_dir:
        try:
            result |= _write(task.files, given, merged, check_mode=task.check_mode)
        except FileProblem as exc:
            raise MergeSettingError("output_dir", str(exc)) from exc
        result["lines"].append(_written(given, len(result["diff"]), check_mode=task.check_mode))
    result["failure"] = failure
    return {**result, "warnings": warnings} if warnings else result


MERGE_PHASES: dict[str, Callable[..., Result]] = {"merge_reports": merge_reports}
"""The phase by the name that a task gives."""


def _merged(given: MergeSettings) -> Merged:
    """Read all reports, choose those that count, and merge them.

    :raises SettingError: where there is none, and it is not known which there should be.
    """
    now = _now()
    paths, unusable = find_files(given.dir, given.kind.single)
    searched = [one for one in paths if one not in given.files]
    found, wrong = _parted(read_files(given.kind, searched, given.output_dir, now))
    every, wrong_files = _parted(read_files(given.kind, given.files, given.output_dir, now))
    # A run that is too old must not replace one that counts, whichever of them ended later.
    found, old_found = split_by_age(found, given.since)
    every, old_every = split_by_age(every, given.since)
    kept = newest(found)
    reports = [*every, *kept]
    of_results, wrong_results = _parted(_read_results(given, now, {one.host for one in reports}))
    of_results, old_results = split_by_age(of_results, given.since)
    current = [*reports, *without_known(of_results, reports)]
    old_reports = [*old_every, *old_found]
    outdated = [*old_reports, *without_known(old_results, [*reports, *old_reports])]
    unusable += [*wrong, *wrong_files, *wrong_results]
    if not (current or outdated or unusable or given.expected):
        raise MergeSettingError("dir", _nothing_found(given))
    return merge(
        given.kind,
        current,
        expected=given.expected,
        unusable=unusable,
        older=len(found) - len(kept),
        outdated=outdated,
    )


def _parted(read: Iterable[ManagerReport | UnusableReport]) -> _Found:
    reports: list[ManagerReport] = []
    unusable: list[UnusableReport] = []
    for one in read:
        if isinstance(one, UnusableReport):
            unusable.append(one)
        else:
            reports.append(one)
    return reports, unusable


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _read_results(
    given: MergeSettings, now: datetime, reported: Collection[str]
) -> Iterator[ManagerReport | UnusableReport]:
    """Read the results or summaries that a variable contains, by host.

    :arg reported: the hosts of which there is a report, so that an empty summary does not matter.
    """
    if given.results is None:
        return
    if not isinstance(given.results, Mapping):
        raise MergeSettingError("results", "must be a dictionary of results or summaries by inventory host")
    for host, value in given.results.items():
        if value == {} and host in reported:
            continue
        try:
            if value == {}:
                raise ReportError(
                    "The summary is empty, because the names of the hosts take the space. Set merge_reports_dir to find its report"
                )
            report = read_report(given.kind, value, "result", host=str(host))
            check_time(report, "result", now)
            yield report
        except ReportError as exc:
            yield UnusableReport(f"{MERGE_PREFIX}results.{host}", str(exc))
        except RecursionError:
            yield UnusableReport(f"{MERGE_PREFIX}results.{host}", "It is nested too deeply to be a result")


def _nothing_found(given: MergeSettings) -> str:
    message = f"there is no {given.kind.single} in {', '.join(given.dir)}"
    for name, kind in KINDS.items():
        others = find_files(given.dir, kind.single)[0] if kind is not given.kind else []
        if others:
            return f"{message}, but {count(len(others), f'{kind.single} file')}. Set merge_reports_kind to {name}"
    return message


def _write(files: Files, given: MergeSettings, merged: Merged, *, check_mode: bool) -> Result:
    """Write the files that have changed, with one difference for each.

    :raises FileProblem: where a file cannot be read or written.
    """
    folder = given.output_dir
    files.check_folder(folder)
    existing = set(files.names(folder))
    texts = {_file_name(given, one): FILE_FORMATS[one](merged) for one in given.formats}
    before = {name: files.read_own(os.path.join(folder, name), LARGEST_FILE) for name in texts if name in existing}
    changed = [name for name, text in texts.items() if before.get(name) != text.encode("utf-8")]
    if changed and not check_mode:
        write_report_files(files, folder, {name: texts[name] for name in changed})
    diff = [_diff(os.path.join(folder, name), before.get(name), texts[name]) for name in changed]
    return {"changed": bool(changed), "diff": diff}


def _file_name(given: MergeSettings, output_format: str) -> str:
    prefix = "apinizer_" if output_format == "prom" else ""
    return f"{prefix}{given.kind.key}.{output_format}"


def _diff(path: str, before: bytes | None, after: str) -> dict[str, str]:
    """The difference of a file. That of a page only says that it differs: the Markdown file shows the same in a readable form."""
    texts = ["" if before is None else before.decode("utf-8", "replace"), after]
    if path.endswith(".html"):
        texts = [
            text and f"{len(text)} characters, SHA-256 {hashlib.sha256(text.encode()).hexdigest()}\n" for text in texts
        ]
    return {"before_header": path, "after_header": path, "before": texts[0], "after": texts[1]}


def _written(given: MergeSettings, changed: int, *, check_mode: bool) -> str:
    what = f"{count(changed, 'file')} to write" if check_mode else f"{count(changed, 'file')} written"
    return escape_controls(f"Merged report in {given.output_dir}: {what}, {len(given.formats) - changed} unchanged")
