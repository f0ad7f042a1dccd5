# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role never shows a secret: not with -vvvv, not in its report, its backup or its published statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration.machine import Run
from integration.role.rotation_fixture import NAME, PROJECT, RotationFixture, RotationRun, contents

USER, PASSWORD = "operator", "correct horse battery staple"


def _lines(pem: str) -> list[str]:
    return pem.splitlines()[1:-1]


def _rotate_verbosely(case: RotationFixture, *certificates: Any, **variables: Any) -> tuple[RotationRun, str]:
    """Run the role with the highest verbosity, and return everything that was written anywhere."""
    log = case.machine.folder / "ansible.log"
    connection = {"APINIZER_TOKEN": "", "ANSIBLE_LOG_PATH": str(log)}
    given = {"url": case.manager.url, "backup_dir": str(case.backups), **variables}
    rotation = case.rotate(*certificates, arguments=["-vvvv"], env=connection, **given)
    files = [*contents(rotation.reports), *contents(case.backups), log.read_text(encoding="utf-8")]
    return rotation, "\n".join([rotation.text, *files])


@pytest.mark.parametrize("by_login", [False, True], ids=["token", "password"])
def test_credentials_are_hidden(case: RotationFixture, by_login: bool) -> None:
    case.manager.add_user(USER, PASSWORD)
    proof = {"username": USER, "password": PASSWORD} if by_login else {"token": case.manager.token}

    rotation, written = _rotate_verbosely(case, **proof)

    assert rotation.outcome == "rotated"
    for secret in (PASSWORD, *case.manager.state.tokens):
        assert secret not in written
    # Make sure that the check can fail: values that are not secret are present.
    assert case.new.sha256 in written


@pytest.mark.parametrize("source", ["path", "content"])
def test_private_key_is_refused_and_hidden(case: RotationFixture, source: str) -> None:
    """Many tools write the key next to its certificate; it is refused from a file and from a variable."""
    text = case.new.pem + case.new.key_pem
    desired = case.desired(new=text)
    if source == "content":
        desired = {"project": PROJECT, "name": NAME, "content": text}

    rotation, written = _rotate_verbosely(case, desired, token=case.manager.token)

    assert rotation.outcome == "refused"
    assert f"The new certificate of {PROJECT}/{NAME}" in rotation.message
    assert "private key" in rotation.message
    assert not [line for line in _lines(case.new.key_pem) if line in written]


@pytest.mark.parametrize(
    "broken",
    [{"soak_seconds": "soon"}, {"strategy": "none"}, {"certificates": {"project": PROJECT}}],
    ids=["setting", "choice", "list"],
)
def test_private_key_is_hidden_if_a_variable_is_invalid(case: RotationFixture, broken: dict[str, Any]) -> None:
    """Both Ansible's and the role's validation of variables run before the key is detected."""
    given = {"certificates": [{"project": PROJECT, "name": NAME, "content": case.new.key_pem}]}
    if "certificates" in broken:
        broken = {"certificates": {**broken["certificates"], "content": case.new.key_pem}}

    run: Run = case.ansible("ansible-playbook", "-vvvv", case.write_playbook({**given, **broken}))

    assert run.status != 0
    (variable,) = broken
    assert f"certificate_rotation_{variable}" in run.text
    # JSON and Python write line breaks differently, so compare line by line.
    assert not [line for line in _lines(case.new.key_pem) if line in run.text]
    assert json.dumps(case.new.key_pem)[1:-1] not in run.text
