# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a reading of a manager with the state of the watch and derive events, each exactly once. Pure.

The time is part of the reading: C(days_remaining) of its certificates counts from C(Reading.at).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import iso
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import (
    EnvironmentEntry,
    ManagedCertificate,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.findings import Finding, find
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.text import clock, count
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import (
    Event,
    EventDetails,
    certificate_details,
    make_certificate_event,
    make_event,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.gateways import gateway_events, stale_environments
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import (
    CertificateState,
    EnvironmentState,
    ObservedCertificate,
    State,
)

EXPIRED = 0
"""The threshold that an expired certificate has reached. It is below every configured threshold."""

# An update may delete a certificate and create it again, so a single reading without it is not enough to forget it.
_FORGET_AFTER_READINGS = 3

_Key = tuple[str, str]
"""The project and the name of a certificate."""


@dataclass(frozen=True)
class Reading:
    """The certificates of a manager at one moment.

    :arg manager: the address of the manager, for the events.
    :arg at: when the manager was read.
    """

    manager: str
    at: datetime
    certificates: Sequence[ManagedCertificate]


def observe(state: State, reading: Reading, windows: Sequence[RenewalWindow]) -> tuple[list[Event], State]:
    """Compare a reading with the state, and return the events and the new state.

    A certificate that is below several thresholds, for example when it is first seen, causes one event: that of the
    smallest threshold.

    :arg state: the state after the previous reading; C(State()) for the first reading.
    :arg windows: a certificate crosses a threshold when it has less left than one of these. The threshold is the window in
        days: a share of the lifetime is the share of its own.
    :returns: the events, by project and name of the certificate, and the state for the next reading.
    """
    read = {(certificate.project, certificate.name): certificate for certificate in reading.certificates}
    findings: dict[tuple[str, str, str], Finding] = {
        (finding["kind"], finding["project"], finding["name"]): finding for finding in find(reading.certificates, None)
    }
    events = [] if state.unreachable_since is None else [_manager_reachable(reading, state.unreachable_since)]
    certificates: dict[_Key, CertificateState] = {}
    for key in sorted({*state.certificates, *read}):
        before = state.certificates.get(key, CertificateState())
        entries = {entry.environment: entry for entry in read[key].entries} if key in read else {}
        observed = {
            name: _observe_environment(before.environments.get(name), entry, windows) for name, entry in entries.items()
        }
        events += _certificate_changes(reading, key, before, entries)
        events += _threshold_crossings(reading, key, before, entries, observed, windows)
        duplicates, drift = findings.get(("duplicate_entries", *key)), findings.get(("drift", *key))
        events += _duplicate_changes(reading, key, before, duplicates)
        events += _drift_changes(reading, key, before, drift)
        events += gateway_events(reading.manager, reading.at, key, before.stale, entries.values())
        environments = {**_missing_environments(before, entries), **observed}
        after = CertificateState(
            environments,
            _environments_of(drift),
            _environments_of(duplicates),
            stale_environments(before.stale, environments, entries),
        )
        if after.environments:
            certificates[key] = after
    return events, State(certificates)


def observe_failure(
    state: State, manager: str, at: datetime, reason: str, status: int | None = None, kind: str = ""
) -> tuple[list[Event], State]:
    """Return the events and the new state after a reading that failed.

    The first failure in a row is an event, and so is each later one with another cause than the failure before. The cause
    is the status and the kind of the error. Its text does not count, because it may contain numbers that always differ.

    :arg manager: the address of the manager.
    :arg reason: one line without secrets.
    :arg status: the HTTP status of the response; None if there was no response.
    :arg kind: the kind of the error, for example the name of its class.
    """
    cause = f"{kind} {'-' if status is None else status}"
    since = state.unreachable_since
    # A state file of an earlier version has no cause.
    if since is not None and state.unreachable_cause in (cause, None):
        return [], replace(state, unreachable_cause=cause)
    message = f"Certificates {'cannot' if since is None else 'still cannot'} be read: {reason}"
    details: EventDetails = {"status": status, "unreachable_since": iso(since or at)}
    event = make_event("manager_unreachable", manager, at, message, details)
    return [event], replace(state, unreachable_since=since or at, unreachable_cause=cause)


def heartbeat(state: State, manager: str, at: datetime) -> Event:
    """Build the event which shows that the watch is running, whether or not the manager can be read."""
    environments = {name for certificate in state.certificates.values() for name in certificate.environments}
    message = f"Watching {count(len(state.certificates), 'certificate')} in {count(len(environments), 'environment')}"
    if state.unreachable_since is not None:
        message += f"; reading has failed since {clock(state.unreachable_since)}"
    details: EventDetails = {
        "reachable": state.unreachable_since is None,
        "certificates": len(state.certificates),
    }
    return make_event("heartbeat", manager, at, message, details)


def _observe_environment(
    before: EnvironmentState | None, entry: EnvironmentEntry, windows: Sequence[RenewalWindow]
) -> EnvironmentState:
    """Return the new state of an environment, including the threshold that this reading reports."""
    known = _find_observed(before, entry)
    thresholds = (_threshold_reached(entry, windows)[0], known.reported_threshold)
    current = ObservedCertificate(
        # The manager may omit a fingerprint in one reading; the certificate is the same nevertheless.
        entry.fingerprint_sha1 or known.fingerprint_sha1,
        entry.fingerprint_sha256 or known.fingerprint_sha256,
        min((threshold for threshold in thresholds if threshold is not None), default=None),
    )
    if before is None:
        return EnvironmentState(current)
    return EnvironmentState(current, before.current if before.current.differs_from(entry) else before.previous)


def _find_observed(before: EnvironmentState | None, entry: EnvironmentEntry) -> ObservedCertificate:
    """Find what is known about a certificate from earlier readings; an empty record for a new certificate."""
    observed = (before.current, before.previous) if before else ()
    return next((each for each in observed if each and not each.differs_from(entry)), ObservedCertificate())


def _threshold_reached(
    entry: EnvironmentEntry, windows: Sequence[RenewalWindow]
) -> tuple[int | None, RenewalWindow | None]:
    """Return the smallest threshold in days that the certificate is below, C(EXPIRED), or None; and its window."""
    if entry.expired:
        return EXPIRED, None
    begun = (
        (window.days(entry.not_before, entry.not_after), window)
        for window in windows
        if window.includes(entry.remaining)
    )
    known = [(days, window) for days, window in begun if days is not None]
    return min(known, key=lambda one: one[0], default=(None, None))


def _missing_environments(
    before: CertificateState, entries: Mapping[str, EnvironmentEntry]
) -> dict[str, EnvironmentState]:
    """Return the environments that are missing from this reading and not yet forgotten."""
    return {
        name: replace(environment, missed_readings=environment.missed_readings + 1)
        for name, environment in before.environments.items()
        if name not in entries and environment.missed_readings + 1 < _FORGET_AFTER_READINGS
    }


def _certificate_changes(
    reading: Reading, key: _Key, before: CertificateState, entries: Mapping[str, EnvironmentEntry]
) -> Iterator[Event]:
    """Build one event for all environments with the same previous and the same new certificate."""
    changed: dict[tuple[str | None, str | None], list[EnvironmentEntry]] = {}
    for name, entry in entries.items():
        known = before.environments.get(name)
        if known and known.current.differs_from(entry):
            changed.setdefault((known.current.fingerprint_sha1, entry.fingerprint_sha1), []).append(entry)
    for group in changed.values():
        old, new = before.environments[group[0].environment].current, group[0]
        text = f"the certificate changed, the new one is valid until {clock(new.not_after)}"
        details: EventDetails = {
            **certificate_details(new),
            "previous_fingerprint_sha1": old.fingerprint_sha1,
            "previous_fingerprint_sha256": old.fingerprint_sha256,
        }
        yield _certificate_event("certificate_changed", reading, key, _names(group), text, details)


def _threshold_crossings(
    reading: Reading,
    key: _Key,
    before: CertificateState,
    entries: Mapping[str, EnvironmentEntry],
    observed: Mapping[str, EnvironmentState],
    windows: Sequence[RenewalWindow],
) -> Iterator[Event]:
    """Build one event for all environments that hold the same certificate and now cross the same threshold."""
    crossed: dict[tuple[int, str | None, datetime | None], list[EnvironmentEntry]] = {}
    for name, entry in entries.items():
        threshold = observed[name].current.reported_threshold
        if threshold not in (None, _find_observed(before.environments.get(name), entry).reported_threshold):
            crossed.setdefault((threshold, entry.fingerprint_sha1, entry.not_after), []).append(entry)
    for (threshold, _sha1, not_after), group in sorted(crossed.items(), key=lambda item: item[0][0]):
        first = group[0]
        window = _threshold_reached(first, windows)[1]
        kind, text = "expired", f"expired on {clock(not_after)}"
        if window:
            left = count(first.days_remaining or 0, "day")
            kind = "threshold_crossed"
            text = f"less than {window} left, expires on {clock(not_after)}, in {left}"
        details: EventDetails = {
            **certificate_details(first),
            "threshold": threshold,
            "expiring_within": window.option if window else EXPIRED,
        }
        yield _certificate_event(kind, reading, key, _names(group), text, details)


def _duplicate_changes(
    reading: Reading, key: _Key, before: CertificateState, finding: Finding | None
) -> Iterator[Event]:
    """Build events for the environments that have duplicate entries now, and for those that no longer have any."""
    now = _environments_of(finding)
    started = [name for name in now if name not in before.duplicates]
    ended = [name for name in before.duplicates if name not in now]
    if finding and started:
        yield _certificate_event("duplicates_started", reading, key, started, finding["message"])
    if ended:
        yield _certificate_event("duplicates_ended", reading, key, ended, "no more duplicate entries")


def _drift_changes(reading: Reading, key: _Key, before: CertificateState, finding: Finding | None) -> Iterator[Event]:
    """Build an event when drift starts or ends. Changes while it lasts cause none."""
    if finding and not before.drift:
        yield _certificate_event("drift_started", reading, key, finding["environments"], finding["message"])
    if before.drift and not finding:
        text = "the environments no longer hold different certificates"
        yield _certificate_event("drift_ended", reading, key, before.drift, text)


def _environments_of(finding: Finding | None) -> tuple[str, ...]:
    return tuple(finding["environments"]) if finding else ()


def _manager_reachable(reading: Reading, since: datetime) -> Event:
    message = f"Certificates can be read again; reading had failed since {clock(since)}"
    return make_event("manager_reachable", reading.manager, reading.at, message, {"unreachable_since": iso(since)})


def _certificate_event(
    kind: str, reading: Reading, key: _Key, environments: Sequence[str], text: str, details: EventDetails | None = None
) -> Event:
    return make_certificate_event(kind, reading.manager, reading.at, key, environments, text, details)


def _names(entries: Iterable[EnvironmentEntry]) -> list[str]:
    return [entry.environment for entry in entries]
