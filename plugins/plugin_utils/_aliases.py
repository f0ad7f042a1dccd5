# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Aliases that two certificates of a run would have in the same environment. Pure.

Reading each certificate finds aliases that the manager has already. It cannot find those that the run itself would write.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Iterator

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import folded
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

if t.TYPE_CHECKING:
    from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.plan import PlannedCertificate


def shared_aliases(planned: Iterable[PlannedCertificate]) -> list[str]:
    """Why the certificates of a run cannot have their aliases, as messages for the user.

    An alias must be unique among the certificates of a project in an environment. Truststores do not distinguish upper and lower
    case, so an alias that differs in nothing else counts as the same. Two certificates that have the same alias already are not
    refused.
    """
    return [
        f"{PREFIX}certificates: {targets}: {reason}. An alias must be unique in each environment, where upper and lower case "
        "are not distinguished. Set another alias for one of the two"
        for targets, reason in by_reason(_shared(planned))
    ]


def _shared(planned: Iterable[PlannedCertificate]) -> Iterator[tuple[str, str, str]]:
    owners: dict[tuple[str, str, str], tuple[str, bool]] = {}
    for one in planned:
        for step in one.steps:
            alias = one.new_alias(step.environment)
            taken = one.due and (step.current is None or folded(step.current["alias"]) != folded(alias))
            key = (one.desired.project, step.environment, folded(alias))
            other, other_taken = owners.setdefault(key, (one.key, taken))
            if other != one.key and (taken or other_taken):
                yield one.key, step.environment, f"the alias {alias} would also be that of {other}"
