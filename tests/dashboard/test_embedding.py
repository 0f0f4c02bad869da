"""The map for the browser: every point in its place and group, and no group told by colour alone."""

from base64 import b64decode

import numpy as np
import pytest

from dashboard.charts.confusion import contrast
from dashboard.charts.embedding import CLASS_COLOURS, COLOURINGS, LABEL, OUTCOME, SHAPES, SIGNS, embedding
from dashboard.charts.saliency import overlay, where
from dashboard.style import DARK, LIGHT, Theme
from jobs.store.records import Predictions
from tests import stores

LABELS = stores.labels()
SAID = Predictions("run", "test", LABELS, stores.log_probabilities("cnn", 0, LABELS))
PLACES = np.random.default_rng(0).random((10_000, 2)).astype(np.float32)


def unpacked(packed: str, kind: str) -> np.ndarray:
    return np.frombuffer(b64decode(packed), kind)


@pytest.mark.parametrize("colouring", COLOURINGS)
def test_every_point_keeps_its_place_and_belongs_to_one_group(colouring: str) -> None:
    shown = embedding(PLACES, SAID, colouring, None, "")
    assert np.allclose(unpacked(shown.places, "<u2").reshape(-1, 2) / 65535, PLACES, atol=1e-5)
    group = unpacked(shown.group, "<u2")
    assert np.bincount(group, minlength=len(shown.groups)).tolist() == [drawn.count for drawn in shown.groups]
    assert np.array_equal(unpacked(shown.labels, "<u2"), SAID.labels)
    assert np.array_equal(unpacked(shown.predicted, "<u2"), SAID.predicted)


def test_wrong_answers_are_a_group_of_their_own() -> None:
    right, wrong = embedding(PLACES, SAID, OUTCOME, None, "").groups
    assert wrong.count == int((SAID.predicted != SAID.labels).sum())
    assert right.shape != wrong.shape


def test_an_area_is_given_by_all_its_corners() -> None:
    assert embedding(PLACES, SAID, LABEL, ((1, 2), (3, 4)), "").area == ((1, 2), (3, 2), (3, 4), (1, 4))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_classes_differ_in_shape_and_stand_out_from_the_page(theme: Theme) -> None:
    assert len(set(SHAPES)) == len(set(SIGNS)) == len(set(CLASS_COLOURS)) == 10
    assert min(contrast(colour, theme.background) for colour in CLASS_COLOURS) >= 3


def test_saliency_lies_over_the_image_and_leaves_the_rest_as_it_is() -> None:
    image = np.full((28, 28), 100, np.uint8)
    salient = np.zeros((28, 28), np.float32)
    salient[:9, 20:] = 1
    laid = overlay(image, salient)
    assert (laid[10:, :19] == 100).all()
    assert laid[0, 27].tolist() == [224, 132, 20]
    assert where(salient) == "strongest upper right"
    assert where(np.zeros((28, 28), np.float32)) == "no supporting region"


def test_a_hundred_classes_differ_in_colour_or_shape() -> None:
    classes = tuple(f"class {label}" for label in range(100))
    labels = np.arange(100)
    shown = embedding(
        PLACES[:100], Predictions("run", "test", labels, np.eye(100, dtype=np.float32), classes), "label", None, ""
    )
    assert len({(group.colour, group.shape) for group in shown.groups}) == 100
    assert [group.name for group in shown.groups][:2] == ["class 0", "class 1"]
