# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which files the inventory plugin accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.apinizer.apiops.plugins.inventory.environments import InventoryModule


@pytest.mark.parametrize(
    ("name", "accepted"),
    [
        ("apinizer.yml", True),
        ("apinizer.yaml", True),
        ("test.apinizer.yml", True),
        ("test_apinizer.yaml", True),
        ("apinizer.yml.bak", False),
        ("apinizer.json", False),
        ("apinizer", False),
        ("inventory.yml", False),
        ("Apinizer.yml", False),
    ],
)
def test_the_name_of_the_file_decides(tmp_path: Path, name: str, accepted: bool) -> None:
    file = tmp_path / name
    file.touch()
    assert InventoryModule().verify_file(str(file)) is accepted


def test_a_missing_file_is_not_accepted(tmp_path: Path) -> None:
    assert not InventoryModule().verify_file(str(tmp_path / "apinizer.yml"))
