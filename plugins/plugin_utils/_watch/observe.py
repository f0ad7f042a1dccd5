# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a watch remembers and what it reads now -> the events of what happened between, each once. Pure.

The time is part of the reading: C(days_remaining) was counted from the C(now) that is given here.
"""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import AuditedCertificate, Place
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import Held
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import find
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import (
    CertificateState,
    PlaceState,
    Seen,
    State,
)

SCHEMA = 1
EXPIRED = 0
"""Stands below every threshold."""
KINDS = (
    "threshold_crossed",
    "expired",
    "certificate_changed",
    "drift_started",
    "drift_ended",
    "duplicates_started",
    "duplicates_ended",
    "manager_unreachable",
    "manager_reachable",
    "heartbeat",
)

# An update may delete a certificate and create it again: only what stays away is forgotten.
_FORGOTTEN_AFTER = 3
# What Ansible takes for the opening of a template. A rule hands events on to playbooks as their variables.
_TEMPLATE = re.compile(r"\{(?=[{%#])")

Event = dict[str, t.Any]
_Key = tuple[str, str]


@dataclass(frozen=True)
class Reading:
    """What the manager holds at a moment. C(manager) is its address, for the events."""

    manager: str
    at: datetime
    certificates: Sequence[AuditedCertificate]


def observe(state: State, reading: Reading, thresholds: Iterable[int]) -> tuple[list[Event], State]:
    """The events of a reading, and what to remember.

    A certificate that is below several thresholds at once, as one may be that is seen for the first time, gives one
    event: that of the smallest.

    :arg thresholds: days; one is crossed when fewer are left.
    """
    smallest_first = sorted(thresholds)
    found = {(certificate.project, certificate.name): certificate for certificate in reading.certificates}
    findings = {
        (finding["kind"], finding["project"], finding["name"]): finding for finding in find(reading.certificates, None)
    }
    events = [] if state.unreachable_since is None else [_reachable(reading, state.unreachable_since)]
    remembered: dict[_Key, CertificateState] = {}
    for key in sorted({*state.certificates, *found}):
        before = state.certificates.get(key, CertificateState())
        places = {place.environment: place for place in found[key].places} if key in found else {}
        seen = {name: _seen(before.places.get(name), place.held, smallest_first) for name, place in places.items()}
        events += _changes(reading, key, before, places)
        events += _crossings(reading, key, before, places, seen)
        duplicates = findings.get(("duplicate_entries", *key), {"environments": []})
        events += _duplicates(reading, key, before, duplicates)
        drift = findings.get(("drift", *key), {"environments": []})
        events += _drift(reading, key, before, drift)
        after = CertificateState(
            {**_missing(before, places), **seen}, tuple(drift["environments"]), tuple(duplicates["environments"])
        )
        if after.places:
            remembered[key] = after
    return events, State(remembered)


def observe_failure(
    state: State, manager: str, at: datetime, reason: str, status: int | None = None
) -> tuple[list[Event], State]:
    """The events of a reading that failed, and what to remember: only the first failure in a row tells.

    :arg reason: one line without secrets.
    :arg status: the HTTP status of the manager's answer; None where none came.
    """
    if state.unreachable_since is not None:
        return [], state
    event = _event("manager_unreachable", manager, at, f"Certificates cannot be read: {reason}", status=status)
    return [event], replace(state, unreachable_since=at)


def heartbeat(state: State, manager: str, at: datetime) -> Event:
    """The sign that the watch goes on, whatever the manager does."""
    held = sum(len(certificate.places) for certificate in state.certificates.values())
    watched = f"{count(len(state.certificates), 'certificate')} in {count(held, 'place')}"
    since = state.unreachable_since
    return _event(
        "heartbeat",
        manager,
        at,
        f"Watching {watched}" + (f"; the manager cannot be read since {clock(since)}" if since else ""),
        reachable=since is None,
        certificates=len(state.certificates),
    )


def _seen(before: PlaceState | None, held: Held, smallest_first: Sequence[int]) -> PlaceState:
    """What to remember of an environment, with the threshold that this reading tells of."""
    known = _recall(before, held)
    told = min((days for days in (_stage(held, smallest_first), known.told) if days is not None), default=None)
    # A certificate that does not show a fingerprint once is still the same.
    now = Seen(
        held.fingerprint_sha1 or known.fingerprint_sha1, held.fingerprint_sha256 or known.fingerprint_sha256, told
    )
    if before is None:
        return PlaceState(now)
    return PlaceState(now, before.seen if before.seen.is_other_than(held) else before.before)


def _recall(before: PlaceState | None, held: Held) -> Seen:
    """What is remembered of a certificate that an environment holds: nothing, where it never held it."""
    remembered = (before.seen, before.before) if before else ()
    return next((seen for seen in remembered if seen and not seen.is_other_than(held)), Seen())


def _stage(held: Held, smallest_first: Sequence[int]) -> int | None:
    """The smallest threshold that a certificate is below."""
    left = held.days_remaining
    if left is None:
        return None
    return EXPIRED if held.expired else next((days for days in smallest_first if left < days), None)


def _missing(before: CertificateState, places: Mapping[str, Place]) -> dict[str, PlaceState]:
    """The environments that this reading does not show, as long as they are not forgotten."""
    return {
        name: replace(place, missing=place.missing + 1)
        for name, place in before.places.items()
        if name not in places and place.missing + 1 < _FORGOTTEN_AFTER
    }


def _changes(reading: Reading, key: _Key, before: CertificateState, places: Mapping[str, Place]) -> Iterator[Event]:
    """One event for all environments that changed from the same certificate to the same certificate."""
    changed: dict[tuple[str | None, str | None], list[Place]] = {}
    for name, place in places.items():
        known = before.places.get(name)
        if known and known.seen.is_other_than(place.held):
            changed.setdefault((known.seen.fingerprint_sha1, place.held.fingerprint_sha1), []).append(place)
    for group in changed.values():
        old = before.places[group[0].environment].seen
        yield _about(
            "certificate_changed",
            reading,
            key,
            group,
            f"another certificate than before, valid until {clock(group[0].held.not_after)}",
            **_described(group[0].held),
            previous_fingerprint_sha1=old.fingerprint_sha1,
            previous_fingerprint_sha256=old.fingerprint_sha256,
        )


def _crossings(
    reading: Reading,
    key: _Key,
    before: CertificateState,
    places: Mapping[str, Place],
    seen: Mapping[str, PlaceState],
) -> Iterator[Event]:
    """One event for all environments that hold the same certificate and of which the same threshold is told now."""
    crossed: dict[tuple[int, str | None, datetime | None], list[Place]] = {}
    for name, place in places.items():
        told, known = seen[name].seen.told, _recall(before.places.get(name), place.held).told
        if told is not None and told != known:
            crossed.setdefault((told, place.held.fingerprint_sha1, place.held.not_after), []).append(place)
    for (threshold, _sha1, not_after), group in sorted(crossed.items(), key=lambda item: item[0][0]):
        left = group[0].held.days_remaining or 0
        yield _about(
            "threshold_crossed" if threshold else "expired",
            reading,
            key,
            group,
            f"less than {count(threshold, 'day')} left, expires on {clock(not_after)}, in {count(left, 'day')}"
            if threshold
            else f"expired on {clock(not_after)}",
            **_described(group[0].held),
            threshold=threshold,
        )


def _duplicates(reading: Reading, key: _Key, before: CertificateState, finding: Mapping[str, t.Any]) -> Iterator[Event]:
    started = [name for name in finding["environments"] if name not in before.duplicates]
    ended = [name for name in before.duplicates if name not in finding["environments"]]
    if started:
        yield _about("duplicates_started", reading, key, started, finding["message"])
    if ended:
        yield _about("duplicates_ended", reading, key, ended, "no longer more than one entry")


def _drift(reading: Reading, key: _Key, before: CertificateState, finding: Mapping[str, t.Any]) -> Iterator[Event]:
    now = finding["environments"]
    if now and not before.drift:
        yield _about("drift_started", reading, key, now, finding["message"])
    if before.drift and not now:
        yield _about("drift_ended", reading, key, before.drift, "no longer different certificates")


def _reachable(reading: Reading, since: datetime) -> Event:
    message = f"Certificates can be read again, for the first time since {clock(since)}"
    return _event("manager_reachable", reading.manager, reading.at, message, unreachable_since=iso(since))


def _described(held: Held) -> dict[str, t.Any]:
    return {
        "days_remaining": held.days_remaining,
        "not_after": iso(held.not_after) if held.not_after else None,
        "fingerprint_sha1": held.fingerprint_sha1,
        "fingerprint_sha256": held.fingerprint_sha256,
    }


def _about(kind: str, reading: Reading, key: _Key, places: Sequence[Place | str], what: str, **values: t.Any) -> Event:
    """An event of a certificate in some environments.

    Names that Ansible would take for templates are left out, so that no rule can hand them on to a playbook.
    """
    project, name = key
    environments = [place if isinstance(place, str) else place.environment for place in places]
    names: dict[str, t.Any] = {"project": project, "name": name, "environments": environments}
    if any(_TEMPLATE.search(text) for text in (project, name, *environments)):
        names = {}
    message = f"{project} / {name} in {', '.join(environments)}: {what}"
    return _event(kind, reading.manager, reading.at, message, **names, **values)


def _event(kind: str, manager: str, at: datetime, message: str, **values: t.Any) -> Event:
    return {
        "schema": SCHEMA,
        "kind": kind,
        "manager": manager,
        "observed_at": iso(at),
        **values,
        "message": _TEMPLATE.sub("\ufffd", message),
    }
