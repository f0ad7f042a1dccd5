# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events about what the gateways hold: when they are emitted, and that a restart does not repeat them."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import State
from unit.plugins.plugin_utils._report.test_samples import audited, environment_entry, gateway
from unit.plugins.plugin_utils._watch.test_observe import MANAGER, Watch

NEW, OLD = "a" * 64, "b" * 64


def at(environment: str, state: str | None, *, left: int = 100, sha256: str | None = None) -> Any:
    """An environment with what its gateways hold; None if they were not asked."""
    place = environment_entry(environment, left=left)
    if state is None:
        return place
    return gateway(place, state, sha256=sha256 or {"confirmed": NEW, "stale": OLD}.get(state))


@pytest.fixture
def watch() -> Watch:
    return Watch()


def kinds(watch: Watch, *states: str | None) -> list[list[str]]:
    """Return the kinds of the events of successive readings of one environment."""
    return [[kind for kind, *_rest in watch.read(audited("api", at("production", state)))] for state in states]


def test_each_transition_is_reported_once(watch: Watch):
    assert kinds(watch, "confirmed", "stale", "stale", "missing", "confirmed", "confirmed", "missing") == [
        [],
        ["gateway_stale"],
        [],
        [],
        ["gateway_confirmed"],
        [],
        ["gateway_stale"],
    ]


@pytest.mark.parametrize("state", ["stale", "missing"])
def test_the_first_reading_reports_what_the_gateways_do_not_hold(watch: Watch, state: str):
    assert kinds(watch, state, state, "confirmed") == [["gateway_stale"], [], ["gateway_confirmed"]]


@pytest.mark.parametrize("unknown", ["unknown", None])
def test_an_unknown_state_changes_nothing(watch: Watch, unknown: str | None):
    assert kinds(watch, unknown, "confirmed", unknown, "stale", unknown, "stale", unknown, "confirmed") == [
        [],
        [],
        [],
        ["gateway_stale"],
        [],
        [],
        [],
        ["gateway_confirmed"],
    ]


def test_the_event_says_what_the_gateways_hold_instead(watch: Watch):
    watch.read(audited("api", at("production", "stale")))
    certificate = environment_entry("production", left=100)
    assert watch.events == [
        {
            "schema": 1,
            "kind": "gateway_stale",
            "manager": MANAGER,
            "observed_at": "2026-11-23T06:00:00Z",
            "project": "Payments",
            "name": "api",
            "environments": ["production"],
            "days_remaining": 100,
            "not_after": certificate["not_after"],
            "fingerprint_sha1": certificate["fingerprint_sha1"],
            "fingerprint_sha256": certificate["fingerprint_sha256"],
            "gateway_state": "stale",
            "gateway_fingerprint_sha256": OLD,
            "message": "Payments / api in production: the gateways do not hold the certificate of the record: those of "
            f"production hold SHA-256 {OLD} instead",
        }
    ]
    watch.read(audited("api", at("production", "confirmed")))
    (event,) = watch.events
    assert event["message"] == "Payments / api in production: the gateways hold the certificate of the record"
    assert "gateway_state" not in event


def test_environments_with_the_same_certificates_share_an_event(watch: Watch):
    places = ("development", "staging", "production", "test")
    first = [at("development", "stale"), at("staging", "stale"), at("production", "missing"), at("test", "confirmed")]
    assert [(kind, names) for kind, names, _days in watch.read(audited("api", *first))] == [
        ("gateway_stale", ["development", "staging"]),
        ("gateway_stale", ["production"]),
    ]
    assert [
        (kind, names) for kind, names, _days in watch.read(audited("api", *(at(one, "confirmed") for one in places)))
    ] == [
        ("gateway_confirmed", ["development", "staging", "production"]),
    ]


def test_a_new_certificate_that_is_not_deployed_either_is_not_reported_again(watch: Watch):
    assert [kind for kind, *_rest in watch.read(audited("api", at("production", "stale")))] == ["gateway_stale"]
    assert [kind for kind, *_rest in watch.read(audited("api", at("production", "stale", left=300)))] == [
        "certificate_changed"
    ]


def test_a_missed_reading_does_not_repeat_the_event(watch: Watch):
    assert kinds(watch, "stale") == [["gateway_stale"]]
    assert watch.read() == []
    assert kinds(watch, "stale") == [[]]


def test_a_forgotten_certificate_is_reported_again(watch: Watch):
    assert kinds(watch, "stale") == [["gateway_stale"]]
    for _reading in range(3):
        assert watch.read() == []
    assert watch.state == State()
    assert kinds(watch, "stale") == [["gateway_stale"]]


def test_names_with_a_template_never_reach_a_playbook(watch: Watch):
    watch.read(audited("{{ evil }}", at("production", "stale")))
    (event,) = watch.events
    assert not {"project", "name", "environments"} & set(event)
    assert "{{" not in str(list(event.values()))
