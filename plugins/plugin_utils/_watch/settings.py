# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event source, as values: checked, completed from the environment, and named in errors."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._operations import InfoOperation
from ansible_collections.apinizer.apiops.plugins.module_utils._options import (
    CONNECTION_SPEC,
    check_name,
    environment_names,
    misplaced_secrets,
    resolve_connection,
    without_empty,
)

ARGUMENT_SPEC: dict[str, dict[str, t.Any]] = {
    **CONNECTION_SPEC,
    "project": {"type": "str"},
    "name": {"type": "str"},
    "environments": {"type": "list", "elements": "str"},
    "thresholds": {"type": "list", "elements": "int", "default": [60, 30, 14, 7, 1]},
    "interval": {"type": "float", "default": 300.0},
    "heartbeat": {"type": "float", "default": 3600.0},
    "state_file": {"type": "path"},
}
_MOST_DAYS = 36500


@dataclass(frozen=True)
class Settings:
    """The arguments. C(interval) and C(heartbeat) are in seconds, C(heartbeat) 0 for none; C(thresholds) in days."""

    connection: Connection
    task: InfoOperation
    thresholds: tuple[int, ...]
    interval: float
    heartbeat: float
    state_file: str | None


def read_settings(given: Mapping[str, t.Any], hide: Callable[[str], object]) -> Settings:
    """Read the arguments, any of which may be a string.

    :arg hide: takes every secret, before anything is said of it.
    :raises InputError: naming the argument to mend.
    """
    given = {
        # ansible-rulebook makes a tuple of a template that gives "30,7".
        name: list(value) if isinstance(value, tuple) else value
        for name, value in without_empty(given).items()
        if value is not None
    }
    _hide_secrets(given, hide)
    for name in given:
        if name not in ARGUMENT_SPEC:
            raise InputError(name, f"is no argument of this source; it has {', '.join(ARGUMENT_SPEC)}")
    result = ArgumentSpecValidator(ARGUMENT_SPEC, required_by={"name": ("project",)}).validate(given)
    if result.error_messages:
        raise InputError(*_named(result.error_messages[0]))
    values = result.validated_parameters
    for name in ("project", "name"):
        if values[name] is not None:
            check_name(name, values[name])
    for name, least in (("interval", 1), ("heartbeat", 0)):
        if not (math.isfinite(values[name]) and values[name] >= least):
            raise InputError(name, f"must be a number of seconds of {least} or more, not {values[name]:g}")
    return Settings(
        connection=resolve_connection(values, hide),
        task=InfoOperation(values["project"], values["name"], environment_names(values["environments"])),
        thresholds=_thresholds(values["thresholds"]),
        interval=values["interval"],
        heartbeat=values["heartbeat"],
        state_file=values["state_file"],
    )


def _hide_secrets(given: Mapping[str, t.Any], hide: Callable[[str], object]) -> None:
    for name, value in given.items():
        if CONNECTION_SPEC.get(name, {}).get("no_log"):
            hide(str(value))
    for secret in misplaced_secrets(given.values()):
        hide(secret)


def _named(message: str) -> tuple[str, str]:
    """Ansible's message, and the argument that it is about."""
    name = next((name for name in ARGUMENT_SPEC if f"'{name}'" in message), "arguments")
    return name, message


def _thresholds(days: list[int]) -> tuple[int, ...]:
    if not days:
        raise InputError("thresholds", "is an empty list; give at least one number of days, or leave it out")
    for number in days:
        if not 1 <= number <= _MOST_DAYS:
            raise InputError("thresholds", f"must be whole numbers of days between 1 and {_MOST_DAYS}, not {number}")
    return tuple(sorted(set(days), reverse=True))
