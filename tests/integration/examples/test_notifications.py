# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The example notifications and changes: what chats and the ticket system receive, and which secrets stay hidden."""

from __future__ import annotations

import re
from typing import Any

import pytest

from integration.eda.receiver import Receiver
from integration.examples.conftest import Example
from integration.machine import Run
from manager.demo_data import ENVIRONMENTS

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

SLACK, TEAMS = "/services/T0/secret-of-slack", "/workflows/secret-of-teams"
CHANGES = "/api/now/table/change_request"
CHANGE = f"{CHANGES}/c1"
ATTACHMENT = "/api/now/attachment/file"
TWO_WAVES = '{"certificate_rotation_waves": [["development", "staging"], ["production"]]}'
SECRETS = ("secret-of-slack", "secret-of-teams", "secret-of-servicenow")


def _responses(*, approval: str = "approved", found: bool = False) -> dict[tuple[str, str], Any]:
    """What the chats and the ticket system respond."""
    change = {"sys_id": "c1", "number": "CHG0030001", "approval": approval}
    return {
        ("POST", SLACK): None,
        ("POST", TEAMS): None,
        ("GET", CHANGES): {"result": [change] if found else []},
        ("POST", CHANGES): {"result": change},
        ("GET", CHANGE): {"result": change},
        ("PATCH", CHANGE): {"result": change},
        ("POST", ATTACHMENT): {"result": {}},
    }


def _rotate(example: Example, url: str, *arguments: str, fails: bool = False, slack: str = SLACK) -> Run:
    """Run the rotation with all task files."""
    variables = {
        "certificate_rotation_before_wave_tasks": example.folder / "servicenow_open.yml",
        "certificate_rotation_after_run_tasks": example.folder / "after_run.yml",
        "certificate_change_wait_minutes": 0,
    }
    words = [word for name, value in variables.items() for word in ("-e", f"{name}={value}")]
    run = example.playbook(
        *("apinizer.apiops.rotate", "-vv", "-e", "@rotation.yml", "-e", TWO_WAVES, *words, *arguments),
        fails=fails,
        CERTIFICATE_NOTIFY_SLACK_URL=f"{url}{slack}",
        CERTIFICATE_NOTIFY_TEAMS_URL=f"{url}{TEAMS}",
        CERTIFICATE_CHANGE_URL=url,
        CERTIFICATE_CHANGE_USERNAME="automation",
        CERTIFICATE_CHANGE_PASSWORD="secret-of-servicenow",
    )
    assert not any(secret in run.text for secret in SECRETS)
    return run


@pytest.fixture
def prepared(example: Example) -> Example:
    """The task files next to a rotation in waves."""
    example.copy("one_manager")
    example.copy("notifications")
    return example


def test_rotation_is_announced_and_its_change_is_closed_with_the_report(prepared: Example) -> None:
    with Receiver(_responses()) as receiver:
        _rotate(prepared, receiver.url)

    assert prepared.renewed() == list(ENVIRONMENTS)
    requests = receiver.received
    assert [request[:2] for request in requests] == [
        ("GET", CHANGES),
        ("POST", CHANGES),
        ("PATCH", CHANGE),
        ("GET", CHANGE),
        ("PATCH", CHANGE),
        ("POST", ATTACHMENT),
        ("PATCH", CHANGE),
        ("PATCH", CHANGE),
        ("POST", SLACK),
        ("POST", TEAMS),
    ], "one change for all waves"
    opened, report, slack, teams = (requests[index][2] for index in (1, 5, 8, 9))
    assert re.fullmatch(r"certificates-[0-9a-f]{64}", opened["correlation_id"])
    assert "MyProject / my-certificate, SHA-256 " in opened["description"]
    assert [requests[index][2]["state"] for index in (2, 4, 6, 7)] == ["-4", "-1", "0", "3"]
    assert requests[7][2]["close_code"] == "successful"
    assert report.startswith("# ")
    assert "my-certificate" in report
    assert slack["text"] == "Certificate rotation: rotated"
    assert "• MyProject / my-certificate: rotated" in slack["blocks"][1]["text"]["text"]
    (attachment,) = teams["attachments"]
    title, message, facts, certificates = attachment["content"]["body"]
    assert (title["color"], certificates["text"]) == ("Good", "- MyProject / my-certificate: rotated\n")
    assert message["text"].startswith("Rotated 1 of 1 certificates")
    assert {"title": "Manager", "value": prepared.manager.url} in facts["facts"]


def test_nothing_is_written_without_an_approval(prepared: Example) -> None:
    """A change that is open already is used, and stays open. A message that cannot be sent fails nothing more."""
    with Receiver(_responses(approval="requested", found=True)) as receiver:
        run = _rotate(prepared, receiver.url, fails=True, slack="/gone/secret-of-slack")

    assert not list(prepared.manager.journal.writes())
    assert "Change CHG0030001 is not approved (requested). Nothing was written, and the change stays open" in run.text
    assert [request[:2] for request in receiver.received] == [
        ("GET", CHANGES),
        ("GET", CHANGE),
        ("POST", "/gone/secret-of-slack"),
        ("POST", TEAMS),
    ]
    assert "The message to Slack was not sent (HTTP status 404)" in run.text
    assert receiver.received[-1][2]["attachments"][0]["content"]["body"][0]["text"] == "Certificate rotation: refused"


def test_check_mode_posts_nothing(prepared: Example) -> None:
    with Receiver(_responses()) as receiver:
        _rotate(prepared, receiver.url, "--check")

    assert receiver.received == []
