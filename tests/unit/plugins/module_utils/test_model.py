# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from unit.plugins.module_utils.certificate_maker import make_certificate

Held = Callable[..., StoredCertificate]
Stripped = Callable[[StoredCertificate], StoredCertificate]
MOMENT = datetime(2026, 1, 1, tzinfo=timezone.utc)

# Entries


def test_an_entry_has_the_values_of_its_certificate(old: Bundle) -> None:
    entry = Entry("staging", "web", old, "ffff", "CN=reported", MOMENT.replace(year=1), MOMENT.replace(year=2))
    assert entry.leaf == old.leaf
    assert (entry.subject, entry.fingerprint_sha1) == (old.leaf.subject, old.leaf.fingerprint_sha1)
    assert (entry.not_before, entry.not_after) == (old.leaf.not_before, old.leaf.not_after)


def test_an_entry_without_content_has_the_values_that_the_manager_reports() -> None:
    entry = Entry("staging", "web", None, "ffff", "CN=reported", MOMENT, MOMENT.replace(year=2027))
    assert entry.leaf is None
    assert (entry.subject, entry.fingerprint_sha1) == ("CN=reported", "ffff")
    assert (entry.not_before, entry.not_after) == (MOMENT, MOMENT.replace(year=2027))


def test_a_certificate_with_an_empty_subject_does_not_get_the_one_that_the_manager_reports(old: Bundle) -> None:
    certificate = Bundle(make_certificate("", "issuer"))
    assert Entry("staging", "web", certificate, reported_subject="CN=reported").subject == ""
    assert Entry("staging", "web", old, reported_subject="CN=reported").subject == old.leaf.subject


def test_an_unreadable_certificate_gets_the_values_that_the_manager_reports(unreadable: Bundle) -> None:
    entry = Entry("staging", "web", unreadable, "ffff", "CN=reported", MOMENT, MOMENT)
    assert (entry.subject, entry.not_before, entry.not_after) == ("CN=reported", MOMENT, MOMENT)
    assert entry.fingerprint_sha1 == unreadable.leaf.fingerprint_sha1


def test_an_entry_holds_a_certificate_by_its_content(old: Bundle, new: Bundle) -> None:
    entry = Entry("staging", bundle=old, sha1=new.leaf.fingerprint_sha1)
    assert entry.holds(old)
    assert entry.holds(Bundle(old.leaf, (new.leaf,)))
    assert not entry.holds(new)


def test_an_entry_without_content_holds_a_certificate_by_its_thumbprint(old: Bundle, new: Bundle) -> None:
    entry = Entry("staging", sha1=old.leaf.fingerprint_sha1)
    assert entry.holds(old)
    assert not entry.holds(new)


def test_an_unknown_entry_holds_nothing(old: Bundle) -> None:
    assert not Entry("staging").holds(old)


# Stored certificates


def test_environments_are_sorted_and_named_once(held: Held, old: Bundle, new: Bundle) -> None:
    stored = held({"staging": old, "production": [old, new], "development": new})
    assert stored.environments == ("development", "production", "staging")
    assert stored.duplicated == ("production",)
    assert [entry.leaf for entry in stored.entries_of("production")] == [old.leaf, new.leaf]
    assert stored.entries_of("elsewhere") == ()


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_the_desired_entry_is_chosen_or_else_the_latest_one(
    held: Held, old: Bundle, new: Bundle, unreadable: Bundle, order: slice
) -> None:
    stored = held({"production": [unreadable, old, new][order]})
    assert stored.entry_of("production") == Entry("production", "web-alias", new)
    for desired in (old, new, unreadable):
        assert stored.entry_of("production", desired) == Entry("production", "web-alias", desired)
    assert stored.entry_of("production", Bundle(replace(unreadable.leaf, der=b"other"))) == stored.entry_of(
        "production"
    )


def test_of_entries_issued_at_the_same_time_the_longest_valid_one_is_chosen(old: Bundle) -> None:
    lasting = Bundle(replace(old.leaf, der=b"lasting", not_after=MOMENT.replace(year=2030)))
    entries = (Entry("staging", bundle=lasting), Entry("staging", bundle=old))
    for order in (entries, entries[::-1]):
        assert StoredCertificate("MyProject", "web", entries=order).entry_of("staging") == entries[0]


def test_an_environment_without_an_entry_has_none(held: Held, old: Bundle) -> None:
    assert held({"staging": old}).entry_of("production", old) is None


def test_a_known_certificate_is_recognized_by_its_thumbprint(
    held: Held, without_content: Stripped, old: Bundle, new: Bundle
) -> None:
    listed = without_content(held({"production": old, "staging": new}))
    known = Bundle(new.leaf, (old.leaf,))
    assert [entry.bundle for entry in listed.recognize(known).entries] == [None, Bundle(new.leaf)]
    assert listed.recognize(None) == listed


def test_recognizing_does_not_replace_content_that_the_manager_sent(held: Held, old: Bundle) -> None:
    chain = Bundle(old.leaf, (old.leaf,))
    assert held({"staging": chain}).recognize(old) == held({"staging": chain})


def test_the_state_is_the_same_with_and_without_content_and_in_any_order(
    held: Held, without_content: Stripped, old: Bundle, new: Bundle
) -> None:
    state = held({"production": old, "staging": new})
    assert state.same_state(state)
    assert state.same_state(without_content(state))
    assert state.same_state(held({"staging": new, "production": old}))


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda held, old, new: None, id="gone"),
        pytest.param(lambda held, old, new: held({"staging": new}), id="other certificate"),
        pytest.param(lambda held, old, new: held({"staging": [old, old]}), id="one more entry"),
        pytest.param(lambda held, old, new: held({"production": old}), id="other environment"),
        pytest.param(lambda held, old, new: held({"staging": old}, alias="other"), id="other alias"),
        pytest.param(lambda held, old, new: held({"staging": old}, description="other"), id="other description"),
    ],
)
def test_different_records_are_not_the_same_state(
    other: Callable[..., Any], held: Held, old: Bundle, new: Bundle
) -> None:
    assert not held({"staging": old}).same_state(other(held, old, new))


# Deployments

GOOD = EnvironmentDeployment("production", success=True)
BAD = EnvironmentDeployment("staging", success=False)


@pytest.mark.parametrize(
    ("deployment", "failed"),
    [
        (Deployment(), False),
        (Deployment(success=True, environments=(GOOD,)), False),
        (Deployment(success=None, environments=(GOOD,)), False),
        (Deployment(success=False), True),
        (Deployment(success=False, environments=(GOOD,)), True),
        (Deployment(success=True, environments=(GOOD, BAD)), True),
        (Deployment(success=None, environments=(BAD,)), True),
    ],
)
def test_a_deployment_has_failed_if_any_part_has_failed(deployment: Deployment, failed: bool) -> None:
    assert deployment.failed is failed
    assert deployment.failed_environments == tuple(part for part in deployment.environments if part == BAD)
