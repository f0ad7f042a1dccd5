# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences of certificates, as Ansible shows them with --diff. Pure."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence


def diff_of_environments(diff: Mapping[str, t.Any], environments: Sequence[str]) -> dict[str, t.Any]:
    """A diff as far as it is about these environments."""

    def part(side: Mapping[str, t.Any]) -> dict[str, t.Any]:
        kept = {name: view for name, view in side.get("environments", {}).items() if name in environments}
        return {**side, "environments": kept} if side else {}

    return {**diff, "before": part(diff["before"]), "after": part(diff["after"])}
