# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import stat
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._records import (
    RecordError,
    decode,
    dumps,
    hints_of,
    write_private,
)


@dataclass(frozen=True)
class Inner:
    data: bytes
    at: datetime | None = None


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner
    more: tuple[Inner, ...] = ()
    by_name: dict[str, tuple[Inner, ...]] = field(default_factory=dict)
    groups: tuple[tuple[str, ...], ...] | Literal["auto"] = ()
    names: list[str] | None = None
    maybe: Inner | None = None
    anything: Any = None
    secret: str | None = field(default=None, metadata={"saved": False})


MOMENT = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (str, 'ü\n\u2028"\\'),
        (str, "\udcff"),
        (int, 7),
        (bool, True),
        (int | None, None),
        (bytes, b"\x00\xff PEM"),
        (bytes, b""),
        (datetime, MOMENT),
        (datetime | None, MOMENT),
        (datetime | None, None),
        (datetime, MOMENT.astimezone(timezone(timedelta(hours=3)))),
        (Inner, Inner(b"x", MOMENT)),
        (Inner | None, Inner(b"x")),
        (list[Inner], [Inner(b"x"), Inner(b"y")]),
        (tuple[int, ...], (1, 2)),
        (dict[str, Inner], {"a/ö": Inner(b"x")}),
        (Any, {"a": [1, None, {"b": "c"}]}),
        (Outer, Outer("n", Inner(b"x"))),
        (
            Outer,
            Outer(
                "n",
                Inner(b"x", MOMENT),
                (Inner(b"y"),),
                {"k": (Inner(b"z", MOMENT),)},
                (("a", "b"), ("c",)),
                ["d"],
                Inner(b"w"),
                {"free": ["form"]},
            ),
        ),
        (Outer, Outer("n", Inner(b"x"), groups="auto")),
    ],
)
def test_a_value_survives_dump_and_load(kind: Any, value: Any) -> None:
    text = dumps(value)

    found = decode(kind, json.loads(text))
    assert found == value
    assert type(found) is type(value)
    assert text.isascii()
    assert "\n" not in text


def test_a_field_that_is_not_saved_is_left_out() -> None:
    outer = Outer("n", Inner(b"x"), secret="s3cr3t")

    assert "s3cr3t" not in dumps(outer)
    assert decode(Outer, json.loads(dumps(outer))) == Outer("n", Inner(b"x"))


def test_the_types_of_a_class_are_resolved() -> None:
    assert hints_of(Inner) == {"data": bytes, "at": datetime | None}


def test_only_its_owner_can_read_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "file"

    write_private(str(path), "text ü")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text(encoding="utf-8") == "text ü"


def test_a_private_file_is_replaced_unless_it_must_be_new(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("a longer text")

    with pytest.raises(RecordError, match="cannot be written: File exists"):
        write_private(str(path), "new", new=True)
    assert path.read_text() == "a longer text"
    write_private(str(path), "new")
    assert path.read_text() == "new"
