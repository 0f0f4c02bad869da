"""An item is cut out with its surroundings half faded: what a data set of cut-outs stores, and what is predicted on."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from core.answers.prediction import Predictor
from core.config import RunConfig
from core.data.data_facts import DataFacts
from core.datasets import opening
from core.datasets.importing import Options, planned, read_source_of
from core.datasets.versions import Version
from core.learning.checkpoints import LoadedModel
from core.models.cnn import build
from core.photos.decoder import read_photo
from core.photos.faded import SHARE_KEPT, faded, faded_item, located
from core.photos.model_view import to_model_view
from tests.core.datasets.pictures import silent

GROUND, ITEM = (230, 235, 225), (20, 40, 160)


def photo(path: Path, left: int = 60) -> Path:
    """A dark item of 80x120 on a light ground of 400x300 pixels."""
    picture = Image.new("RGB", (400, 300), GROUND)
    ImageDraw.Draw(picture).rectangle((left, 90, left + 79, 209), fill=ITEM)
    picture.save(path)
    return path


@pytest.fixture
def pixels(tmp_path: Path) -> np.ndarray:
    return np.asarray(Image.open(photo(tmp_path / "item.png")))


def test_the_window_of_an_item_is_kept_and_its_surroundings_fade(pixels: np.ndarray) -> None:
    _, item = located(pixels, None)
    shown = faded(pixels, item)
    assert item.stands_out
    assert max(shown.shape[0] / 160, shown.shape[1] / 120) < 1, "the window is that of the item with a margin"
    assert np.abs(shown[shown.shape[0] // 2, shown.shape[1] // 2].astype(int) - ITEM).max() <= 2
    between = SHARE_KEPT * np.array(GROUND) + (1 - SHARE_KEPT) * np.array((124, 116, 104))
    assert np.abs(shown[0, 0] - between).max() <= 2


def test_a_picture_in_which_nothing_stands_out_stays_whole() -> None:
    plain = np.full((50, 70, 3), 200, np.uint8)
    assert np.array_equal(faded_item(plain, None), plain)


def test_transparency_says_what_the_item_is(pixels: np.ndarray) -> None:
    opacity = np.zeros(pixels.shape[:2], np.uint8)
    opacity[10:60, 300:390] = 255
    _, item = located(pixels, opacity)
    assert item.notes == ("item cut out by transparency",)


@pytest.fixture
def cut_out(tmp_path: Path) -> tuple[Path, Version, Path]:
    """A data folder with a version of cut-outs, and the pictures that it came from."""
    source, data = tmp_path / "source", tmp_path / "data"
    for name, shift in (("left", 0), ("right", 200)):
        (source / name).mkdir(parents=True)
        for number in range(6):
            photo(source / name / f"{number}.png", shift + 9 * number)
    options = Options(side=64, cut_out=True)
    with planned(data, "items", read_source_of(source, options), "source", options, silent) as plan:
        return data, plan.store(data), source


@pytest.mark.slow
def test_a_version_says_that_its_images_are_cut_out_and_a_model_of_it_takes_photos_so(
    cut_out: tuple[Path, Version, Path],
) -> None:
    data, version, source = cut_out
    assert version.cut_out
    content = opening.read_content(data, version)
    place = content.names.index("left/0.png")
    stored = content.rows.take(np.array([place]))[0]
    facts = DataFacts(
        id=version.hash,
        name=version.name,
        classes=version.classes,
        side=version.side,
        colour=version.colour,
        cut_out=True,
        training_images=10,
        validation_images=1,
        test_images=2,
        test_hash="",
    )
    config = RunConfig(data=version.hash)
    model = build(config, 2, 3)
    predictor = Predictor(LoadedModel(model, config, 1, {}, facts))
    view = to_model_view(read_photo((source / "left" / "0.png").read_bytes(), "0.png"))
    assert np.array_equal(predictor.seen(view), stored)
    whole = Predictor(LoadedModel(model, config, 1, {}, facts.model_copy(update={"cut_out": False})))
    assert not np.array_equal(whole.seen(view), stored)
