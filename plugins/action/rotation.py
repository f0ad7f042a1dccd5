# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phase of the role certificate_rotation."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import RotationAction

# Imported once, in Ansible's main process, rather than in each child that carries out a phase.
with suppress(ImportError):
    import_module("requests")
    import_module("cryptography.x509")


class ActionModule(RotationAction):
    """See the module rotation."""
