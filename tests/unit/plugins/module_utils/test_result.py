# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils import _result
from ansible_collections.apinizer.apiops.plugins.module_utils._model import (
    Deployment,
    Entry,
    EnvironmentDeployment,
    StoredCertificate,
)
from ansible_collections.apinizer.apiops.plugins.module_utils._x509 import Bundle
from manager import Issued

Held = Callable[..., StoredCertificate]
END = datetime(2026, 12, 31, 23, 59, 59, tzinfo=timezone.utc)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def test_a_certificate_as_the_modules_return_it(held: Held, old: Bundle, issued_old: Issued, now: datetime) -> None:
    assert _result.certificate(held({"staging": old}), now) == {
        "project": "MyProject",
        "name": "web",
        "description": "First",
        "environments": [
            {
                "name": "staging",
                "alias": "web-alias",
                "subject": "CN=web.example.com,O=Example Inc,C=US",
                "issuer": "CN=Example CA,O=Example Inc,C=US",
                "serial_number": "a1",
                "not_before": "2026-01-01T00:00:00Z",
                "not_after": "2026-12-31T23:59:59Z",
                "days_remaining": 213,
                "percent_remaining": 58,
                "expired": False,
                "fingerprint_sha256": issued_old.sha256,
                "fingerprint_sha1": issued_old.sha1,
                "public_key_sha256": old.leaf.public_key_sha256,
                "entries": 1,
            }
        ],
    }


def test_unknown_values_are_null(now: datetime) -> None:
    view = _result.certificate(StoredCertificate("MyProject", "web", entries=(Entry("staging"),)), now)
    assert view is not None
    assert view["description"] is None
    (environment,) = view["environments"]
    assert (environment.pop("name"), environment.pop("entries")) == ("staging", 1)
    assert set(environment.values()) == {None}


def test_an_entry_without_content_shows_the_values_that_the_manager_reports(
    held: Held, old: Bundle, without_content: Callable[..., StoredCertificate], now: datetime
) -> None:
    view = _result.certificate(without_content(held({"staging": old})), now, with_content=True)
    assert view is not None
    (environment,) = view["environments"]
    assert environment["subject"] == "CN=as reported"
    assert environment["not_after"] == "2026-12-31T23:59:59Z"
    assert environment["fingerprint_sha1"] == old.leaf.fingerprint_sha1
    assert [environment[key] for key in ("issuer", "serial_number", "fingerprint_sha256", "content")] == [None] * 4


