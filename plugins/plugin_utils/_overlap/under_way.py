# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The new certificates of overlaps that are under way, where the tasks of the user obtain them.

Such a certificate is what its companions hold. Without this, each run would obtain another one, and begin the overlap again.
"""

from __future__ import annotations

import typing as t
from collections.abc import Collection, Mapping, Sequence

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import Remaining
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle, iso, parse_stored
from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import ManagerAccess, Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import Patterns
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate, Settings
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

View = Mapping[str, t.Any]


def read_introduced(
    settings: Settings, listed: Mapping[str, Sequence[View]], access: ManagerAccess
) -> tuple[dict[str, Bundle], list[str]]:
    """Read the certificates that companions hold, for those of the list that have neither C(path) nor C(content).

    A companion that is due itself does not count, and neither does one that was left behind and is older than the certificate.
    Where the companions of a certificate differ, the latest overlap counts.

    :returns: the certificates by C(project/name), and messages about those that cannot be read.
    """
    patterns = Patterns(settings.companion_name, settings.companion_alias)
    operations = {}
    for desired in settings.certificates:
        others = {one.name for one in settings.certificates if one.project == desired.project}
        companion = _latest(desired, listed.get(desired.project, ()), patterns, others)
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


def left_behind(settings: Settings, listed: Mapping[str, Sequence[View]]) -> list[str]:
    """Companions of the certificates of the list that no stage of an overlap uses or deletes, as messages for the user."""
    patterns = Patterns(settings.companion_name, settings.companion_alias)
    desired = {(one.project, one.name) for one in settings.certificates}
    messages = []
    for project, certificates in listed.items():
        held = {one["name"]: {view["name"] for view in one["environments"]} for one in certificates}
        for companion in certificates:
            marker = read_marker(companion["description"])
            if marker is None or (project, marker.name) not in desired or marker.name not in held:
                continue
            if (project, companion["name"]) in desired:
                continue
            for environment in sorted(held[companion["name"]]):
                if environment not in held[marker.name]:
                    why = f"{marker.name} is no longer in {environment}"
                elif companion["name"] != patterns.name_of(marker.name, environment):
                    why = f"{PREFIX}companion_name gives companions another name"
                else:
                    continue
                messages.append(
                    f"{project}/{companion['name']} is a companion of {marker.name} in {environment} that the role neither uses "
                    f"nor deletes, since {why}. If you no longer need it, delete it with apinizer_certificate and state=absent"
                )
    return messages


def _latest(
    desired: DesiredCertificate, certificates: Sequence[View], patterns: Patterns, others: Collection[str]
) -> View | None:
    """The companion of a certificate whose overlap began last, without those that are due.

    :arg others: the names of the certificates of the list, which are no companions.
    """
    own = next((one["environments"] for one in certificates if one["name"] == desired.name), ())
    current = {view["name"]: view for view in own}
    companions = []
    for certificate in certificates:
        views = certificate["environments"]
        if certificate["name"] in others:
            continue
        if len(views) != 1 or certificate["name"] != patterns.name_of(desired.name, views[0]["name"]):
            continue
        since, view = _since(certificate, desired, current.get(views[0]["name"]), patterns), views[0]
        if since and not (_is_due(desired, view) or _is_older(view, current.get(view["name"]))):
            companions.append((since, certificate["name"], certificate))
    return max(companions, key=lambda one: one[:2])[2] if companions else None


def _since(companion: View, desired: DesiredCertificate, current: View | None, patterns: Patterns) -> str:
    """When the overlap of a companion began; empty for what is not known to be a companion.

    A manager that does not report descriptions does not report markers either. The alias then says what it is.
    """
    marker, (view,) = read_marker(companion["description"]), companion["environments"]
    if marker:
        return iso(marker.since) if marker.name == desired.name else ""
    alias = desired.alias or (current or {}).get("alias") or desired.name
    unmarked = companion["description"] is None and view["alias"] == patterns.alias_of(
        desired.name, alias, view["name"]
    )
    return view["not_before"] or "unknown" if unmarked else ""


def _is_older(view: View, current: View | None) -> bool:
    """Whether a certificate was issued before the current one, which has replaced it in another way since."""
    dates = view["not_before"], (current or {}).get("not_before")
    return None not in dates and dates[0] < dates[1]


def _is_due(desired: DesiredCertificate, view: View) -> bool:
    """Whether what a companion holds has expired, or is due by C(renew_before)."""
    if view["expired"]:
        return True
    return desired.renew_before is not None and desired.renew_before.includes(Remaining.of(view)) is not False
