# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events a reading causes, given the state of the watch, and that each is emitted once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.certificate import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.events import KINDS, Event
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.observe import (
    Reading,
    heartbeat,
    observe,
    observe_failure,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_json import dump, load
from unit.plugins.plugin_utils._report.test_samples import NOW, audited, environment_entry, gateway

MANAGER = "https://apinizer.example.com"
THRESHOLDS = (60, 30, 14, 7, 1)
BOTH = "production", "staging"


class Watch:
    """Successive readings of one manager. Between two readings, the state goes through its JSON form."""

    def __init__(self, thresholds: tuple[int, ...] = THRESHOLDS) -> None:
        self.state = State()
        self.thresholds = thresholds
        self.at = NOW
        self.events: list[Event] = []

    def read(self, *certificates: Any) -> list[tuple[Any, ...]]:
        """Return the kind, the environments and the threshold of each event of a reading."""
        self.at += timedelta(hours=1)
        reading = Reading(MANAGER, self.at, read_certificates(list(certificates)))
        self.events, state = observe(
            load(dump(self.state, MANAGER), MANAGER), reading, [RenewalWindow(days) for days in self.thresholds]
        )
        assert load(dump(state, MANAGER), MANAGER) == state
        self.state = state
        return [(event["kind"], event.get("environments"), event.get("threshold")) for event in self.events]

    def at_days(self, *left: int, first: int = 100) -> list[list[tuple[str, int]]]:
        """Return the kinds and thresholds of successive readings of one certificate with these days left."""
        return [
            [
                (kind, days)
                for kind, _environments, days in self.read(
                    audited("api", environment_entry("production", left=first, days_remaining=one))
                )
            ]
            for one in left
        ]


@pytest.fixture
def watch() -> Watch:
    """A watch that has not read the manager yet."""
    return Watch()


def test_each_threshold_is_reported_once_when_fewer_days_are_left(watch: Watch):
    assert watch.at_days(60, 59, 59, 30, 29, 14, 13, 7, 6, 1, 0, 0, -1, -1, -30) == [
        [],
        [("threshold_crossed", 60)],
        [],
        [],
        [("threshold_crossed", 30)],
        [],
        [("threshold_crossed", 14)],
        [],
        [("threshold_crossed", 7)],
        [],
        [("threshold_crossed", 1)],
        [],
        [("expired", 0)],
        [],
        [],
    ]


def test_the_first_reading_reports_only_the_smallest_threshold(watch: Watch):
    assert watch.at_days(5, 5) == [[("threshold_crossed", 7)], []]
    assert Watch().at_days(-3) == [[("expired", 0)]]


def test_thresholds_crossed_together_cause_one_event(watch: Watch):
    assert watch.at_days(100, 10, -1) == [[], [("threshold_crossed", 14)], [("expired", 0)]]


def test_a_clock_set_back_repeats_no_event(watch: Watch):
    assert watch.at_days(29, 31, 29, 61, 13) == [[("threshold_crossed", 30)], [], [], [], [("threshold_crossed", 14)]]


def test_new_thresholds_after_a_restart_report_only_smaller_ones(watch: Watch):
    assert watch.at_days(25) == [[("threshold_crossed", 30)]]
    watch.thresholds = (45, 20)
    assert watch.at_days(25, 19) == [[], [("threshold_crossed", 20)]]


def test_an_unknown_expiry_date_causes_no_event(watch: Watch):
    assert watch.read(audited("api", environment_entry("production", days_remaining=None, not_after=None))) == []


def test_a_share_of_the_lifetime_is_a_threshold_of_its_own_days(watch: Watch):
    """A third of a lifetime of 90 days is 30 days, rounded up, and a third of 6 days is 2."""
    windows = [RenewalWindow(33, is_share=True), RenewalWindow(1)]

    def read(state: State, *lefts: tuple[int, int]) -> tuple[list[Event], State]:
        """Each certificate is given by its lifetime and its percent that remain."""
        certificates = [
            audited(
                f"c{lifetime}",
                environment_entry(
                    "production",
                    lifetime=lifetime,
                    left=lifetime,
                    days_remaining=lifetime * percent // 100,
                    percent_remaining=percent,
                ),
            )
            for lifetime, percent in lefts
        ]
        return observe(state, Reading(MANAGER, NOW, read_certificates(certificates)), windows)

    none, state = read(State(), (90, 33), (6, 33))
    assert none == []
    events, state = read(state, (90, 32), (6, 32))
    assert [(one["name"], one["threshold"], one["expiring_within"]) for one in events] == [
        ("c6", 2, "33%"),
        ("c90", 30, "33%"),
    ]
    assert "less than 33% of the lifetime left, expires on" in events[0]["message"]
    assert read(state, (90, 31), (6, 31))[0] == []
    (event,) = read(state, (90, 31), (6, 10))[0]
    assert (event["name"], event["threshold"], event["expiring_within"]) == ("c6", 1, 1)
    (event,) = read(state, (90, 31), (6, -1))[0]
    assert (event["kind"], event["threshold"], event["expiring_within"]) == ("expired", 0, 0)


def test_a_share_of_an_unknown_lifetime_causes_no_event(watch: Watch):
    entry = environment_entry("production", left=1, not_before=None, percent_remaining=None)
    reading = Reading(MANAGER, NOW, read_certificates([audited("api", entry)]))
    assert observe(State(), reading, [RenewalWindow(99, is_share=True)])[0] == []


def test_environments_with_the_same_certificate_share_an_event(watch: Watch):
    assert watch.read(audited("api", *(environment_entry(one, left=20) for one in BOTH))) == [
        ("threshold_crossed", list(BOTH), 30)
    ]
    (event,) = watch.events
    certificate = environment_entry("production", left=20)
    assert event == {
        "schema": 1,
        "kind": "threshold_crossed",
        "manager": MANAGER,
        "observed_at": "2026-11-23T06:00:00Z",
        "project": "Payments",
        "name": "api",
        "environments": list(BOTH),
        "threshold": 30,
        "expiring_within": 30,
        "days_remaining": 20,
        "not_after": certificate["not_after"],
        "fingerprint_sha1": certificate["fingerprint_sha1"],
        "fingerprint_sha256": certificate["fingerprint_sha256"],
        "message": "Payments / api in production, staging: less than 30 days left, expires on 2026-12-13 11:00:00 UTC, "
        "in 20 days",
    }


def test_environments_with_different_certificates_have_separate_events(watch: Watch):
    assert watch.read(
        audited("api", environment_entry("production", left=20), environment_entry("staging", left=-1))
    ) == [
        ("expired", ["staging"], 0),
        ("threshold_crossed", ["production"], 30),
        ("drift_started", list(BOTH), None),
    ]


def test_a_new_certificate_is_reported_and_its_thresholds_start_over(watch: Watch):
    watch.read(audited("api", environment_entry("production", left=20)))
    assert watch.read(audited("api", environment_entry("production", left=13))) == [
        ("certificate_changed", ["production"], None),
        ("threshold_crossed", ["production"], 14),
    ]
    changed = watch.events[0]
    assert changed["previous_fingerprint_sha1"] == environment_entry("production", left=20)["fingerprint_sha1"]
    assert changed["fingerprint_sha1"] == environment_entry("production", left=13)["fingerprint_sha1"]
    assert watch.read(audited("api", environment_entry("production", left=13))) == []


def test_a_certificate_restored_by_a_rollback_is_reported_as_changed_only(watch: Watch):
    old, new = (
        audited("api", environment_entry("production", left=20)),
        audited("api", environment_entry("production", left=300)),
    )
    assert watch.read(old) == [("threshold_crossed", ["production"], 30)]
    for _again in range(3):
        assert watch.read(new) == [("certificate_changed", ["production"], None)]
        assert watch.read(old) == [("certificate_changed", ["production"], None)]
    later = audited("api", environment_entry("production", left=20, days_remaining=13))
    assert watch.read(later) == [("threshold_crossed", ["production"], 14)]


def test_a_fingerprint_missing_from_a_reading_is_not_a_change(watch: Watch):
    watch.read(audited("api", environment_entry("production", left=20)))
    for changes in ({"fingerprint_sha256": None}, {"fingerprint_sha1": None}, {}):
        assert watch.read(audited("api", environment_entry("production", left=20, **changes))) == []
    neither = environment_entry("production", left=20, fingerprint_sha256=None, fingerprint_sha1=None)
    assert watch.read(audited("api", neither)) == []
    assert watch.read(audited("api", environment_entry("production", left=300))) == [
        ("certificate_changed", ["production"], None)
    ]


def test_drift_is_reported_when_it_starts_and_ends(watch: Watch):
    same = audited("api", *(environment_entry(one, left=100) for one in BOTH))
    differs = audited("api", environment_entry("production", left=100), environment_entry("staging", left=200))
    more = audited("api", environment_entry("development", left=300), *differs["environments"])
    assert watch.read(same) == []
    assert watch.read(differs) == [
        ("certificate_changed", ["staging"], None),
        ("drift_started", list(BOTH), None),
    ]
    assert "2 different certificates" in watch.events[1]["message"]
    assert watch.read(differs) == []
    assert watch.read(more) == []
    assert watch.read(same) == [
        ("certificate_changed", ["staging"], None),
        ("drift_ended", ["development", *BOTH], None),
    ]


def test_duplicate_entries_are_reported_for_each_environment(watch: Watch):
    def with_entries(production: int, staging: int) -> Any:
        return audited(
            "api",
            environment_entry("production", left=100, entries=production),
            environment_entry("staging", left=100, entries=staging),
        )

    assert watch.read(with_entries(2, 1)) == [("duplicates_started", ["production"], None)]
    assert watch.read(with_entries(3, 1)) == []
    assert watch.read(with_entries(2, 2)) == [("duplicates_started", ["staging"], None)]
    assert watch.read(with_entries(1, 2)) == [("duplicates_ended", ["production"], None)]
    assert watch.read(with_entries(1, 1)) == [("duplicates_ended", ["staging"], None)]


def test_drift_and_duplicates_end_when_the_certificate_is_deleted(watch: Watch):
    watch.read(
        audited("api", environment_entry("production", left=100, entries=2), environment_entry("staging", left=200))
    )
    assert watch.read() == [("duplicates_ended", ["production"], None), ("drift_ended", list(BOTH), None)]


def test_a_certificate_missing_from_two_readings_is_not_forgotten(watch: Watch):
    expiring = audited("api", environment_entry("production", left=20))
    watch.read(expiring)
    for _attempt in range(2):
        assert watch.read() == []
        assert watch.read() == []
        assert watch.read(expiring) == []


def test_a_certificate_missing_from_three_readings_is_forgotten(watch: Watch):
    expiring = audited("api", environment_entry("production", left=20))
    watch.read(expiring)
    for _reading in range(3):
        watch.read()
    assert watch.state == State()
    assert watch.read(expiring) == [("threshold_crossed", ["production"], 30)]


def test_the_state_does_not_grow(watch: Watch):
    sizes = set()
    for number in range(50):
        watch.read(*(audited(f"api-{number}-{one}", environment_entry("production", left=number)) for one in range(5)))
        sizes.add(len(watch.state.certificates))
    assert max(sizes) == 15
    watch = Watch()
    for number in range(50):
        watch.read(audited("api", environment_entry("production", left=100 + number)))
        assert len(str(watch.state)) < 1000


def test_an_unreachable_manager_is_reported_once(watch: Watch):
    expiring = audited("api", environment_entry("production", left=20))
    watch.read(expiring)
    first, state = observe_failure(watch.state, MANAGER, NOW, "HTTP 503", 503)
    assert [(event["kind"], event["status"], event["message"]) for event in first] == [
        ("manager_unreachable", 503, "Certificates cannot be read: HTTP 503")
    ]
    again, state = observe_failure(state, MANAGER, NOW + timedelta(hours=1), "HTTP 503, try 2", 503)
    assert again == []
    watch.state = state
    assert watch.read(expiring) == [("manager_reachable", None, None)]
    assert watch.events[0]["unreachable_since"] == "2026-11-23T05:00:00Z"
    assert watch.read(expiring) == []


def test_another_cause_during_an_outage_is_an_event(watch: Watch):
    """The HTTP status and the kind of the error count, not the text. The event says since when reading has failed."""
    state, told = watch.state, []
    for minutes, (status, kind) in enumerate(
        [(503, "a"), (401, "a"), (401, "a"), (None, "a"), (None, "b"), (503, "a")]
    ):
        at = NOW + timedelta(minutes=minutes)
        events, state = observe_failure(state, MANAGER, at, f"attempt {minutes}", status, kind)
        told += [(event["message"], event["status"], event["unreachable_since"]) for event in events]
    since = "2026-11-23T05:00:00Z"
    assert told == [
        ("Certificates cannot be read: attempt 0", 503, since),
        ("Certificates still cannot be read: attempt 1", 401, since),
        ("Certificates still cannot be read: attempt 3", None, since),
        ("Certificates still cannot be read: attempt 4", None, since),
        ("Certificates still cannot be read: attempt 5", 503, since),
    ]


def test_an_outage_that_an_earlier_version_stored_has_no_cause(watch: Watch):
    state = replace(watch.state, unreachable_since=NOW)
    events, state = observe_failure(state, MANAGER, NOW, "HTTP 503", 503)
    assert events == []
    events, state = observe_failure(state, MANAGER, NOW, "HTTP 401", 401)
    assert [event["status"] for event in events] == [401]


def test_a_heartbeat_reports_the_status_of_the_watch(watch: Watch):
    watch.read(
        audited("api", *(environment_entry(one, left=100) for one in BOTH)),
        audited("web", environment_entry("staging", left=100)),
    )
    beat = heartbeat(watch.state, MANAGER, NOW)
    assert (beat["reachable"], beat["certificates"]) == (True, 2)
    assert beat["message"] == "Watching 2 certificates in 2 environments"
    _events, state = observe_failure(watch.state, MANAGER, NOW, "no response")
    beat = heartbeat(state, MANAGER, NOW)
    assert beat["reachable"] is False
    assert beat["message"].endswith("; reading has failed since 2026-11-23 05:00:00 UTC")


@pytest.mark.parametrize("name", ["{{ lookup('ansible.builtin.pipe', 'id') }}", "a{% b", "a{# b", "{{{{"])
@pytest.mark.parametrize("where", ["project", "name", "environment"])
def test_a_name_with_a_template_never_reaches_a_playbook(watch: Watch, name: str, where: str):
    names = {"project": "Payments", "name": "api", "environment": "production", where: name}
    certificate = audited(
        names["name"], environment_entry(names["environment"], left=20, entries=2), project=names["project"]
    )
    watch.read(certificate)
    assert [event["kind"] for event in watch.events] == ["threshold_crossed", "duplicates_started"]
    for event in watch.events:
        assert not {"project", "name", "environments"} & set(event)
        assert not any(opening in str(list(event.values())) for opening in ("{{", "{%", "{#"))
    assert watch.read(certificate) == []


def test_a_template_in_a_message_of_the_manager_never_reaches_a_playbook(watch: Watch):
    (event,), _state = observe_failure(watch.state, MANAGER, NOW, "HTTP 400: {{ evil }}")
    assert "{{" not in event["message"]


@pytest.mark.parametrize("name", ["a\nb", "a\r\n", "\x1b[2J", "\x07", "\x85", "\u2028b", "\u202eb"])
@pytest.mark.parametrize("where", ["project", "name", "environment"])
def test_a_name_with_control_characters_is_escaped_in_the_message(watch: Watch, name: str, where: str):
    names = {"project": "Payments", "name": "api", "environment": "production", where: name}
    entry = environment_entry(names["environment"], left=20, entries=2)
    watch.read(audited(names["name"], entry, project=names["project"]))
    assert len(watch.events) == 2
    for event in watch.events:
        assert event["message"].isprintable()
        assert name != "a\nb" or "a\\nb" in event["message"]


def test_control_characters_in_a_message_of_the_manager_are_escaped(watch: Watch):
    (event,), _state = observe_failure(watch.state, MANAGER, NOW, "HTTP 400: \x1b[2J")
    assert event["message"] == "Certificates cannot be read: HTTP 400: \\x1b[2J"


def test_every_kind_is_listed(watch: Watch):
    kinds = {"heartbeat"}
    watch.read(
        audited("api", environment_entry("production", left=-1), environment_entry("staging", left=20, entries=2))
    )
    kinds.update(event["kind"] for event in watch.events)
    watch.read(audited("api", *(environment_entry(one, left=100) for one in BOTH)))
    kinds.update(event["kind"] for event in watch.events)
    events, watch.state = observe_failure(watch.state, MANAGER, NOW, "no response")
    kinds.update(event["kind"] for event in events)
    watch.read(audited("api", gateway(environment_entry("production", left=100), "missing")))
    kinds.update(event["kind"] for event in watch.events)
    watch.read(audited("api", gateway(environment_entry("production", left=100), "confirmed")))
    kinds.update(event["kind"] for event in watch.events)
    assert kinds == set(KINDS)
