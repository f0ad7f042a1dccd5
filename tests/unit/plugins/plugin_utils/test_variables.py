# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._variables import (
    SettingError,
    check_variable_names,
    choice,
    flag,
    from_text,
    integer,
    is_blank,
    name_groups,
    names,
    optional_names,
)


def refusal(message: str) -> Any:
    return pytest.raises(SettingError, match=f"^{re.escape(message)}$")


@pytest.mark.parametrize("value", [None, "", "  ", "\n\t"])
def test_blank_text_counts_as_not_given(value: Any) -> None:
    assert is_blank(value)


@pytest.mark.parametrize("value", [0, False, [], {}, "0"])
def test_other_values_count_as_given(value: Any) -> None:
    assert not is_blank(value)


@pytest.mark.parametrize("value", [None, "", " ", []])
def test_without_environments_there_is_no_limit(value: Any) -> None:
    assert optional_names(value) is None


@pytest.mark.parametrize(
    "value", [["dev", " prod ", "dev"], ("dev", "prod"), "dev, prod", "dev\nprod\n", ["dev", "", "prod"]]
)
def test_environments_are_a_list_or_text(value: Any) -> None:
    assert optional_names(value) == ("dev", "prod")
    assert names("environments", value) == ("dev", "prod")


@pytest.mark.parametrize("value", [",", [""], [None]])
def test_a_list_without_a_name_is_refused(value: Any) -> None:
    with refusal("certificate_rotation_waves: is an empty list of environments. Name at least one, or leave it out"):
        names("waves", value)


@pytest.mark.parametrize("value", [5, {"dev": 1}])
def test_another_type_than_a_list_is_refused(value: Any) -> None:
    with refusal(
        "certificate_restore_environments: must be a list of environment names, or text with commas or line breaks"
    ):
        optional_names(value, prefix="certificate_restore_")


def test_a_limit_without_a_name_is_refused_with_the_variable_of_its_playbook() -> None:
    with pytest.raises(SettingError, match=r"^certificate_restore_environments: is an empty list"):
        optional_names(",", prefix="certificate_restore_")


def test_the_first_choice_is_the_default() -> None:
    assert choice({}, "strategy", ("auto", "replace")) == "auto"
    assert choice({"strategy": " replace\n"}, "strategy", ("auto", "replace")) == "replace"
    with refusal("certificate_rotation_strategy: must be one of auto, replace, not 'both'"):
        choice({"strategy": "both"}, "strategy", ("auto", "replace"))


@pytest.mark.parametrize("value", [7, "7", " 7 "])
def test_an_integer_is_a_number_or_text(value: Any) -> None:
    assert integer("soak_seconds", value, 0) == 7


@pytest.mark.parametrize("value", [0, "0", True, False, "many", 1.5, None, []])
def test_another_integer_is_refused(value: Any) -> None:
    with refusal(f"certificate_rotation_parallel_writes: must be a whole number of 1 or more, not '{value}'"):
        integer("parallel_writes", value, 1)


@pytest.mark.parametrize("value", [-1, 11, "11"])
def test_an_integer_may_have_a_largest_value(value: Any) -> None:
    assert integer("overlap_days", 10, 0, 10) == 10
    with refusal(f"certificate_rotation_overlap_days: must be a whole number from 0 to 10, not '{value}'"):
        integer("overlap_days", value, 0, 10)


@pytest.mark.parametrize("value", [10**9 + 1, "1" * 400])
def test_a_number_that_no_clock_can_count_is_refused(value: Any) -> None:
    assert integer("lock_timeout", 10**9, 0) == 10**9
    with refusal(f"certificate_rotation_lock_timeout: must be a whole number from 0 to 1000000000, not '{value}'"):
        integer("lock_timeout", value, 0)


@pytest.mark.parametrize(
    ("value", "expected"), [(True, True), ("Yes", True), ("1", True), (0, False), (" off ", False)]
)
def test_a_flag_is_a_boolean_or_a_word(value: Any, expected: bool) -> None:
    assert flag({"force": value}, "force", default=not expected) is expected


def test_a_flag_that_is_not_given_has_its_default() -> None:
    assert flag({}, "force", default=True) is True
    with refusal("certificate_rotation_force: must be true or false, not 'maybe'"):
        flag({"force": "maybe"}, "force", default=True)


@pytest.mark.parametrize(
    ("value", "expected"), [("- a\n- b", ["a", "b"]), ('[["a"]]', [["a"]]), (["a"], ["a"]), (None, None), ("", None)]
)
def test_text_is_read_as_yaml_and_other_values_are_kept(value: Any, expected: Any) -> None:
    assert from_text("waves", value) == expected


@pytest.mark.parametrize(("text", "where"), [("[[a", " in line 1"), ("a: b\nc", " in line 2"), ("a\x00b", "")])
def test_text_that_is_not_yaml_is_refused_without_quoting_it(text: str, where: str) -> None:
    with refusal(f"certificate_rotation_waves: is not valid YAML{where}") as raised:
        from_text("waves", text)
    assert raised.value.__cause__ is None


def test_a_variable_that_is_almost_a_known_one_is_refused_with_its_owner() -> None:
    with refusal(
        "certificate_restore_wave: the playbook has no such variable. Did you mean certificate_restore_waves?"
    ):
        check_variable_names(
            ["certificate_restore_wave"], ["waves", "dir"], owner="playbook restore", prefix="certificate_restore_"
        )


def test_another_unknown_variable_is_a_warning_that_names_the_owner() -> None:
    variables = ["certificate_restore_ticket", "certificate_restore_dir", "certificate_restore__plan", "certificate_x"]

    assert check_variable_names(variables, ["dir"], owner="playbook restore", prefix="certificate_restore_") == [
        "certificate_restore_ticket is not a variable of the playbook restore, and has no effect"
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda prefix: choice({"x": "?"}, "x", ("a", "b"), prefix=prefix), "must be one of a, b, not '?'"),
        (lambda prefix: flag({"x": "?"}, "x", default=True, prefix=prefix), "must be true or false, not '?'"),
        (
            lambda prefix: name_groups("x", 7, prefix=prefix),
            "must be a list of lists of environment names, or auto",
        ),
        (lambda prefix: name_groups("x", [["a"], ["a"]], prefix=prefix), "a is in more than one wave"),
        (lambda prefix: name_groups("x", "[[a", prefix=prefix), "is not valid YAML in line 1"),
    ],
)
def test_a_refusal_names_the_variable_of_its_playbook(call: Any, message: str) -> None:
    with refusal(f"certificate_restore_x: {message}"):
        call("certificate_restore_")
