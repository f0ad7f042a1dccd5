# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule by which AWX divides the hosts of an inventory between the jobs of a sliced job template."""

from __future__ import annotations

from collections.abc import Sequence


def sliced(hosts: Sequence[str], count: int) -> list[list[str]]:
    """Return the hosts of each slice: sorted by name, host k goes to slice k modulo `count`.

    There are never more slices than hosts. See `Inventory.get_script_data` and `JobTemplate.get_effective_slice_ct` in AWX.
    """
    ordered = sorted(hosts)
    effective = min(count, len(ordered))
    return [ordered[number::effective] for number in range(effective)]
