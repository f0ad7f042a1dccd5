# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arguments of the event source: validated, and completed from environment variables."""

from __future__ import annotations

import math
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow, WindowError, read_window
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
    "expiring_within": {
        "type": "list",
        "elements": "raw",
        "default": [60, 30, 14, 7, 1],
        "aliases": ["thresholds"],
    },
    "interval": {"type": "float", "default": 300.0},
    "heartbeat": {"type": "float", "default": 3600.0},
    "state_file": {"type": "path"},
    "verify_gateways": {"type": "bool", "default": False},
}
ALIASES = {alias: name for name, spec in ARGUMENT_SPEC.items() for alias in spec.get("aliases", ())}
"""The arguments by their other names."""


@dataclass(frozen=True)
class Settings:
    """The validated arguments.

    :arg operation: which certificates to read, and whether to ask the gateways what they hold.
    :arg windows: the ends of the lifetime of a certificate whose beginnings are events; without duplicates.
    :arg interval: seconds between two readings.
    :arg heartbeat: seconds between two heartbeats; 0 for no heartbeats.
    """

    connection: Connection
    operation: InfoOperation
    windows: tuple[RenewalWindow, ...]
    interval: float
    heartbeat: float
    state_file: str | None


def read_settings(given: Mapping[str, t.Any], redact: Callable[[str], object]) -> Settings:
    """Validate the arguments. Every value may be a string; an empty string and None count as not set.

    :arg given: the arguments as the rulebook has them.
    :arg redact: called with every secret, before the first error can be raised.
    :raises InputError: if an argument is unknown, missing or has an invalid value. The error names the argument.
    """
    given = {
        # ansible-rulebook turns a template that results in "30,7" into a tuple.
        name: list(value) if isinstance(value, tuple) else value
        for name, value in without_empty(given).items()
        if value is not None
    }
    _redact_secrets(given, redact)
    for name in given:
        if name not in ARGUMENT_SPEC and name not in ALIASES:
            raise InputError(
                name, f"is not an argument of this event source. Use one of these: {', '.join(ARGUMENT_SPEC)}"
            )
    for alias, name in ALIASES.items():
        if name in given and alias in given and given[name] != given[alias]:
            raise InputError(name, f"differs from {alias}, which is another name for it. Set only {name}")
    result = ArgumentSpecValidator(ARGUMENT_SPEC, required_by={"name": ("project",)}).validate(given)
    if result.error_messages:
        message = result.error_messages[0]
        raise InputError(_argument_of(message), message)
    values = result.validated_parameters
    for name in ("project", "name"):
        if values[name] is not None:
            check_name(name, values[name])
    for name, minimum in (("interval", 1), ("heartbeat", 0)):
        if not (math.isfinite(values[name]) and values[name] >= minimum):
            raise InputError(name, f"must be a number of seconds, {minimum} or more, not {values[name]:g}")
    return Settings(
        connection=resolve_connection(values, redact),
        operation=InfoOperation(
            values["project"],
            values["name"],
            environment_names(values["environments"]),
            verify_gateways="auto" if values["verify_gateways"] else "never",
        ),
        windows=_read_windows(
            "thresholds" if "thresholds" in given and "expiring_within" not in given else "expiring_within",
            values["expiring_within"],
        ),
        interval=values["interval"],
        heartbeat=values["heartbeat"],
        state_file=values["state_file"],
    )


def _redact_secrets(given: Mapping[str, t.Any], redact: Callable[[str], object]) -> None:
    for name, value in given.items():
        if CONNECTION_SPEC.get(name, {}).get("no_log"):
            redact(str(value))
    for secret in misplaced_secrets(given.values()):
        redact(secret)


def _argument_of(message: str) -> str:
    """Find the argument that a message of Ansible's validator is about."""
    return next((name for name in ARGUMENT_SPEC if f"'{name}'" in message), "arguments")


def _read_windows(name: str, values: list[t.Any]) -> tuple[RenewalWindow, ...]:
    if not values:
        raise InputError(name, "is an empty list. Specify at least one number of days or share, or omit the argument")
    try:
        return tuple(dict.fromkeys(read_window(value, least_days=1) for value in values))
    except WindowError as exc:
        raise InputError(name, str(exc)) from exc
