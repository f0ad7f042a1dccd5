# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret is shown by the role: not with -vvvv, not in its report, its backup or its statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from integration.machine import Run
from integration.role.rotation_fixture import NAME, PROJECT, Rotation, Stage, contents

USER, PASSWORD = "operator", "correct horse battery staple"


def _lines(pem: str) -> list[str]:
    return pem.splitlines()[1:-1]


def _rotate_verbosely(stage: Stage, *certificates: Any, **variables: Any) -> tuple[Rotation, str]:
    """Run the role as verbosely as Ansible can, and return all that was written anywhere."""
    log = stage.machine.folder / "ansible.log"
    connection = {"APINIZER_TOKEN": "", "ANSIBLE_LOG_PATH": str(log)}
    given = {"url": stage.manager.url, "backup_dir": str(stage.backups), **variables}
    rotation = stage.rotate(*certificates, arguments=["-vvvv"], env=connection, **given)
    files = [*contents(rotation.reports), *contents(stage.backups), log.read_text(encoding="utf-8")]
    return rotation, "\n".join([rotation.text, *files])


@pytest.mark.parametrize("by_login", [False, True], ids=["token", "password"])
def test_what_it_signs_in_with(stage: Stage, by_login: bool) -> None:
    stage.manager.add_user(USER, PASSWORD)
    proof = {"username": USER, "password": PASSWORD} if by_login else {"token": stage.manager.token}

    rotation, written = _rotate_verbosely(stage, **proof)

    assert rotation.outcome == "rotated"
    for secret in (PASSWORD, *stage.manager.state.tokens):
        assert secret not in written
    # The check can fail: what is no secret is there.
    assert stage.new.sha256 in written


@pytest.mark.parametrize("source", ["path", "content"])
def test_a_private_key(stage: Stage, source: str) -> None:
    """Next to its certificate, as many tools write it; it is refused, whichever way it comes."""
    text = stage.new.pem + stage.new.key_pem
    wanted = stage.wanted(new=text)
    if source == "content":
        wanted = {"project": PROJECT, "name": NAME, "content": text}

    rotation, written = _rotate_verbosely(stage, wanted, token=stage.manager.token)

    assert rotation.outcome == "refused"
    assert f"The new certificate of {PROJECT}/{NAME}" in rotation.message
    assert "private key" in rotation.message
    assert not [line for line in _lines(stage.new.key_pem) if line in written]


@pytest.mark.parametrize(
    "broken",
    [{"soak_seconds": "soon"}, {"strategy": "none"}, {"certificates": {"project": PROJECT}}],
    ids=["setting", "choice", "list"],
)
def test_a_private_key_where_a_variable_is_wrong(stage: Stage, broken: dict[str, Any]) -> None:
    """Ansible's own check of the variables, and the role's, come before anybody has looked at the key."""
    given = {"certificates": [{"project": PROJECT, "name": NAME, "content": stage.new.key_pem}]}
    if "certificates" in broken:
        broken = {"certificates": {**broken["certificates"], "content": stage.new.key_pem}}

    run: Run = stage.ansible("ansible-playbook", "-vvvv", stage.play({**given, **broken}))

    assert run.status != 0
    (variable,) = broken
    assert f"certificate_rotation_{variable}" in run.text
    # JSON and Python write the line breaks differently, so look at each line.
    assert not [line for line in _lines(stage.new.key_pem) if line in run.text]
    assert json.dumps(stage.new.key_pem)[1:-1] not in run.text
