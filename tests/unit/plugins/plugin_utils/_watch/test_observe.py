# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which events follow from what was remembered and what is read, and that each comes once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.audit import read_certificates
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.observe import (
    KINDS,
    Event,
    Reading,
    heartbeat,
    observe,
    observe_failure,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State, dump, load
from unit.plugins.plugin_utils._report.test_samples import NOW, audited, place

MANAGER = "https://apinizer.example.com"
THRESHOLDS = (60, 30, 14, 7, 1)
BOTH = "production", "staging"


class Watched:
    """A manager that is read again and again; between two readings what is remembered goes through its JSON form."""

    def __init__(self, thresholds: tuple[int, ...] = THRESHOLDS) -> None:
        self.state = State()
        self.thresholds = thresholds
        self.at = NOW
        self.told: list[Event] = []

    def read(self, *certificates: Any) -> list[tuple[Any, ...]]:
        """The events of a reading, each with its kind, where it is, and its threshold."""
        self.at += timedelta(hours=1)
        reading = Reading(MANAGER, self.at, read_certificates(list(certificates)))
        self.told, state = observe(load(dump(self.state, MANAGER), MANAGER), reading, self.thresholds)
        assert load(dump(state, MANAGER), MANAGER) == state
        self.state = state
        return [(event["kind"], event.get("environments"), event.get("threshold")) for event in self.told]

    def at_days(self, *left: int, first: int = 100) -> list[list[tuple[str, int]]]:
        """The kinds and thresholds of readings of one certificate with these numbers of days left."""
        return [
            [
                (kind, days)
                for kind, _where, days in self.read(audited("api", place("production", left=first, days_remaining=one)))
            ]
            for one in left
        ]


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_each_threshold_is_told_once_when_fewer_days_are_left(watched: Watched):
    assert watched.at_days(60, 59, 59, 30, 29, 14, 13, 7, 6, 1, 0, 0, -1, -1, -30) == [
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


def test_the_first_reading_tells_only_the_smallest_threshold(watched: Watched):
    assert watched.at_days(5, 5) == [[("threshold_crossed", 7)], []]
    assert Watched().at_days(-3) == [[("expired", 0)]]


def test_thresholds_that_were_jumped_over_are_not_told(watched: Watched):
    assert watched.at_days(100, 10, -1) == [[], [("threshold_crossed", 14)], [("expired", 0)]]


def test_a_clock_that_goes_back_repeats_nothing(watched: Watched):
    assert watched.at_days(29, 31, 29, 61, 13) == [[("threshold_crossed", 30)], [], [], [], [("threshold_crossed", 14)]]


def test_new_thresholds_after_a_restart_tell_only_what_is_smaller(watched: Watched):
    assert watched.at_days(25) == [[("threshold_crossed", 30)]]
    watched.thresholds = (45, 20)
    assert watched.at_days(25, 19) == [[], [("threshold_crossed", 20)]]


def test_an_unknown_date_is_no_event(watched: Watched):
    assert watched.read(audited("api", place("production", days_remaining=None, not_after=None))) == []


def test_environments_with_the_same_certificate_share_an_event(watched: Watched):
    assert watched.read(audited("api", *(place(one, left=20) for one in BOTH))) == [
        ("threshold_crossed", list(BOTH), 30)
    ]
    (event,) = watched.told
    certificate = place("production", left=20)
    assert event == {
        "schema": 1,
        "kind": "threshold_crossed",
        "manager": MANAGER,
        "observed_at": "2026-11-23T06:00:00Z",
        "project": "Payments",
        "name": "api",
        "environments": list(BOTH),
        "threshold": 30,
        "days_remaining": 20,
        "not_after": certificate["not_after"],
        "fingerprint_sha1": certificate["fingerprint_sha1"],
        "fingerprint_sha256": certificate["fingerprint_sha256"],
        "message": "Payments / api in production, staging: less than 30 days left, expires on 2026-12-13 11:00:00 UTC, "
        "in 20 days",
    }


def test_environments_with_different_certificates_have_events_of_their_own(watched: Watched):
    assert watched.read(audited("api", place("production", left=20), place("staging", left=-1))) == [
        ("expired", ["staging"], 0),
        ("threshold_crossed", ["production"], 30),
        ("drift_started", list(BOTH), None),
    ]


def test_another_certificate_is_told_and_starts_afresh(watched: Watched):
    watched.read(audited("api", place("production", left=20)))
    assert watched.read(audited("api", place("production", left=13))) == [
        ("certificate_changed", ["production"], None),
        ("threshold_crossed", ["production"], 14),
    ]
    changed = watched.told[0]
    assert changed["previous_fingerprint_sha1"] == place("production", left=20)["fingerprint_sha1"]
    assert changed["fingerprint_sha1"] == place("production", left=13)["fingerprint_sha1"]
    assert watched.read(audited("api", place("production", left=13))) == []


def test_a_certificate_that_a_rollback_brings_back_is_told_as_changed_only(watched: Watched):
    old, new = audited("api", place("production", left=20)), audited("api", place("production", left=300))
    assert watched.read(old) == [("threshold_crossed", ["production"], 30)]
    for _again in range(3):
        assert watched.read(new) == [("certificate_changed", ["production"], None)]
        assert watched.read(old) == [("certificate_changed", ["production"], None)]
    later = audited("api", place("production", left=20, days_remaining=13))
    assert watched.read(later) == [("threshold_crossed", ["production"], 14)]


def test_a_fingerprint_that_is_not_always_shown_is_no_change(watched: Watched):
    watched.read(audited("api", place("production", left=20)))
    for hidden in ({"fingerprint_sha256": None}, {"fingerprint_sha1": None}, {}):
        assert watched.read(audited("api", place("production", left=20, **hidden))) == []
    neither = place("production", left=20, fingerprint_sha256=None, fingerprint_sha1=None)
    assert watched.read(audited("api", neither)) == []
    assert watched.read(audited("api", place("production", left=300))) == [
        ("certificate_changed", ["production"], None)
    ]


def test_drift_is_told_when_it_starts_and_ends(watched: Watched):
    same = audited("api", *(place(one, left=100) for one in BOTH))
    differs = audited("api", place("production", left=100), place("staging", left=200))
    more = audited("api", place("development", left=300), *differs["environments"])
    assert watched.read(same) == []
    assert watched.read(differs) == [
        ("certificate_changed", ["staging"], None),
        ("drift_started", list(BOTH), None),
    ]
    assert "2 different certificates" in watched.told[1]["message"]
    assert watched.read(differs) == []
    assert watched.read(more) == []
    assert watched.read(same) == [
        ("certificate_changed", ["staging"], None),
        ("drift_ended", ["development", *BOTH], None),
    ]


def test_duplicate_entries_are_told_for_each_environment(watched: Watched):
    def listed(production: int, staging: int) -> Any:
        return audited(
            "api", place("production", left=100, entries=production), place("staging", left=100, entries=staging)
        )

    assert watched.read(listed(2, 1)) == [("duplicates_started", ["production"], None)]
    assert watched.read(listed(3, 1)) == []
    assert watched.read(listed(2, 2)) == [("duplicates_started", ["staging"], None)]
    assert watched.read(listed(1, 2)) == [("duplicates_ended", ["production"], None)]
    assert watched.read(listed(1, 1)) == [("duplicates_ended", ["staging"], None)]


def test_what_ends_because_the_certificate_is_gone_is_told(watched: Watched):
    watched.read(audited("api", place("production", left=100, entries=2), place("staging", left=200)))
    assert watched.read() == [("duplicates_ended", ["production"], None), ("drift_ended", list(BOTH), None)]


def test_a_certificate_that_is_away_for_a_moment_is_not_forgotten(watched: Watched):
    expiring = audited("api", place("production", left=20))
    watched.read(expiring)
    for _twice in range(2):
        assert watched.read() == []
        assert watched.read() == []
        assert watched.read(expiring) == []


def test_a_certificate_that_stays_away_is_forgotten(watched: Watched):
    expiring = audited("api", place("production", left=20))
    watched.read(expiring)
    for _reading in range(3):
        watched.read()
    assert watched.state == State()
    assert watched.read(expiring) == [("threshold_crossed", ["production"], 30)]


def test_what_is_remembered_does_not_grow(watched: Watched):
    sizes = set()
    for number in range(50):
        watched.read(*(audited(f"api-{number}-{one}", place("production", left=number)) for one in range(5)))
        sizes.add(len(watched.state.certificates))
    assert max(sizes) == 15
    watched = Watched()
    for number in range(50):
        watched.read(audited("api", place("production", left=100 + number)))
        assert len(str(watched.state)) < 1000


def test_a_manager_that_cannot_be_read_is_told_once(watched: Watched):
    expiring = audited("api", place("production", left=20))
    watched.read(expiring)
    first, state = observe_failure(watched.state, MANAGER, NOW, "HTTP 503", 503)
    assert [(event["kind"], event["status"], event["message"]) for event in first] == [
        ("manager_unreachable", 503, "Certificates cannot be read: HTTP 503")
    ]
    again, state = observe_failure(state, MANAGER, NOW + timedelta(hours=1), "no answer")
    assert again == []
    watched.state = state
    assert watched.read(expiring) == [("manager_reachable", None, None)]
    assert watched.told[0]["unreachable_since"] == "2026-11-23T05:00:00Z"
    assert watched.read(expiring) == []


def test_a_heartbeat_says_how_things_are(watched: Watched):
    watched.read(audited("api", *(place(one, left=100) for one in BOTH)), audited("web", place("staging", left=100)))
    alive = heartbeat(watched.state, MANAGER, NOW)
    assert (alive["reachable"], alive["certificates"]) == (True, 2)
    assert alive["message"] == "Watching 2 certificates in 3 places"
    _events, state = observe_failure(watched.state, MANAGER, NOW, "no answer")
    alive = heartbeat(state, MANAGER, NOW)
    assert alive["reachable"] is False
    assert alive["message"].endswith("; the manager cannot be read since 2026-11-23 05:00:00 UTC")


@pytest.mark.parametrize("name", ["{{ lookup('ansible.builtin.pipe', 'id') }}", "a{% b", "a{# b", "{{{{"])
@pytest.mark.parametrize("where", ["project", "name", "environment"])
def test_a_name_that_is_a_template_reaches_no_playbook(watched: Watched, name: str, where: str):
    names = {"project": "Payments", "name": "api", "environment": "production", where: name}
    certificate = audited(names["name"], place(names["environment"], left=20, entries=2), project=names["project"])
    watched.read(certificate)
    assert [event["kind"] for event in watched.told] == ["threshold_crossed", "duplicates_started"]
    for event in watched.told:
        assert not {"project", "name", "environments"} & set(event)
        assert not any(opening in str(list(event.values())) for opening in ("{{", "{%", "{#"))
    assert watched.read(certificate) == []


def test_a_templates_opening_in_the_managers_words_reaches_no_playbook(watched: Watched):
    (event,), _state = observe_failure(watched.state, MANAGER, NOW, "HTTP 400: {{ evil }}")
    assert "{{" not in event["message"]


def test_all_kinds_are_known(watched: Watched):
    kinds = {"heartbeat"}
    watched.read(audited("api", place("production", left=-1), place("staging", left=20, entries=2)))
    kinds.update(event["kind"] for event in watched.told)
    watched.read(audited("api", *(place(one, left=100) for one in BOTH)))
    kinds.update(event["kind"] for event in watched.told)
    events, watched.state = observe_failure(watched.state, MANAGER, NOW, "no answer")
    kinds.update(event["kind"] for event in events)
    watched.read()
    kinds.update(event["kind"] for event in watched.told)
    assert kinds == set(KINDS)
