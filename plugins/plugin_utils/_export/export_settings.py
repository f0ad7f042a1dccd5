# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbook export as typed values. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import (
    SettingError,
    check_variable_names,
    is_blank,
    optional_names,
)

EXPORT_PREFIX = "certificate_export_"


class ExportSettingError(SettingError):
    """A variable of the playbook export that cannot be used; the message starts with its name."""

    def __init__(self, variable: str, message: str) -> None:
        super().__init__(variable, message, prefix=EXPORT_PREFIX)


@dataclass(frozen=True)
class ExportSettings:
    """The variables of the playbook.

    :arg dir: the folder to write to, an absolute path.
    :arg projects: the projects to export; None for all that the token has access to.
    :arg environments: the environments to export; None for all.
    """

    dir: str
    projects: tuple[str, ...] | None = None
    environments: tuple[str, ...] | None = None


def check_export_variables(variables: Iterable[str]) -> list[str]:
    """Look for variables that the playbook does not have; see C(check_variable_names)."""
    known = (*(one.name for one in fields(ExportSettings)), "hosts")
    return check_variable_names(variables, known, owner="playbook export", prefix=EXPORT_PREFIX)


def read_export_settings(raw: Mapping[str, t.Any]) -> ExportSettings:
    """Read the variables of the playbook.

    :arg raw: values by name without the prefix; an empty string or None counts as not given.
    :raises SettingError: for a value that cannot be used.
    """
    if is_blank(raw.get("dir")):
        raise ExportSettingError("dir", "set it to the folder of the repository, which is created if it does not exist")
    return ExportSettings(
        dir=str(raw["dir"]),
        projects=optional_names(raw.get("projects"), variable="projects", kind="project", prefix=EXPORT_PREFIX),
        environments=optional_names(raw.get("environments"), prefix=EXPORT_PREFIX),
    )
