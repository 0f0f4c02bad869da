"""Many things worked on at once by a thread per core, taken and given one by one."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from core.machine.cores import usable_cores

MOST_THREADS = 4

Item = TypeVar("Item")
Result = TypeVar("Result")
_here = threading.local()


def most_at_once() -> int:
    """How many things are worked on at once: one per core, and at most MOST_THREADS."""
    return min(MOST_THREADS, usable_cores())


def threads_here() -> int:
    """How many threads a computation in this one may use: one where its neighbours use the other cores."""
    return 1 if getattr(_here, "has_neighbours", False) else most_at_once()


def in_order(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    """The results of work on each item, in the order of the items, of which few are taken ahead of the results.

    Raises what work raises; then, and when the results are given up, what has not begun is left.
    """
    ahead = 2 * most_at_once()
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(most_at_once(), "in-order", initializer=_has_neighbours)
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) == ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _has_neighbours() -> None:
    _here.has_neighbours = True
