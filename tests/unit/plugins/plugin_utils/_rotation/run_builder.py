# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the role's Python start from: certificates around one moment, and the evidence of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._model import Entry
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_input
from manager.pki import Authority, Issued

Json = dict[str, Any]
Holdings = Mapping[str, Bundle | None]

NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
PROJECT, NAME, KEY = "MyProject", "web", "MyProject/web"
DEV, STAGE, PROD = "development", "staging", "production"

_AUTHORITY = Authority()


@cache
def issued(
    *,
    days: int,
    common_name: str = "web.example.com",
    organization: str = "Example Inc",
    dns: tuple[str, ...] = (),
    ip: tuple[str, ...] = (),
) -> Issued:
    """A certificate that has so many days left; one for each set of arguments."""
    return _AUTHORITY.issue(
        common_name,
        organization=organization,
        dns_names=dns,
        ip_addresses=ip,
        not_before=NOW - timedelta(days=400),
        not_after=NOW + timedelta(days=days),
    )


def bundle(*, days: int, **changes: Any) -> Bundle:
    return parse_input(issued(days=days, **changes).pem.encode())


EXPIRED, OLD, OTHER, NEW = bundle(days=-5), bundle(days=20), bundle(days=25), bundle(days=300)


def entry(environment: str, held: Bundle | None = OLD, *, alias: str = "web-alias", entries: int = 1) -> Json:
    """An environment of a certificate, as the modules return it. `held` is None where the manager hands nothing out."""
    described = _result.entry_values(Entry(environment, alias, held), NOW, entries)
    return {**described, "content": held.pem if held else None}


def certificate(*environments: Json, project: str = PROJECT, name: str = NAME) -> Json:
    return {"project": project, "name": name, "description": "First", "environments": list(environments)}


def holding(holdings: Holdings, **changes: Any) -> Json:
    """A certificate by what its environments hold."""
    return certificate(*(entry(environment, held) for environment, held in sorted(holdings.items())), **changes)


def looped(variable: str, item: Any, **result: Any) -> Json:
    """A result of a task in a loop."""
    return {"ansible_loop_var": variable, variable: item, **result}


def listed(*certificates: Json, project: str = PROJECT) -> Json:
    """The certificates of a project, as the evidence has them."""
    return {project: list(certificates)}


def applied(
    *environments: str,
    wave: int = 1,
    key: str = KEY,
    changed: bool = True,
    deployed: bool | None = True,
    after: Json | None = None,
    **result: Any,
) -> Json:
    """A task that wrote."""
    deployment = {"success": deployed, "message": "as the manager says", "environments": []}
    return {
        "key": key,
        "wave": wave,
        "environments": list(environments),
        "result": {"changed": changed, "deployment": deployment, "certificate": after, **result},
    }


def gather(
    before: Json | None,
    *,
    variables: Json | None = None,
    new: Bundle | None = NEW,
    after: Json | None = None,
    **more: Any,
) -> Json:
    """The evidence of a run for one certificate that a file holds: after the preflight, or with `more` later on."""
    wanted = {"project": PROJECT, "name": NAME, "path": "web.pem"}
    return {
        "variables": {"certificates": [wanted], **(variables or {})},
        "now": "2026-06-01T12:00:00Z",
        "check_mode": False,
        "listed": listed(*([before] if before else [])),
        "types": [],
        "materials": {KEY: {"path": "web.pem", "content": new.pem}} if new else {},
        "details": {KEY: before},
        "applied": [more.pop("applied", [])],
        "undone": None,
        "after": listed(after) if after else "",
        "failure": "",
        "refused": True,
        "about": {
            "manager": "https://manager.example.com",
            "host": "localhost",
            "started": "2026-06-01T12:00:00Z",
            "finished": "2026-06-01T12:05:00Z",
            "backup": None,
        },
        **more,
    }


def wanted_in(environments: Sequence[str], **changes: Any) -> list[Json]:
    """The variable certificates, with one certificate in these environments."""
    return [{"project": PROJECT, "name": NAME, "path": "web.pem", "environments": list(environments), **changes}]
