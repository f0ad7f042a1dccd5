# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file in which a watch keeps what it remembers."""

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
    PlaceState,
    Seen,
    State,
    dump,
)
from ansible_collections.apinizer.apiops.plugins.plugin_utils._watch.state_file import StateFile

MANAGER = "https://apinizer.example.com"
STATE = State(
    {
        ("Payments", "ödeme"): CertificateState(
            {"production": PlaceState(Seen("aa", None, 30), Seen("bb", "cc", 0), 1), "staging": PlaceState(Seen("aa"))},
            drift=("production", "staging"),
            duplicates=("staging",),
        )
    },
    datetime(2026, 11, 23, 5, tzinfo=timezone.utc),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.json"


def test_what_is_written_is_read(path: Path):
    file = StateFile(str(path), MANAGER)
    assert file.read() == State()
    file.write(STATE)
    assert file.read() == STATE
    assert path.stat().st_mode & 0o777 == 0o600
    file.write(State())
    assert file.read() == State()
    assert os.listdir(path.parent) == ["state.json"]


def test_an_empty_file_is_no_state_and_loses_its_wide_mode(path: Path):
    path.write_text("\n")
    path.chmod(0o644)
    file = StateFile(str(path), MANAGER)
    assert file.read() == State()
    file.check_writable(State())
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_one(path: Path):
    link = path.with_name("link.json")
    link.symlink_to(path)
    StateFile(str(link), MANAGER).write(STATE)
    assert link.is_symlink()
    assert StateFile(str(path), MANAGER).read() == STATE


def spoilt(**changes: Any) -> str:
    return json.dumps({**dump(STATE, MANAGER), **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("secret: {", "it is no JSON"),
        (spoilt()[:200], "it is no JSON"),
        ("[" * 100000, "it is no JSON"),
        ("[]", "state: must be a dictionary, not a list"),
        ("{}", "it was not written by apinizer.apiops.certificate_expiry"),
        (spoilt(schema=2), "state.schema: must be 1"),
        (spoilt(manager="https://other.example.com"), "it belongs to the manager https://other.example.com, not to "),
        (spoilt(certificates=[{"project": "Payments"}]), "state.certificates[0].name: is missing"),
        (
            spoilt(certificates=[{"project": "P", "name": "n", "environments": [{"name": "e"}]}]),
            "does not say what e held",
        ),
        (spoilt(unreachable_since="yesterday"), "state.unreachable_since: must be a date"),
    ],
)
def test_anything_else_is_told_and_left_as_it_is(path: Path, text: str, said: str):
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        StateFile(str(path), MANAGER).read()
    message = str(caught.value)
    assert message.startswith(f"state_file: {path} is no state of this watch: ")
    assert said in message
    assert "secret" not in message
    assert path.read_text() == text


@pytest.mark.parametrize(("content", "said"), [(b"\xff\xfe", "it is no text"), (None, "Is a directory")])
def test_what_cannot_be_read_is_told(path: Path, content: bytes | None, said: str):
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InputError, match=f"^state_file: {path} cannot be read: {said}$"):
        StateFile(str(path), MANAGER).read()


def test_what_cannot_be_written_is_told_and_leaves_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(InputError, match=r"cannot be written: No such file or directory$"):
        StateFile(str(path.parent / "none" / "state.json"), MANAGER).check_writable(State())
    file = StateFile(str(path), MANAGER)
    file.write(STATE)

    def fails(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(InputError, match=r"cannot be written: No space left on device$"):
        file.check_writable(State())
    assert os.listdir(path.parent) == ["state.json"]
    assert file.read() == STATE
