# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's variables as typed values. Pure.

Values arrive as a play, a survey or an inventory gives them (survey answers are strings), and errors name the variable as
the user knows it.
"""

from __future__ import annotations

import os
import typing as t
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import VERIFY_MODES
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._options import CONNECTION_SPEC
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import (
    DEFAULT_ALIAS,
    DEFAULT_NAME,
    LONGEST_OVERLAP,
    read_patterns,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import (
    PREFIX,
    SettingError,
    check_variable_names,
    choice,
    flag,
    from_text,
    integer,
    is_blank,
    name_groups,
    names,
    optional_names,
    renewal_window,
)

AUTO = "auto"
OVERLAP = "overlap"

HOOKS = ("obtain_tasks", "before_wave_tasks", "verify_tasks", "after_run_tasks")
"""Variables that name a file with tasks of the user's."""
FOLDERS = ("backup_dir", "report_dir")


@dataclass(frozen=True)
class DesiredCertificate:
    """An item of C(certificate_rotation_certificates). Without C(path) and C(content), its new certificate is obtained.

    :arg renew: whether it is due at any time.
    """

    project: str
    name: str
    path: str | None = None
    content: str | None = field(default=None, repr=False, metadata={"saved": False})
    alias: str | None = None
    description: str | None = None
    environments: tuple[str, ...] | None = None
    renew_before: RenewalWindow | None = None
    renew: bool = False

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class Settings:
    """The role's variables.

    :arg waves: tuples of environment names, or C(auto).
    :arg environments: the environments that the run is limited to; None for no limit.
    :arg obtain_tasks: whether there are tasks that obtain new certificates.
    """

    certificates: tuple[DesiredCertificate, ...]
    waves: tuple[tuple[str, ...], ...] | str = ()
    environments: tuple[str, ...] | None = None
    strategy: str = AUTO
    overlap_days: int = 0
    promote: bool = False
    companion_name: str = DEFAULT_NAME
    companion_alias: str = DEFAULT_ALIAS
    minimum_remaining_days: int = 1
    require_later_expiry: bool = True
    require_same_subject: bool = True
    require_same_names: bool = True
    allow_wildcard_names: bool = False
    require_same_usage: bool = True
    require_new_key: bool = False
    on_guard_failure: str = "stop"
    update_referenced_jwks: bool = False
    update_scope: str | None = None
    force: bool = False
    rollback: bool = True
    soak_seconds: int = 0
    parallel_writes: int = 1
    verify_gateways: str = AUTO
    verify_gateways_timeout: int = 10
    obtain_tasks: bool = False
    base_dir: str = ""
    backup_dir: str = ""
    report_dir: str = ""
    lock_dir: str = ""
    lock_timeout: int = 0

    def in_base_dir(self, path: str) -> str:
        """The path of a file or folder of the user: a relative one starts at base_dir, one in a home folder does not."""
        return path if path.startswith(("~", "$")) else os.path.join(self.base_dir, path)


_FLAGS = {one.name: one.default for one in fields(Settings) if isinstance(one.default, bool) and one.name not in HOOKS}
VARIABLES = (*(one.name for one in fields(Settings)), "renew_before", "renew_before_days")
"""The variables that make up the settings."""
_OTHERS = (
    *(*CONNECTION_SPEC, *HOOKS, "require_issuer"),
    *("hosts", "serial", "max_fail_percentage"),
    *("item", "obtained", "result", "new_dir", "job_template", "organization"),
)
"""The other variables of the role, and those of its playbook, its hooks and the rulebooks."""
_TEXTS = {"project", "name", "path", "content", "alias", "description"}
"""The keys of a certificate whose values are text."""


def check_role_variables(variables: Iterable[str]) -> list[str]:
    """Look for variables that the role does not have; see C(check_variable_names)."""
    return check_variable_names(variables, {*VARIABLES, *_OTHERS}, owner="role certificate_rotation")


