# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._rotation.parallel import _threads, mapped

WAIT = 10


@pytest.fixture(autouse=True)
def no_threads_yet() -> None:
    _threads.cache_clear()


def test_so_many_are_in_work_at_once() -> None:
    all_there = threading.Barrier(3)

    def meet(number: int) -> int:
        all_there.wait(WAIT)
        return number * 10

    assert list(mapped(meet, [1, 2, 3], 3)) == [10, 20, 30]


def test_no_more_are_in_work_at_once() -> None:
    lock, in_work, most = threading.Lock(), 0, 0

    def work(_number: int) -> None:
        nonlocal in_work, most
        with lock:
            in_work += 1
            most = max(most, in_work)
        time.sleep(0.01)
        with lock:
            in_work -= 1

    list(mapped(work, range(8), 2))

    assert most == 2


@pytest.mark.parametrize(("items", "at_once"), [(range(3), 1), (range(1), 8), (range(0), 8)])
def test_without_a_choice_the_work_is_done_here(items: range, at_once: int) -> None:
    threads = list(mapped(lambda _number: threading.current_thread(), items, at_once))

    assert threads == [threading.current_thread()] * len(items)


def test_the_threads_stay_for_the_next_items() -> None:
    def name(number: int) -> str:
        # Long enough that each thread takes a part.
        time.sleep(0.05)
        return threading.current_thread().name

    first, second, last = (set(mapped(name, range(items), 4)) for items in (4, 4, 1))

    assert first == second
    assert len(first) == 4
    assert last < first
