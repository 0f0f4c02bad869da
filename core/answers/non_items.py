"""Drawn pictures of nothing in particular, as a cut-out might leave them: what a model must not be sure about."""

import torch
from torch import Tensor

from core.learning.photo_augmentation import Draw

KINDS = 6


def draw_non_items(items: Tensor, generator: torch.Generator) -> Tensor:
    """As many pictures uint8 (n, 28, 28) as there are items uint8 (n, 28, 28), in equal parts of six kinds.

    Noise; clouds; lines of text; shaded ellipses and boxes; blobs with a texture; halves of two items put together.
    """
    draw = Draw(len(items), items.device, generator)
    size = items.shape[-1]
    texture = draw.uniform(0.2, 0.8) + draw.uniform(0.05, 0.3) * draw.clouds(size, 8)
    kinds = [
        draw.uniform(0.2, 0.8) + draw.uniform(0.1, 0.4) * draw.grain(size),
        draw.uniform(0.3, 0.7) + draw.uniform(0.1, 0.4) * draw.clouds(size, 5),
        _text(draw, size),
        _solid(draw, size) * texture,
        _blob(draw, size) * texture,
        _joined(items, draw),
    ]
    which = torch.arange(len(items), device=items.device) % KINDS
    picture = torch.stack(kinds)[which, torch.arange(len(items), device=items.device), 0]
    return (picture * 255).round_().clamp_(0, 255).to(torch.uint8)


def _text(draw: Draw, size: int) -> Tensor:
    """Rows of short strokes on an even ground."""
    row = torch.arange(size, dtype=torch.float32)[:, None]
    written = ((row / draw.uniform(2, 5)) % 1 < 0.5) & (draw.grain(size) > draw.uniform(-1, 0.5))
    ground = draw.uniform(0, 0.5) * draw.coin(0.5)
    return torch.where(written, draw.uniform(0.5, 1), ground)


def _solid(draw: Draw, size: int) -> Tensor:
    """A mask of an ellipse or a box in any direction."""
    across, angle = draw.ramp(size)
    line = torch.linspace(-1, 1, size)
    along = line[:, None] * angle.cos() - line * angle.sin()
    x, y = across.abs() / draw.uniform(0.3, 1), along.abs() / draw.uniform(0.3, 1)
    round_ = x.square() + y.square() < 1
    return torch.where(draw.coin(0.6), round_, torch.maximum(x, y) < 0.9).float()


def _blob(draw: Draw, size: int) -> Tensor:
    """A mask of one or several smooth shapes around the middle."""
    line = torch.linspace(-1, 1, size)
    middle = 1.2 - 1.6 * (line.square() + line[:, None].square())
    return (draw.clouds(size, 4) + 1.5 * middle > draw.uniform(0, 1)).float()


def _joined(items: Tensor, draw: Draw) -> Tensor:
    """The halves of two items, one of them upside down, on the two sides of a line."""
    upright = items.float()[:, None] / 255
    other = upright.roll(1, 0).flip(-2)
    return torch.where(draw.ramp(items.shape[-1])[0] > 0, upright, other)
