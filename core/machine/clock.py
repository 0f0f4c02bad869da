"""How long a run works, and how many images per second it manages of late."""

import time
from collections import deque
from dataclasses import dataclass, field

LATEST_BATCHES = 50


@dataclass
class Clock:
    """Seconds at work since they were last taken."""

    since: float = field(default_factory=time.monotonic)

    def take(self) -> float:
        """The seconds since the last call."""
        before, self.since = self.since, time.monotonic()
        return self.since - before

    def leave_out(self, seconds: float) -> None:
        """Not count so many of the seconds since they were last taken: they were waited away."""
        self.since = min(self.since + seconds, time.monotonic())


class Speedometer:
    """Images per second over the latest batches, from a number of seconds at work on."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._marks = deque([(seconds, 0)], maxlen=LATEST_BATCHES + 1)
        self._images = 0

    def after(self, images: int, seconds: float) -> float:
        """The speed when so many more images are done after so many seconds at work in all."""
        self._images += images
        self._marks.append((seconds, self._images))
        (first_time, first_images), (last_time, last_images) = self._marks[0], self._marks[-1]
        return (last_images - first_images) / max(last_time - first_time, 1e-9)
