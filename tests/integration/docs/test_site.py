# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site leaves out internal plugins, and the check that guards this finds one that is shown."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import pytest

from integration.machine import ROOT

pytestmark = [pytest.mark.exhaustive, pytest.mark.single_mode]

MODULE = """
DOCUMENTATION = r'''
module: {name}
short_description: "{summary}"
'''
"""
FILTER = """
DOCUMENTATION:
  name: {name}
  short_description: "{summary}"
"""


@pytest.fixture
def docs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import the tool that builds the site."""
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("docs")


def test_documented_plugins_are_found_with_their_files(docs: Any, tmp_path: Path) -> None:
    for name, text in {
        "modules/engine.py": MODULE.format(name="engine", summary="Internal: run a phase"),
        "modules/certificate.py": MODULE.format(name="certificate", summary="Manage a certificate"),
        "filter/report.yml": FILTER.format(name="report", summary="Render a report"),
        "filter/report.py": "def report(): ...\n",
        "action/engine.py": "class ActionModule: ...\n",
    }.items():
        file = tmp_path / "plugins" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    found = {plugin.page: (summary, len(plugin.files)) for plugin, summary in docs.documented_plugins(tmp_path)}

    assert found == {
        "engine_module.html": ("Internal: run a phase", 1),
        "certificate_module.html": ("Manage a certificate", 1),
        "report_filter.html": ("Render a report", 2),
    }


@pytest.mark.parametrize(
    ("page", "html", "is_shown"),
    [
        ("engine_module.html", "", True),
        ("index.html", '<a href="engine_module.html#options">engine module</a>', True),
        ("guide.html", "<code>apinizer.apiops.engine</code>", True),
        ("guide.html", "Use apinizer.apiops.engine.", True),
        ("index.html", '<a href="engine_report_filter.html">apinizer.apiops.engine_report</a>', False),
        ("index.html", '<a href="other_engine_module.html">apinizer.apiops.other_engine</a>', False),
        ("guide.html", "The engine of the role", False),
    ],
)
def test_a_page_that_shows_an_internal_plugin_is_found(docs: Any, page: str, html: str, is_shown: bool) -> None:
    internal = [docs.Plugin("module", "engine", ())]

    found = docs.pages_that_show(internal, {Path(page): html})

    assert found == ([f"{page}: shows the internal module engine"] if is_shown else [])
