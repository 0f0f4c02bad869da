"""Pictures that show none of the ten classes: samples that come with scikit-image and scikit-learn, and drawn ones."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage
from skimage import data
from sklearn.datasets import load_digits, load_sample_images

SIDE = 480
SAMPLES = (
    *("astronaut", "brick", "camera", "cat", "checkerboard", "clock", "coffee", "coins", "colorwheel", "grass"),
    *("gravel", "horse", "hubble_deep_field", "immunohistochemistry", "logo", "moon", "page", "retina", "rocket"),
    *("text", "cell", "vortex"),
)
WORDS = "Dear all, the meeting of Monday is moved to Thursday at ten. Please bring last month's figures with you. "


def other_pictures() -> Iterator[tuple[str, np.ndarray]]:
    """Name and pixels uint8 (h, w, 3) of each, always the same; samples that are not installed are left out."""
    yield from _samples()
    random = np.random.default_rng(0)
    for number in range(8):
        yield f"noise {number}", random.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        yield f"clouds {number}", _clouds(random)
        yield f"blank page {number}", np.full((SIDE, SIDE, 3), random.integers(0, 256, 3), np.uint8)
        yield f"text {number}", np.asarray(_text(random))
        yield f"car {number}", np.asarray(_car(random))
        yield f"cat's face {number}", np.asarray(_cat(random))


def _samples() -> Iterator[tuple[str, np.ndarray]]:
    for name in SAMPLES:
        try:
            picture = np.asarray(getattr(data, name)())
        except (AttributeError, OSError, ImportError, ValueError):
            # Some are downloaded on demand, which a benchmark does not do.
            continue
        if picture.ndim in (2, 3):
            yield name, _as_colours(picture)
    for name, picture in zip(("china", "flower"), load_sample_images().images, strict=True):
        yield name, picture
    for number, digit in enumerate(load_digits().images[:10]):
        yield f"digit {number}", np.asarray(Image.fromarray(_as_colours(digit * 15)).resize((SIDE, SIDE)))


def _as_colours(picture: np.ndarray) -> np.ndarray:
    if picture.dtype == bool:
        picture = 255 * picture
    return np.asarray(Image.fromarray(picture.astype(np.uint8)).convert("RGB"))


def _clouds(random: np.random.Generator) -> np.ndarray:
    smooth = ndimage.gaussian_filter(random.normal(size=(SIDE, SIDE, 3)), (40, 40, 0))
    return (128 + 60 * smooth / smooth.std()).clip(0, 255).astype(np.uint8)


def _text(random: np.random.Generator) -> Image.Image:
    dark = random.random() < 0.3
    picture = Image.new("RGB", (SIDE, SIDE), "#202020" if dark else "#fbfbfb")
    draw = ImageDraw.Draw(picture)
    size = int(random.integers(12, 30))
    font = ImageFont.load_default(size)
    start = int(random.integers(0, 40))
    for line in range(2, SIDE // size - 4):
        if random.random() < 0.9:
            draw.text((40, line * size * 1.3), (WORDS * 3)[start + line * 7 :][: 700 // size], "#808080", font=font)
    return picture


def _car(random: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE * 3 // 4), tuple(random.integers(170, 256, 3)))
    draw = ImageDraw.Draw(picture)
    colour = tuple(random.integers(0, 200, 3))
    lift = int(random.integers(0, 50))
    draw.rounded_rectangle((50, 170, 430, 260), 30, fill=colour)
    draw.polygon([(120, 175), (170, 95 + lift), (320, 95 + lift), (375, 175)], fill=colour)
    draw.polygon([(140, 172), (180, 110 + lift), (240, 110 + lift), (240, 172)], fill="#cfe8f5")
    draw.polygon([(252, 172), (252, 110 + lift), (312, 110 + lift), (352, 172)], fill="#cfe8f5")
    for x in (130, 350):
        draw.ellipse((x - 42, 218, x + 42, 302), fill="#181818")
        draw.ellipse((x - 18, 242, x + 18, 278), fill="#b0b0b0")
    return picture


def _cat(random: np.random.Generator) -> Image.Image:
    picture = Image.new("RGB", (SIDE, SIDE), tuple(random.integers(120, 256, 3)))
    draw = ImageDraw.Draw(picture)
    fur = tuple(random.integers(20, 160, 3))
    draw.polygon([(110, 200), (120, 60), (220, 130)], fill=fur)
    draw.polygon([(370, 200), (360, 60), (260, 130)], fill=fur)
    draw.ellipse((95, 105, 385, 400), fill=fur)
    for x in (180, 300):
        draw.ellipse((x - 28, 205, x + 28, 255), fill="#d8e070")
        draw.ellipse((x - 7, 208, x + 7, 252), fill="black")
    draw.polygon([(222, 290), (258, 290), (240, 312)], fill="#e08090")
    return picture
