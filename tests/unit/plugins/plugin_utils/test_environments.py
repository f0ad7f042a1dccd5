# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a manager can deploy to environments, by the status that it reports."""

from __future__ import annotations

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._environments import status_problems, types_of

REMEDY = "Publish it in the console, or limit the run to other environments with certificate_rotation_environments"


def statuses(**environments: str | None) -> dict[str, dict[str, dict[str, str | None]]]:
    found = {name: {"name": name, "type": "TEST", "status": status} for name, status in environments.items()}
    return {"MyProject": found}


@pytest.mark.parametrize("status", ["PUBLISHED", None])
def test_a_published_environment_is_no_problem(status: str | None) -> None:
    assert status_problems([("MyProject", "staging")], statuses(staging=status)) == ([], [])


def test_an_environment_that_is_not_reported_is_no_problem() -> None:
    targets = [("MyProject", "apimanager"), ("Unread", "staging")]

    assert status_problems(targets, statuses(staging="UNPUBLISHED")) == ([], [])


def test_environments_that_are_not_published_are_each_named_once() -> None:
    targets = [("MyProject", "staging"), ("MyProject", "production"), ("MyProject", "staging")]

    problems, warnings = status_problems(targets, statuses(staging="UNPUBLISHED", production="UNPUBLISHED"))

    assert problems == [
        *(
            f"Environment {name} of project MyProject has the status UNPUBLISHED, so the manager cannot deploy to it"
            for name in ("production", "staging")
        ),
        REMEDY,
    ]
    assert warnings == []


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("REPUBLISH_REQUIRED", "REPUBLISH_REQUIRED: other changes are waiting to be published there"),
        ("DRAFT", "DRAFT, so the deployment to it may fail"),
        ("SOMETHING_NEW", "SOMETHING_NEW, so the deployment to it may fail"),
    ],
)
def test_another_status_is_a_warning(status: str, text: str) -> None:
    assert status_problems([("MyProject", "staging")], statuses(staging=status)) == (
        [],
        [f"Environment staging of project MyProject has the status {text}"],
    )


def test_the_types_of_environments() -> None:
    assert types_of(statuses(staging="PUBLISHED")) == {"MyProject": {"staging": "TEST"}}
