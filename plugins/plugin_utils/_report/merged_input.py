# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The input of the filters, where it is several results instead of one. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterator, Mapping

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import (
    AUDITS,
    ROTATIONS,
    Kind,
    ManagerReport,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged import Merged, merge
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_audit import report_of_audit
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_rotation import report_of_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.merged_summary import (
    is_summary,
    report_of_summary,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.reader import ReportError, sanitize

_READERS: dict[str, t.Callable[..., ManagerReport]] = {ROTATIONS.key: report_of_rotation, AUDITS.key: report_of_audit}


def read_report(
    kind: Kind, value: object, where: str, *, host: str = "", source: str = "", page: str = ""
) -> ManagerReport:
    """Read the result of one manager, or a summary of it.

    :arg where: what messages call it.
    :arg host: the host under which a summary was published; empty if that is not known.
    :arg source: the file of the report, and C(page) its page for a browser; empty where unknown.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    if host and is_summary(value):
        return report_of_summary(kind, value, where, host=host)
    return _READERS[kind.key](value, where, source=source, page=page)


def is_several(value: object) -> bool:
    """Whether a value is a list of results, or a dictionary of them by host, rather than one result."""
    if isinstance(value, (list, tuple)):
        return True
    # No result, however incomplete, has nothing but dictionaries in it.
    return (
        isinstance(value, Mapping)
        and bool(value)
        and all(one is None or isinstance(one, Mapping) for one in value.values())
    )


def read_several(kind: Kind, value: object, where: str, expected: object = None) -> Merged:
    """Read the results of several managers; all of them count.

    :arg where: what messages call a result.
    :arg expected: hosts or addresses that must have a result. A host whose result is null is expected as well.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    named = list(_results(value, where))
    names = sanitize(expected or [], "expected")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ReportError("expected: must be a list of inventory hosts or addresses of managers")
    reports = [read_report(kind, one, place, host=host) for host, place, one in named if one is not None]
    return merge(kind, reports, expected=[*names, *(host for host, _place, one in named if one is None)])


def _results(value: object, where: str) -> Iterator[tuple[str, str, object]]:
    """Yield the host, the place for messages, and the result of each manager."""
    if isinstance(value, Mapping):
        for host in value:
            yield str(host), f"{where}[{host!r}]", value[host]
    else:
        for index, one in enumerate(t.cast("list[object]", value)):
            yield "", f"{where}[{index}]", {} if one is None else one
