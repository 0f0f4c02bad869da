"""Augmentation of whole batches is torchvision's, pixel for pixel given the same random numbers, and as likely."""

from typing import get_args

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from torch import Tensor
from torchvision.transforms import InterpolationMode, transforms, v2
from torchvision.transforms import functional as TF

from core.config import Augmentation, RunConfig, validated
from core.data.preprocessing import normalise, resize, to_input
from core.learning.augmentation import (
    Changes,
    augment,
    draw,
    flip_and_rotate,
    flip_and_trivially_augment,
    flip_shift_and_erase,
    jitter,
)
from tests.core.small_data import small_data

IMAGES = torch.from_numpy(small_data(100).train_images)
JITTERED = validated({"model": "resnet18", "input_size": 32, "augmentation": "flip-rotate-jitter"})


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def as_rgb(image: Tensor) -> Image.Image:
    return Image.fromarray(image.numpy()).convert("RGB")


def trivially_augmented(image: Tensor, policy: v2.TrivialAugmentWide) -> Tensor:
    """A grey or coloured image as torchvision alone changes it, drawing from the global generator."""
    maps = image[None] if image.ndim == 2 else image.permute(2, 0, 1)
    changed = policy(maps)
    return changed[0] if image.ndim == 2 else changed.permute(1, 2, 0)


def changed_by_torchvision(image: Image.Image, changes: Changes, number: int) -> Image.Image:
    if changes.flipped[number]:
        image = TF.hflip(image)
    image = TF.rotate(image, float(changes.degrees[number]))
    steps = [
        lambda image: TF.adjust_brightness(image, float(changes.brightness[number])),
        lambda image: TF.adjust_saturation(image, 1.17),
        lambda image: TF.adjust_hue(image, -0.08),
        lambda image: TF.adjust_contrast(image, float(changes.contrast[number])),
    ]
    for step in steps if changes.brightness_first[number] else reversed(steps):
        image = step(image)
    return image


@pytest.mark.parametrize("size", [28, 32, 45])
def test_each_image_is_changed_as_torchvision_changes_it(size: int) -> None:
    images = resize(IMAGES, size)
    changes = draw(len(images), seeded(1))
    ours = jitter(flip_and_rotate(images, changes.flipped, changes.degrees), changes)
    for number, image in enumerate(images):
        theirs = np.asarray(changed_by_torchvision(as_rgb(image), changes, number))
        assert np.array_equal(theirs, np.repeat(ours[number].numpy()[..., None], 3, axis=2))


def test_turning_by_any_angle_is_pillows_rotation() -> None:
    degrees = torch.linspace(-180, 180, len(IMAGES), dtype=torch.float64) + 0.3
    ours = flip_and_rotate(IMAGES, torch.zeros(len(IMAGES), dtype=torch.bool), degrees)
    for image, turned, angle in zip(IMAGES, ours, degrees, strict=True):
        assert np.array_equal(np.asarray(Image.fromarray(image.numpy()).rotate(float(angle))), turned.numpy())


@pytest.mark.parametrize("size", [28, 32, 64, 224])
def test_images_are_enlarged_as_pillow_does(size: int) -> None:
    theirs = [np.asarray(TF.resize(as_rgb(image), [size, size]))[..., 0] for image in IMAGES[:10]]
    assert np.array_equal(resize(IMAGES[:10], size).numpy(), np.stack(theirs))


