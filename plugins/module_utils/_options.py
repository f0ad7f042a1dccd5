# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The meaning of options: the connection options, empty values, environment variables, and names.

Environment variables are resolved here and not with Ansible's fallbacks, because the task must win over the environment
as a whole (a token in the task over a username in the environment), and an empty variable counts as not set.
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


# The sources of a certificate. A template that renders to nothing must not mean "keep the current certificate".
_NEVER_EMPTY = ("path", "content")
# RFC 7468, section 2, and OpenSSL's older formats, such as RSA PRIVATE KEY. Damaged keys count as well.
_KEY_BLOCK = re.compile(r"-----? ?BEGIN [A-Z0-9 ]*PRIVATE KEY", re.IGNORECASE)


def without_empty(options: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Remove options that are an empty string: surveys and templates produce them for a field without a value.

    An empty C(path) or C(content) stays, so that it is refused.
    """
    return {option: value for option, value in options.items() if value != "" or option in _NEVER_EMPTY}


def has_private_key(text: str) -> bool:
    """Whether there is a PEM block of a private key in a text. One that merely mentions private keys has none."""
    return _KEY_BLOCK.search(text) is not None


def misplaced_secrets(values: t.Iterable[t.Any]) -> t.Iterator[str]:
    """Find secrets in options that are not secret: a private key instead of a path, or a password within a URL.

    Only a PEM block is a key. Text that merely mentions private keys, such as a description, is not.
    """
    for value in values:
        if isinstance(value, str) and has_private_key(value):
            yield value
        elif isinstance(value, str):
            # A URL parser would miss a password that contains a slash.
            credentials = re.search(r"://[^:@/]*:(.+)@", value)
            if credentials:
                yield credentials.group(1)


def resolve_connection(given: t.Mapping[str, t.Any], add_secret: t.Callable[[str], object]) -> Connection:
    """Make a connection from the options of a task, completed with the environment variables C(APINIZER_*).

    :arg given: converted option values by name. An option that is None or absent is not set.
    :arg add_secret: receives each secret that does not come from the options, so that no output shows it.
    :raises InputError: if a value is missing, contradicts another one, or has the wrong type.
    """
    values = {option: given[option] for option in CONNECTION_SPEC if given.get(option) is not None}
    if "token" in values and ("username" in values or "password" in values):
        raise InputError("token", "cannot be combined with username and password; choose one way to authenticate")
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
            add_secret(from_environment[option])
    if "url" not in values:
        raise InputError("url", "missing; set url or APINIZER_URL to the manager's address")
    for option in _FILES:
        if _is_empty_file(values.get(option)):
            del values[option]
    if "token" in values:
        values["token"] = re.sub(r"^Bearer(\s+|$)", "", values["token"].strip()) or None
        if values["token"]:
            add_secret(values["token"])
    return Connection(**values)


def _from_environment() -> dict[str, t.Any]:
    """Read the environment variables C(APINIZER_*), and convert them as Ansible converts the options of a task."""
    found = {}
    for option, spec in CONNECTION_SPEC.items():
        variable = "APINIZER_" + option.upper()
        text = os.environ.get(variable, "")
        if text != "":
            try:
                found[option] = _CONVERT[spec["type"]](text)
            except (TypeError, ValueError) as exc:
                raise InputError(variable, f"must be a value of type {spec['type']}") from exc
    return found


def _drop(values: dict[str, t.Any], *options: str) -> None:
    for option in options:
        values.pop(option, None)


def _is_empty_file(path: str | None) -> bool:
    """Whether the file is empty: credential injectors write an empty file for a field without a value."""
    try:
        return path is not None and os.path.isfile(path) and os.path.getsize(path) == 0
    except OSError:
        return False


def check_name(option: str, value: str) -> str:
    """Check that a name can be part of a URL.

    :raises InputError: for control characters, and for C(.) and C(..), which URL parsers resolve (RFC 3986, section 5.2.4).
    """
    if value in (".", ".."):
        raise InputError(option, f"'{value}' is not a valid name, because it cannot be part of a URL")
    if not value.strip() or not value.isprintable():
        raise InputError(
            option, "must contain visible characters and no control characters (such as a line break or a tab)"
        )
    return value


def environment_names(values: list[str] | None) -> frozenset[str] | None:
    """Return the environments that a task names, without surrounding blanks, or None if the option is not set.

    :raises InputError: for an empty list, and for names that do not fit into the comma-separated form field.
    """
    if values is None:
        return None
    names = frozenset(str(value).strip() for value in values) - {""}
    if not names:
        # A template that renders to nothing must not mean "all environments".
        raise InputError("environments", "the list is empty; name at least one environment, or omit the option")
    for name in sorted(names):
        if "," in name or not name.isprintable():
            raise InputError(
                "environments", f"{name!r} is not a valid name, because it contains a comma or a control character"
            )
    return names
