# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of a manager that is started by hand: a healthy certificate, one for each kind of trouble, and renewals."""

from __future__ import annotations

import datetime

from .manager import Manager
from .pki import DAY, Authority, Issued

PROJECT, NAME = "MyProject", "my-certificate"
ENVIRONMENTS = ("development", "staging", "production")
USER, PASSWORD = "operator", "operator-password"

_HOSTS = {
    NAME: ("example.com", "www.example.com"),
    "expires-soon": ("soon.example.com",),
    "expired": ("old.example.com",),
    "drifted": ("drift.example.com",),
}
"""The DNS names of each certificate; the first one is also its common name."""

_HOUR = datetime.timedelta(hours=1)
_RENEWAL = 397 * DAY
"""How long renewals are valid: longer than any certificate that the manager holds."""


def seed(manager: Manager, authority: Authority) -> None:
    """Add the project, its certificates, a JWK, and a user who can request tokens."""
    now = datetime.datetime.now(datetime.timezone.utc)

    def issue(name: str, start: datetime.timedelta = -DAY, end: datetime.timedelta = 364 * DAY) -> Issued:
        return _issue(authority, name, now + start, now + end)

    manager.add_project(PROJECT, ENVIRONMENTS, "Example project")
    manager.add_user(USER, PASSWORD)
    for environment in ENVIRONMENTS:
        manager.trust(environment, "example-ca", authority.pem)

    everywhere = dict.fromkeys(ENVIRONMENTS, issue(NAME))
    manager.add_certificate(PROJECT, NAME, everywhere, alias="my-cert-alias", description="Web site")
    manager.add_jwk(PROJECT, "my-jwk", NAME)

    soon = dict.fromkeys(ENVIRONMENTS, issue("expires-soon", -356 * DAY, 9 * DAY + _HOUR))
    manager.add_certificate(PROJECT, "expires-soon", soon, description="Expires in 9 days")

    expired = issue("expired", -400 * DAY, -35 * DAY + _HOUR)
    manager.add_certificate(PROJECT, "expired", {"development": expired}, description="Expired 35 days ago")

    old, new = issue("drifted", -300 * DAY, 65 * DAY), issue("drifted")
    manager.add_certificate(
        PROJECT,
        "drifted",
        {"development": new, "staging": new, "production": old},
        description="Renewed in development and staging only",
    )


def renewals(authority: Authority) -> dict[str, Issued]:
    """Issue a renewal of each certificate, by name: with the same subject and DNS names, and a later expiry."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {name: _issue(authority, name, now - DAY, now + _RENEWAL) for name in _HOSTS}


def _issue(authority: Authority, name: str, start: datetime.datetime, end: datetime.datetime) -> Issued:
    hosts = _HOSTS[name]
    return authority.issue(hosts[0], dns_names=hosts, not_before=start, not_after=end)
