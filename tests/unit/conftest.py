# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Only the tests of the collection count for coverage, because measuring the others would take time for nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

_MEASURED = [Path(__file__).with_name(folder) for folder in ("plugins", "extensions", "fuzz")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of the fake manager and of the tools."""
    if config.pluginmanager.hasplugin("_cov"):
        for item in items:
            if not any(item.path.is_relative_to(folder) for folder in _MEASURED):
                item.add_marker("no_cover")
