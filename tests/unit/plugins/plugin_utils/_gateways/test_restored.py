# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the gateways hold after a step of a rollback."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._gateways.restored import (
    gateways_after,
    not_deployed,
    unless_outdated,
)


def gateway(name: str, state: str) -> dict[str, Any]:
    return {"name": name, "state": state, "fingerprint_sha256": None, "reason": None}


def reported(**environments: bool) -> dict[str, Any]:
    found = [{"name": name, "success": success, "message": None} for name, success in environments.items()]
    return {"success": all(environments.values()), "message": None, "environments": found}


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({}, []),
        ({"gateways": [gateway("dev", "confirmed"), gateway("prod", "unknown")]}, []),
        ({"failed": True, "gateways": [gateway("dev", "confirmed"), gateway("prod", "stale")]}, ["prod"]),
        ({"failed": True, "gateways": [gateway("dev", "missing"), gateway("prod", "unknown")]}, ["dev", "prod"]),
        ({"failed": True, "deployment": reported(dev=True, prod=False)}, ["prod"]),
        ({"failed": True, "deployment": reported(dev=False)}, ["dev", "prod"]),
        ({"failed": True, "deployment": None, "gateways": None}, ["dev", "prod"]),
        ({"failed": True, "crashed": True}, ["dev", "prod"]),
    ],
)
def test_a_step_that_failed_has_restored_what_is_known_to_be_deployed(
    result: dict[str, Any], expected: list[str]
) -> None:
    assert not_deployed(("dev", "prod"), result) == expected


def test_answers_from_before_a_write_are_dropped() -> None:
    before = {"dev": gateway("dev", "stale"), "test": gateway("test", "confirmed")}
    result = {"gateways": [gateway("prod", "confirmed")]}

    assert gateways_after(before, ("dev", "prod"), result, written=True) == {
        "test": before["test"],
        "prod": gateway("prod", "confirmed"),
    }
    assert gateways_after(before, ("dev", "prod"), {}, written=False) == before


@pytest.mark.parametrize(
    ("state", "held", "known", "shown"),
    [
        ("confirmed", "aa", True, True),
        ("confirmed", "bb", True, False),
        ("confirmed", None, True, True),
        ("confirmed", "gone", True, False),
        ("confirmed", "gone", False, True),
        ("stale", "bb", True, True),
    ],
)
def test_a_confirmation_of_what_the_record_no_longer_contains_is_outdated(
    state: str, held: str | None, known: bool, shown: bool
) -> None:
    answer = {**gateway("dev", state), "fingerprint_sha256": "aa"}
    now = None if held == "gone" else {"fingerprint_sha256": held}
    assert unless_outdated(answer, now, known=known) == (answer if shown else None)
    assert unless_outdated(None, now, known=known) is None
