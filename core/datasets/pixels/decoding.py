"""Pictures of a source to squares, in order: files by processes apart, one for each core, arrays in this one."""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import cache
from queue import LifoQueue

import numpy as np

from core.datasets.pixels.squares import Form, in_channels, is_grey, square_of
from core.datasets.readers.listing import Content, Refusal
from core.datasets.readers.trees import MAX_PICTURE_BYTES
from core.machine.cores import usable_cores
from core.photos.decoder import ProcessApart
from core.photos.picture import UnreadablePhoto, check_bytes

MOST_PROCESSES = 8
_BATCH, _BATCH_BYTES = 64, 4 * 2**20
_BATCH_CUT_OUT = 8
"""An item is looked for in up to 0.2 s of a processor, and a process has 10 s for what it is asked at once."""
_MODULE = "core.datasets.pixels.square_process"


@dataclass(frozen=True, slots=True)
class Square:
    """A decoded picture: uint8 (side, side, channels), and the width and height that it had."""

    pixels: np.ndarray
    size: tuple[int, int]
    is_grey: bool


Outcome = Square | str
"""A square, or why there is none, in words that follow the name of a file."""


def decoded(contents: Iterable[Content], form: Form) -> Iterator[Outcome]:
    """The outcome of each picture, in order. Raises DecoderNotStarted where no picture at all can be decoded."""
    processes = _processes()
    with ThreadPoolExecutor(processes.count) as threads:
        waiting: deque[Future[list[Outcome]]] = deque()
        try:
            for batch in _batches(contents, _BATCH_CUT_OUT if form.cut_out else _BATCH):
                waiting.append(threads.submit(processes.outcomes, batch, form))
                if len(waiting) > 2 * processes.count:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            threads.shutdown(cancel_futures=True)


def _batches(contents: Iterable[Content], most: int) -> Iterator[list[Content]]:
    """Pictures that are decoded together: so many, or so many bytes."""
    batch: list[Content] = []
    size = 0
    for content in contents:
        batch.append(content)
        size += 0 if isinstance(content, Refusal) else len(content)
        if len(batch) >= most or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


class _Processes:
    """The processes that decode; each is started when it is needed, and replaced when a picture has ended it."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._free: LifoQueue[ProcessApart | None] = LifoQueue()
        for _ in range(count):
            self._free.put(None)

    def outcomes(self, batch: list[Content], form: Form) -> list[Outcome]:
        """The outcome of each picture of a batch."""
        outcomes = [_without_decoding(content, form) for content in batch]
        places = [place for place, outcome in enumerate(outcomes) if outcome is None]
        files = [content for place in places if isinstance(content := batch[place], bytes)]
        for place, outcome in zip(places, self._ask_all(files, form), strict=True):
            outcomes[place] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _ask_all(self, files: list[bytes], form: Form) -> list[Outcome]:
        """The outcomes of files; where one of several ends the process, each is asked for alone."""
        if not files:
            return []
        try:
            return self._ask(files, form)
        except UnreadablePhoto as error:
            if len(files) == 1:
                return [error.message.partition(" ")[2].rstrip(".")]
            return [outcome for file in files for outcome in self._ask_all([file], form)]

    def _ask(self, files: list[bytes], form: Form) -> list[Outcome]:
        process, complete = self._free.get(), False
        try:
            process = process or ProcessApart(_MODULE)
            process.wait_until_ready()
            request = json.dumps({"form": asdict(form), "lengths": [len(file) for file in files]})
            header, pictures = process.ask(b"".join(files), request, shown="It")
            complete = True
        finally:
            if not complete and process is not None:
                process.end()
            self._free.put(process if complete else None)
        return _understood(header["images"], pictures[0], form)


def _without_decoding(content: Content, form: Form) -> Outcome | None:
    """The outcome of what needs no decoder; None for a file that does."""
    if isinstance(content, Refusal):
        return content.reason
    if isinstance(content, np.ndarray):
        square = square_of(content, None, form)
        return Square(in_channels(square, form.channels), (content.shape[1], content.shape[0]), is_grey(content))
    try:
        check_bytes(content, "It", MAX_PICTURE_BYTES)
    except UnreadablePhoto as error:
        if len(content) > MAX_PICTURE_BYTES:
            return f"has more than {MAX_PICTURE_BYTES // 2**20} MB"
        return error.message.removeprefix("It ").rstrip(".")
    return None


def _understood(images: list[list[int] | str], squares: bytes, form: Form) -> list[Outcome]:
    pixels = iter(np.frombuffer(squares, np.uint8).reshape(-1, form.side, form.side, form.channels))
    return [
        image if isinstance(image, str) else Square(next(pixels), (image[0], image[1]), bool(image[2]))
        for image in images
    ]


@cache
def _processes() -> _Processes:
    """They end with this process, for then nobody is on the other side."""
    return _Processes(min(usable_cores(), MOST_PROCESSES))
