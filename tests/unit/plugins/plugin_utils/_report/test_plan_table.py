# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._lifetime import RenewalWindow
from ansible_collections.apinizer.apiops.plugins.plugin_utils._report.plan_table import NOT_DUE_SHOWN, plan_table
from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.settings import DesiredCertificate
from unit.plugins.plugin_utils._rotation.run_builder import (
    DEV,
    KEY,
    NAME,
    NEW,
    OLD,
    PROD,
    PROJECT,
    RunBuilder,
    holding,
)


def lines(builder: RunBuilder) -> list[str]:
    run = builder.build()
    return plan_table(run.plan, run.new_views)


def cells(builder: RunBuilder) -> list[list[str]]:
    """The cells of the table; none of them is empty or contains a space."""
    return [line.split() for line in lines(builder)]


def test_the_table_is_sorted_by_wave_and_ends_with_what_is_not_due() -> None:
    current = {"first": OLD, "same": NEW, "third": OLD, "second": OLD}

    assert cells(RunBuilder(holding(current), waves=(("first", "same"), ("second",), ("third",)))) == [
        ["wave", "certificate", "environment", "action", "reason", "expires", "new-expiry", "key"],
        ["1", KEY, "first", "update", "differs", "2026-06-21", "2027-03-28", "new"],
        ["2", KEY, "second", "update", "differs", "2026-06-21", "2027-03-28", "new"],
        ["3", KEY, "third", "update", "differs", "2026-06-21", "2027-03-28", "new"],
        ["1", KEY, "same", "none", "in_sync", "2027-03-28", "-", "-"],
    ]


def test_control_characters_in_names_are_visible() -> None:
    rows = cells(RunBuilder(holding({"a\x1b[31mb": OLD}), waves=(("a\x1b[31mb",),)))

    assert rows[1][2] == r"a\x1b[31mb"


def test_waves_are_sorted_as_numbers() -> None:
    names = [f"env{number}" for number in range(1, 12)]
    rows = cells(RunBuilder(holding(dict.fromkeys(names, OLD)), waves=tuple((name,) for name in names)))

    assert [row[0] for row in rows[1:]] == [str(number) for number in range(1, 12)]


def test_the_table_has_a_dash_for_an_unknown_value() -> None:
    desired = DesiredCertificate(PROJECT, NAME, renew_before=RenewalWindow(30), environments=(DEV, PROD))

    assert cells(RunBuilder(holding({PROD: OLD}), desired=desired, new=None, waves=((PROD,),)))[1:] == [
        ["none", KEY, DEV, "create", "absent", "-", "to-be-obtained", "-"],
        ["1", KEY, PROD, "update", "expires_soon", "2026-06-21", "to-be-obtained", "-"],
    ]


def test_a_new_certificate_that_cannot_be_read_is_not_to_be_obtained() -> None:
    desired = DesiredCertificate(PROJECT, NAME, path="missing.pem", environments=(DEV,))

    rows = cells(RunBuilder(holding({DEV: OLD}), desired=desired, new=None))
    assert rows[1][-2:] == ["unreadable", "-"]


def test_the_columns_are_aligned() -> None:
    table = lines(RunBuilder(holding({DEV: OLD, "x": NEW})))

    starts = [[cell.start() for cell in re.finditer(r"\S+", line)] for line in table]
    assert starts[0] == starts[1] == starts[2]
    assert table == [line.rstrip() for line in table]


@pytest.mark.parametrize(("not_due", "more"), [(NOT_DUE_SHOWN, []), (1050, ["and 1,000 more with nothing to do"])])
def test_many_environments_with_nothing_to_do_are_counted(not_due: int, more: list[str]) -> None:
    current = {DEV: OLD, **{f"env{number:04}": NEW for number in range(not_due)}}

    table = lines(RunBuilder(holding(current)))

    assert len(table) == 1 + 1 + NOT_DUE_SHOWN + len(more)
    assert table[1].split()[2] == DEV
    assert table[1 + 1 + NOT_DUE_SHOWN :] == more
