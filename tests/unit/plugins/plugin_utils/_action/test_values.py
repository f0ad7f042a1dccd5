# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections import UserString
from collections.abc import Iterable
from typing import Any

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.values import plain


def generated() -> Iterable[int]:
    yield from (1, 2)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (1.5, 1.5),
        ("text", "text"),
        (UserString("decrypted"), "decrypted"),
        ({"a": (1, UserString("b"))}, {"a": [1, "b"]}),
        (generated(), [1, 2]),
    ],
)
def test_values_become_what_a_module_would_have_got(value: Any, expected: Any) -> None:
    got = plain(value)
    assert got == expected
    assert type(got) is type(expected)