def test_environments_are_sorted_by_name_and_counted(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    view = _result.certificate(held({"staging": old, "development": [old, new], "production": old}), now)
    assert view is not None
    found = [(environment["name"], environment["entries"]) for environment in view["environments"]]
    assert found == [("development", 2), ("production", 1), ("staging", 1)]


def test_of_duplicate_entries_the_desired_one_is_shown(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    stored = held({"staging": [new, old]})
    for desired, shown in ((None, "b2"), (old, "a1"), (new, "b2")):
        view = _result.certificate(stored, now, desired=desired)
        assert view is not None
        assert view["environments"][0]["serial_number"] == shown


def test_content_is_the_pem_of_each_environment(held: Held, old: Bundle, new: Bundle, now: datetime) -> None:
    chain = Bundle(new.leaf, (old.leaf,))
    view = _result.certificate(held({"production": old, "staging": chain}), now, with_content=True)
    assert view is not None
    contents = [environment["content"] for environment in view["environments"]]
    assert contents == [old.leaf.pem, new.leaf.pem + old.leaf.pem]


def test_no_certificate_is_null(now: datetime) -> None:
    assert _result.certificate(None, now, with_content=True) is None


@pytest.mark.parametrize(
    ("moment", "days", "expired"),
    [
        (END - 30 * DAY, 30, False),
        (END - 30 * DAY + SECOND, 29, False),
        (END - DAY, 1, False),
        (END - DAY + SECOND, 0, False),
        (END, 0, False),
        (END + SECOND, -1, True),
        (END + DAY, -1, True),
        (END + DAY + SECOND, -2, True),
    ],
)
def test_remaining_days_are_rounded_down_and_become_negative(
    held: Held, old: Bundle, moment: datetime, days: int, expired: bool
) -> None:
    view = _result.certificate(held({"staging": old}), moment)
    assert view is not None
    (environment,) = view["environments"]
    assert (environment["days_remaining"], environment["expired"]) == (days, expired)


def test_a_diff_shows_meaning_by_environment(held: Held, old: Bundle, issued_old: Issued, now: datetime) -> None:
    view = _result.certificate(held({"staging": old}), now, with_content=True)
    shown = {
        "description": "First",
        "environments": {
            "staging": {
                "alias": "web-alias",
                "subject": "CN=web.example.com,O=Example Inc,C=US",
                "issuer": "CN=Example CA,O=Example Inc,C=US",
                "serial_number": "a1",
                "not_before": "2026-01-01T00:00:00Z",
                "not_after": "2026-12-31T23:59:59Z",
                "fingerprint_sha256": issued_old.sha256,
                "entries": 1,
            }
        },
    }
    headers = {"before_header": "MyProject/web", "after_header": "MyProject/web"}
    assert _result.diff("MyProject/web", None, view) == {**headers, "before": {}, "after": shown}
    assert _result.diff("MyProject/web", view, None) == {**headers, "before": shown, "after": {}}


@pytest.mark.parametrize("kept", [True, False], ids=["kept", "new"])
def test_a_diff_says_whether_another_certificate_has_the_same_key(
    held: Held, old: Bundle, new: Bundle, now: datetime, kept: bool
) -> None:
    """An environment that is added, that is in sync, or whose content is unknown has no key to compare."""
    before = _result.certificate(held({"staging": old, "production": new}), now)
    after = _result.certificate(held({"staging": new, "production": new, "development": new}), now)
    assert before is not None
    if kept:
        before["environments"][1]["public_key_sha256"] = new.leaf.public_key_sha256

    diff = _result.diff("MyProject/web", before, after)

    assert {name: one.get("key") for name, one in diff["after"]["environments"].items()} == {
        "staging": "kept" if kept else "new",
        "production": None,
        "development": None,
    }
    assert all("key" not in one for one in diff["before"]["environments"].values())


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [("aa", "aa", "kept"), ("aa", "bb", "new"), (None, "bb", None), ("aa", None, None), (None, None, None)],
)
def test_the_key_of_a_certificate_that_replaces_another(
    before: str | None, after: str | None, change: str | None
) -> None:
    assert _result.key_change({"public_key_sha256": before}, {"public_key_sha256": after}) == change
    assert _result.key_change(None, {"public_key_sha256": after}) is None


def test_time_alone_is_not_a_difference(held: Held, old: Bundle, now: datetime) -> None:
    view = [_result.certificate(held({"staging": old}), moment) for moment in (now, END + DAY)]
    diff = _result.diff("MyProject/web", *view)
    assert diff["before"] == diff["after"]


@pytest.mark.parametrize(
    ("given", "success"),
    [
        (Deployment(), None),
        (Deployment(success=True), True),
        (Deployment(success=False), False),
        (Deployment(success=True, environments=(EnvironmentDeployment("staging", success=False),)), False),
    ],
)
def test_a_deployment_is_not_a_success_if_any_part_failed(given: Deployment, success: bool | None) -> None:
    view = _result.deployment(given)
    assert view is not None
    assert view["success"] is success


def test_a_deployment_as_the_modules_return_it() -> None:
    environments = (EnvironmentDeployment("staging", True, "done"), EnvironmentDeployment("production", True))
    assert _result.deployment(Deployment(True, "all done", environments)) == {
        "success": True,
        "message": "all done",
        "environments": [
            {"name": "staging", "success": True, "message": "done"},
            {"name": "production", "success": True, "message": None},
        ],
    }
    assert _result.deployment(None) is None
