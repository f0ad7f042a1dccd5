# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.manager import Operation
from ansible_collections.apinizer.apiops.plugins.plugin_utils._overlap.deletion import Deletion, delete_all
from unit.plugins.plugin_utils._rotation.fakes import FakeAccess, failure
from unit.plugins.plugin_utils._rotation.run_builder import PROJECT

KEY = f"{PROJECT}/web-next"
DELETIONS = {KEY: Operation(PROJECT, "web-next", absent=True)}
NOT_DEPLOYED = {
    "success": False,
    "message": "failed",
    "environments": [
        {"name": "dev", "success": True, "message": None},
        {"name": "prod", "success": False, "message": "down"},
    ],
}


def deleted(access: FakeAccess) -> Deletion:
    found: dict[str, Deletion] = {}
    delete_all(DELETIONS, access, 1, found.__setitem__)
    return found[KEY]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"changed": True, "certificate": None}, Deletion()),
        (failure("HTTP 403"), Deletion(kept="HTTP 403")),
        (failure("not deployed", changed=True, certificate=None), Deletion(doubt="not deployed")),
        (failure("unknown", changed=True), Deletion(kept="unknown")),
    ],
)
def test_a_module_in_a_process_of_its_own_says_what_it_has_deleted(result: Any, expected: Deletion) -> None:
    assert deleted(FakeAccess(results={KEY: result}, in_process=False)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"deployment": {"success": True, "message": None, "environments": []}}, Deletion()),
        ({"deployment": NOT_DEPLOYED}, Deletion(doubt="its deployment failed in: prod (down)")),
        ({"deployment": {**NOT_DEPLOYED, "environments": []}}, Deletion(doubt="its deployment failed in: failed")),
        (failure("no answer"), Deletion(doubt="no answer. The certificate was deleted nevertheless")),
    ],
)
def test_the_record_decides_whether_it_was_deleted(
    monkeypatch: pytest.MonkeyPatch, answer: Any, expected: Deletion
) -> None:
    access = FakeAccess()
    monkeypatch.setattr(access, "send_deletion", lambda _operation: answer)

    assert deleted(access) == expected


def test_what_cannot_be_read_back_counts_as_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    access = FakeAccess(unreadable=PROJECT)
    monkeypatch.setattr(access, "send_deletion", lambda _operation: {"deployment": None})

    assert deleted(access).kept == (
        "The manager answered the deletion with success. Whether it was deleted is unknown, since the project could not be "
        f"listed afterwards: {PROJECT} cannot be read: HTTP 503"
    )
