"""How many images per second a run manages of late."""

import time
from collections import deque

LATEST_BATCHES = 50


class Speedometer:
    """Images per second over the latest batches."""

    def __init__(self) -> None:
        self._marks = deque([(time.monotonic(), 0)], maxlen=LATEST_BATCHES + 1)
        self._images = 0

    def after(self, images: int) -> float:
        """The speed when so many more images are done."""
        self._images += images
        self._marks.append((time.monotonic(), self._images))
        (first_time, first_images), (last_time, last_images) = self._marks[0], self._marks[-1]
        return (last_images - first_images) / max(last_time - first_time, 1e-9)
