"""Things worked on by several threads at once, given in order and few at a time."""

import threading
import time
from collections.abc import Iterator

import pytest

from core.machine.threads import in_order, most_at_once, threads_here


def test_results_come_in_the_order_of_the_items_however_long_each_takes() -> None:
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(in_order(slow_first, range(20))) == list(range(20))


def test_few_items_are_taken_ahead_of_the_results() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    results = in_order(abs, items())
    assert next(results) == 1
    assert taken <= 2 * most_at_once()
    results.close()


def test_an_error_is_raised_and_what_has_not_begun_is_left() -> None:
    begun = []

    def work(number: int) -> int:
        begun.append(number)
        return 1 // number

    with pytest.raises(ZeroDivisionError):
        list(in_order(work, range(1000)))
    assert len(begun) <= 2 * most_at_once()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("in-order")]


def test_beside_others_a_computation_has_one_thread() -> None:
    assert list(in_order(lambda _: threads_here(), range(4))) == [1] * 4
    assert threads_here() == most_at_once()
