# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from integration.execution_modes import ModeComparison, comparable

ONE, OTHER = "aa" * 20, "bb" * 20


def result(**values: Any) -> str:
    return comparable({"changed": True, **values}, [])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"sha1": ONE}, {"sha1": OTHER}),
        ({"msg": "http://127.0.0.1:4000 is gone"}, {"msg": "http://127.0.0.1:5000 is gone"}),
        ({"msg": "/tmp/one/new.pem is a directory"}, {"msg": "/tmp/other/new.pem is a directory"}),
        ({"not_after": "2026-01-01T00:00:00Z"}, {"not_after": "2026-01-01T00:00:01Z"}),
        ({"invocation": {"module_args": {}}}, {}),
        ({"failed": False, "_ansible_no_log": False}, {}),
        (
            {"pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"},
            {"pem": "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n"},
        ),
    ],
)
def test_values_that_differ_between_runs_are_ignored(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert result(**one) == result(**other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"changed": True}, {"changed": False}),
        ({"failed": True}, {}),
        ({"msg": "a"}, {"msg": "b"}),
        ({"held": [ONE, ONE]}, {"held": [ONE, OTHER]}),
        ({"not_after": "2026-01-01T00:00:00Z"}, {"not_after": None}),
        ({"days_remaining": 3}, {"days_remaining": 4}),
        ({"extra": None}, {}),
    ],
)
def test_any_other_difference_counts(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert result(**one) != result(**other)


def test_warnings_are_compared() -> None:
    assert comparable({}, ["careful"]) != comparable({}, [])


def test_first_difference_is_reported() -> None:
    comparison = ModeComparison()
    comparison.add("same", "module", ["a"])
    comparison.add("same", "process", ["a"])
    comparison.add("different", "module", ["a", "b"])
    comparison.add("different", "process", ["a", "c"])
    comparison.add("shorter", "module", ["a", "b"])
    comparison.add("shorter", "process", ["a"])
    comparison.add("one mode", "process", ["a"])
    assert comparison.compared == 3
    assert comparison.differences() == [
        "different: result 2\n    module: …b…\n    process: …c…",
        "shorter: 2 results as a module, 1 in the controller's process",
    ]
