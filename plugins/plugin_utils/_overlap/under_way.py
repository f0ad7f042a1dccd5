# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new certificates of overlaps that are under way, where the tasks of the user obtain them.

Such a certificate is what its companions hold. Without this, each run would obtain another one, and begin the overlap again.
"""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import Remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import Patterns
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings

View = Mapping[str, t.Any]


def read_introduced(
    settings: Settings, listed: Mapping[str, Sequence[View]], access: ManagerAccess
) -> tuple[dict[str, Bundle], list[str]]:
    """Read the certificates that companions hold, for those of the list that have neither C(path) nor C(content).

    A companion that is due itself does not count. Where the companions of a certificate differ, the latest overlap counts.

    :returns: the certificates by C(project/name), and messages about those that cannot be read.
    """
    patterns = Patterns(settings.companion_name, settings.companion_alias)
    operations = {}
    for desired in settings.certificates:
        companion = _latest(desired, listed.get(desired.project, ()), patterns)
        if companion and desired.path is None and desired.content is None:
            environments = (companion["environments"][0]["name"],)
            operations[desired.key] = Operation(desired.project, companion["name"], environments)
    found, problems = {}, []
    for key, result in access.predict(operations).items():
        views = (result.get("previous") or {}).get("environments", ())
        bundle = parse_stored(views[0]["content"]) if views and views[0]["content"] else None
        if bundle:
            found[key] = bundle
        else:
            reason = str(result.get("msg") or "the manager does not return its content").rstrip(".")
            problems.append(
                f"The new certificate of {key} is in its companion {operations[key].name}, and cannot be read: {reason}"
            )
    return found, problems


def _latest(desired: DesiredCertificate, certificates: Sequence[View], patterns: Patterns) -> View | None:
    """The companion of a certificate whose overlap began last, without those that are due."""
    companions = []
    for certificate in certificates:
        marker, views = read_marker(certificate["description"]), certificate["environments"]
        if marker is None or marker.name != desired.name or len(views) != 1:
            continue
        named = certificate["name"] == patterns.name_of(desired.name, views[0]["name"])
        if named and not _is_due(desired, views[0]):
            companions.append((marker.since, certificate["name"], certificate))
    return max(companions, key=lambda one: one[:2])[2] if companions else None


def _is_due(desired: DesiredCertificate, view: View) -> bool:
    """Whether what a companion holds has expired, or is due by C(renew_before)."""
    if view["expired"]:
        return True
    left = Remaining(view["days_remaining"], view["percent_remaining"])
    return desired.renew_before is not None and desired.renew_before.includes(left) is not False
