# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the playbook restore as typed values. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import VERIFY_MODES
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import (
    SettingError,
    check_variable_names,
    choice,
    flag,
    integer,
    is_blank,
    name_groups,
    optional_names,
)

RESTORE_PREFIX = "certificate_restore_"
AUTO = "auto"


class RestoreSettingError(SettingError):
    """A variable of the playbook restore that cannot be used; the message starts with its name."""

    def __init__(self, variable: str, message: str) -> None:
        super().__init__(variable, message, prefix=RESTORE_PREFIX)


@dataclass(frozen=True)
class RestoreSettings:
    """The variables of the playbook.

    :arg dir: the folder of the backup, an absolute path.
    :arg environments: those to restore; None for all.
    :arg waves: tuples of environment names, or C(auto); empty for a single wave.
    :arg force: deploy again what the record already holds.
    :arg any_manager: restore a backup of a manager with another address.
    :arg verify_gateways: whether to ask the gateways what they hold; see the module apinizer_certificate.
    :arg verify_gateways_timeout: the seconds within which they must hold what was written.
    :arg lock_dir: the folder with the leases, an absolute path; empty for none.
    :arg lock_timeout: how long to wait for another run, in seconds.
    """

    dir: str = ""
    strategy: str = "per_environment"
    environments: tuple[str, ...] | None = None
    waves: tuple[tuple[str, ...], ...] | str = ()
    force: bool = False
    any_manager: bool = False
    verify_gateways: str = AUTO
    verify_gateways_timeout: int = 10
    lock_dir: str = ""
    lock_timeout: int = 0


def check_restore_variables(variables: Iterable[str]) -> list[str]:
    """Look for variables that the playbook does not have; see C(check_variable_names)."""
    known = (*(one.name for one in fields(RestoreSettings)), "hosts")
    return check_variable_names(variables, known, owner="playbook restore", prefix=RESTORE_PREFIX)


def read_restore_settings(raw: Mapping[str, t.Any]) -> RestoreSettings:
    """Read the variables of the playbook.

    :arg raw: values by name without the prefix; an empty string or None counts as not given.
    :raises SettingError: for a value that cannot be used.
    """
    given = {name: value for name, value in raw.items() if not is_blank(value)}
    if "dir" not in given:
        raise RestoreSettingError("dir", "set it to the folder of a backup, which contains a manifest.json")
    waves = given.get("waves")
    return RestoreSettings(
        dir=str(given["dir"]),
        strategy=choice(given, "strategy", ("per_environment", "replace"), prefix=RESTORE_PREFIX),
        environments=optional_names(given.get("environments"), prefix=RESTORE_PREFIX),
        waves=AUTO if str(waves).strip() == AUTO else name_groups("waves", waves, prefix=RESTORE_PREFIX),
        force=flag(given, "force", default=False, prefix=RESTORE_PREFIX),
        any_manager=flag(given, "any_manager", default=False, prefix=RESTORE_PREFIX),
        verify_gateways=choice(given, "verify_gateways", VERIFY_MODES, prefix=RESTORE_PREFIX),
        verify_gateways_timeout=integer(
            "verify_gateways_timeout", given.get("verify_gateways_timeout", 10), 0, prefix=RESTORE_PREFIX
        ),
        lock_dir=str(given.get("lock_dir", "")),
        lock_timeout=integer("lock_timeout", given.get("lock_timeout", 0), 0, prefix=RESTORE_PREFIX),
    )
