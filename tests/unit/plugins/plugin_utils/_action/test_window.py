# Copyright: (c) 2026, apinizer.apiops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextvars import ContextVar

import pytest

from ansible_collections.apinizer.apiops.plugins.plugin_utils._action.window import rolling_window

WAIT = 10
"""Seconds after which a test that would hang fails."""


class Recorder:
    """Records the order in which items begin and end; C(work) is done for each of them."""

    def __init__(self, work: Callable[[str], object] = lambda _item: None, *, stop_at: str = "") -> None:
        self._work = work
        self._stop_at = stop_at
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.values: dict[str, object] = {}

    def begin(self, item: str) -> Callable[[], object]:
        self.begun.append(item)
        return lambda: self._work(item)

    def end(self, item: str, value: object) -> bool:
        self.ended.append(item)
        self.values[item] = value
        return item != self._stop_at

    def run(self, items: str, parallel: int) -> Recorder:
        """Work on the items, one per character."""
        rolling_window(list(items), parallel, self.begin, self.end)
        return self


def test_the_given_number_of_items_is_in_work_in_parallel() -> None:
    all_there = threading.Barrier(3)

    recorder = Recorder(lambda _item: all_there.wait(WAIT)).run("abc", 3)

    assert sorted(recorder.ended) == ["a", "b", "c"]


@pytest.mark.parametrize(("parallel", "items"), [(2, "abcdefgh"), (1, "abc"), (8, "abc")])
def test_no_more_than_the_given_number_are_in_work(parallel: int, items: str) -> None:
    lock, in_work, most = threading.Lock(), 0, 0

    def work(_item: str) -> None:
        nonlocal in_work, most
        with lock:
            in_work += 1
            most = max(most, in_work)
        time.sleep(0.01)
        with lock:
            in_work -= 1

    Recorder(work).run(items, parallel)

    assert most <= min(parallel, len(items))


def test_the_window_rolls_rather_than_waiting_for_a_batch() -> None:
    """While the first item is still in work, all others are done."""
    others_done = threading.Event()
    recorder = Recorder(lambda item: others_done.wait(WAIT) if item == "a" else None)
    end = recorder.end

    def end_and_count(item: str, value: object) -> bool:
        if len(recorder.ended) == 3:
            others_done.set()
        return end(item, value)

    rolling_window(list("abcde"), 2, recorder.begin, end_and_count)

    assert recorder.values["a"] is True
    assert recorder.ended[-1] == "a"


def test_items_begin_in_order_and_each_gets_the_value_of_its_work() -> None:
    recorder = Recorder(str.upper).run("abcde", 3)

    assert recorder.begun == list("abcde")
    assert recorder.values == {item: item.upper() for item in "abcde"}


def test_with_one_in_parallel_an_item_begins_after_the_one_before_has_ended() -> None:
    order: list[str] = []

    def begin(item: str) -> Callable[[], None]:
        order.append(f"begin {item}")
        return lambda: None

    def end(item: str, _value: None) -> bool:
        order.append(f"end {item}")
        return True

    rolling_window(["a", "b"], 1, begin, end)

    assert order == ["begin a", "end a", "begin b", "end b"]


def test_without_items_nothing_is_done() -> None:
    assert Recorder().run("", 8).ended == []


def test_begin_and_end_are_called_in_one_thread_and_the_work_in_others() -> None:
    callers, workers = set(), set()

    def begin(_item: str) -> Callable[[], None]:
        callers.add(threading.get_ident())
        return lambda: workers.add(threading.get_ident())

    def end(_item: str, _value: None) -> bool:
        callers.add(threading.get_ident())
        return True

    rolling_window(list("abcd"), 2, begin, end)

    assert len(callers) == 1
    assert not callers & workers


def test_context_variables_of_the_caller_are_there_in_the_work() -> None:
    """Ansible keeps what its modules need in them."""
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("the caller's")

    recorder = Recorder(lambda _item: variable.get()).run("ab", 2)

    assert set(recorder.values.values()) == {"the caller's"}


def test_after_a_failure_no_other_item_begins() -> None:
    recorder = Recorder(stop_at="b").run("abcdef", 1)

    assert recorder.begun == recorder.ended == ["a", "b"]


def test_items_in_work_at_a_failure_end_with_their_values() -> None:
    failed = threading.Event()

    def work(item: str) -> str:
        if item != "a":
            assert failed.wait(WAIT)
        return item.upper()

    recorder = Recorder(work, stop_at="a")
    end = recorder.end

    def end_and_tell(item: str, value: object) -> bool:
        go_on = end(item, value)
        failed.set()
        return go_on

    rolling_window(list("abcdef"), 3, recorder.begin, end_and_tell)

    assert recorder.begun == ["a", "b", "c"]
    assert recorder.values == {"a": "A", "b": "B", "c": "C"}


def test_an_exception_of_the_work_propagates_and_no_other_item_begins() -> None:
    def work(item: str) -> None:
        if item == "b":
            raise LookupError("a bug")

    recorder = Recorder(work)
    with pytest.raises(LookupError, match="a bug"):
        recorder.run("abcdef", 1)
    assert (recorder.begun, recorder.ended) == (["a", "b"], ["a"])


def test_an_exception_in_begin_propagates_after_the_items_in_work_are_done() -> None:
    done: list[str] = []

    def begin(item: str) -> Callable[[], None]:
        if item == "c":
            raise OSError("No space left on device")

        def work() -> None:
            time.sleep(0.02)
            done.append(item)

        return work

    with pytest.raises(OSError, match="No space left"):
        rolling_window(list("abcdef"), 3, begin, lambda _item, _value: True)
    assert sorted(done) == ["a", "b"]


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_task_timeout_lets_the_items_in_work_end_and_begins_no_other(
    alarm: Callable[[float], None], parallel: int
) -> None:
    all_begun = threading.Barrier(parallel)

    def work(item: str) -> str:
        all_begun.wait(WAIT)
        if item == "a":
            alarm(0.05)
        time.sleep(0.3)
        return item.upper()

    recorder = Recorder(work)
    with pytest.raises(KeyboardInterrupt, match="timed out"):
        recorder.run("abcdefghi", parallel)

    begun = list("abcdefghi"[:parallel])
    assert recorder.begun == begun
    assert recorder.values == {item: item.upper() for item in begun}
