"""The process that decodes pictures for core.photos.decoder: hostile bytes can harm nothing but this process.

`python -m core.photos.decoder_process DESCRIPTOR` answers one request after the other on that socket, until the other
side is gone. It says that it is ready, once. A request is a file's name and its bytes. The answer is a header in JSON,
then the pixels and the opacity unless it is a refusal.
"""

import json
import math
import os
import resource
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from PIL import Image

from core.photos.picture import MAX_PIXELS, UnreadablePhoto, read

MEMORY = 1280 * 2**20
"""Bytes that decoding a picture may take on top of the process as it starts, which itself has about 60 MB.

So that each format reaches the limit of pixels. One of 49 megapixels takes, in MB: JPEG 2000 900, WEBP 750 to 780, AVIF
430 to 570, PNG with transparency 410, HEIC 340, GIF 265, PNG and TIFF 220, JPEG 160.
"""

READY = b"ready"
"""What it says first; until then whatever it writes to standard error says why it cannot start."""

SECONDS = 10
"""Time of a processor that decoding a picture may take."""


def main(descriptor: int, memory: int = MEMORY) -> None:
    """Answer until the other side closes the connection, with so many bytes for each picture."""
    serve(descriptor, memory, _answer)


def serve(descriptor: int, memory: int, answer: Callable[[bytes, str], list[bytes]]) -> None:
    """Give the answers to the bytes and the name of each request, within limits, until the other side is gone."""
    # Beyond twice this many Pillow refuses, also inside containers: an ICO holds a PNG of any size.
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2
    _limit_memory(memory)
    with Connection(descriptor) as connection:
        connection.send_bytes(READY)
        _fall_silent()
        while True:
            try:
                name, data = connection.recv_bytes(), connection.recv_bytes()
            except (EOFError, ConnectionResetError):
                return
            _limit_time()
            for part in answer(data, name.decode()):
                connection.send_bytes(part)


def _answer(data: bytes, name: str) -> list[bytes]:
    """A header as JSON, and the pictures that it counts."""
    try:
        photo = read(data, name)
    except UnreadablePhoto as error:
        return [json.dumps({"pictures": 0, "refused": [error.message, error.advice]}).encode()]
    pictures = [photo.pixels.tobytes(), *([] if photo.opacity is None else [photo.opacity.tobytes()])]
    size, original = photo.pixels.shape[:2], photo.original
    header = {"pictures": len(pictures), "size": size, "original": original, "notes": photo.notes}
    return [json.dumps(header).encode(), *pictures]


def _fall_silent() -> None:
    """Write no warning of a decoder to anywhere: one hostile file has thousands of them."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stderr.fileno())
    os.close(nowhere)


def _limit_memory(memory: int) -> None:
    """Bound the address space. Linux alone keeps to that: on macOS the limits of picture are all there is."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as sizes:
            now = int(sizes.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + memory, now + memory))


def _limit_time() -> None:
    """Let the system end this process should a picture take too long and nobody be there any more to end it."""
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + SECONDS, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(int(sys.argv[1]))
