# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of the role, as values: whatever way they arrive (survey answers are strings), checked and named.

Pure. Variables are named in errors as the user knows them.
"""

from __future__ import annotations

import typing as t
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

PREFIX = "certificate_rotation_"
AUTO = "auto"


class SettingError(ValueError):
    """A variable that cannot be used; the message opens with its name."""

    def __init__(self, variable: str, message: str, *, prefix: str = PREFIX) -> None:
        super().__init__(f"{prefix}{variable}: {message}")


@dataclass(frozen=True)
class WantedCertificate:
    """An item of C(certificate_rotation_certificates). C(path) and C(content) may both be missing: to be obtained."""

    project: str
    name: str
    path: str | None = None
    content: str | None = field(default=None, repr=False)
    alias: str | None = None
    description: str | None = None
    environments: tuple[str, ...] | None = None
    renew_before_days: int | None = None

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"


@dataclass(frozen=True)
class Settings:
    """The role's variables.

    :arg waves: tuples of environment names, or C(auto).
    :arg environments: those that the run keeps to; None for no such limit.
    """

    certificates: tuple[WantedCertificate, ...]
    waves: tuple[tuple[str, ...], ...] | t.Literal["auto"] = ()
    environments: tuple[str, ...] | None = None
    strategy: str = AUTO
    minimum_remaining_days: int = 1
    require_later_expiry: bool = True
    require_same_subject: bool = True
    require_same_names: bool = True
    on_guard_failure: str = "stop"
    update_referenced_jwks: bool = False
    update_scope: str | None = None
    force: bool = False
    rollback: bool = True
    soak_seconds: int = 0
    parallel_writes: int = 1
    obtains: bool = False


def read_settings(raw: Mapping[str, t.Any]) -> Settings:
    """Read the role's variables.

    :arg raw: by name without the prefix; an empty string or None counts as not given.
    :raises SettingError: naming the variable to mend.
    """
    given = {name: value for name, value in raw.items() if not _is_blank(value)}
    obtains = "obtain_tasks" in given
    days = _integer("renew_before_days", given["renew_before_days"], 0) if "renew_before_days" in given else None
    settings = Settings(
        certificates=_certificates(given.get("certificates"), days, obtains=obtains),
        waves=_waves(given.get("waves")),
        environments=read_limit(given.get("environments")),
        strategy=_choice(given, "strategy", (AUTO, "replace", "per_environment")),
        minimum_remaining_days=_integer("minimum_remaining_days", given.get("minimum_remaining_days", 1), 0),
        require_later_expiry=_flag(given, "require_later_expiry", default=True),
        require_same_subject=_flag(given, "require_same_subject", default=True),
        require_same_names=_flag(given, "require_same_names", default=True),
        on_guard_failure=_choice(given, "on_guard_failure", ("stop", "skip")),
        update_referenced_jwks=_flag(given, "update_referenced_jwks", default=False),
        update_scope=_choice(given, "update_scope", ("same_project", "all_projects"))
        if "update_scope" in given
        else None,
        force=_flag(given, "force", default=False),
        rollback=_flag(given, "rollback", default=True),
        soak_seconds=_integer("soak_seconds", given.get("soak_seconds", 0), 0),
        parallel_writes=_integer("parallel_writes", given.get("parallel_writes", 1), 1),
        obtains=obtains,
    )
    if settings.update_referenced_jwks and settings.update_scope is None:
        raise SettingError("update_scope", "required with certificate_rotation_update_referenced_jwks")
    return settings


def read_limit(value: t.Any, *, prefix: str = PREFIX) -> tuple[str, ...] | None:
    """Read C(environments), to which a run or a restore keeps; None where it is not given.

    :raises SettingError: where it names none.
    """
    return None if _is_blank(value) or value == [] else _names("environments", value, prefix=prefix)


def _is_blank(value: t.Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _choice(given: Mapping[str, t.Any], variable: str, choices: tuple[str, ...]) -> str:
    value = str(given.get(variable, choices[0])).strip()
    if value not in choices:
        raise SettingError(variable, f"must be one of {', '.join(choices)}, not '{value}'")
    return value


def _integer(variable: str, value: t.Any, least: int) -> int:
    try:
        number = int(str(value).strip())
    except ValueError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise SettingError(variable, f"must be a whole number of {least} or more, not '{value}'")
    return number


def _flag(given: Mapping[str, t.Any], variable: str, *, default: bool) -> bool:
    value = given.get(variable, default)
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    flag = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if flag is None:
        raise SettingError(variable, f"must be true or false, not '{value}'")
    return flag


def _from_text(variable: str, value: t.Any) -> t.Any:
    """YAML (or JSON) in a string, as a survey's text field gives it."""
    if not isinstance(value, str):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as exc:
        # The error's own text quotes the line, which may be one of a private key. So it is not passed on.
        mark = getattr(exc, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise SettingError(variable, f"is text that is no YAML{where}") from None


def _names(variable: str, value: t.Any, *, prefix: str = PREFIX) -> tuple[str, ...]:
    """Environment names: a list, or text with commas or line breaks. Each once, in order."""
    if isinstance(value, str):
        value = value.replace("\n", ",").split(",")
    if not isinstance(value, (list, tuple)):
        message = "must be a list of environment names, or text with commas or line breaks"
        raise SettingError(variable, message, prefix=prefix)
    names = tuple(dict.fromkeys(str(name).strip() for name in value if not _is_blank(name)))
    if not names:
        message = "is an empty list of environments; name at least one, or leave it out"
        raise SettingError(variable, message, prefix=prefix)
    return names


def _waves(value: t.Any) -> tuple[tuple[str, ...], ...] | t.Literal["auto"]:
    """Waves: a list of lists. As text: C(auto), YAML, or a line for each wave with commas between environments."""
    if value is None or value == []:
        return ()
    if isinstance(value, str):
        if value.strip() == AUTO:
            return "auto"
        value = (
            _from_text("waves", value)
            if value.lstrip().startswith(("[", "-"))
            else [line for line in value.splitlines() if line.strip()]
        )
    if not isinstance(value, (list, tuple)):
        raise SettingError("waves", "must be a list of lists of environment names, or auto")
    waves = tuple(_names("waves", wave) for wave in value)
    twice = {name for wave in waves for name in wave if sum(name in other for other in waves) > 1}
    if twice:
        raise SettingError("waves", f"{', '.join(sorted(twice))} is in more than one wave")
    return waves


def _certificates(value: t.Any, days: int | None, *, obtains: bool) -> tuple[WantedCertificate, ...]:
    value = _from_text("certificates", value)
    if not isinstance(value, (list, tuple)) or not value:
        raise SettingError(
            "certificates", "must be a list of certificates, each with project, name, and path or content"
        )
    wanted = tuple(_certificate(number, item, days, obtains=obtains) for number, item in enumerate(value, start=1))
    counts = Counter(certificate.key for certificate in wanted)
    twice = sorted(key for key, count in counts.items() if count > 1)
    if twice:
        raise SettingError("certificates", f"{', '.join(twice)} is listed more than once")
    return wanted


def _certificate(number: int, item: t.Any, days: int | None, *, obtains: bool) -> WantedCertificate:
    where = f"item {number}"
    if not isinstance(item, Mapping):
        raise SettingError("certificates", f"{where} must have keys (project, name, path, ...), not be plain text")
    given = {str(key): value for key, value in item.items() if not _is_blank(value)}
    unknown = sorted(set(given) - set(WantedCertificate.__dataclass_fields__))
    if unknown:
        raise SettingError("certificates", f"{where} has the unknown key {', '.join(unknown)}")
    for key in ("project", "name"):
        if key not in given:
            raise SettingError("certificates", f"{where} has no {key}")
    where = f"{given['project']}/{given['name']}"
    if "path" in given and "content" in given:
        raise SettingError("certificates", f"{where} has both path and content; give one of them")
    own_days = given.pop("renew_before_days", None)
    if own_days is not None:
        days = _integer("certificates", own_days, 0)
    if not obtains and not {"path", "content"} & set(given):
        raise SettingError(
            "certificates", f"{where} has neither path nor content, and there is no {PREFIX}obtain_tasks to get it"
        )
    if obtains and not {"path", "content"} & set(given) and days is None:
        raise SettingError(
            "renew_before_days",
            f"required for {where}: without it a new certificate would be obtained with every run",
        )
    environments = given.pop("environments", None)
    return WantedCertificate(
        renew_before_days=days,
        environments=None if environments is None else _names("certificates", environments),
        **{key: str(value) for key, value in given.items()},
    )
