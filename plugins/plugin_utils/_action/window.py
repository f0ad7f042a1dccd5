# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Work in parallel, in a rolling window: as soon as one item is done, the next begins, until one fails."""

from __future__ import annotations

import threading
import typing as t
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context

Value = t.TypeVar("Value")


def rolling_window(
    items: Sequence[str],
    parallel: int,
    begin: Callable[[str], Callable[[], Value]],
    end: Callable[[str, Value], bool],
) -> None:
    """Work on items in parallel.

    The work ends in an orderly way: a task timeout, which Ansible raises in the main thread, begins no other item, but lets
    those that have begun come to their end.

    :arg begin: called for one item after the other, in one thread; returns the work to do in a thread of its own.
    :arg end: called with each item and the value of its work, in the thread of C(begin); returns whether to go on.
    """
    stop = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        # Ansible keeps what its modules need in context variables, which a thread does not inherit.
        future = thread.submit(copy_context().run, _work, items, parallel, begin, end, stop)
        try:
            future.result()
        except BaseException:
            stop.set()
            wait([future])
            raise


def _work(
    items: Sequence[str],
    parallel: int,
    begin: Callable[[str], Callable[[], Value]],
    end: Callable[[str, Value], bool],
    stop: threading.Event,
) -> None:
    pending = deque(items)
    begun: dict[Future[Value], str] = {}
    with ThreadPoolExecutor(parallel) as threads:
        while True:
            while pending and len(begun) < parallel and not stop.is_set():
                item = pending.popleft()
                begun[threads.submit(copy_context().run, begin(item))] = item
            if not begun:
                return
            for future in wait(begun, return_when=FIRST_COMPLETED).done:
                if not end(begun.pop(future), future.result()):
                    stop.set()