@pytest.mark.parametrize(
    ("normalisation", "mean", "std"),
    [("half", [0.5] * 3, [0.5] * 3), ("imagenet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])],
)
def test_inputs_are_normalised_as_by_torchvision(normalisation: str, mean: list[float], std: list[float]) -> None:
    config = JITTERED.model_copy(update={"normalisation": normalisation})
    to_tensor = transforms.Compose(
        [transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize(mean, std)]
    )
    theirs = torch.stack([to_tensor(as_rgb(image)) for image in IMAGES])
    assert torch.equal(to_input(IMAGES, config).expand(-1, 3, -1, -1), theirs)


def test_the_random_numbers_have_torchvisions_distributions() -> None:
    changes = draw(20_000, seeded(0))
    for values, low, high in [
        (changes.degrees, *transforms.RandomRotation(10).degrees),
        (changes.brightness, *transforms.ColorJitter(brightness=0.2).brightness),
        (changes.contrast, *transforms.ColorJitter(contrast=0.2).contrast),
    ]:
        assert stats.kstest(values.numpy(), stats.uniform(low, high - low).cdf).pvalue > 0.001
    for coin in (changes.flipped, changes.brightness_first):
        assert stats.binomtest(int(coin.sum()), len(coin)).pvalue > 0.001
    assert abs(np.corrcoef(np.stack([changes.degrees, changes.brightness, changes.contrast]))[0, 1:]).max() < 0.03


def test_whole_pipelines_have_the_same_mean_and_spread_at_every_pixel() -> None:
    report = transforms.Compose(
        [
            transforms.Resize((32, 32)),
            transforms.RandomHorizontalFlip(),
            transforms.RandomRotation(10),
            transforms.ColorJitter(0.2, 0.2, 0.2, 0.1),
        ]
    )
    times = 1500
    torch.manual_seed(0)
    theirs = np.stack([np.asarray(report(as_rgb(IMAGES[0])))[..., 0] for _ in range(times)]).astype(float)
    ours = augment(IMAGES[:1].expand(times, -1, -1), JITTERED, seeded(0)).numpy().astype(float)
    error = np.sqrt((theirs.var(0) + ours.var(0)) / times) + 1e-9
    assert abs((ours.mean(0) - theirs.mean(0)) / error).max() < 5
    assert np.quantile(abs(ours.std(0) - theirs.std(0)), 0.99) < 6


def test_rotation_is_by_nearest_neighbour_in_torchvision_too() -> None:
    assert transforms.RandomRotation(10).interpolation == InterpolationMode.NEAREST


@pytest.mark.parametrize("augmentation", get_args(Augmentation))
def test_augmentation_depends_on_its_generator_alone(augmentation: str) -> None:
    config = RunConfig(augmentation=augmentation)
    first, again = (augment(IMAGES, config, seeded(5)) for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(first, augment(IMAGES, config, seeded(6))) == (augmentation == "none")
    assert torch.equal(first, IMAGES) == (augmentation == "none")


@pytest.mark.parametrize(("size", "reach"), [(28, 2), (48, 3)])
def test_images_are_mirrored_and_shifted_each_way_equally_often(size: int, reach: int) -> None:
    image = torch.zeros(1, size, size, dtype=torch.uint8)
    image[0, 10, 7] = 255
    times = 8000
    made = flip_shift_and_erase(image.expand(times, -1, -1), seeded(0))
    # A single bright pixel among noise cannot be told from it, so erased images are left out.
    alone = made[(made > 0).sum(dim=(1, 2)) == 1]
    assert len(alone) == pytest.approx(times / 2, rel=0.1)
    bright = np.argwhere(alone.numpy())[:, 1:]
    expected = {
        (10 + down, column + across)
        for down in range(-reach, reach + 1)
        for across in range(-reach, reach + 1)
        for column in (7, size - 8)
    }
    places, counts = np.unique(bright, axis=0, return_counts=True)
    assert {tuple(place) for place in places} == expected
    assert stats.chisquare(counts).pvalue > 0.001


def test_half_of_the_images_lose_a_rectangle_of_noise_to_every_place_alike() -> None:
    made = flip_shift_and_erase(torch.zeros(4000, 28, 28, dtype=torch.uint8), seeded(0)).numpy()
    erased = made[made.any(axis=(1, 2))]
    assert stats.binomtest(len(erased), len(made)).pvalue > 0.001
    for image in erased[:200]:
        rows, columns = image.any(axis=1), image.any(axis=0)
        assert 2 <= rows.sum() <= 9
        assert 2 <= columns.sum() <= 9
        assert (image[np.ix_(rows, columns)] > 0).mean() > 0.8
    inner = (erased > 0).mean(axis=0)[8:20, 8:20]
    assert inner.max() / inner.min() < 1.8
    values = erased[erased > 0]
    assert stats.kstest(values / 256, "uniform").pvalue > 1e-6


def test_channels_are_last_in_memory() -> None:
    # Convolutions on the CPU are several times slower without.
    assert normalise(IMAGES, RunConfig()).stride()[1:] == (1, 28, 1)


@pytest.mark.parametrize("colour", [False, True])
def test_trivial_augment_is_torchvisions_after_a_flip_and_leaves_the_global_generator_alone(colour: bool) -> None:
    images = IMAGES[:, :, :, None].expand(-1, -1, -1, 3).contiguous() if colour else IMAGES
    torch.manual_seed(7)
    before = torch.get_rng_state()
    ours = flip_and_trivially_augment(images, seeded(1))
    assert torch.equal(torch.get_rng_state(), before)
    flipped = torch.rand(len(images), generator=torch.manual_seed(1)) < 0.5
    mirrored = torch.where(flipped.view(-1, *[1] * (images.ndim - 1)), images.flip(2), images)
    policy = v2.TrivialAugmentWide()
    theirs = torch.stack([trivially_augmented(image, policy) for image in mirrored])
    assert torch.equal(ours, theirs)
    assert (ours != images).flatten(1).any(1).float().mean() > 0.7
