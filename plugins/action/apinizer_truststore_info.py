# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the module apinizer_truststore_info in the controller's own process if possible, or else as a module."""

from __future__ import annotations

from ansible_collections.apinizer.apiops.plugins.modules.apinizer_truststore_info import DEFINITION
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.dispatch import DefinitionAction


class ActionModule(DefinitionAction):
    """The action of the module with the same name."""

    definition = DEFINITION
