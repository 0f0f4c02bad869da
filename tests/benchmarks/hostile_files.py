"""Files that no decoder should have to see, made from a seed: broken, lying, vast, and pictures of every kind."""

import io
import random
import stat
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image, PngImagePlugin

File = tuple[str, bytes]

MODES = (
    *("1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"),
    *("I;16", "I;16B", "I;16L"),
)
SIZES = ((1, 1), (1, 2), (2, 1), (1, 20_000), (20_000, 1), (3, 5_000), (28, 28), (65_000, 1))
BROKEN_FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "TGA", "ICO", "SGI")
# What writing a picture raises where the format cannot hold it.
_NOT_WRITTEN = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError, SyntaxError),
    struct.error,
)
_UNSAVED = ("PDF", "GRIB", "HDF5", "BUFR", "WMF", "FITS")
_SAVED_WITH: dict[str, dict[str, Any]] = {"AVIF": {"speed": 10}, "WEBP": {"method": 0}}


def files(seed: int, count: int, each: int | None = None) -> Iterator[File]:
    """At least `count` files by name, the same for the same seed; made one by one, so that memory holds one of them.

    Or, to try them all in a few seconds, the first `each` of every family.
    """
    chance = random.Random(seed)
    made = 0
    pictures = every_kind(), sizes(), lying_names(), vast(), metadata(), many_frames(), names()
    for family in (*pictures, zips(chance), tables()):
        for file in islice(family, each):
            made += 1
            yield file
    yield from broken(chance, count - made if each is None else each)


def write(folder: Path, seed: int, count: int, each: int | None = None) -> None:
    """Write the files into a folder, numbered, since some have the same name."""
    for number, (name, content) in enumerate(files(seed, count, each)):
        (folder / f"{number:04d} {name}").write_bytes(content)


def every_kind() -> Iterator[File]:
    """A picture of every mode in every format that Pillow writes, readable here or not."""
    for kind in _kinds():
        for mode in MODES:
            with suppress(*_NOT_WRITTEN):
                yield f"{mode.replace(';', '-')}.{kind.lower()}", encoded(_picture(mode), kind)


def sizes() -> Iterator[File]:
    """Pictures of a pixel, of a line, of a thread."""
    for size in SIZES:
        for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP"):
            yield f"{size[0]}x{size[1]}.{kind.lower()}", encoded(Image.new("RGB", size, "red"), kind)


def lying_names() -> Iterator[File]:
    """Contents that are not what their names say."""
    for kind in BROKEN_FORMATS:
        yield f"really {kind}.txt", base(kind)
        yield f"not {kind}.{kind.lower()}", b"This is a letter and no picture. " * 40
        yield f"noise.{kind.lower()}", base(kind)[:12] + random.Random(kind).randbytes(2_000)
    yield from (("zip.jpg", zipped({"a.txt": b"text"})), ("empty.png", b""), ("zeros.jpg", bytes(100_000)))
    yield "drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    yield "program.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(x) (w) file closefile\n"
    yield "page.html", b"<script>alert(1)</script>"
    yield "big.jpg", base("JPEG") + bytes(21 * 2**20)


def vast() -> Iterator[File]:
    """Small files that unpack to far too much."""
    for width, height in ((20_000, 20_000), (100_000, 100_000), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1)):
        yield f"{width}x{height}.png", png(width, height)
    yield "7000x7000.png", png(7_000, 7_000, depth=8, colour=6)
    yield "deep.png", png(7_000, 7_000, depth=16, colour=6)
    yield "text.png", png(9, 9, extra=_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50 * 2**20), 9)))
    yield "profile.png", png(9, 9, extra=_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50 * 2**20), 9)))
    yield "inner.ico", _ico(png(20_000, 20_000))
    for kind in ("JPEG", "GIF", "BMP", "TIFF", "JPEG2000", "WEBP", "TGA"):
        yield f"promises much.{kind.lower()}", _promising(base(kind), kind)


