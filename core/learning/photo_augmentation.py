"""Random changes that bring a training image closer to what the cut-out of a photo leaves.

Whole batches at a time: the item's outline, position, size and tone change; background, shadows and pieces of other
items are left over; parts of the item are missing; light falls from one side; the whole is blurred or sharpened.
Every amount is drawn anew for each image from the distributions that stand beside the constants below.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

UNTOUCHED = 0.2
"""Share of the images that are only mirrored, so that the benchmark's own pictures stay known."""

ANGLE_SD, LARGE_ANGLE, LARGE_ANGLE_SHARE = 6.0, 35.0, 0.25
"""Degrees: normal for most, uniform within +-LARGE_ANGLE for some."""
SMALLEST, LARGEST = 0.62, 1.08
"""Size: LARGEST - (LARGEST - SMALLEST) * u^2 with uniform u, so that most fill the frame as the data set's do."""
STRETCH_SD, SHEAR, SHIFT = 0.15, 0.12, 0.08
"""Width against height: log-normal; shear and shift (in frames): uniform within +-."""

PAIR, ON_END, LENGTHWISE = 0.35, 0.5, 1.25
"""Share of the items at least LENGTHWISE times as wide as high that come as a pair, as shoes are photographed, and the
share of these pairs that stand on end."""
APART = (0.22, 0.5)
"""How far the two of a pair lie from the middle, in halves of the frame."""
WORN, WORN_SIZE = 0.15, (0.45, 0.8)
"""Share of the other items that somebody wears, and their size there: a head above, legs or a skirt's length below."""

NEGATIVE = 0.2
GAMMA_SD = 0.4
DARKEST, BRIGHTEST = (0.0, 0.45), (0.6, 1.0)
LIFTED, TYPICAL = 0.7, 0.5
"""The item's tones: negated in a share, bent by a log-normal gamma, then stretched between two uniform levels; a share
of those that are darker than typical is lifted to it, as all photos are (core.photos.rendering.brighten)."""
FOLDS, GRADIENT, GRAIN = 0.08, 0.3, 0.03
"""Most of, uniform from 0: smooth unevenness, light from one side, noise; as shares of white."""

LEFT_OVER, LEFT_BACKGROUND, LEFT_SHADOW, LEFT_NEIGHBOUR = 0.2, 0.06, 0.2, 0.15
"""Shares of the images with patches of background, all of the background, a cast shadow, or another item's piece."""
MISSING, CUT_OFF = 0.15, 0.1
"""Shares of the images whose item has lost patches, or what lies beyond a straight line."""
BLURRED, SHARPENED = 0.25, 0.5
"""Shares of the images that are blurred by up to 1.2 pixels, or sharpened by up to 1.0 of the difference."""


def photograph(images: Tensor, generator: torch.Generator) -> Tensor:
    """Grey uint8 images (n, s, s), bright on black, as cut-outs of photos might show them; uint8 (n, s, s)."""
    draw = Draw(len(images), images.device, generator)
    tones = images.float()[:, None] / 255
    mirrored = torch.where(draw.coin(0.5), tones.flip(-1), tones)
    covered = torch.cat([mirrored, _outlines(mirrored)], dim=1)
    lengthwise = _is_lengthwise(covered[:, 1:])
    covered = torch.where(lengthwise & draw.coin(PAIR), _paired(covered, draw), covered)
    worn = ~lengthwise & draw.coin(WORN)
    covered = torch.where(worn, _worn(covered, draw), covered)
    covered = _moved(torch.cat([covered, worn * _body(covered[:, 1:], draw)], dim=1), draw)
    item, outline, body = covered[:, :1], covered[:, 1:2].clamp_max(1), covered[:, 2:]
    seen = outline * _kept(outline, draw)
    ground = torch.where(body > 0.02, body, _left_over(item, outline, draw))
    picture = seen * _toned(item, outline, draw) + (1 - seen) * ground
    picture = _focused(_lit(picture, draw), draw)
    changed = torch.where(draw.coin(UNTOUCHED), mirrored, picture)
    return (changed[:, 0] * 255).round_().clamp_(0, 255).to(torch.uint8)


