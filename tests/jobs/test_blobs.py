"""The stored form of predictions keeps what every figure needs."""

import tracemalloc
import zlib

import numpy as np
import pytest

from jobs.store import blobs


def log_probabilities(count: int, spread: float) -> np.ndarray:
    logits = np.random.Generator(np.random.PCG64(7)).normal(0, spread, (count, 10))
    highest = logits.max(axis=1, keepdims=True)
    return (logits - highest - np.log(np.exp(logits - highest).sum(axis=1, keepdims=True))).astype(np.float32)


@pytest.mark.parametrize("spread", [0.01, 2.0, 8.0])
def test_log_probabilities_come_back_within_the_promised_relative_error(spread: float) -> None:
    values = log_probabilities(10_000, spread)
    stored = blobs.decode_log_probabilities(blobs.encode_log_probabilities(values), len(values))
    assert stored.dtype == np.float32
    error = np.abs(stored - values) / np.abs(values)
    # The few that rounding would have made equal to the most probable one are a step of 2**-15 lower.
    assert np.mean(error > 2.0**-16) < 0.001
    assert error.max() < 2.0**-14


def test_the_most_probable_class_stays_the_same_even_where_rounding_makes_two_equal() -> None:
    values = log_probabilities(10_000, 0.001)
    first = -np.float32(2.3)
    values[0] = first
    values[0, 7] = np.nextafter(first, np.float32(0))
    stored = blobs.decode_log_probabilities(blobs.encode_log_probabilities(values), len(values))
    assert np.array_equal(stored.argmax(axis=1), values.argmax(axis=1))


@pytest.mark.parametrize(("classes", "bytes_each"), [(2, 1), (256, 1), (257, 2), (1000, 2)])
def test_labels_and_log_probabilities_of_any_number_of_classes_come_back(classes: int, bytes_each: int) -> None:
    labels = np.concatenate([np.arange(classes), [classes - 1]])
    packed = blobs.encode_labels(labels, classes)
    assert len(zlib.decompress(packed)) == bytes_each * len(labels)
    assert np.array_equal(blobs.decode_labels(packed, len(labels), classes), labels)
    with pytest.raises(blobs.Damaged):
        blobs.decode_labels(packed, len(labels), classes - 1)
    values = np.log(np.random.default_rng(0).dirichlet(np.ones(classes), 50)).astype(np.float32)
    stored = blobs.decode_log_probabilities(blobs.encode_log_probabilities(values), 50, classes)
    assert stored.shape == (50, classes)
    assert np.array_equal(stored.argmax(axis=1), values.argmax(axis=1))


def test_certainty_and_impossibility_are_kept_finite() -> None:
    values = np.full((1, 10), -np.inf, dtype=np.float32)
    values[0, 3] = 0
    stored = blobs.decode_log_probabilities(blobs.encode_log_probabilities(values), 1)
    assert stored[0, 3] == 0
    assert np.all(np.delete(stored[0], 3) == -100)


def test_ten_thousand_images_take_less_than_a_quarter_of_a_megabyte() -> None:
    assert len(blobs.encode_log_probabilities(log_probabilities(10_000, 3))) < 250_000


def test_bytes_that_are_not_what_was_stored_are_named_as_damaged() -> None:
    whole = blobs.encode_log_probabilities(log_probabilities(100, 3))
    flipped = bytearray(whole)
    flipped[len(flipped) // 2] ^= 16
    for content, count in ((bytes(flipped), 100), (whole[:-9], 100), (b"", 100), (whole, 77)):
        with pytest.raises(blobs.Damaged):
            blobs.decode_log_probabilities(content, count)
    with pytest.raises(blobs.Damaged):
        blobs.decode_labels(bytes(flipped), 100)


def test_a_small_blob_that_unpacks_to_gigabytes_is_refused_before_it_fills_the_memory() -> None:
    bomb = zlib.compress(bytes(200 * 2**20), 9)
    tracemalloc.start()
    with pytest.raises(blobs.Damaged, match="other than"):
        blobs.decode_labels(bomb, 100)
    with pytest.raises(blobs.Damaged, match="would unpack"):
        blobs.decode_log_probabilities(bomb, 10**12)
    with pytest.raises(blobs.Damaged, match="would unpack"):
        blobs.decode_labels(bomb, -1)
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


def test_a_label_that_no_class_has_is_damage() -> None:
    with pytest.raises(blobs.Damaged, match="label 10"):
        blobs.decode_labels(blobs.encode_labels(np.array([3, 10])), 2)


def test_labels_come_back_as_they_were() -> None:
    labels = np.arange(256, dtype=np.int64) % 10
    assert np.array_equal(blobs.decode_labels(blobs.encode_labels(labels), 256), labels)
