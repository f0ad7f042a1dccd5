# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a rotation as the part of a merged report. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.manager_report import (
    ROTATIONS,
    ManagerProblem,
    ManagerReport,
    counted,
    first_problems,
    named,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.rotation import Rotation, read_rotation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.schema import is_failure

_UNCHANGED = ("in_sync", "not_due")


def report_of_rotation(value: object, where: str, *, source: str = "", page: str = "") -> ManagerReport:
    """Read the result of the role.

    :arg where: what messages call the value.
    :raises ReportError: naming the value that is missing or has the wrong type.
    """
    rotation = read_rotation(value, where)
    certificates = [(one.outcome, f"{one.project} / {one.name}") for one in rotation.certificates]
    return ManagerReport(
        manager=rotation.manager,
        host=rotation.host,
        started=rotation.started,
        finished=rotation.finished,
        check_mode=rotation.check_mode,
        outcome=rotation.outcome,
        failed=is_failure(rotation.outcome.key),
        message=rotation.message,
        certificates=len(certificates),
        counts=counted(ROTATIONS, (outcome for outcome, _name in certificates)),
        named=named(ROTATIONS, ((one, name) for one, name in certificates if one.key not in _UNCHANGED)),
        **first_problems(_problems(rotation)),
        source=source,
        page=page,
    )


def _problems(rotation: Rotation) -> Iterator[ManagerProblem]:
    """Yield the problems with certificates. Those of the run as a whole are in its message."""
    for problem in rotation.problems:
        if of := problem.certificate:
            yield ManagerProblem(f"{of.project} / {of.name}", problem.environment, problem.status, problem.text)
