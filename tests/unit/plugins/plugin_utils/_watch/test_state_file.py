# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state file: what it stores, and how it refuses other files."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.module_utils._errors import InputError
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state import (
    CertificateState,
    EnvironmentState,
    ObservedCertificate,
    State,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_file import StateFile
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_json import dump

MANAGER = "https://apinizer.example.com"
STATE = State(
    {
        ("Payments", "ödeme"): CertificateState(
            {
                "production": EnvironmentState(
                    ObservedCertificate("aa", None, 30), ObservedCertificate("bb", "cc", 0), 1
                ),
                "staging": EnvironmentState(ObservedCertificate("aa")),
            },
            drift=("production", "staging"),
            duplicates=("staging",),
            stale=("production",),
        )
    },
    datetime(2026, 11, 23, 5, tzinfo=timezone.utc),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def test_a_written_state_is_read_back(path: Path):
    file = StateFile(str(path), MANAGER)
    assert file.read() == State()
    file.write(STATE)
    assert file.read() == STATE
    assert path.stat().st_mode & 0o777 == 0o600
    file.write(State())
    assert file.read() == State()
    assert os.listdir(path.parent) == ["state.json"]


def test_an_empty_file_is_an_empty_state_and_its_mode_becomes_0600(path: Path):
    path.write_text("\n")
    path.chmod(0o644)
    file = StateFile(str(path), MANAGER)
    assert file.read() == State()
    file.check_writable(State())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_is_kept(path: Path):
    link = path.with_name("link.json")
    link.symlink_to(path)
    StateFile(str(link), MANAGER).write(STATE)
    assert link.is_symlink()
    assert StateFile(str(path), MANAGER).read() == STATE


def state_with(**changes: Any) -> str:
    """Return a state as JSON, with some of its keys replaced."""
    return json.dumps({**dump(STATE, MANAGER), **changes})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secret: {", "it is not valid JSON"),
        (state_with()[:200], "it is not valid JSON"),
        ("[" * 100000, "it is not valid JSON"),
        ("[]", "state: must be a dictionary, not a list"),
        ("{}", "it was not written by apinizer.apiops.certificate_expiry"),
        (state_with(schema=2), "state.schema: must be 1"),
        (state_with(manager="https://other.example.com"), "it belongs to manager https://other.example.com, not to "),
        (state_with(certificates=[{"project": "Payments"}]), "state.certificates[0].name: is missing"),
        (
            state_with(certificates=[{"project": "P", "name": "n", "environments": [{"name": "e"}]}]),
            "the certificate of environment e is missing",
        ),
        (state_with(unreachable_since="yesterday"), "state.unreachable_since: must be a date"),
    ],
)
def test_other_content_is_refused_and_left_unchanged(path: Path, text: str, message: str):
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        StateFile(str(path), MANAGER).read()
    error = str(caught.value)
    assert error.startswith(f"state_file: {path} does not contain the state of this event source: ")
    assert message in error
    assert "secret" not in error
    assert path.read_text() == text


@pytest.mark.parametrize(("content", "reason"), [(b"\xff\xfe", "it is not valid UTF-8 text"), (None, "Is a directory")])
def test_a_file_that_cannot_be_read_is_an_error(path: Path, content: bytes | None, reason: str):
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"^state_file: {path} cannot be read: {reason}$"):
        StateFile(str(path), MANAGER).read()


def test_a_file_that_cannot_be_written_is_an_error_and_keeps_its_content(path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"cannot be written: No such file or directory$"):
        StateFile(str(path.parent / "none" / "state.json"), MANAGER).check_writable(State())
    file = StateFile(str(path), MANAGER)
    file.write(STATE)

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match=r"cannot be written: No space left on device$"):
        file.check_writable(State())
    assert os.listdir(path.parent) == ["state.json"]
    assert file.read() == STATE
