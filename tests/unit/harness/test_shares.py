# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every case of a test runs in one share, in all its modes; every test runs in all shares."""

from __future__ import annotations

import pytest

from integration.shares import in_share

TESTS = [
    "test_a.py::test_one_case[module]",
    "test_a.py::test_one_case[process]",
    "test_a.py::test_cases[2025-module]",
    "test_a.py::test_cases[2025-process]",
    "test_a.py::test_cases[2026.09-module]",
    "test_a.py::test_cases[2026.09-process]",
    "test_a.py::test_cases[openapi-module]",
    "test_a.py::test_cases[openapi-process]",
    "test_a.py::test_without_mode",
]


def test_shares_cover_every_case_in_all_its_modes() -> None:
    first, second = (
        [test for test, chosen in zip(TESTS, in_share(TESTS, share)) if chosen] for share in ("1/2", "2/2")
    )
    assert first == [*TESTS[:4], *TESTS[6:]]
    assert second == [*TESTS[:2], *TESTS[4:6], TESTS[8]]


@pytest.mark.parametrize("share", ["0/2", "3/2", "2", "a/b"])
def test_share_must_exist(share: str) -> None:
    with pytest.raises(ValueError, match=r"share|unpack|int"):
        in_share(TESTS, share)
