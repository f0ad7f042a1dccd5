# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake Apinizer manager for tests and for manual use: real HTTP(S), every generation of the API, faults on demand.

with Manager(generation="2025") as manager:
    manager.add_project("MyProject", environments=["staging", "production"])
    manager.add_certificate("MyProject", "my-certificate", {"staging": issued.pem})
    manager.faults.add(Fault("drop_after", method="PUT"))
    ...
    assert manager.served("staging", "MyProject", "my-certificate") == issued.der
"""

from __future__ import annotations

from .faults import Fault
from .http_types import FilePart
from .journal import Request
from .manager import ALL_RIGHTS, Manager
from .model import ADMIN_PROJECT, ALL_PERMISSIONS, API_MANAGER, Environment, Permission
from .pki import Authority, Issued
from .server import Tls

__all__ = [
    "ADMIN_PROJECT",
    "ALL_PERMISSIONS",
    "ALL_RIGHTS",
    "API_MANAGER",
    "Authority",
    "Environment",
    "Fault",
    "FilePart",
    "Issued",
    "Manager",
    "Permission",
    "Request",
    "Tls",
]
