"""Photos from outside are decoded apart: what a file does to its decoder is a refusal, and the next photo is read."""

import gzip
import io
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import psutil
import pytest
from PIL import Image

from core.machine.threads import most_at_once
from core.photos import decoder
from core.photos.decoder import read_photo
from core.photos.decoder_process import READY
from core.photos.picture import UnreadablePhoto, read

ROOT = Path(__file__).resolve().parent.parent.parent


def encoded(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def gradient(size: tuple[int, int] = (60, 40), mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize(size).convert(mode)


def process_at_work() -> psutil.Process:
    """The process that decodes for this one; one that it replaced may need a moment to be gone."""
    read_photo(encoded(gradient((2, 2))))
    started = decoder._decoders().queue[-1]._started
    assert started is not None
    return psutil.Process(started.process.pid)


@pytest.mark.parametrize(("mode", "kind"), [("RGB", "JPEG"), ("RGBA", "PNG"), ("L", "WEBP")])
def test_a_photo_is_the_same_as_if_it_were_read_here(mode: str, kind: str) -> None:
    picture = gradient(mode=mode)
    if mode == "RGBA":
        picture.putalpha(gradient((60, 40), "L").rotate(90, expand=False))
    data = encoded(picture, kind)
    here, apart = read(data, "a"), read_photo(data, "a")
    assert np.array_equal(here.pixels, apart.pixels)
    assert (here.name, here.notes, here.opacity is None) == (apart.name, apart.notes, apart.opacity is None)
    if here.opacity is not None and apart.opacity is not None:
        assert np.array_equal(here.opacity, apart.opacity)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_what_phones_store_is_read_and_turned_as_the_camera_held_it(kind: str) -> None:
    picture, exif = gradient((64, 48)), Image.Exif()
    exif[0x0112] = 6
    picture.info["exif"] = exif.tobytes()
    # A HEIC is turned by a property of its own that is written from the tag.
    photo = read_photo(encoded(picture, kind, quality=95, **({"exif": exif} if kind == "AVIF" else {})))
    expected = np.asarray(gradient((64, 48)).transpose(Image.Transpose.ROTATE_270), dtype=int)
    assert photo.pixels.shape == (64, 48, 3)
    assert np.abs(photo.pixels - expected).mean() < 4


@pytest.mark.slow
def test_a_phone_photo_of_48_megapixels_is_read() -> None:
    """8064 x 6048 pixels of one colour, made by `Image.new(...).save(..., "HEIF", quality=10)`."""
    data = gzip.decompress((Path(__file__).parent / "photos" / "48-megapixels.heic.gz").read_bytes())
    photo = read_photo(data, "phone.heic")
    assert photo.pixels.shape == (768, 1024, 3)
    assert np.abs(photo.pixels - np.array((0x70, 0x90, 0xB0))).max() < 4
    assert process_at_work().memory_info().rss < 500e6


@pytest.mark.slow
def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_one_is_read() -> None:
    vast = encoded(Image.new("RGBA", (7000, 7000)), "PNG", compress_level=9)
    ours, theirs = Pipe()
    program = f"from core.photos.decoder_process import main; main({theirs.fileno()}, 100 * 2**20)"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, pass_fds=[theirs.fileno()]) as process, ours:
        theirs.close()
        assert ours.recv_bytes() == READY
        large = encoded(Image.new("RGB", (6000, 6000)), "WEBP", method=0)
        for data, words in ((vast, "too much memory"), (large, "too much memory"), (encoded(gradient()), "")):
            ours.send_bytes(b"vast.png")
            ours.send_bytes(data)
            header = json.loads(ours.recv_bytes())
            assert words in str(header.get("refused", ""))
            assert bool(words) == ("refused" in header)
        assert psutil.Process(process.pid).memory_info().rss < 250e6


LARGE: dict[str, dict[str, Any]] = {
    "AVIF": {"speed": 10},
    "WEBP": {"method": 0},
    "JPEG2000": {"quality_layers": [400]},
    "TIFF": {"compression": "tiff_deflate"},
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "JPEG2000", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_every_format_is_read_up_to_the_pixels_that_are_promised(kind: str, mode: str) -> None:
    if mode == "RGBA" and kind in ("JPEG", "GIF"):
        mode = "L"
    colours: dict[str, tuple[int, ...]] = {"RGB": (70, 90, 110), "RGBA": (70, 90, 110, 255), "L": (90,)}
    options: dict[str, dict[str, int | str | list[int]]] = {
        "AVIF": {"speed": 10},
        "WEBP": {"method": 0},
        "JPEG2000": {"quality_layers": [400]},
        "TIFF": {"compression": "tiff_deflate"},
    }
    data = encoded(Image.new(mode, (7070, 7070), colours[mode]), kind, **options.get(kind, {}))
    photo = read_photo(data, f"large.{kind}")
    assert photo.pixels.shape == (1024, 1024, 3)
    assert process_at_work().memory_info().rss < 1.4e9


def test_a_decoder_that_dies_costs_one_refusal() -> None:
    suspended = process_at_work()
    suspended.suspend()
    killer = threading.Timer(0.3, os.kill, (suspended.pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(UnreadablePhoto, match="ended the program that decodes it"):
        read_photo(encoded(gradient()), "evil.png")
    assert read_photo(encoded(gradient())).pixels.shape == (40, 60, 3)


def test_a_decoder_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    suspended = process_at_work()
    suspended.suspend()
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.2)
    with pytest.raises(UnreadablePhoto, match="takes more than"):
        read_photo(encoded(gradient()), "slow.png")
    assert not suspended.is_running()
    monkeypatch.undo()
    assert read_photo(encoded(gradient())).pixels.shape == (40, 60, 3)


def test_a_suspended_decoder_that_takes_no_byte_holds_nobody_up_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    large = encoded(Image.effect_noise((1500, 1500), 90))
    assert len(large) > 1_000_000
    process_at_work().suspend()
    monkeypatch.setattr(decoder, "PATIENCE_S", 0.2)
    refused: list[UnreadablePhoto] = []

    def ask() -> None:
        try:
            read_photo(large, "slow.png")
        except UnreadablePhoto as error:
            refused.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(10)
    assert ["takes more than" in str(error) for error in refused] == [True]
    monkeypatch.undo()
    assert read_photo(encoded(gradient())).pixels.shape == (40, 60, 3)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("/nowhere/python", "No such file or directory"),
        ("false", "ended or hung without a word"),
        ("complaining", "No module named"),
    ],
)
def test_a_decoder_that_cannot_start_is_no_fault_of_the_photo(
    program: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    complaining = tmp_path / "python"
    complaining.write_text(
        "#!/bin/sh\necho Trouble: >&2\necho \"No module named 'PIL'\" >&2\nexit 1\n", encoding="utf-8"
    )
    complaining.chmod(0o755)
    decoder._decoders.cache_clear()
    executable = {"false": shutil.which("false"), "complaining": str(complaining)}.get(program, program)
    monkeypatch.setattr(sys, "executable", executable)
    with pytest.raises(decoder.DecoderNotStarted, match=f"cannot start: .*{reason}") as refused:
        read_photo(encoded(gradient()), "good.png")
    assert "good.png" not in str(refused.value)
    monkeypatch.undo()
    assert read_photo(encoded(gradient())).pixels.shape == (40, 60, 3)


def test_one_thread_after_the_other_is_served_by_the_same_process() -> None:
    assert process_at_work().pid == process_at_work().pid


def test_many_threads_are_served_by_no_more_processes_than_there_are_cores_for() -> None:
    data = encoded(gradient((300, 200)))
    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(lambda _: read_photo(data).pixels.shape, range(16)))
    assert seen == [(200, 300, 3)] * 16
    alive = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    others = [process for process in alive if "core.photos.decoder_process" in process.cmdline()]
    assert 1 <= len(others) <= most_at_once()


@pytest.mark.slow
def test_the_process_leaves_with_the_one_that_started_it() -> None:
    program = "from tests.core.test_decoder import process_at_work; print(process_at_work().pid, flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        left = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    _, alive = psutil.wait_procs([left], timeout=10)
    assert [process.status() for process in alive] in ([], [psutil.STATUS_ZOMBIE])


def png_with_a_transparent_colour(depth: int, colour: int, pixels: np.ndarray, transparent: tuple[int, ...]) -> bytes:
    """A PNG of these raw rows, bytes (h, w), written by the specification; `transparent` is its tRNS."""
    height = len(pixels)
    width = pixels.shape[1] * 8 // (depth * {0: 1, 2: 3}[colour])
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
        (b"tRNS", struct.pack(f">{len(transparent)}H", *transparent)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    data = b"\x89PNG\r\n\x1a\n"
    for name, body in chunks:
        data += struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    return data


@pytest.mark.parametrize(
    ("depth", "colour", "row", "transparent", "opacity"),
    [
        (1, 0, [0b10100000], (1,), [0, 255, 0, 255, 255, 255, 255, 255]),
        (2, 0, [0b00011011], (3,), [255, 255, 255, 0]),
        (4, 0, [0x0F], (15,), [255, 0]),
        (4, 0, [0x0F], (0,), [0, 255]),
        (8, 0, [0, 200], (200,), [255, 0]),
        (16, 0, [0x00, 0x00, 0xC8, 0x01], (0xC801,), [255, 0]),
        (16, 0, [0x00, 0x00, 0xC8, 0x01], (0xC802,), None),
        (8, 2, [1, 2, 3, 4, 5, 6], (4, 5, 6), [255, 0]),
        (16, 2, [0, 1, 0, 2, 0, 3, 0xC8, 0, 0xC8, 0, 0xC8, 0], (0xC800,) * 3, [255, 0]),
    ],
)
def test_the_transparent_colour_of_a_png_is_kept_at_every_depth(
    depth: int, colour: int, row: list[int], transparent: tuple[int, ...], opacity: list[int] | None
) -> None:
    data = png_with_a_transparent_colour(depth, colour, np.array([row, row], np.uint8), transparent)
    photo = read(data)
    if opacity is None:
        assert photo.opacity is None
        return
    assert photo.opacity is not None
    assert photo.opacity.tolist() == [opacity, opacity]
    assert (photo.pixels[photo.opacity == 0] == 255).all()
