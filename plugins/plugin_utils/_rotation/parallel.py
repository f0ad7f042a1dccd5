# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work on several things at once, in a bounded number of threads."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Sequence
from functools import cache

if t.TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

Item = t.TypeVar("Item")
Found = t.TypeVar("Found")


def mapped(work: Callable[[Item], Found], items: Sequence[Item], at_once: int) -> Iterator[Found]:
    """Do the work on each item.

    :arg at_once: how many items may be in work at a time.
    :returns: what came of it, in the order of the items. Where nothing can be done at once, it is done in this thread.
    """
    if at_once < 2 or (len(items) < 2 and not _threads.cache_info().currsize):
        return map(work, items)
    return _threads(at_once).map(work, items)


@cache
def _threads(number: int) -> ThreadPoolExecutor:
    """Threads that live as long as this process, and with them what each of them keeps."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(number)
