# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The event filter that validates the payload of a webhook before rules pass it to a playbook.

ansible-rulebook loads this file by its path, so it uses the standard library only.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping

DOCUMENTATION = r"""
---
author: apinizer.apiops contributors (@apinizer-apiops)
short_description: Validate events about certificates that were issued
description:
  - Validates the JSON that another system, such as a certificate authority, sends to a webhook or to an event stream.
  - The payload is a dictionary with C(project) and C(name), the names of the certificate on the manager. Optional keys are
    C(environments), the list of environments to rotate; C(content), the new certificate and its issuers as PEM text, or C(path),
    a file below the folder with new certificates; and C(managers), the hosts of the inventory to rotate on. Without C(content)
    and C(path), the tasks in C(certificate_rotation_obtain_tasks) obtain the certificate.
  - If the payload is valid, the event gets the key C(issued), an item of C(certificate_rotation_certificates), C(managers) if they
    were given, and C(message), a line for people. Otherwise, it gets only C(message) and C(rejected), the reason.
  - The payload itself is removed from the event. Text from outside never reaches a rule unless it was validated, because Ansible
    evaluates variables as templates.
"""

EXAMPLES = r"""
- eda.builtin.webhook:
    port: 5000
    token: "{{ CERTIFICATE_ISSUED_TOKEN }}"
  filters:
    - apinizer.apiops.certificate_issued:
"""

# Names that cannot contain a template, a line break, or a path to another folder.
_NAME_LENGTH = 1024
_CONTENT_LENGTH = 200_000
_TEMPLATE_START = re.compile(r"\{[{%#]")
_PATH = re.compile(r"\w[\w. -]*(/\w[\w. -]*)*")
_HOST = re.compile(r"\w[\w.-]*")
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_KEYS = ("project", "name", "environments", "content", "path", "managers")


class _Rejected(Exception):
    """The payload cannot be used. The message is the reason, without text from the payload."""


def main(event: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Validate an event. Called by ansible-rulebook.

    :arg event: an event with C(payload), as webhooks and event streams build it.
    :returns: the event without its payload, and with either C(issued) or C(rejected).
    """
    validated = {key: value for key, value in event.items() if key != "payload"}
    try:
        issued, managers = _validate(event.get("payload"))
    except _Rejected as exc:
        return {**validated, "rejected": str(exc), "message": f"The event was rejected: {exc}"}
    where = f" in {', '.join(issued['environments'])}" if "environments" in issued else ""
    message = f"{issued['project']} / {issued['name']}{where}: a new certificate was issued"
    return {
        **validated,
        "issued": issued,
        **({"managers": ",".join(managers)} if managers else {}),
        "message": message,
    }


def _validate(payload: object) -> tuple[dict[str, t.Any], list[str]]:
    """Return the item of certificate_rotation_certificates, and the managers; empty if none are given."""
    if not isinstance(payload, dict):
        raise _Rejected("the payload must be a JSON object")
    unknown = len(set(payload) - set(_KEYS))
    if unknown:
        raise _Rejected(f"{unknown} keys are unknown. Use only {', '.join(_KEYS)}")
    issued: dict[str, t.Any] = {key: _name(key, payload.get(key)) for key in ("project", "name")}
    if "environments" in payload:
        issued["environments"] = [
            _name("environments", name) for name in _list("environments", payload["environments"])
        ]
    if "content" in payload and "path" in payload:
        raise _Rejected("content and path exclude each other")
    if "content" in payload:
        issued["content"] = _content(payload["content"])
    if "path" in payload:
        issued["path"] = _match(_PATH, "path", payload["path"], "a relative path without '..' and hidden files")
    managers = _list("managers", payload["managers"]) if "managers" in payload else []
    return issued, [_match(_HOST, "managers", name, "a list of host names") for name in managers]


def _list(key: str, value: object) -> list[object]:
    if not isinstance(value, list) or not value:
        raise _Rejected(f"{key} must be a list with at least one name")
    return value


def _name(key: str, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > _NAME_LENGTH:
        raise _Rejected(f"{key} must be text with 1 to {_NAME_LENGTH} characters")
    if _TEMPLATE_START.search(value) or not value.isprintable():
        raise _Rejected(f"{key} contains the start of a template or a control character")
    return value


def _match(pattern: re.Pattern[str], key: str, value: object, wanted: str) -> str:
    if not isinstance(value, str) or len(value) > _NAME_LENGTH or not pattern.fullmatch(value):
        raise _Rejected(f"{key} must be {wanted}")
    return value


def _content(value: object) -> str:
    """Return PEM text that consists of certificates only."""
    if (
        not isinstance(value, str)
        or len(value) > _CONTENT_LENGTH
        or not _PEM.search(value)
        or _PEM.sub("", value).strip()
    ):
        raise _Rejected(
            f"content must be certificates as PEM text, and nothing else, with at most {_CONTENT_LENGTH} characters"
        )
    return value