def metadata() -> Iterator[File]:
    """Exif that is huge, broken, or points to itself."""
    for name, exif in {
        "huge": b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + bytes(65_000),
        "loop": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0",
        "noise": b"Exif\0\0" + random.Random(0).randbytes(3_000),
        "short": b"Exif\0\0II",
    }.items():
        for kind in ("JPEG", "PNG", "WEBP", "AVIF", "HEIF"):
            with suppress(*_NOT_WRITTEN):
                yield f"{name} exif.{kind.lower()}", encoded(_picture("RGB"), kind, exif=exif)
    for orientation in (0, 3, 6, 9, 65_535):
        tags = Image.Exif()
        tags[0x0112] = orientation
        yield f"orientation {orientation}.jpg", encoded(_picture("RGB"), "JPEG", exif=tags)
    many = PngImagePlugin.PngInfo()
    for place in range(3_000):
        many.add_text(f"key {place}", "value")
    yield "many texts.png", encoded(_picture("RGB"), "PNG", pnginfo=many)
    yield "segments.jpg", base("JPEG")[:2] + 150 * (b"\xff\xe1\xff\xff" + bytes(65_533)) + base("JPEG")[2:]


def many_frames() -> Iterator[File]:
    """Films, and photos in several sizes in one file."""
    frames = [Image.new("RGB", (40, 30), (place % 256, 90, 200)) for place in range(300)]
    for kind in ("GIF", "WEBP", "PNG", "TIFF", "MPO", "HEIF", "AVIF"):
        shown = frames if kind in ("GIF", "PNG", "TIFF") else frames[:12]
        yield f"film.{kind.lower()}", encoded(shown[0], kind, save_all=True, append_images=shown[1:])


