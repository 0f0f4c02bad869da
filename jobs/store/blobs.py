"""The compact form in which the predictions of a test set are stored: lossless to the last bit that is kept.

Log-probabilities rather than probabilities, so that 0.9999 and 1e-9 keep the same relative precision. Each is a float32
rounded to 16 significant bits (relative error at most 2**-16); the bytes are laid out by significance and compressed.
The most probable class stays the same: where rounding makes another class equal to it, that one is stored a step lower.
10,000 images take about 220 kB instead of 400 kB, and every figure on every page is derived from these very numbers.
"""

import zlib

import numpy as np
import numpy.typing as npt

from core.classes import CLASS_COUNT


class Damaged(ValueError):
    """The bytes are not what was stored."""


MOST_BYTES = 256 * 2**20
"""As the probabilities of nine million images in ten classes, or of 89,000 in a thousand."""
_MOST_OF_A_BYTE = 256
_DROPPED_BITS = 8
_KEPT_BYTES = 3
_FLOOR = np.float32(-100.0)


def encode_log_probabilities(values: npt.NDArray[np.float32]) -> bytes:
    """Shape (n, classes), float32, at most 0. Values under -100 (a probability of 4e-44) are stored as -100."""
    bits = np.maximum(values.astype("<f4"), _FLOOR).view("<u4")
    half = np.uint32(1 << (_DROPPED_BITS - 1))
    rounded = (bits + half) >> np.uint32(_DROPPED_BITS)
    likeliest = values.argmax(axis=1, keepdims=True)
    equal = rounded == np.take_along_axis(rounded, likeliest, axis=1)
    # Of a negative number the next word is the next lower one.
    rounded += (equal & (np.arange(values.shape[1]) != likeliest)).astype("<u4")
    planes = rounded.view(np.uint8).reshape(-1, 4)[:, :_KEPT_BYTES].T
    return zlib.compress(np.ascontiguousarray(planes).tobytes(), 6)


def decode_log_probabilities(blob: bytes, count: int, classes: int = CLASS_COUNT) -> npt.NDArray[np.float32]:
    """Shape (count, classes), float32. Raise Damaged."""
    planes = _decompressed(blob, _KEPT_BYTES * count * classes).reshape(_KEPT_BYTES, -1)
    words = np.zeros((planes.shape[1], 4), np.uint8)
    words[:, :_KEPT_BYTES] = planes.T
    bits = words.view("<u4").ravel() << np.uint32(_DROPPED_BITS)
    return bits.view("<f4").reshape(count, -1)


def encode_labels(labels: npt.NDArray[np.int64], classes: int = CLASS_COUNT) -> bytes:
    """Shape (n,), each the label of one of so many classes: a byte each, or two where there are more than 256."""
    return zlib.compress(labels.astype(_kind(classes)).tobytes(), 6)


def decode_labels(blob: bytes, count: int, classes: int = CLASS_COUNT) -> npt.NDArray[np.int64]:
    """Shape (count,), each the label of one of so many classes. Raise Damaged."""
    kind = _kind(classes)
    labels = _decompressed(blob, kind.itemsize * count).view(kind).astype(np.int64)
    if (labels >= classes).any():
        raise Damaged(f"they hold the label {labels.max()}, which no class has")
    return labels


def _kind(classes: int) -> np.dtype[np.unsignedinteger]:
    return np.dtype("<u1" if classes <= _MOST_OF_A_BYTE else "<u2")


def _decompressed(blob: bytes, size: int) -> npt.NDArray[np.uint8]:
    """The bytes, which must be so many: a blob that unpacks to more is not unpacked any further."""
    if not 0 <= size <= MOST_BYTES:
        raise Damaged(f"they would unpack to {size:,} bytes")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(blob, size + 1)
    except zlib.error as error:
        raise Damaged(str(error)) from error
    if len(content) != size or not unpacker.eof:
        raise Damaged(f"they unpack to other than {size:,} bytes")
    return np.frombuffer(content, np.uint8)
