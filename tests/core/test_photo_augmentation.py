"""What the augmentation for photos does to images, and what it leaves as it is."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from core.photo_augmentation import UNTOUCHED, Draw, photograph
from core.photo_augmentation import _blurred as blurred
from tests.core.small_data import small_data


def item(size: int = 28) -> torch.Tensor:
    image = torch.zeros(size, size, dtype=torch.uint8)
    image[6:22, 9:19] = 200
    return image


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("size", [28, 32])
def test_images_keep_their_size_and_kind(size: int) -> None:
    images = item(size).expand(40, -1, -1)
    changed = photograph(images, seeded())
    assert changed.dtype == torch.uint8
    assert changed.shape == images.shape


def test_about_the_share_that_is_documented_stays_but_for_mirroring() -> None:
    images = torch.from_numpy(small_data(3000).train_images)
    changed = photograph(images, seeded())
    same = (changed == images).flatten(1).all(1) | (changed == images.flip(-1)).flatten(1).all(1)
    assert float(same.float().mean()) == pytest.approx(UNTOUCHED, abs=0.025)


def test_the_item_stays_recognisable_on_average() -> None:
    changed = photograph(item().expand(2000, -1, -1), seeded()).float()
    mean = changed.mean(0)
    assert mean[14, 14] > 110
    assert mean[:3].mean() < 40
    assert mean[:, :3].mean() < 40


def test_every_image_is_changed_in_its_own_way() -> None:
    changed = photograph(item().expand(200, -1, -1), seeded())
    assert len(torch.unique(changed.flatten(1), dim=0)) > 150


def test_blurring_is_scipys_gaussian() -> None:
    image = item().float()[None, None]
    ours = blurred(image, torch.full((1, 1, 1, 1), 0.9))[0, 0].numpy()
    theirs = ndimage.gaussian_filter(image[0, 0].numpy(), 0.9, mode="constant", radius=3)
    assert np.abs(ours - theirs).max() < 1e-3


def test_amounts_come_from_the_generator_alone() -> None:
    first, again = (Draw(5, torch.device("cpu"), seeded(3)) for _ in range(2))
    assert torch.equal(first.clouds(28, 4), again.clouds(28, 4))
    assert torch.equal(first.uniform(0, 1), again.uniform(0, 1))
