# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.marker import Marker
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.patterns import Patterns
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.stages import (
    Companion,
    Overlap,
    Rules,
    Subject,
    is_under_way,
    read_overlap,
)

NOW = datetime(2026, 11, 26, 12, tzinfo=timezone.utc)
PROJECT, NAME, DEV, PROD = "MyProject", "web", "dev", "prod"
OLD, NEW, THIRD = "01", "02", "03"
WEEK = Rules(Patterns(), days=7)

Json = dict[str, Any]


def view(environment: str, sha1: str, alias: str = "web-alias") -> Json:
    return {"name": environment, "alias": alias, "fingerprint_sha1": sha1}


def companion(
    environment: str,
    sha1: str = NEW,
    *,
    days: float | None = 1,
    of: str = NAME,
    description: str | None = "By hand",
    **changes: Any,
) -> Json:
    """A companion whose overlap began that many days ago; None for one without a marker."""
    if days is not None:
        description = Marker(of, NOW - timedelta(days=days)).added_to("Partner")
    alias = changes.pop("alias", f"web-alias-next-{environment}")
    return {
        "name": f"{NAME}-next-{environment}",
        "description": description,
        "environments": [view(environment, sha1, alias)],
        **changes,
    }


def subject(new: str | None = NEW, *, due: bool = True, **current: str) -> Subject:
    held = current or {DEV: OLD, PROD: OLD}
    return Subject(
        PROJECT,
        NAME,
        due,
        new,
        {environment: view(environment, sha1) for environment, sha1 in held.items()},
        dict.fromkeys(held, "web-alias"),
    )


def read(of: Subject, *companions: Json, rules: Rules = WEEK) -> Overlap:
    return read_overlap(of, {one["name"]: one for one in companions}, rules, NOW)


def steps(overlap: Overlap) -> list[tuple[str, str]]:
    return [(one.action, one.reason) for one in overlap.companions]


@pytest.mark.parametrize(
    ("rules", "deferred"), [(WEEK, True), (replace(WEEK, promote=True), False), (Rules(Patterns()), False)]
)
def test_a_certificate_without_companions_is_introduced(rules: Rules, deferred: bool) -> None:
    found = read(subject(), rules=rules)

    assert (found.stage, found.deferred, found.problems) == ("introduce", deferred, ())
    assert found.companions == (
        Companion(DEV, "web-next-dev", "web-alias-next-dev"),
        Companion(PROD, "web-next-prod", "web-alias-next-prod"),
    )


def test_only_what_is_missing_is_introduced() -> None:
    found = read(subject(), companion(DEV))

    assert found.stage == "introduce"
    assert steps(found) == [("none", "in_sync"), ("create", "absent")]
    assert found.companions[0].since == NOW - timedelta(days=1)


def test_a_third_certificate_is_introduced_with_a_new_start() -> None:
    found = read(subject(THIRD), companion(DEV), companion(PROD, THIRD))

    assert (found.stage, steps(found)) == ("introduce", [("update", "differs"), ("none", "in_sync")])
    assert found.companions[0].since is None


@pytest.mark.parametrize("new", [None, THIRD])
def test_what_is_still_to_be_obtained_is_introduced(new: str | None) -> None:
    assert steps(read(subject(new), companion(DEV), companion(PROD))) == [("update", "differs")] * 2


def test_the_overlap_lasts_until_its_days_have_passed_for_the_last_companion() -> None:
    held = companion(DEV, days=9), companion(PROD, days=6.5)
    found = read(subject(), *held)

    assert (found.stage, found.until, found.deferred) == ("overlapping", NOW + timedelta(days=0.5), True)
    assert steps(found) == [("none", "overlapping")] * 2
    assert read(subject(), *held, rules=replace(WEEK, days=6)).stage == "promote"
    assert read(subject(), *held, rules=replace(WEEK, promote=True)).stage == "promote"
    assert read(subject(), *held, rules=Rules(Patterns())).stage == "promote"


def test_a_start_near_the_last_date_that_exists_waits_until_that_date() -> None:
    """Someone has edited the marker by hand."""
    edited = companion(DEV, days=None, description=f"Partner [overlap of {NAME} since 9999-12-31T00:00:00Z]")
    found = read(subject(dev=OLD), edited)

    assert (found.stage, found.until) == ("overlapping", datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc))
    assert read(subject(dev=OLD), edited, rules=replace(WEEK, promote=True)).stage == "promote"


