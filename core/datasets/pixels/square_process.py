"""The process that decodes the pictures of a data set, many in one request, as core.photos.decoder_process does one.

A request is, in the place of a name, JSON with the form of the squares and the length of each file, and the files one
after the other. The answer is JSON with the size of each picture and whether it is grey, or its refusal;
then the squares of those that have one.
"""

import json
import sys

import numpy as np

from core.datasets.pixels.squares import Form, in_channels, is_grey, square_of
from core.datasets.readers.trees import MAX_PICTURE_BYTES
from core.photos.decoder_process import MEMORY, serve
from core.photos.picture import WORKING_SIDE, UnreadablePhoto, read

NAMELESS = "It"


def answer(data: bytes, request: str) -> list[bytes]:
    """The header of the answer and the squares, uint8 (n, side, side, channels) in C order."""
    wanted = json.loads(request)
    form = Form(**wanted["form"])
    told: list[object] = []
    squares: list[bytes] = []
    at = 0
    for length in wanted["lengths"]:
        try:
            square, outcome = _square(data[at : at + length], form)
            squares.append(square.tobytes())
            told.append(outcome)
        except UnreadablePhoto as error:
            told.append(error.message.removeprefix(NAMELESS).strip().rstrip("."))
        at += length
    return [json.dumps({"pictures": 1, "images": told}).encode(), b"".join(squares)]


def _square(data: bytes, form: Form) -> tuple[np.ndarray, list[int]]:
    photo = read(data, NAMELESS, WORKING_SIDE if form.cut_out else form.side, MAX_PICTURE_BYTES)
    square = square_of(photo.pixels, photo.opacity, form)
    return in_channels(square, form.channels), [*photo.original, int(is_grey(square))]


if __name__ == "__main__":
    serve(int(sys.argv[1]), MEMORY, answer)
