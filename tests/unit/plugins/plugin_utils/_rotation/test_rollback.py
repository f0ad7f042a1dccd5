# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.rollback import (
    Touched,
    Undo,
    WayBack,
    find_way_back,
)
from unit.plugins.plugin_utils._rotation.rotation_scene import (
    DEV,
    EXPIRED,
    NAME,
    OLD,
    OTHER,
    PROD,
    PROJECT,
    STAGE,
    Json,
    certificate,
    entry,
    holding,
)

STAYS = (
    "it was not there before this run and stays there, since taking it away takes an update that would give all other "
    "environments one and the same certificate"
)


def back(before: Json | None, *environments: str, one_update: bool = False, duplicated: bool = False) -> WayBack:
    """The way back for one certificate that was written in these environments."""
    touched = Touched(PROJECT, NAME, environments, before, duplicated=duplicated)
    return find_way_back([touched], one_update=one_update)


def undo(*environments: str, unlisted: str = "keep", content: str | None = OLD.pem, **changes: Any) -> Undo:
    values: dict[str, Any] = {"alias": "web-alias", "description": "First", **changes}
    return Undo(PROJECT, NAME, environments, unlisted_environments=unlisted, content=content, **values)


def test_one_update_gives_all_environments_the_previous_certificate_again() -> None:
    way = back(holding({DEV: OLD, PROD: OLD}), DEV, PROD, one_update=True)

    assert way == WayBack((undo(DEV, PROD, unlisted="fail"),))


@pytest.mark.parametrize("one_update", [True, False])
def test_only_what_was_touched_is_put_back(one_update: bool) -> None:
    way = back(holding({DEV: OLD, STAGE: OLD, PROD: OLD}), DEV, STAGE, one_update=one_update)

    assert way == WayBack((undo(DEV, STAGE),))


def test_where_each_environment_is_written_on_its_own_so_is_the_way_back() -> None:
    assert back(holding({DEV: OLD, PROD: OLD}), DEV, PROD) == WayBack((undo(DEV, PROD),))


def test_where_entries_were_doubled_only_a_replacement_of_each_goes_back() -> None:
    way = back(holding({DEV: OLD, PROD: OLD}), DEV, PROD, one_update=True, duplicated=True)

    assert way == WayBack((undo(DEV, PROD),))


@pytest.mark.parametrize("one_update", [True, False])
def test_environments_that_differed_go_back_to_what_each_had(one_update: bool) -> None:
    before = certificate(entry(DEV, OLD), entry(STAGE, OTHER), entry(PROD, OLD), entry("dr", OLD, alias="dr-alias"))

    way = back(before, DEV, STAGE, PROD, "dr", one_update=one_update)

    assert way == WayBack((undo(DEV, PROD), undo(STAGE, content=OTHER.pem), undo("dr", alias="dr-alias")))


def test_a_certificate_that_was_created_is_removed_again() -> None:
    assert back(None, DEV, PROD) == WayBack((Undo(PROJECT, NAME, (DEV, PROD), state="absent"),))


def test_an_environment_that_was_added_is_removed_by_the_same_update() -> None:
    way = back(holding({DEV: OLD, STAGE: OLD}), DEV, PROD, STAGE, one_update=True)

    assert way == WayBack((undo(DEV, STAGE, unlisted="remove"),))


@pytest.mark.parametrize("one_update", [True, False])
def test_an_environment_that_was_added_alone_is_removed_with_what_the_others_hold(one_update: bool) -> None:
    way = back(holding({STAGE: OLD, DEV: OLD}), PROD, one_update=one_update)

    assert way == WayBack((undo(DEV, STAGE, unlisted="remove", content=None, alias=None),))


def test_what_was_written_goes_back_before_what_was_added_is_removed() -> None:
    way = back(holding({DEV: OLD, STAGE: OLD}), DEV, PROD)

    assert way == WayBack((undo(DEV), undo(DEV, STAGE, unlisted="remove", content=None, alias=None)))


@pytest.mark.parametrize(
    "before",
    [
        holding({DEV: OLD, STAGE: OTHER}),
        certificate(entry(DEV), entry(STAGE, alias="other-alias")),
        certificate(),
    ],
)
def test_an_environment_that_was_added_stays_where_the_others_differ(before: Json) -> None:
    way = back(before, PROD, one_update=True)

    assert way == WayBack((), (f"MyProject/web in production: {STAYS}",))


def test_what_has_expired_is_never_put_back() -> None:
    way = back(holding({DEV: OLD, PROD: EXPIRED}), DEV, PROD, one_update=True)

    assert way == WayBack(
        (undo(DEV),),
        (
            (
                "MyProject/web in production: the previous certificate expired on 2026-05-27T12:00:00Z, "
                "so it is NOT put back"
            ),
        ),
    )


def test_nothing_is_left_to_undo_where_all_had_expired() -> None:
    way = back(holding({DEV: EXPIRED, PROD: EXPIRED}), DEV, PROD, one_update=True)

    assert way.undos == ()
    assert [reason.split(":")[0] for reason in way.impossible] == [
        "MyProject/web in development",
        "MyProject/web in production",
    ]


def test_what_was_not_handed_out_cannot_be_put_back() -> None:
    way = back(holding({DEV: None, PROD: OLD}), DEV, PROD, one_update=True)

    reason = "the manager did not hand out the previous certificate, so it cannot be put back"
    assert way == WayBack((undo(PROD),), (f"MyProject/web in development: {reason}",))


def test_an_environment_that_was_added_stays_where_another_cannot_go_back() -> None:
    """The update that removes it would send the certificate that is NOT to be put back, or one for all."""
    way = back(holding({DEV: EXPIRED}), DEV, PROD, one_update=True)

    assert way.undos == ()
    assert len(way.impossible) == 2
    assert way.impossible[1] == f"MyProject/web in production: {STAYS}"


def test_what_was_written_last_goes_back_first() -> None:
    first = Touched(PROJECT, "first", (DEV, PROD), holding({DEV: OLD, PROD: EXPIRED}, name="first"))
    second = Touched(PROJECT, "second", (DEV,), None)
    third = Touched(PROJECT, "third", (PROD,), holding({PROD: EXPIRED}, name="third"))

    way = find_way_back([first, second, third], one_update=False)

    assert [(undone.name, undone.state) for undone in way.undos] == [("second", "absent"), ("first", "present")]
    assert [reason.split(" in ")[0] for reason in way.impossible] == ["MyProject/third", "MyProject/first"]


def test_nothing_touched_nothing_to_undo() -> None:
    assert find_way_back([], one_update=True) == WayBack()


def test_no_content_in_what_a_log_would_show() -> None:
    assert "CERTIFICATE" not in repr(undo(DEV))
