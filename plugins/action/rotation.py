# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A phase of the role certificate_rotation."""

from __future__ import annotations

from contextlib import suppress

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.action import RotationAction

# Ansible loads this file in its main process and carries out each phase in a child of it, so what is imported here is
# imported once. A missing library is reported where it is needed.
with suppress(ImportError):
    import requests  # noqa: F401


class ActionModule(RotationAction):
    """See the module rotation."""