def test_a_companion_without_a_marker_begins_its_overlap_now() -> None:
    held = companion(DEV), companion(PROD, days=None)
    found = read(subject(), *held)

    assert (found.stage, found.deferred) == ("introduce", True)
    assert steps(found) == [("none", "in_sync"), ("update", "unmarked")]
    assert read(subject(), *held, rules=Rules(Patterns())).stage == "promote"


def test_where_no_descriptions_are_reported_only_the_user_ends_the_overlap() -> None:
    held = [companion(environment, days=None, description=None) for environment in (DEV, PROD)]
    found = read(subject(), *held)

    assert (found.stage, found.until) == ("overlapping", None)
    assert read(subject(), *held, rules=replace(WEEK, promote=True)).stage == "promote"


@pytest.mark.parametrize("sha1", [NEW, THIRD])
def test_companions_are_retired_once_the_certificate_is_as_desired(sha1: str) -> None:
    """Also if they hold another certificate: the user went back."""
    found = read(subject(due=False, dev=NEW, prod=NEW), companion(DEV, sha1))

    assert (found.stage, steps(found)) == ("retire", [("delete", "promoted")])


def test_companions_are_retired_if_the_new_certificate_is_not_known_and_both_are_the_same() -> None:
    of = subject(None, due=False, dev=NEW, prod=NEW)

    assert steps(read(of, companion(DEV), companion(PROD, THIRD))) == [("delete", "promoted")]
    assert steps(read(of, companion(DEV, days=None))) == [("delete", "promoted")]


def test_what_is_not_due_has_no_stage() -> None:
    assert read(subject(due=False)) == Overlap()
    assert read(subject(due=False, dev=OLD), companion(DEV)) == Overlap()
    assert read(subject(THIRD, due=False), companion(DEV, of="other")) == Overlap()


def test_the_same_content_needs_no_companions() -> None:
    """It is forced, or gets another alias."""
    assert read(subject(dev=NEW, prod=NEW)) == Overlap("promote")
    assert steps(read(subject(dev=NEW, prod=NEW), companion(DEV))) == [("delete", "promoted")]


FOREIGN = {
    "the certificate is the companion of other": companion(DEV, of="other"),
    "the certificate is in dev, prod": companion(DEV, environments=[view(DEV, NEW), view(PROD, NEW)]),
    "the certificate is in prod": companion(DEV, environments=[view(PROD, NEW)]),
    "the certificate is in no environment": companion(DEV, environments=[]),
    "has no marker of an overlap": companion(DEV, THIRD, days=None),
    "not the alias and the content of a companion": companion(DEV, days=None, alias="other"),
}


@pytest.mark.parametrize("why", FOREIGN)
def test_anything_else_under_the_name_of_a_companion_is_refused(why: str) -> None:
    (problem,) = read(subject(dev=OLD), FOREIGN[why]).problems

    assert problem.startswith(
        "MyProject/web-next-dev in dev: the name is that of a companion of web, but the certificate "
    )
    assert why in problem
    assert problem.endswith("Delete it, or set certificate_rotation_companion_name to another pattern")
    assert not read(subject(due=False, dev=NEW), FOREIGN[why]).companions


def test_a_third_certificate_is_refused_where_no_descriptions_are_reported() -> None:
    """The role cannot tell whether these are companions. It says what to do in either case, once for all environments."""
    held = [companion(environment, THIRD, days=None, description=None) for environment in (DEV, PROD)]

    (problem,) = read(subject(), *held).problems

    assert problem == (
        "MyProject/web-next-dev in dev and MyProject/web-next-prod in prod: this manager does not report descriptions, so the role "
        "cannot tell whether this is a companion, which an earlier run introduced with another certificate. If it is one, delete "
        "it with apinizer_certificate and state=absent, and run the role again: web itself keeps the current certificate trusted. "
        "If it is not, set certificate_rotation_companion_name to another pattern"
    )


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (companion(DEV), True),
        (companion(DEV, days=None), True),
        (companion(DEV, THIRD), False),
        (companion(DEV, of="other"), False),
        (companion(DEV, days=None, alias="other"), False),
    ],
)
def test_an_overlap_is_under_way_where_a_companion_has_introduced_the_new_certificate(
    held: Json, expected: bool
) -> None:
    listed = {held["name"]: held}

    assert is_under_way(subject(due=False), listed, Patterns()) is expected
    assert not is_under_way(subject(due=False, dev=NEW, prod=OLD), listed, Patterns())
    assert not is_under_way(subject(None, due=False), listed, Patterns())
