# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the options of the modules mean: the shared ones, empty values, environment variables, names.

Options that also come from the environment are resolved here rather than with Ansible's fallbacks: what the task says
has to win over the environment as a whole (a token in the task over a user name in the environment), and an empty
variable counts as not set.
"""

from __future__ import annotations

import os
import re
import typing as t

from ansible.module_utils.common.validation import check_type_bool, check_type_float, check_type_int

from ansible_collections.apinizer.apiops.plugins.module_utils._connection import Connection
from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError

CONNECTION_SPEC: dict[str, dict[str, t.Any]] = {
    "url": {"type": "str"},
    "token": {"type": "str", "no_log": True},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "validate_certs": {"type": "bool"},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path"},
    "timeout": {"type": "float"},
    "retries": {"type": "int"},
}

_FILES = ("ca_path", "client_cert", "client_key")

_CONVERT: dict[str, t.Callable[[t.Any], t.Any]] = {
    "bool": check_type_bool,
    "float": check_type_float,
    "int": check_type_int,
    "path": lambda value: os.path.expanduser(os.path.expandvars(value)),
    "str": str,
}


def without_empty(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The options without those that are an empty string, as surveys and templates give what was left out."""
    return {option: value for option, value in options.items() if value != ""}


def misplaced_secrets(values: t.Iterable[t.Any]) -> t.Iterator[str]:
    """Secrets in options that are shown: a private key pasted for a path, a password within an address."""
    for value in values:
        if isinstance(value, str) and "PRIVATE KEY" in value.upper():
            yield value
        elif isinstance(value, str):
            # Not left to a URL parser: a password with a slash in it is in no URL that parses.
            credentials = re.search(r"://[^:@/]*:(.+)@", value)
            if credentials:
                yield credentials.group(1)


def resolve_connection(given: t.Mapping[str, t.Any], hide: t.Callable[[str], object]) -> Connection:
    """The connection that a task's options make, completed from the environment.

    :arg given: options by name, of their types; None and an option that is not there are "not given".
    :arg hide: takes each secret that did not come with the options, so that nothing shows it.
    :raises InputError: for what is missing, contradictory or of the wrong type.
    """
    values = {option: given[option] for option in CONNECTION_SPEC if given.get(option) is not None}
    if "token" in values and ("username" in values or "password" in values):
        raise InputError("token", "not together with username and password; give one way to authenticate")
    from_environment = _from_environment()
    if "token" in values:
        _drop(from_environment, "username", "password")
    elif "username" in values or "password" in values:
        _drop(from_environment, "token")
    elif "token" in from_environment and "username" in from_environment:
        raise InputError("token", "APINIZER_TOKEN and APINIZER_USERNAME are both set; unset one of them")
    for option in set(from_environment) - set(values):
        values[option] = from_environment[option]
        if CONNECTION_SPEC[option].get("no_log"):
            hide(from_environment[option])
    if "url" not in values:
        raise InputError("url", "missing; give the manager's address, or set APINIZER_URL")
    for option in _FILES:
        if _is_empty_file(values.get(option)):
            del values[option]
    if "token" in values:
        values["token"] = re.sub(r"^Bearer(\s+|$)", "", values["token"].strip()) or None
        if values["token"]:
            hide(values["token"])
    return Connection(**values)


def _from_environment() -> dict[str, t.Any]:
    """The options that C(APINIZER_*) variables give, converted as Ansible converts a task's."""
    found = {}
    for option, spec in CONNECTION_SPEC.items():
        variable = "APINIZER_" + option.upper()
        text = os.environ.get(variable, "")
        if text != "":
            try:
                found[option] = _CONVERT[spec["type"]](text)
            except (TypeError, ValueError) as exc:
                raise InputError(variable, f"not a value of type {spec['type']}") from exc
    return found


def _drop(values: dict[str, t.Any], *options: str) -> None:
    for option in options:
        values.pop(option, None)


def _is_empty_file(path: str | None) -> bool:
    """Credential injectors write an empty file where the user left the field empty."""
    try:
        return path is not None and os.path.isfile(path) and os.path.getsize(path) == 0
    except OSError:
        return False


def check_name(option: str, value: str) -> str:
    """Refuse a name that cannot be part of an address.

    :raises InputError: for control characters, and for C(.) and C(..), which every URL parser resolves (RFC 3986, 5.2.4).
    """
    if value in (".", ".."):
        raise InputError(option, f"'{value}' cannot be a name: an address cannot carry it")
    if not value.strip() or not value.isprintable():
        raise InputError(option, "must have visible characters and no control characters (a line break, a tab)")
    return value


def environment_names(values: list[str] | None) -> frozenset[str] | None:
    """The environments that a task names, without blanks around them. None where it names none.

    :raises InputError: for an empty list, and for names that the one field for all of them cannot carry.
    """
    if values is None:
        return None
    names = frozenset(str(value).strip() for value in values) - {""}
    if not names:
        # A template that came out empty must not turn into "all environments".
        raise InputError("environments", "is an empty list; name at least one environment, or leave the option out")
    for name in sorted(names):
        if "," in name or not name.isprintable():
            raise InputError("environments", f"{name!r} cannot be a name: it has a comma or a control character")
    return names
