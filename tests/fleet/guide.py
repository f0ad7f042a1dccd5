# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of the guide that a run writes, each between two comments."""

from __future__ import annotations

from collections.abc import Mapping


def updated(document: str, parts: Mapping[str, str]) -> str:
    """Return the document with each part replaced. A part that the document does not have is added at its end."""
    for name, text in parts.items():
        begin, end = f".. Written by make fleet, {name}: begin", f".. Written by make fleet, {name}: end"
        block = f"{begin}\n\n{text}\n\n{end}"
        before, found, rest = document.partition(begin)
        _replaced, _end, after = rest.partition(end)
        document = f"{before}{block}{after}" if found else f"{document}{block}\n\n"
    return document
