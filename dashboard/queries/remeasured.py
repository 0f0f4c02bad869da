"""A value that takes long to measure: pages show what was measured last, while it is measured again beside them."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remeasured(Generic[Value]):
    """A value that is measured in a thread of its own whenever it is read and older than `keeps_s` seconds.

    Who reads waits for it at most `patience_s` seconds and then has the value from before, None where there is none.
    """

    def __init__(self, keeps_s: float, patience_s: float) -> None:
        self._keeps_s, self._patience_s = keeps_s, patience_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="remeasured")
        self._changing = Lock()
        self._last: Value | None = None
        self._latest: Future[Value] | None = None
        self._began = 0.0

    def read(self, measure: Callable[[], Value]) -> Value | None:
        """The value as it was measured last; raise what measuring raised, which is then tried again the next time."""
        with self._changing:
            latest = self._current(measure)
        try:
            return latest.result(timeout=self._patience_s)
        except TimeoutError:
            return self._last

    def forget(self) -> None:
        """Measure it anew when it is read the next time, and show nothing older."""
        with self._changing:
            self._last = self._latest = None

    def _current(self, measure: Callable[[], Value]) -> Future[Value]:
        """What is being measured, or was a moment ago; the next one begins where that is too old."""
        latest = self._latest
        if latest is not None and not latest.done():
            return latest
        failed = latest is not None and latest.exception() is not None
        if latest is None or failed or time.monotonic() - self._began > self._keeps_s:
            if latest is not None and not failed:
                self._last = latest.result()
            latest, self._began = self._thread.submit(measure), time.monotonic()
            self._latest = latest
        return latest
