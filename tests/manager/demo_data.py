# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manager started by hand holds: one certificate in good order, and one of each kind of trouble."""

from __future__ import annotations

import datetime

from .manager import Manager
from .pki import DAY, Authority

PROJECT = "MyProject"
ENVIRONMENTS = ("development", "staging", "production")
USER, PASSWORD = "operator", "operator-password"
HOUR = datetime.timedelta(hours=1)


def seed(manager: Manager, authority: Authority) -> None:
    """Fill a manager: the project, its certificates, a JWK, and a user who can ask for tokens."""
    now = datetime.datetime.now(datetime.timezone.utc)
    manager.add_project(PROJECT, ENVIRONMENTS, "Example project")
    manager.add_user(USER, PASSWORD)

    good = authority.issue("example.com", dns_names=["example.com", "www.example.com"])
    manager.add_certificate(
        PROJECT, "my-certificate", dict.fromkeys(ENVIRONMENTS, good), alias="my-cert-alias", description="Web site"
    )
    manager.add_jwk(PROJECT, "my-jwk", "my-certificate")

    soon = authority.issue("soon.example.com", not_before=now - 356 * DAY, not_after=now + 9 * DAY + HOUR)
    manager.add_certificate(PROJECT, "expires-soon", dict.fromkeys(ENVIRONMENTS, soon), description="Expires in 9 days")

    expired = authority.issue("old.example.com", not_before=now - 400 * DAY, not_after=now - 35 * DAY)
    manager.add_certificate(PROJECT, "expired", {"development": expired}, description="Expired 35 days ago")

    old = authority.issue("drift.example.com", not_before=now - 300 * DAY, not_after=now + 65 * DAY)
    new = authority.issue("drift.example.com")
    manager.add_certificate(
        PROJECT,
        "drifted",
        {"development": new, "staging": new, "production": old},
        description="Renewed in development and staging only",
    )
