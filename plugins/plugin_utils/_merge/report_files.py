# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the report files of managers on the controller, and reads them one after the other."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import AUDITS, Kind, ManagerReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import UnusableReport
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_input import read_report
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_selection import check_time
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes. The report of a thousand certificates in three environments has about 9 MiB."""

_MERGED = ("rotations", "audits")


def find_files(folders: Iterable[str], name: str) -> tuple[list[str], list[UnusableReport]]:
    """Search folders and those in them for files with this name.

    Links to folders are not followed. A file that is found several times, because of a link to it, counts once.

    :returns: the files by their paths, and the folders that cannot be read.
    """
    found: dict[str, str] = {}
    unreadable: list[UnusableReport] = []

    def cannot_be_read(error: OSError) -> None:
        unreadable.append(UnusableReport(str(error.filename), f"The folder cannot be read: {error.strerror}"))

    for top in folders:
        for folder, _folders, names in os.walk(top, onerror=cannot_be_read):
            if name in names:
                path = os.path.join(folder, name)
                found.setdefault(os.path.realpath(path), path)
    return sorted(found.values()), unreadable


def read_files(
    kind: Kind, paths: Iterable[str], output_dir: str, now: datetime
) -> Iterator[ManagerReport | UnusableReport]:
    """Read reports. Only what the merged report needs is kept of each.

    :arg output_dir: the folder from which links to the pages of managers start; empty for no links.
    :arg now: the time, which no report is much later than.
    """
    for path in paths:
        try:
            value = _load(path)
            _check_kind(kind, value)
            report = read_report(kind, value, "report", source=path, page=_page(path, output_dir))
            check_time(report, "report", now)
            yield report
        except ReportError as exc:
            yield UnusableReport(path, str(exc))
        except RecursionError:
            yield UnusableReport(path, "It is nested too deeply to be a report")


def _load(path: str) -> t.Any:
    """Read a file of JSON.

    :raises ReportError: where that is not possible.
    """
    try:
        # A pipe must not block.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise ReportError("It is not a regular file")
            if found.st_size > LARGEST_FILE:
                raise ReportError(f"It is larger than {LARGEST_FILE // 1024**2} MiB")
            data = file.read(LARGEST_FILE)
    except OSError as exc:
        raise ReportError(f"It cannot be read: {exc.strerror}") from exc
    if not data.strip():
        raise ReportError("It is empty")
    try:
        return json.loads(data)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno}, column {exc.colno}"
        raise ReportError(f"It is not valid JSON from {where} on. It may be incomplete") from exc
    except ValueError as exc:
        raise ReportError("It is not valid JSON in UTF-8") from exc


def _check_kind(kind: Kind, value: t.Any) -> None:
    """Name a report of another kind, rather than the key that it lacks.

    :raises ReportError: for such a report.
    """
    if not isinstance(value, Mapping):
        raise ReportError("It is not a report: it must contain a JSON object")
    if value.get("kind") in _MERGED:
        raise ReportError("It is a merged report. Give the reports of the managers")
    is_audit, is_rotation = "generated" in value, "outcome" in value
    if kind is AUDITS and is_rotation:
        raise ReportError("It is the report of a rotation, not of an audit. Set merge_reports_kind to rotation")
    if kind is not AUDITS and is_audit and not is_rotation:
        raise ReportError("It is the report of an audit, not of a rotation. Set merge_reports_kind to audit")
    if not is_audit and not is_rotation:
        raise ReportError("It is not a report of this collection")


def _page(path: str, output_dir: str) -> str:
    """The page beside a report, relative to the merged report; empty where there is none."""
    page = f"{os.path.splitext(path)[0]}.html"
    return os.path.relpath(page, output_dir) if output_dir and os.path.isfile(page) else ""