def read_settings(raw: Mapping[str, t.Any]) -> Settings:
    """Read the role's variables.

    :arg raw: values by name without the prefix; an empty string or None counts as not given.
    :raises SettingError: for a value that cannot be used.
    """
    given = {name: value for name, value in raw.items() if not is_blank(value)}
    obtains = "obtain_tasks" in given
    patterns = read_patterns(
        str(given.get("companion_name", DEFAULT_NAME)), str(given.get("companion_alias", DEFAULT_ALIAS))
    )
    others: dict[str, t.Any] = {name: str(given.get(name, "")) for name in ("base_dir", "lock_dir", *FOLDERS)}
    others |= {name: flag(given, name, default=default) for name, default in _FLAGS.items()}
    settings = Settings(
        obtain_tasks=obtains,
        certificates=_certificates(given.get("certificates"), renewal_window(given), obtains=obtains),
        waves=AUTO if str(given.get("waves")).strip() == AUTO else name_groups("waves", given.get("waves")),
        environments=optional_names(given.get("environments")),
        strategy=choice(given, "strategy", (AUTO, "replace", "per_environment", OVERLAP)),
        overlap_days=integer("overlap_days", given.get("overlap_days", 0), 0, LONGEST_OVERLAP),
        companion_name=patterns.name,
        companion_alias=patterns.alias,
        minimum_remaining_days=integer("minimum_remaining_days", given.get("minimum_remaining_days", 1), 0),
        on_guard_failure=choice(given, "on_guard_failure", ("stop", "skip")),
        update_scope=choice(given, "update_scope", ("same_project", "all_projects"))
        if "update_scope" in given
        else None,
        soak_seconds=integer("soak_seconds", given.get("soak_seconds", 0), 0),
        lock_timeout=integer("lock_timeout", given.get("lock_timeout", 0), 0),
        parallel_writes=integer("parallel_writes", given.get("parallel_writes", 1), 1),
        verify_gateways=choice(given, "verify_gateways", VERIFY_MODES),
        verify_gateways_timeout=integer("verify_gateways_timeout", given.get("verify_gateways_timeout", 10), 0),
        **others,
    )
    if settings.update_referenced_jwks and settings.update_scope is None:
        raise SettingError("update_scope", f"required when {PREFIX}update_referenced_jwks is true")
    return settings


def _certificates(value: t.Any, window: RenewalWindow | None, *, obtains: bool) -> tuple[DesiredCertificate, ...]:
    value = from_text("certificates", value)
    if not isinstance(value, (list, tuple)) or not value:
        raise SettingError(
            "certificates", "must be a list of certificates, each with project, name, and path or content"
        )
    desired = tuple(_certificate(number, item, window, obtains=obtains) for number, item in enumerate(value, start=1))
    counts = Counter(certificate.key for certificate in desired)
    twice = sorted(key for key, count in counts.items() if count > 1)
    if twice:
        raise SettingError("certificates", f"{', '.join(twice)} is listed more than once")
    return desired


def _certificate(number: int, item: t.Any, window: RenewalWindow | None, *, obtains: bool) -> DesiredCertificate:
    where = f"item {number}"
    if not isinstance(item, Mapping):
        raise SettingError("certificates", f"{where} must be a dictionary with project, name, and path or content")
    given = {str(key): value for key, value in item.items() if not is_blank(value)}
    unknown = sorted(set(given) - set(DesiredCertificate.__dataclass_fields__) - {"renew_before_days"})
    if unknown:
        raise SettingError("certificates", f"{where} has the unknown key {', '.join(unknown)}")
    for key in ("project", "name"):
        if key not in given:
            raise SettingError("certificates", f"{where} has no {key}")
    where = f"{given['project']}/{given['name']}"
    sources = {"path", "content"} & set(given)
    if not sources:
        empty = [key for key in ("path", "content") if item.get(key) is not None]
        if empty:
            raise SettingError("certificates", f"{where} has an empty {' and '.join(empty)}. Set it, or omit it")
    if len(sources) > 1:
        raise SettingError("certificates", f"{where} has both path and content. Give one of them")
    window = renewal_window(given, prefix=f"{PREFIX}certificates: {where}: ") or window
    renew = flag(given, "renew", default=False, prefix=f"{PREFIX}certificates: {where}: ")
    if not obtains and not sources:
        raise SettingError("certificates", f"{where} has neither path nor content, and {PREFIX}obtain_tasks is not set")
    if not sources and window is None:
        if "renew" not in given:
            raise SettingError(
                "renew_before",
                f"required for {where}, unless it has renew: without it every run would obtain a new certificate",
            )
        window = RenewalWindow(0)  # It is due where renew says so, or once it has expired.
    return DesiredCertificate(
        renew_before=window,
        renew=renew,
        environments=names("certificates", given["environments"]) if "environments" in given else None,
        **{key: str(given[key]) for key in _TEXTS & set(given)},
    )
