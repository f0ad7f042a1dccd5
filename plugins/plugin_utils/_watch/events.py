# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The events of the event source: their keys, and how to build them. Pure.

The JSON schema for users is C(extensions/eda/schemas/certificate_expiry_event.json); a test compares it with this file.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Sequence
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._text import escape_controls
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import EnvironmentEntry

SCHEMA = 1
"""The value of C(schema). Increase it when a key changes its meaning or is removed."""

KINDS = (
    "threshold_crossed",
    "expired",
    "certificate_changed",
    "drift_started",
    "drift_ended",
    "duplicates_started",
    "duplicates_ended",
    "gateway_stale",
    "gateway_confirmed",
    "manager_unreachable",
    "manager_reachable",
    "heartbeat",
)

# The sequences that open a Jinja template: "{{", "{%" and "{#".
_TEMPLATE_START = re.compile(r"\{(?=[{%#])")


class EventDetails(t.TypedDict, total=False):
    """The keys that only some kinds of events have.

    Fingerprints are lowercase hexadecimal digits, and None if the manager does not report them. Dates are ISO 8601 in
    UTC. C(threshold) is in days and 0 for the kind C(expired), and C(expiring_within) is the threshold as the arguments have
    it: days, or a share of the lifetime such as C(33%). C(status) is an HTTP status, and None if the manager
    did not respond. C(gateway_state) is C(stale) or C(missing), and C(gateway_fingerprint_sha256) is that of the
    certificate that the gateways hold instead.
    """

    project: str
    name: str
    environments: list[str]
    threshold: int
    expiring_within: int | str
    days_remaining: int | None
    not_after: str | None
    fingerprint_sha1: str | None
    fingerprint_sha256: str | None
    previous_fingerprint_sha1: str | None
    previous_fingerprint_sha256: str | None
    gateway_state: str
    gateway_fingerprint_sha256: str | None
    status: int | None
    unreachable_since: str
    reachable: bool
    certificates: int


class Event(EventDetails):
    """An event as rules receive it. C(message) is one line for people; C(kind) is one of C(KINDS)."""

    schema: int
    kind: str
    manager: str
    observed_at: str
    message: str


def make_event(kind: str, manager: str, at: datetime, message: str, details: EventDetails | None = None) -> Event:
    """Build an event.

    Rules pass messages to playbooks as variables. Therefore every template start in the message loses its brace, so
    that Ansible never evaluates text that came from the manager. Control characters in it are escaped, so it is one line.

    :arg manager: the address of the manager.
    :arg at: when the manager was read.
    """
    return {
        "schema": SCHEMA,
        "kind": kind,
        "manager": manager,
        "observed_at": iso(at),
        **(details or {}),
        "message": escape_controls(_TEMPLATE_START.sub("\ufffd", message)),
    }


def make_certificate_event(
    kind: str,
    manager: str,
    at: datetime,
    certificate: tuple[str, str],
    environments: Sequence[str],
    text: str,
    details: EventDetails | None = None,
) -> Event:
    """Build an event about a certificate in some of its environments.

    If any of the names contains a template start, the event has no C(project), C(name) and C(environments): rules pass
    names to playbooks, and a name must never be evaluated as a template.

    :arg certificate: project and name.
    :arg text: what happened; the names are added in front.
    """
    project, name = certificate
    names: EventDetails = {"project": project, "name": name, "environments": list(environments)}
    if any(_TEMPLATE_START.search(each) for each in (project, name, *environments)):
        names = {}
    message = f"{project} / {name} in {', '.join(environments)}: {text}"
    return make_event(kind, manager, at, message, {**names, **(details or {})})


def certificate_details(entry: EnvironmentEntry) -> EventDetails:
    """Return the keys that describe the certificate in the record of an environment."""
    return {
        "days_remaining": entry.days_remaining,
        "not_after": iso(entry.not_after) if entry.not_after else None,
        "fingerprint_sha1": entry.fingerprint_sha1,
        "fingerprint_sha256": entry.fingerprint_sha256,
    }