class Draw:
    """Random amounts for n images, each of shape (n, 1, 1, 1), from one generator in a fixed order."""

    def __init__(self, count: int, device: torch.device, generator: torch.Generator) -> None:
        self._count, self._device, self._generator = count, device, generator

    def uniform(self, low: float, high: float) -> Tensor:
        """Uniform between low and high."""
        return low + (high - low) * torch.rand(self._count, 1, 1, 1, generator=self._generator).to(self._device)

    def normal(self, deviation: float) -> Tensor:
        """Normal with mean 0."""
        return deviation * torch.randn(self._count, 1, 1, 1, generator=self._generator).to(self._device)

    def coin(self, share: float) -> Tensor:
        """True for about that share of the images."""
        return self.uniform(0, 1) < share

    def grain(self, size: int) -> Tensor:
        """Independent standard normal noise (n, 1, size, size)."""
        return torch.randn(self._count, 1, size, size, generator=self._generator).to(self._device)

    def clouds(self, size: int, cells: int) -> Tensor:
        """Smooth standard normal noise (n, 1, size, size) whose clouds are about size / cells pixels wide."""
        coarse = torch.randn(self._count, 1, cells + 3, cells + 3, generator=self._generator).to(self._device)
        return F.interpolate(coarse, size=(size, size), mode="bicubic", align_corners=True)

    def ramp(self, size: int) -> tuple[Tensor, Tensor]:
        """Across each image in a random direction from about -1 to 1 (n, 1, size, size), and the angle of it."""
        angle = self.uniform(0, 2 * math.pi)
        line = torch.linspace(-1, 1, size, device=self._device)
        return line * angle.cos() + line[:, None] * angle.sin(), angle


def _outlines(tones: Tensor) -> Tensor:
    """The item as a mask: what is not black, with gaps of up to two pixels closed."""
    return -F.max_pool2d(-F.max_pool2d((tones > 0.02).float(), 3, 1, 1), 3, 1, 1)


def _is_lengthwise(outlines: Tensor) -> Tensor:
    """Which of the outlines (n, 1, s, s) are clearly wider than high: bool (n, 1, 1, 1)."""
    width, height = ((outlines.amax(dim=dim, keepdim=True) > 0.5).sum(dim=(2, 3), keepdim=True) for dim in (2, 3))
    return width >= LENGTHWISE * height


def _paired(maps: Tensor, draw: Draw) -> Tensor:
    """The items (n, 2, s, s) twice, the second behind the first: one above the other, or on end and side by side."""
    on_end = draw.coin(ON_END)
    stood = torch.where(on_end, torch.where(draw.coin(0.5), maps.rot90(1, (2, 3)), maps.rot90(-1, (2, 3))), maps)
    # The other shoe of a pair is the first one's mirror image.
    other = torch.where(draw.coin(0.5), stood.flip(-1), stood)
    apart, slight = draw.uniform(*APART), draw.uniform(-0.2, 0.2)
    right, down = torch.where(on_end, apart, slight), torch.where(on_end, slight, apart)
    front, behind = _shifted(stood, right, down), _shifted(other, -right, -down)
    return torch.where(front[:, 1:] > 0.5, front, behind)


def _worn(maps: Tensor, draw: Draw) -> Tensor:
    """The items smaller and higher or lower, so that there is room for who wears them."""
    size, down = draw.uniform(*WORN_SIZE), draw.uniform(-0.35, 0.35)
    return _placed(maps, size, torch.zeros_like(down), down)


