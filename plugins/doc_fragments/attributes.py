# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attributes that the modules share."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode) and return what it would do, without changing anything on the manager.
    support: full
  diff_mode:
    description: Will return details on what has changed, or would change in C(check_mode), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run changes nothing.
    support: full
"""

    READS_ONLY = r"""
attributes:
  check_mode:
    description: Can run in C(check_mode), with the same result as without it.
    support: full
  diff_mode:
    description: Never returns differences.
    support: none
  idempotent:
    description: Changes nothing on any host.
    support: full
"""

    ACTIONGROUP_APINIZER = r"""
attributes:
  action_group:
    description: Use C(group/apinizer.apiops.apinizer) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - apinizer.apiops.apinizer
"""
