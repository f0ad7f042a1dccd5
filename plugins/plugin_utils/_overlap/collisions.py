# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and aliases of new companions that are in use already, or that two of them would have. Pure.

An alias must be unique in each environment, and a truststore does not distinguish upper and lower case. A truststore holds the
certificates of all projects, so an alias of another project counts as well, unless it is that of the same certificate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import folded
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import Companion, Subject, View
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX


@dataclass(frozen=True)
class _Use:
    """Who has a name or an alias.

    :arg project: its project; the name of one can contain a slash.
    :arg key: the C(project/name).
    :arg label: how messages name it.
    :arg sha1: the fingerprint of its new content; None if that is not known yet.
    :arg companion: whether it is a companion of this run.
    """

    project: str
    key: str
    label: str
    sha1: str | None
    companion: bool = False


class _Uses:
    """The uses of names and of aliases so far."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, ...], list[_Use]] = {}

    def add(self, key: tuple[str, ...], use: _Use) -> None:
        self._found.setdefault(key, []).append(use)

    def conflicting(self, key: tuple[str, ...], use: _Use) -> _Use | None:
        """The first use by another certificate, unless it is in another project and has the same content."""
        for other in self._found.get(key, ()):
            same = other.sha1 == use.sha1 and other.project != use.project
            if other.key != use.key and not same:
                return other
        return None


def collisions(
    overlaps: Sequence[tuple[Subject, Sequence[Companion]]], listed: Mapping[str, Mapping[str, View]]
) -> list[str]:
    """Why companions cannot be created, as messages for the user.

    :arg overlaps: all certificates of the run, with their companions.
    :arg listed: the certificates of each project, by name.
    """
    uses = _Uses()
    for project, certificates in listed.items():
        for name, certificate in certificates.items():
            for view in certificate["environments"]:
                own = _Use(project, f"{project}/{name}", f"{project}/{name}", view["fingerprint_sha1"])
                uses.add(("alias", view["name"], folded(view["alias"])), own)
    for subject, _companions in overlaps:
        own = _Use(subject.project, subject.key, subject.key, subject.new_sha1)
        uses.add(("name", subject.project, subject.name), own)
        for environment, alias in subject.aliases.items():
            uses.add(("alias", environment, folded(alias)), own)
    return [
        f"{PREFIX}companion_{variable}: the companion of {targets} {reason}"
        for variable in ("name", "alias")
        for targets, reason in by_reason(_conflicts(variable, overlaps, uses))
    ]


def _conflicts(
    variable: str, overlaps: Sequence[tuple[Subject, Sequence[Companion]]], uses: _Uses
) -> Iterator[tuple[str, str, str]]:
    for subject, companions in overlaps:
        for companion in companions:
            if companion.action != "create":
                continue
            project, environment = subject.project, companion.environment
            value, key = companion.name, ("name", project, companion.name)
            if variable == "alias":
                value, key = companion.alias, ("alias", environment, folded(companion.alias))
            # A name that the list of the run has is never that of a companion.
            own = (
                f"{project}/{companion.name}" if variable == "alias" else f"{project}/{companion.name} in {environment}"
            )
            use = _Use(
                project, own, f"the companion of {subject.key} in {environment}", subject.new_sha1, companion=True
            )
            if other := uses.conflicting(key, use):
                remedy = "Set another pattern" + (f", or {_SEPARATELY}" if other.companion else "")
                yield subject.key, environment, f"would have the {variable} {value}, as has {other.label}. {remedy}"
            uses.add(key, use)


_SEPARATELY = "rotate the two in separate runs, the second one after the overlap of the first one has ended"
