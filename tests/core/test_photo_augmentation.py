"""What the augmentation for photos does to images, and what it leaves as it is."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from core.learning.photo_augmentation import PAIR, UNTOUCHED, Draw, photograph
from core.learning.photo_augmentation import _blurred as blurred
from core.learning.photo_augmentation import _body as body
from core.learning.photo_augmentation import _is_lengthwise as is_lengthwise
from core.learning.photo_augmentation import _paired as paired
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


def shoe() -> torch.Tensor:
    image = torch.zeros(28, 28, dtype=torch.uint8)
    image[10:18, 3:25] = 200
    return image


def test_only_what_lies_lengthwise_may_come_in_pairs() -> None:
    outlines = (torch.stack([shoe(), item()])[:, None] > 0).float()
    assert is_lengthwise(outlines).flatten().tolist() == [True, False]


def test_a_pair_shows_the_item_twice_one_before_the_other() -> None:
    picture = shoe().float()[None, None] / 255
    maps = torch.cat([picture, (picture > 0).float()], dim=1).expand(200, -1, -1, -1)
    pairs = paired(maps, Draw(200, torch.device("cpu"), seeded()))
    covered = (pairs[:, 1] > 0.5).flatten(1).sum(1)
    assert covered.min() > 1.2 * float(maps[0, 1].sum())
    assert covered.max() <= 2.1 * float(maps[0, 1].sum())


def test_the_share_of_pairs_that_is_documented_shows_more_of_the_shoe() -> None:
    lone = photograph(item().expand(2000, -1, -1), seeded())
    shoes = photograph(shoe().expand(2000, -1, -1), seeded())
    area = [(images > 60).flatten(1).float().sum(1) for images in (lone, shoes)]
    larger = [float((pixels > 1.35 * pixels.median()).float().mean()) for pixels in area]
    assert larger[1] - larger[0] == pytest.approx(0.6 * PAIR, abs=0.4 * PAIR)


def test_who_wears_an_item_is_above_and_below_it_and_not_beside_it() -> None:
    outline = torch.zeros(300, 1, 28, 28)
    outline[:, :, 10:18, 9:19] = 1
    drawn = (body(outline, Draw(300, torch.device("cpu"), seeded())) > 0).float().mean(0)[0]
    assert drawn[5:10, 12:16].mean() > 0.3
    assert drawn[19:, 8:20].mean() > 0.3
    assert drawn[12:16].max() == 0
