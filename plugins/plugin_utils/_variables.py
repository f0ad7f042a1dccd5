# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of variables, in whatever form a play, an inventory or a survey gives them. Pure."""

from __future__ import annotations

import difflib
import typing as t
from collections.abc import Iterable, Mapping

import yaml

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, WindowError, window_of

PREFIX = "certificate_rotation_"
LARGEST_NUMBER = 10**9
"""Seconds since the epoch, dates, and pauses overflow somewhere beyond it."""
NAME_SIMILARITY = 0.8
"""From this ratio of matching characters on, an unknown variable is taken for a misspelled one (0 to 1, difflib)."""


class SettingError(ValueError):
    """A variable that cannot be used; the message starts with its name."""

    def __init__(self, variable: str, message: str, *, prefix: str = PREFIX) -> None:
        super().__init__(f"{prefix}{variable}: {message}")


def check_variable_names(
    variables: Iterable[str], known: Iterable[str], *, owner: str, prefix: str = PREFIX
) -> list[str]:
    """Look for variables that a role or a playbook does not have.

    :arg variables: the names of all variables of a host.
    :arg known: the names of the owner's variables, without the prefix.
    :arg owner: the role or the playbook, as the messages name it, such as C(role certificate_rotation).
    :returns: a warning for each unknown variable with the prefix.
    :raises SettingError: for an unknown variable that is almost the name of a known one.
    """
    valid = sorted(known)
    warnings = []
    for name in sorted(variables):
        own = name[len(prefix) :]
        # Two underscores: the internal variables of the owner.
        if not name.startswith(prefix) or own in valid or own.startswith("_"):
            continue
        meant = difflib.get_close_matches(own, valid, n=1, cutoff=NAME_SIMILARITY)
        if meant:
            message = f"the {owner.split(maxsplit=1)[0]} has no such variable. Did you mean {prefix}{meant[0]}?"
            raise SettingError(own, message, prefix=prefix)
        warnings.append(f"{name} is not a variable of the {owner}, and has no effect")
    return warnings


def optional_names(
    value: t.Any, *, variable: str = "environments", kind: str = "environment", prefix: str = PREFIX
) -> tuple[str, ...] | None:
    """The environments, or the projects, that a playbook is limited to; None for no limit.

    :raises SettingError: for a list without any name.
    """
    return None if is_blank(value) or value == [] else names(variable, value, kind=kind, prefix=prefix)


def is_blank(value: t.Any) -> bool:
    """Whether a value counts as not given."""
    return value is None or (isinstance(value, str) and not value.strip())


def choice(given: Mapping[str, t.Any], variable: str, choices: tuple[str, ...], *, prefix: str = PREFIX) -> str:
    """One of several words; the first is the default.

    :raises SettingError: for another one.
    """
    value = str(given.get(variable, choices[0])).strip()
    if value not in choices:
        raise SettingError(variable, f"must be one of {', '.join(choices)}, not '{value}'", prefix=prefix)
    return value


def integer(variable: str, value: t.Any, least: int, most: int | None = None, *, prefix: str = PREFIX) -> int:
    """A whole number.

    :raises SettingError: for anything else, or one that is too small or too large.
    """
    try:
        number = int(str(value).strip())
    except ValueError:
        number = least - 1
    if most is None and number > LARGEST_NUMBER:
        most = LARGEST_NUMBER
    if isinstance(value, bool) or number < least or (most is not None and number > most):
        limits = f"of {least} or more" if most is None else f"from {least} to {most}"
        message = f"must be a whole number {limits}, not '{value}'"
        raise SettingError(variable, message, prefix=prefix)
    return number


def flag(given: Mapping[str, t.Any], variable: str, *, default: bool, prefix: str = PREFIX) -> bool:
    """A truth value.

    :raises SettingError: for anything else.
    """
    value = given.get(variable, default)
    words = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    flag = value if isinstance(value, bool) else words.get(str(value).strip().lower())
    if flag is None:
        raise SettingError(variable, f"must be true or false, not '{value}'", prefix=prefix)
    return flag


def renewal_window(given: Mapping[str, t.Any], *, prefix: str = PREFIX) -> RenewalWindow | None:
    """When a certificate is due: C(renew_before), or its alias C(renew_before_days). None if neither is given.

    :raises SettingError: for a value that is not a window, or two different ones.
    """
    try:
        return window_of(given, "renew_before", "renew_before_days")
    except WindowError as exc:
        raise SettingError(exc.option, str(exc), prefix=prefix) from exc


def from_text(variable: str, value: t.Any, *, prefix: str = PREFIX) -> t.Any:
    """The value of YAML (or JSON) text, as a survey's text field gives it; other values are returned unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return yaml.safe_load(value)
    except yaml.YAMLError as exc:
        # The parser's message quotes the line, which may be part of a private key, so it is left out.
        mark = getattr(exc, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise SettingError(variable, f"is not valid YAML{where}", prefix=prefix) from None


def names(variable: str, value: t.Any, *, kind: str = "environment", prefix: str = PREFIX) -> tuple[str, ...]:
    """Names of environments or projects from a list, or from text with commas or line breaks; duplicates are dropped.

    :arg kind: what a message calls one of them.
    """
    if isinstance(value, str):
        value = value.replace("\n", ",").split(",")
    if not isinstance(value, (list, tuple)):
        message = f"must be a list of {kind} names, or text with commas or line breaks"
        raise SettingError(variable, message, prefix=prefix)
    names = tuple(dict.fromkeys(str(name).strip() for name in value if not is_blank(name)))
    if not names:
        message = f"is an empty list of {kind}s. Name at least one, or leave it out"
        raise SettingError(variable, message, prefix=prefix)
    return names


def name_groups(variable: str, value: t.Any, *, prefix: str = PREFIX) -> tuple[tuple[str, ...], ...]:
    """Groups of environment names from a list of lists, from YAML text, or from text with one line per group.

    :raises SettingError: for anything else, or a name in more than one group.
    """
    if is_blank(value):
        return ()
    if isinstance(value, str):
        yaml_text = value.lstrip().startswith(("[", "-"))
        lines = [line for line in value.splitlines() if line.strip()]
        value = from_text(variable, value, prefix=prefix) if yaml_text else lines
    if not isinstance(value, (list, tuple)):
        raise SettingError(variable, "must be a list of lists of environment names, or auto", prefix=prefix)
    groups = tuple(names(variable, group, prefix=prefix) for group in value)
    twice = {name for group in groups for name in group if sum(name in other for other in groups) > 1}
    if twice:
        raise SettingError(variable, f"{', '.join(sorted(twice))} is in more than one wave", prefix=prefix)
    return groups
