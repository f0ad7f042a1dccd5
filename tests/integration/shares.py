# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divide the cases of parametrized tests between runs, for instance between the oldest and the newest versions.

Every test runs in each share if it has at least as many cases as there are shares, or only one case. Every case runs in one of
the shares, in all its execution modes.
"""

from __future__ import annotations

from collections.abc import Sequence

from integration.execution_modes import without_mode


def in_share(node_ids: Sequence[str], share: str) -> list[bool]:
    """Return for each ID of a test whether it belongs to a share, such as "1/2".

    :raises ValueError: if the share is not two numbers, the first from 1 up to the second.
    """
    number, total = map(int, share.split("/"))
    if not 1 <= number <= total:
        raise ValueError(f"no share: {share}")
    cases: dict[str, dict[str, int]] = {}
    for node_id in node_ids:
        of_test = cases.setdefault(node_id.partition("[")[0], {})
        of_test.setdefault(without_mode(node_id), len(of_test))
    found = []
    for node_id in node_ids:
        of_test = cases[node_id.partition("[")[0]]
        found.append(len(of_test) == 1 or of_test[without_mode(node_id)] % total == number - 1)
    return found
