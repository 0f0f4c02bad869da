"""Models learn from any number of classes, grey or colour, of any size: from the images to the best epoch."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.utils.class_weight import compute_class_weight
from torchvision.transforms import functional as transforms

from core import architectures
from core.config import RunConfig, stored_config, validated
from core.data.data_set import DataSet
from core.data.preprocessing import resize, to_input
from core.errors import ConfigurationError
from core.learning.augmentation import Changes, augment, draw, flip_and_rotate, jitter
from core.learning.events import EpochFigures
from core.learning.learner import class_weights
from core.learning.training import Training

RANDOM = np.random.default_rng(0)
COLOUR = RANDOM.integers(0, 256, (6, 40, 40, 3), dtype=np.uint8)


def data_of(classes: int, per_class: int, side: int, *, colour: bool, **more: Any) -> DataSet:
    """Patterns that a model can learn, with noise; as many test images as training images."""
    shape = (side, side, 3) if colour else (side, side)
    patterns = np.random.default_rng(1).integers(0, 200, (classes, *shape))
    labels = np.arange(classes * per_class) % classes

    def images(seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).integers(0, 56, (len(labels), *shape))
        return (patterns[labels] + noise).astype(np.uint8)

    names = tuple(f"class {number}" for number in range(classes))
    return DataSet("some", "Some images", names, images(2), labels, images(3), labels, **more)


def trained(config: RunConfig, data: DataSet, folder: Path) -> Training:
    training = Training(config, data, folder)
    list(training.events())
    return training


@pytest.mark.parametrize("model", ["cnn", "resnet-small", "resnet18"])
@pytest.mark.parametrize(("classes", "colour", "size"), [(2, True, 16), (37, False, 33), (1000, True, 28)])
def test_each_model_takes_any_classes_colours_and_sizes(model: str, classes: int, colour: bool, size: int) -> None:
    config = RunConfig(model=model, input_size=size)
    images = torch.from_numpy(COLOUR if colour else COLOUR[..., 0])
    built = architectures.build(config, classes, colour=colour).eval()
    assert built(to_input(images, config)).shape == (6, classes)


@pytest.mark.parametrize("model", ["cnn", "resnet-small", "resnet18"])
def test_each_model_learns_from_the_smallest_images_that_it_takes(model: str, tmp_path: Path) -> None:
    size = architectures.ARCHITECTURES[model].smallest_input
    config = RunConfig(model=model, input_size=size, epochs=1, threads=1, batch_size=8)
    assert trained(config, data_of(3, 10, 8, colour=True), tmp_path).is_trained()
    with pytest.raises(ConfigurationError, match=f"needs at least {size} pixels" if size > 4 else "input_size = 3"):
        validated({"model": model, "input_size": size - 1})


@pytest.mark.parametrize("classes", [1, 1001])
def test_fewer_than_two_or_more_than_a_thousand_classes_are_refused(classes: int) -> None:
    with pytest.raises(ConfigurationError, match="2 to 1,000 classes"):
        architectures.build(RunConfig(), classes)


def test_a_model_for_grey_images_refuses_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(architectures.ARCHITECTURES, "cnn", architectures.Architecture("core.models.cnn", "grey"))
    with pytest.raises(ConfigurationError, match="takes grey images"):
        architectures.build(RunConfig(), 10, colour=True)


def test_the_augmentation_for_cut_outs_refuses_colours(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="imitates grey cut-outs"):
        Training(RunConfig(augmentation="photo"), data_of(2, 20, 8, colour=True), tmp_path)


@pytest.mark.parametrize("size", [4, 17, 28, 39, 40, 56, 100])
@pytest.mark.parametrize("colour", [True, False])
def test_images_are_enlarged_and_shrunk_as_pillow_does_it(size: int, colour: bool) -> None:
    images = COLOUR if colour else COLOUR[..., 0]
    expected = [np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR)) for image in images]
    resized = resize(torch.from_numpy(images), size).numpy()
    assert np.abs(resized.astype(int) - expected).max() <= (1 if size < 40 else 0)


def test_colour_images_are_augmented_as_torchvision_augments_them() -> None:
    changes = draw(len(COLOUR), torch.Generator().manual_seed(1))
    ours = jitter(flip_and_rotate(torch.from_numpy(COLOUR), changes.flipped, changes.degrees), changes)
    for place, image in enumerate(COLOUR):
        expected = _changed(Image.fromarray(image), changes, place)
        assert np.array_equal(ours[place].numpy(), np.asarray(expected)), place


def _changed(image: Image.Image, changes: Changes, place: int) -> Image.Image:
    image = transforms.hflip(image) if changes.flipped[place] else image
    image = transforms.rotate(image, float(changes.degrees[place]))
    steps = [
        (transforms.adjust_brightness, float(changes.brightness[place])),
        (transforms.adjust_contrast, float(changes.contrast[place])),
    ]
    for adjust, factor in steps if changes.brightness_first[place] else reversed(steps):
        image = adjust(image, factor)
    return image


@pytest.mark.parametrize("augmentation", ["none", "flip", "flip-rotate", "flip-rotate-jitter", "flip-shift-erase"])
def test_what_happens_to_a_grey_image_happens_to_each_of_its_equal_channels(augmentation: str) -> None:
    config = validated({"augmentation": augmentation, "input_size": 28})
    grey = torch.from_numpy(COLOUR[..., 0])
    colour = grey[..., None].expand(-1, -1, -1, 3).contiguous()
    changed = augment(colour, config, torch.Generator().manual_seed(3))
    expected = augment(grey, config, torch.Generator().manual_seed(3))
    # Noise is drawn for each channel.
    agree = 0.7 if augmentation == "flip-shift-erase" else 1.0
    assert (changed == expected[..., None]).float().mean() >= agree


def test_a_cnn_learns_the_digits_of_scikit_learn(tmp_path: Path) -> None:
    digits = load_digits()
    images, labels = (digits.images * 15).astype(np.uint8), digits.target.astype(np.int64)
    data = DataSet("d", "Digits", tuple("0123456789"), images[:1500], labels[:1500], images[1500:], labels[1500:])
    config = RunConfig(input_size=8, epochs=4, augmentation="none", threads=1)
    assert trained(config, data, tmp_path).epochs[-1].val_accuracy > 0.9


@pytest.mark.parametrize("counts", [(5, 20, 100), (1, 2, 3, 4), (30, 0, 10)])
def test_balanced_class_weights_are_those_of_scikit_learn(counts: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    weights = class_weights(RunConfig(class_weights="balanced"), labels, len(counts))
    assert weights is not None
    present = np.unique(labels)
    expected = compute_class_weight("balanced", classes=present, y=labels)
    assert weights.numpy()[present] == pytest.approx(expected)
    assert class_weights(RunConfig(), labels, len(counts)) is None


def test_with_class_weights_the_loss_is_the_weighted_mean_of_the_images_losses(tmp_path: Path) -> None:
    data = data_of(3, 20, 8, colour=False)
    labels = np.sort(np.minimum(data.train_labels, np.arange(60) % 7 % 3))
    unequal = DataSet(**{**vars(data), "train_labels": labels})
    config = RunConfig(class_weights="balanced", epochs=1, threads=1, batch_size=64, augmentation="none", input_size=8)
    training = Training(config, unequal, tmp_path)
    weights = class_weights(config, training.batches.labels, 3)
    assert weights is not None
    model = architectures.build(config, 3)
    model.load_state_dict(training.model.state_dict())
    prepared, taken = next(training.batches.prepared(training.learner, 1, 0))
    expected = torch.nn.CrossEntropyLoss(weight=weights)(model.train()(prepared), taken)
    training.learner.begin_epoch()
    assert training.learner.compute_loss(prepared, taken)[1].item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize(
    ("selection", "best"), [("loss", 1), ("accuracy", 2), ("balanced-accuracy", 3), ("macro-f1", 4)]
)
def test_the_best_epoch_is_that_by_the_chosen_metric(selection: Any, best: int, tmp_path: Path) -> None:
    data = data_of(2, 10, 8, colour=False)
    training = Training(RunConfig(selection=selection, threads=1, input_size=8), data, tmp_path)
    for number in (1, 2, 3, 4, 5):
        high = [0.9 if number == place else 0.5 for place in (1, 2, 3, 4)]
        training.epochs.append(EpochFigures(number, 1.0, 0.5, 1 - high[0], high[1], 1e-3, 1.0, high[2], high[3]))
    assert training.best_epoch == best


def test_a_config_of_an_older_version_learns_from_fashion_mnist_and_selects_by_the_loss() -> None:
    config = stored_config({"model": "cnn", "train_size": 54_000})
    assert (config.data, config.selection, config.class_weights) == ("fashion-mnist", "loss", "none")
