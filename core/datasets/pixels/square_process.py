"""The process that decodes the pictures of a data set, many in one request, as core.photos.decoder_process does one.

A request is, in the place of a name, JSON with the side and channels of the squares and the length of each file, and
the files one after the other. The answer is JSON with the size of each picture and whether it is grey, or its refusal;
then the squares of those that have one.
"""

import json
import sys

import numpy as np

from core.datasets.pixels.squares import in_channels, is_grey, squared
from core.datasets.readers.trees import MAX_PICTURE_BYTES
from core.photos.decoder_process import MEMORY, serve
from core.photos.picture import UnreadablePhoto, read

NAMELESS = "It"


def answer(data: bytes, request: str) -> list[bytes]:
    """The header of the answer and the squares, uint8 (n, side, side, channels) in C order."""
    wanted = json.loads(request)
    told: list[object] = []
    squares: list[bytes] = []
    at = 0
    for length in wanted["lengths"]:
        try:
            square, outcome = _square(data[at : at + length], wanted["side"], wanted["channels"])
            squares.append(square.tobytes())
            told.append(outcome)
        except UnreadablePhoto as error:
            told.append(error.message.removeprefix(NAMELESS).strip().rstrip("."))
        at += length
    return [json.dumps({"pictures": 1, "images": told}).encode(), b"".join(squares)]


def _square(data: bytes, side: int, channels: int) -> tuple[np.ndarray, list[int]]:
    photo = read(data, NAMELESS, side, MAX_PICTURE_BYTES)
    square = squared(photo.pixels, side)
    return in_channels(square, channels), [*photo.original, int(is_grey(square))]


if __name__ == "__main__":
    serve(int(sys.argv[1]), MEMORY, answer)
