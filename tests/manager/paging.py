# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut lists into pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar

Paging = Literal["from-1", "from-0", "ignored"]
"""The number of the first page, or that the manager ignores `page` and `size`, so that only the first page exists."""

_Item = TypeVar("_Item")


def one_page(items: Sequence[_Item], query: Mapping[str, str], page_size: int, paging: Paging) -> Sequence[_Item]:
    """Return the page that the query asks for, by default the first.

    `page_size` is the default of `size`, and its maximum. The vendor's pages name both parameters without defining them,
    so an unusable value counts as missing, as with the default of a servlet.
    """
    if paging == "ignored":
        return items[:page_size]
    first = 1 if paging == "from-1" else 0
    page = _number(query, "page", first, least=first)
    size = min(_number(query, "size", page_size, least=1), page_size)
    start = (page - first) * size
    return items[start : start + size]


def _number(query: Mapping[str, str], name: str, default: int, *, least: int) -> int:
    value = query.get(name, "")
    return int(value) if value.isdecimal() and int(value) >= least else default
