# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide lists every request of the collection: those that the fake manager answers, except the ones of its own tests."""

from __future__ import annotations

import re
from pathlib import Path

from manager.routes import ROUTES

GUIDE = Path(__file__).parents[3] / "docs" / "docsite" / "rst" / "guide_safety.rst"
NOT_SENT = {
    "GET test/healthcheck",
    "GET projects/{}/certificates/{}/export",
    "GET projects/{}/certificates/{}/export-file",
}
"""What the fake manager answers, and the collection does not request."""


def _pattern(request: str) -> str:
    """Return a request without the names of its parameters, and without a slash at the end."""
    return re.sub(r"\{\w*\}", "{}", request.replace("/admin/", "/{}/")).rstrip("/")


def test_every_request_is_in_the_guide() -> None:
    section = GUIDE.read_text(encoding="utf-8").split("Which requests it sends\n")[1].split("How it protects you")[0]

    listed = {_pattern(request) for request in re.findall(r"``((?:GET|POST|PUT|DELETE) [^`]+)``", section)}
    answered = {_pattern(f"{route.method} {route.template}") for route in ROUTES}
    assert answered > NOT_SENT
    assert listed == answered - NOT_SENT