def zips(chance: random.Random) -> Iterator[File]:
    """Zips that unpack to too much, lead out of their folder, hold each other, or lie."""
    photo = base("PNG")
    good = zipped({"Bag/a.png": photo, "Sandal/b.png": photo, ".DS_Store": b"x", "__MACOSX/c": b"x"})
    yield "good.zip", good
    yield "empty.zip", zipped({})
    yield "hidden end.zip", _with_a_hidden_end(zipped(dict.fromkeys(map(str, range(20_000)), b""), zipfile.ZIP_STORED))
    yield "pictures.zip", zipped({f"{kind}.{kind.lower()}": base(kind) for kind in BROKEN_FORMATS})
    yield "bomb.zip", _zip_of_zeros(600, 1)
    yield "many bombs.zip", _zip_of_zeros(19, 40)
    yield "entries.zip", zipped({f"{place}.png": b"" for place in range(3_000)})
    yield "in itself.zip", zipped({"inner.zip": zipped({"inner.zip": good})})
    outside = ("../../evil.png", "/etc/evil.png", "C:\\evil.png", "..\\evil.png", "a/../../evil.png")
    yield "out.zip", zipped(dict.fromkeys(outside, photo))
    for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        yield f"method {method}.zip", zipped({"a.png": photo}, method)
    link = zipfile.ZipInfo("link.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    yield "link.zip", zipped({link: b"/etc/passwd"})
    yield "encrypted.zip", good.replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")
    yield "zip64.zip", good[:-22] + b"PK\x06\x07" + bytes(16) + good[-22:]
    for _ in range(40):
        yield "cut.zip", good[: chance.randrange(4, len(good))]
        yield "flipped.zip", flipped(good, chance, chance.choice((1, 4, 16)))


def tables() -> Iterator[File]:
    """Labels that are vast, or hold what no label is, alone and in a zip."""
    head = b"file,label\n"
    made = {
        "bomb": head + 1_300_000 * b"a,0\n",
        "rows": head + 20_000 * b"a,0\n",
        "digits": head + b"a.png," + b"9" * 5_000 + b"\n",
        "columns": b"," * 900_000,
        "cell": head + b'"' + b"a" * 900_000,
        "zeros": bytes(900_000),
        "semicolons": b"file;label\na.png;Bag\n",
        "header": head,
    }
    for name, content in made.items():
        yield f"{name}.csv", content
    yield "tables.zip", zipped({f"{name}.csv": content for name, content in made.items()})
    yield "really a photo.csv", base("PNG")


def names() -> Iterator[File]:
    """Sound pictures under names that are no Unicode, no text, or commands to a terminal or a spreadsheet."""
    for name in ("caf\udce9", "\udcff\udcfe", "\x1b[2J\x1b[31m", "a\nb", "\u202egnp", "=1+1", "+1", "-1", "@A1"):
        yield f"{name}.png", base("PNG")
    yield "names.zip", zipped({"\x1b[2J.png": base("PNG"), "=1.heic": base("HEIF"), "a\nb.avif": base("AVIF")})


def broken(chance: random.Random, count: int) -> Iterator[File]:
    """Pictures of every format, cut at every kind of place or with bytes changed anywhere."""
    for place in range(max(count, 0)):
        kind = BROKEN_FORMATS[place % len(BROKEN_FORMATS)]
        data = base(kind)
        if place % 2:
            yield f"cut {place}.{kind.lower()}", data[: _cut(chance, len(data))]
        else:
            yield f"flipped {place}.{kind.lower()}", flipped(data, chance, chance.choice((1, 3, 10, 50)))


def flipped(data: bytes, chance: random.Random, count: int) -> bytes:
    """The bytes with so many of them changed, half of the time near the beginning, where the headers are."""
    changed = bytearray(data)
    for _ in range(count):
        changed[chance.randrange(min(len(data), 100) if chance.random() < 0.5 else len(data))] = chance.randrange(256)
    return bytes(changed)


@cache
def base(kind: str) -> bytes:
    """A sound picture of a format."""
    return encoded(_picture("RGB"), kind)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """The bytes of a picture in a format."""
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    picture.save(file, kind, **_SAVED_WITH.get(kind, {}), **options)
    return file.getvalue()


def png(width: int, height: int, *, depth: int = 1, colour: int = 0, extra: bytes = b"") -> bytes:
    """A black PNG of that size, whole unless it has more than 400 million bytes; made without ever unpacking it."""
    channels = {0: 1, 2: 3, 6: 4}[colour]
    row = (width * depth * channels + 7) // 8 + 1
    packer, rows = zlib.compressobj(1), []
    for _ in range(min(row * height, 400_000_000) // 2**20 + 1):
        rows.append(packer.compress(bytes(2**20)))
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    body = b"".join([*rows, packer.flush()])
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + extra + _chunk(b"IDAT", body) + _chunk(b"IEND", b"")


def _kinds() -> list[str]:
    Image.init()
    pillow_heif.register_heif_opener()
    return sorted({*Image.SAVE, "MPO"} - set(_UNSAVED))


def _picture(mode: str) -> Image.Image:
    grey = Image.linear_gradient("L").resize((64, 48))
    if mode.startswith("I;16"):
        return Image.frombytes(mode, grey.size, bytes(2 * 64 * 48))
    if mode in ("La", "RGBa"):
        return grey.convert("LA" if mode == "La" else "RGBA").convert(mode)
    if mode in ("LAB", "HSV"):
        return grey.convert("RGB").convert(mode)
    return grey.convert("LA").convert(mode) if mode == "PA" else grey.convert(mode)


def _cut(chance: random.Random, length: int) -> int:
    near_the_start, near_the_end = chance.randrange(min(64, length)), length - 1 - chance.randrange(min(64, length))
    return chance.choice((near_the_start, near_the_end, chance.randrange(length)))


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _ico(inner: bytes) -> bytes:
    """An icon that says 16x16 and holds any PNG."""
    return struct.pack("<HHHBBBBHHII", 0, 1, 1, 16, 16, 0, 0, 1, 32, len(inner), 22) + inner


def _promising(data: bytes, kind: str) -> bytes:
    """The picture with the largest size that its header can state."""
    most = b"\xff\xff"
    if kind == "JPEG":
        at = data.index(b"\xff\xc0") + 5
        return data[:at] + most + most + data[at + 4 :]
    size = {"GIF": b"\x40\0\x30\0", "TGA": b"\x40\0\x30\0", "BMP": struct.pack("<ii", 64, 48)}
    size |= {"TIFF": b"\x40\0", "JPEG2000": struct.pack(">II", 48, 64), "WEBP": b"\x40\0\x30\0"}
    pixels = size[kind]
    large = b"\x7f\xff\xff\xff\x7f\xff\xff\xff" if kind == "JPEG2000" else b"\xff\xff\xff\x3f" * 2
    return data.replace(pixels, large[: len(pixels)])


def zipped(entries: dict[str, bytes] | dict[zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return packed.getvalue()


def _with_a_hidden_end(packed: bytes) -> bytes:
    """The zip with the mark of an end record inside its end record, where a search from behind finds it first."""
    return packed[:-10] + b"PK\x05\x06" + packed[-6:]


def _zip_of_zeros(megabytes: int, entries: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        for place in range(entries):
            with target.open(f"{place}.png", "w") as entry:
                for _ in range(megabytes):
                    entry.write(bytes(2**20))
    return packed.getvalue()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if sys.argv[4:] else None)
