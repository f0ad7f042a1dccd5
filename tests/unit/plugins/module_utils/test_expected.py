# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import MODIFIED
from ansible_collections.apinizer.apiops.plugins.module_utils._expected import Expected

View = dict[str, Any]


def view(name: str, sha1: str = "a", alias: str | None = "web", entries: int = 1) -> View:
    return {"name": name, "fingerprint_sha1": sha1, "alias": alias, "entries": entries}


def record(*views: View) -> View:
    return {"environments": list(views)}


SEEN = {"dev": (view("dev"),), "prod": (view("prod", "b"),)}


@pytest.mark.parametrize(
    ("current", "modified"),
    [
        (record(view("dev"), view("prod", "b")), []),
        (record(view("dev", "other"), view("prod", "b")), ["dev"]),
        (record(view("dev"), view("prod", "b", alias="other")), ["prod"]),
        (record(view("dev"), view("prod", "b", entries=2)), ["prod"]),
        (record(view("dev")), ["prod"]),
        (record(), ["dev", "prod"]),
        (None, ["dev", "prod"]),
    ],
)
def test_each_environment_must_be_as_it_was_seen(current: View | None, modified: list[str]) -> None:
    assert Expected(SEEN).modified(current) == modified


@pytest.mark.parametrize(("whole", "modified"), [(False, []), (True, ["stage"])])
def test_another_environment_counts_where_the_whole_record_is_replaced(modified: list[str], *, whole: bool) -> None:
    current = record(view("dev"), view("prod", "b"), view("stage"))
    assert Expected(SEEN, whole=whole).modified(current) == modified


@pytest.mark.parametrize(("must_exist", "modified"), [(False, []), (True, ["prod"])])
def test_an_environment_to_add_must_be_absent_and_the_certificate_may_have_to_exist(
    modified: list[str], *, must_exist: bool
) -> None:
    expected = Expected({"prod": (None,)}, must_exist=must_exist)
    assert expected.modified(record(view("dev"))) == []
    assert expected.modified(None) == modified
    assert expected.modified(record(view("prod"))) == ["prod"]


def test_upper_and_lower_case_of_an_alias_make_no_difference() -> None:
    """The list of a manager may show an alias as its truststore holds it, in lower case."""
    seen = {"dev": (view("dev", alias="My-Web"),)}
    assert Expected(seen).modified(record(view("dev", alias="my-web"))) == []
    assert Expected(seen).modified(record(view("dev", alias=None))) == ["dev"]


def test_what_is_not_known_is_not_compared() -> None:
    expected = Expected({"dev": ({"fingerprint_sha1": "a"},), "prod": (view("prod", alias=None),)})
    assert expected.modified(record(view("dev", alias="other", entries=2), view("prod", alias="other"))) == []


def test_one_of_several_states_is_enough() -> None:
    expected = Expected({"dev": (None, {"fingerprint_sha1": "a"}, {"fingerprint_sha1": "b"})})
    for current in (record(view("dev")), record(view("dev", "b")), record(), None):
        assert expected.modified(current) == []
    assert expected.modified(record(view("dev", "c"))) == ["dev"]


def test_of_duplicate_entries_only_the_number_is_compared() -> None:
    """A view shows one of them, and which one depends on the certificate that is desired."""
    expected = Expected({"dev": (view("dev", entries=2),)})
    assert expected.modified(record(view("dev", "b", entries=2))) == []
    assert expected.modified(record(view("dev", "b", entries=3))) == ["dev"]


def test_the_error_names_the_certificate_and_the_environments() -> None:
    error = Expected({}).error("MyProject/web", ["dev", "prod"])
    assert (
        str(error) == "MyProject/web in dev, prod: modified by someone else since the plan. Nothing was written there"
    )
    assert error.problem == MODIFIED
