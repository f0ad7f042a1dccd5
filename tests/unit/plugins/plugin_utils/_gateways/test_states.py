# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of the record compared with the truststores of their environments."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._gateways import Trusted, compare
from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.states import (
    Answer,
    add_gateways,
    answer_of,
    projects_to_ask,
)
from unit.plugins.plugin_utils._report.test_samples import audited, entry, environment_entry

NEW, OLD = entry("api", left=300), entry("api", left=8)


def states(answers: dict[str, Answer], *environments: Any) -> list[Any]:
    """Return what is added to the environments of one certificate."""
    ((certificate,), before) = (add_gateways([audited("api", *environments)], answers), environments)
    assert [{key: each[key] for key in each if key != "gateway"} for each in certificate["environments"]] == list(
        before
    )
    return [each["gateway"] for each in certificate["environments"]]


def gateway(name: str, state: str, fingerprint: str | None = None, reason: str | None = None) -> Any:
    return {"name": name, "state": state, "fingerprint_sha256": fingerprint, "reason": reason}


def test_each_environment_is_compared_with_its_own_truststore():
    answers = {
        "development": answer_of([entry("other"), NEW]),
        "staging": answer_of([{**OLD, "alias": "API"}]),
        "production": answer_of([]),
        "apimanager": Answer(reason="no request returns it"),
    }

    found = states(answers, *(environment_entry(name, left=300) for name in answers))

    assert found == [
        gateway("development", "confirmed", NEW["fingerprint_sha256"]),
        gateway("staging", "stale", OLD["fingerprint_sha256"]),
        gateway("production", "missing"),
        gateway("apimanager", "unknown", reason="no request returns it"),
    ]


def test_an_environment_that_was_not_asked_has_no_state():
    assert states({}, environment_entry("production")) == [None]


def test_the_same_certificate_under_another_alias_is_confirmed():
    found = states({"production": answer_of([{**NEW, "alias": "x"}])}, environment_entry("production", left=300))
    assert found == [
        gateway("production", "confirmed", NEW["fingerprint_sha256"], "found under the alias x"),
    ]


def test_without_a_fingerprint_in_the_record_the_state_is_unknown():
    nothing = environment_entry("production", fingerprint_sha256=None, fingerprint_sha1=None)
    (found,) = states({"production": answer_of([NEW])}, nothing)
    assert (found["state"], found["reason"]) == ("unknown", "the manager's record has no fingerprint to compare")


TRUSTED = [
    Trusted(alias, sha256, sha1)
    for alias in ("web", "WEB", "other", None)
    for sha256 in ("a" * 64, "b" * 64, None)
    for sha1 in ("a" * 40, "b" * 40, None)
]


@pytest.mark.parametrize("expected", [one for one in TRUSTED if one[1] or one[2]])
def test_the_index_finds_the_same_as_a_comparison_with_all(expected: Trusted):
    for one in TRUSTED:
        for other in TRUSTED:
            held = (one, other)
            assert Answer(held).state_of("production", expected) == compare("production", held, expected)


def test_each_environment_is_asked_through_its_first_project():
    certificates = [
        audited("one", environment_entry("staging"), environment_entry("production"), project="A"),
        audited("two", environment_entry("production"), environment_entry("development"), project="B"),
        audited("unused", project="C"),
    ]
    assert list(projects_to_ask(certificates).items()) == [("development", "B"), ("production", "A"), ("staging", "A")]
