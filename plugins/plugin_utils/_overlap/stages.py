# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stage of an overlap, read from what the manager lists, and what becomes of each companion. Pure.

An overlap has four stages. *Introduce*: each environment gets a companion with the new certificate beside the current one.
*Overlapping*: both are trusted. *Promote*: the certificate itself is updated, while the companions keep the new one trusted.
*Retire*: the companions are deleted.
"""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker, read_marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import Patterns
from ansible_collections.apinizer.apiops.plugins.plugin_utils._targets import by_reason
from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import PREFIX

INTRODUCE, OVERLAPPING, PROMOTE, RETIRE = "introduce", "overlapping", "promote", "retire"

# A certificate, or one environment of it, as apinizer_certificate_info returns them.
View = Mapping[str, t.Any]

_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Rules:
    """The settings of an overlap.

    :arg days: how long both certificates are trusted at least; 0 to go on at once.
    :arg promote: whether to end the overlap now.
    """

    patterns: Patterns
    days: int = 0
    promote: bool = False

    @property
    def wait(self) -> bool:
        """Whether a run that introduces a certificate leaves the rest to a later run."""
        return self.days > 0 and not self.promote


@dataclass(frozen=True)
class Subject:
    """A certificate whose trust is rotated.

    :arg due: whether it is to be written.
    :arg new_sha1: the fingerprint of the new certificate; None if it is not known yet.
    :arg current: the environments in which it exists, by name.
    :arg aliases: its alias after the run, in these and in those that it is added to.
    """

    project: str
    name: str
    due: bool
    new_sha1: str | None
    current: Mapping[str, View]
    aliases: Mapping[str, str]

    @property
    def key(self) -> str:
        return f"{self.project}/{self.name}"

    @property
    def needs_companions(self) -> bool:
        """Whether an update would replace a certificate with another one."""
        return self.due and any(view["fingerprint_sha1"] != self.new_sha1 for view in self.current.values())


@dataclass(frozen=True)
class Companion:
    """The companion of a certificate in an environment, and what happens to it.

    :arg action: C(create), C(update), C(delete) or C(none).
    :arg reason: C(absent), C(differs), C(unmarked), C(in_sync), C(overlapping) or C(promoted).
    :arg current: the environment as the manager lists it; None if there is no companion.
    :arg description: the description of the current one.
    :arg since: when its overlap began; None if it begins with the next write, or is not known.
    """

    environment: str
    name: str
    alias: str
    action: str = "create"
    reason: str = "absent"
    current: t.Any = None
    description: str | None = None
    since: datetime | None = None


@dataclass(frozen=True)
class Overlap:
    """The overlap of a certificate.

    :arg stage: the next one; empty for a certificate that has nothing to do with an overlap.
    :arg until: when the overlap ends; None if it does not wait, or if the manager does not report when it began.
    :arg deferred: whether the certificate itself is left to a later run.
    :arg problems: reasons to refuse the run, as messages for the user.
    """

    stage: str = ""
    until: datetime | None = None
    deferred: bool = False
    companions: tuple[Companion, ...] = ()
    problems: tuple[str, ...] = ()


def read_overlap(subject: Subject, listed: Mapping[str, View], rules: Rules, now: datetime) -> Overlap:
    """Read the stage of a certificate.

    :arg listed: the certificates of its project that can be companions, by name.
    """
    places = [_Place(subject, environment, listed, rules.patterns) for environment in subject.current]
    if not subject.needs_companions:
        left = tuple(place.companion("delete", "promoted") for place in places if place.redundant)
        stage = RETIRE if left else PROMOTE if subject.due and subject.current else ""
        return Overlap(stage, companions=left)
    problems = _problems(places)
    if not all(place.holds_new for place in places):
        return Overlap(INTRODUCE, None, rules.wait, tuple(place.introduced(rules) for place in places), problems)
    if rules.wait and any(place.lacks_marker for place in places):
        return Overlap(INTRODUCE, None, True, tuple(place.introduced(rules) for place in places), problems)
    until = end_of((place.marker for place in places), rules.days)
    if rules.wait and (until is None or until > now):
        waiting = tuple(place.companion("none", "overlapping") for place in places)
        return Overlap(OVERLAPPING, until, True, waiting, problems)
    return Overlap(PROMOTE, companions=tuple(place.companion("none", "in_sync") for place in places), problems=problems)


def is_under_way(subject: Subject, listed: Mapping[str, View], patterns: Patterns) -> bool:
    """Whether a companion has introduced the new certificate, which has not replaced the current one yet.

    Such an overlap goes on, although the certificate may no longer be due: C(renew) may be true for one run only.

    :arg listed: the certificates of its project that can be companions, by name.
    """
    places = [_Place(subject, environment, listed, patterns) for environment in subject.current]
    return any(place.introduces for place in places)


def end_of(markers: Iterable[Marker | None], days: int) -> datetime | None:
    """When an overlap ends: that many days after the last companion was introduced. None if that is not known."""
    starts = [marker.since if marker else None for marker in markers]
    known = [start for start in starts if start]
    if not known or len(known) < len(starts):
        return None
    # A marker that was edited by hand can name a start close to the last date that exists.
    return min(max(known), _LATEST - timedelta(days=days)) + timedelta(days=days)


def _problems(places: Sequence[_Place]) -> tuple[str, ...]:
    """What has the names of companions and is none, as messages for the user."""
    found = by_reason((*place.target, place.problem) for place in places if place.problem)
    return tuple(f"{targets}: {why}" for targets, why in found)


class _Place:
    """An environment in which a certificate exists, and what the manager holds under the name of its companion."""

    def __init__(self, subject: Subject, environment: str, listed: Mapping[str, View], patterns: Patterns) -> None:
        self._subject = subject
        self._environment = environment
        self._name = patterns.name_of(subject.name, environment)
        self._alias = patterns.alias_of(subject.name, subject.aliases[environment], environment)
        self._certificate = listed.get(self._name)
        self.marker = read_marker(self._certificate["description"]) if self._certificate else None
        views: Sequence[View] = self._certificate["environments"] if self._certificate else ()
        self._view: View | None = views[0] if [view["name"] for view in views] == [environment] else None

    @property
    def target(self) -> tuple[str, str]:
        """The C(project/name) of the companion, and the environment."""
        return f"{self._subject.project}/{self._name}", self._environment

    @property
    def problem(self) -> str:
        """Why what has the name of the companion is not one; empty if it is one, or if there is none."""
        if self._certificate is None or self._ours:
            return ""
        if self.marker and self.marker.name != self._subject.name:
            why = f"is the companion of {self.marker.name}"
        elif self._view is None:
            names = ", ".join(view["name"] for view in self._certificate["environments"]) or "no environment"
            why = f"is in {names}"
        elif self._certificate["description"] is None:
            return (
                "this manager does not report descriptions, so the role cannot tell whether this is a companion, which an earlier "
                f"run introduced with another certificate. If it is one, delete it with apinizer_certificate and state=absent, and "
                f"run the role again: {self._subject.name} itself keeps the current certificate trusted. If it is not, set "
                f"{PREFIX}companion_name to another pattern"
            )
        else:
            why = "has no marker of an overlap in its description, and not the alias and the content of a companion"
        return (
            f"the name is that of a companion of {self._subject.name}, but the certificate {why}. Delete it, or set "
            f"{PREFIX}companion_name to another pattern"
        )

    @property
    def _ours(self) -> bool:
        """Whether it is the companion: its marker says so, or it has no marker, and the alias and content of one."""
        if self._view is None:
            return False
        if self.marker:
            return self.marker.name == self._subject.name
        return self._view["alias"] == self._alias and (self.holds_new or self._holds_current)

    @property
    def holds_new(self) -> bool:
        """Whether it holds the new certificate."""
        return self._holds(self._subject.new_sha1)

    @property
    def introduces(self) -> bool:
        """Whether it is the companion, and holds the new certificate, which the certificate itself does not."""
        current = self._subject.current[self._environment]
        return self._ours and self.holds_new and current["fingerprint_sha1"] != self._subject.new_sha1

    @property
    def _holds_current(self) -> bool:
        current = self._subject.current[self._environment]
        return not self._subject.due and self._holds(current["fingerprint_sha1"])

    def _holds(self, sha1: str | None) -> bool:
        return sha1 is not None and self._view is not None and self._view["fingerprint_sha1"] == sha1

    @property
    def redundant(self) -> bool:
        """Whether the certificate itself makes the companion unnecessary: both are the same, or it is as desired."""
        current = self._subject.current[self._environment]
        as_desired = self._subject.new_sha1 is not None and current["fingerprint_sha1"] == self._subject.new_sha1
        return self._ours and (as_desired or self._holds_current)

    @property
    def lacks_marker(self) -> bool:
        """Whether the start of the overlap is not known, although the manager reports descriptions."""
        return self._certificate is not None and self.marker is None and self._certificate["description"] is not None

    def introduced(self, rules: Rules) -> Companion:
        """What introducing the new certificate takes."""
        if self._certificate is None:
            return Companion(self._environment, self._name, self._alias)
        if not self.holds_new:
            return self.companion("update", "differs", since=None)
        if rules.wait and self.lacks_marker:
            return self.companion("update", "unmarked", since=None)
        return self.companion("none", "in_sync")

    def companion(self, action: str, reason: str, **changes: t.Any) -> Companion:
        """The companion that exists, and what happens to it."""
        return Companion(
            self._environment,
            self._name,
            (self._view and self._view["alias"]) or self._alias,
            action,
            reason,
            self._view,
            self._certificate["description"] if self._certificate else None,
            **{"since": self.marker.since if self.marker else None, **changes},
        )
