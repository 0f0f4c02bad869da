"""How much memory a run will take at its peak, from what was measured on the CPU."""

from core.config import RunConfig
from core.data.kept_fronts import MOST_OF_A_RUN
from core.datasets.versions import Version
from dashboard.tables.estimates import images_of

_TRAINER = 750 * 10**6
"""Bytes that Python, torch, a model and its optimizer take."""
_OF_A_PIXEL = {"cnn": 2_200, "resnet-small": 3_000, "resnet18": 1_600}
"""Bytes of a step for each pixel of each image of a batch, in float32."""
_FROZEN = 200 * 10**6
"""Bytes of a step of a model whose layers but the last are frozen, whatever the batch: as many pixels pass at once."""
_MOST_KEPT, _KEPT_FEATURES = 128 * 2**20, 2_816 * 4
"""Bytes of images that a run keeps, and of the features of a view of an image that it keeps too."""


def memory_need(config: RunConfig, version: Version) -> int:
    """Bytes of a run of this configuration on this version at its peak; cautious for models that were not measured."""
    images, channels = images_of(config, version), 3 if version.colour else 1
    of_validation = images.validation * version.side**2 * channels
    kept = min(_MOST_KEPT, images.training * config.input_size**2 * channels)
    if config.model != "transfer":
        of_a_pixel = _OF_A_PIXEL.get(config.model, max(_OF_A_PIXEL.values()))
        step = config.batch_size * config.input_size**2 * of_a_pixel
        return _TRAINER + kept + of_validation + step
    views = 2 if config.needs_mirrored else 1
    features = (images.training + images.validation) * views * _KEPT_FEATURES
    # Twice for a moment: parts, and all in one piece.
    of_features = 2 * features if config.has_constant_images and features <= MOST_OF_A_RUN else 0
    return _TRAINER + kept + of_validation + _FROZEN + of_features
