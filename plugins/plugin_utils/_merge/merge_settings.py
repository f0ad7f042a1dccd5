# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbook merge_reports as typed values. Pure."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import AUDITS, ROTATIONS, Kind
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_formats import FILE_FORMATS
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import Reader, ReportError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import (
    SettingError,
    check_variable_names,
    choice,
    flag,
    is_blank,
    names,
)

MERGE_PREFIX = "merge_reports_"
KINDS = {"rotation": ROTATIONS, "audit": AUDITS}


class MergeSettingError(SettingError):
    """A variable of the playbook merge_reports that cannot be used; the message starts with its name."""

    def __init__(self, variable: str, message: str) -> None:
        super().__init__(variable, message, prefix=MERGE_PREFIX)


@dataclass(frozen=True)
class MergeSettings:
    """The variables of the playbook. Paths are absolute.

    :arg kind: what is merged.
    :arg dir: the folders to search for reports.
    :arg files: reports that all count.
    :arg results: results or summaries by host, such as the artifacts of AWX jobs.
    :arg expected: hosts or addresses of managers that must have a report.
    :arg since: runs that started before this time do not count; None for no limit.
    :arg output_dir: the folder for the merged report; empty for none.
    :arg formats: the formats of the merged report.
    :arg fail: whether the playbook fails if the outcome is a failure.
    """

    kind: Kind
    dir: tuple[str, ...]
    files: tuple[str, ...]
    results: t.Any
    expected: tuple[str, ...]
    since: datetime | None
    output_dir: str
    formats: tuple[str, ...]
    fail: bool


def check_merge_variables(variables: Iterable[str]) -> list[str]:
    """Look for variables that the playbook does not have; see C(check_variable_names)."""
    known = [one.name for one in fields(MergeSettings)]
    return check_variable_names(variables, known, owner="playbook merge_reports", prefix=MERGE_PREFIX)


def read_merge_settings(raw: Mapping[str, t.Any]) -> MergeSettings:
    """Read the variables of the playbook.

    :arg raw: values by name without the prefix; an empty string, an empty dictionary, or None counts as not given.
        C(base_dir) is the folder in which relative paths start.
    :raises SettingError: for a value that cannot be used.
    """
    given = {name: value for name, value in raw.items() if not is_blank(value) and value != {}}
    base = str(given.pop("base_dir", ""))
    kind = choice(given, "kind", tuple(KINDS), prefix=MERGE_PREFIX)
    if not given.keys() & {"dir", "files", "results"}:
        raise MergeSettingError(
            "dir", f"set it to a folder to search for {KINDS[kind].single}, or set merge_reports_files"
        )
    return MergeSettings(
        kind=KINDS[kind],
        dir=_paths(given, "dir", "folder", base),
        files=_paths(given, "files", "file", base),
        results=given.get("results"),
        expected=_names(given, "expected", "manager"),
        since=_since(given),
        output_dir=os.path.join(base, os.path.expanduser(str(given["output_dir"]))) if "output_dir" in given else "",
        formats=_formats(given),
        fail=flag(given, "fail", default=True, prefix=MERGE_PREFIX),
    )


def _names(given: Mapping[str, t.Any], variable: str, kind: str) -> tuple[str, ...]:
    return names(variable, given[variable], kind=kind, prefix=MERGE_PREFIX) if variable in given else ()


def _paths(given: Mapping[str, t.Any], variable: str, kind: str, base: str) -> tuple[str, ...]:
    found = (os.path.join(base, os.path.expanduser(path)) for path in _names(given, variable, kind))
    return tuple(dict.fromkeys(map(os.path.normpath, found)))


def _formats(given: Mapping[str, t.Any]) -> tuple[str, ...]:
    formats = _names(given, "formats", "format") or tuple(FILE_FORMATS)
    for one in formats:
        if one not in FILE_FORMATS:
            raise MergeSettingError("formats", f"must be some of {', '.join(FILE_FORMATS)}, not '{one}'")
    return formats


def _since(given: Mapping[str, t.Any]) -> datetime | None:
    value = {"since": str(given["since"]).strip()} if "since" in given else {}
    try:
        return Reader(value, "").optional_moment("since")
    except ReportError:
        raise MergeSettingError(
            "since", f"must be a time such as 2026-11-23T05:00:00Z, not '{given['since']}'"
        ) from None