def _placed(maps: Tensor, share: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """The maps (n, c, s, s) at a share of their size, moved by halves of their side; each amount is (n, 1, 1, 1)."""
    none = torch.zeros_like(right)
    across = torch.cat([1 / share, none, -right / share], -1)
    rows = torch.cat([across, torch.cat([none, 1 / share, -down / share], -1)], dim=2)
    grid = F.affine_grid(rows[:, 0], list(maps.shape), align_corners=False)
    return F.grid_sample(maps, grid, align_corners=False)


def _shifted(maps: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """The maps (n, c, s, s) moved by halves of their side."""
    return _placed(maps, torch.ones_like(right), right, down)


def _body(outlines: Tensor, draw: Draw) -> Tensor:
    """Who wears the item (n, 1, s, s): a head above the outline and two legs below it, each in one tone, else 0."""
    size = outlines.shape[-1]
    line = torch.linspace(-1, 1, size, device=outlines.device)
    x, y = line.expand(size, size), line[:, None].expand(size, size)
    rows = outlines.amax(dim=3, keepdim=True) > 0.5
    top = torch.where(rows, y[:, :1], 1.0).amin(dim=2, keepdim=True)
    bottom = torch.where(rows, y[:, :1], -1.0).amax(dim=2, keepdim=True)
    radius = draw.uniform(0.1, 0.2)
    head = ((x - draw.uniform(-0.1, 0.1)) ** 2 + ((y - top + 0.8 * radius) / 1.3) ** 2 < radius**2) & draw.coin(0.8)
    apart, width = draw.uniform(0.05, 0.25), draw.uniform(0.08, 0.2)
    legs = ((x.abs() - apart).abs() < width) & (y > bottom - 0.1) & draw.coin(0.8)
    return torch.where(head, draw.uniform(0.2, 0.9), torch.where(legs, draw.uniform(0.2, 0.9), 0.0))


def _moved(maps: Tensor, draw: Draw) -> Tensor:
    """The maps (n, c, s, s) turned, resized, stretched, sheared and shifted at random."""
    angles = torch.where(
        draw.coin(LARGE_ANGLE_SHARE), draw.uniform(-LARGE_ANGLE, LARGE_ANGLE), draw.normal(ANGLE_SD)
    ) * (math.pi / 180)
    size = LARGEST - (LARGEST - SMALLEST) * draw.uniform(0, 1).square()
    stretch = draw.normal(STRETCH_SD).exp()
    shear = draw.uniform(-SHEAR, SHEAR)
    cos, sin = angles.cos() / size, angles.sin() / size
    across = torch.cat([cos * stretch, shear - sin * stretch, draw.uniform(-2 * SHIFT, 2 * SHIFT)], dim=-1)
    down = torch.cat([sin / stretch, cos / stretch, draw.uniform(-2 * SHIFT, 2 * SHIFT)], dim=-1)
    grid = F.affine_grid(torch.cat([across, down], dim=2)[:, 0], list(maps.shape), align_corners=False)
    return F.grid_sample(maps, grid, align_corners=False)


def _toned(item: Tensor, outline: Tensor, draw: Draw) -> Tensor:
    """The item's tones bent, stretched between two levels, lifted, uneven and grainy."""
    size = item.shape[-1]
    bent = item.clamp(1e-3, 1) ** draw.normal(GAMMA_SD).exp()
    bent = torch.where(draw.coin(NEGATIVE), 1 - bent, bent)
    dark, bright = draw.uniform(*DARKEST), draw.uniform(*BRIGHTEST)
    uneven = draw.uniform(0, FOLDS) * draw.clouds(size, 6) + draw.uniform(0, GRAIN) * draw.grain(size)
    stretched = dark + (bright - dark) * bent
    typical = (stretched * outline).sum(dim=(2, 3), keepdim=True) / outline.sum(dim=(2, 3), keepdim=True).clamp_min(1)
    gamma = (math.log(TYPICAL) / typical.clamp(0.02, 0.98).log()).clamp_max(1)
    return stretched ** torch.where(draw.coin(LIFTED), gamma, 1.0) + uneven


def _kept(outline: Tensor, draw: Draw) -> Tensor:
    """Where the item is still there (1) after an imperfect cut-out has taken patches or one side of it (0)."""
    size = outline.shape[-1]
    patches = draw.clouds(size, 4) > draw.uniform(1.0, 2.0)
    beyond = draw.ramp(size)[0] > draw.uniform(0.55, 0.9)
    lost = (patches & draw.coin(MISSING)) | (beyond & draw.coin(CUT_OFF))
    return (~lost).float()


def _left_over(item: Tensor, outline: Tensor, draw: Draw) -> Tensor:
    """What lies around the item, black but for what an imperfect cut-out has left there; later ones cover earlier."""
    size = item.shape[-1]
    texture = draw.uniform(0.05, 0.8) + draw.uniform(0, 0.2) * draw.clouds(size, 8)
    patches = draw.clouds(size, 3) > draw.uniform(0.7, 1.8)
    around = F.max_pool2d(outline, 7, 1, 3) > 0.5
    everywhere = draw.coin(LEFT_BACKGROUND)
    ground = texture * ((patches & around & draw.coin(LEFT_OVER)) | everywhere)
    ground = torch.maximum(ground, _shadow(outline, draw))
    neighbour = draw.coin(LEFT_NEIGHBOUR)
    pieces = _beside(item.roll(1, 0), draw) * draw.uniform(0.4, 1.0)
    return torch.where(neighbour & (pieces > 0.05), pieces, ground)


def _shadow(outline: Tensor, draw: Draw) -> Tensor:
    """The outline moved a little and blurred: a shadow on a light ground is bright in the negative."""
    soft = F.avg_pool2d(F.avg_pool2d(outline, 5, 1, 2), 5, 1, 2)
    return (
        _shifted(soft, draw.uniform(-0.25, 0.25), draw.uniform(-0.1, 0.35))
        * draw.coin(LEFT_SHADOW)
        * (draw.uniform(0.1, 0.5))
    )


def _beside(others: Tensor, draw: Draw) -> Tensor:
    """Other items moved so far up, down, left or right that only a piece of them is in the picture."""
    far = draw.uniform(1.1, 1.7) * torch.where(draw.coin(0.5), 1.0, -1.0)
    vertical = draw.coin(0.7)
    slight = draw.uniform(-0.2, 0.2)
    return _shifted(others, torch.where(vertical, slight, far), torch.where(vertical, far, slight))


def _lit(picture: Tensor, draw: Draw) -> Tensor:
    """The picture brighter on one side than on the other."""
    return picture * (1 + draw.uniform(0, GRADIENT) * draw.ramp(picture.shape[-1])[0])


def _focused(picture: Tensor, draw: Draw) -> Tensor:
    """Some of the pictures blurred, some sharpened."""
    soft = _blurred(picture, draw.uniform(0.3, 1.2))
    sharp = picture + draw.uniform(0.2, 1.0) * (picture - _blurred(picture, torch.ones_like(soft[:, :, :1, :1])))
    which = draw.uniform(0, 1)
    return torch.where(which < BLURRED, soft, torch.where(which > 1 - SHARPENED, sharp, picture))


def _blurred(picture: Tensor, sigma: Tensor) -> Tensor:
    """Each picture (n, 1, s, s) blurred by a Gaussian of its own deviation (n, 1, 1, 1) in pixels, cut off at 3."""
    taps = torch.arange(-3, 4, device=picture.device)
    weights = (-(taps**2) / (2 * sigma.flatten(1) ** 2)).exp()
    weights = (weights / weights.sum(1, keepdim=True))[:, None, None]
    channels = picture.transpose(0, 1)
    across = F.conv2d(channels, weights, padding=(0, 3), groups=len(picture))
    return F.conv2d(across, weights.transpose(-1, -2), padding=(3, 0), groups=len(picture)).transpose(0, 1)
