"""The item in each image of a data set, drawn as Fashion-MNIST draws its items, for models that know nothing else."""

import numpy as np

from core.config import IMAGE_SIDE
from core.data import kept_fronts
from core.data.data_set import DataSet
from core.machine.fingerprint import code_fingerprint
from core.machine.threads import in_order
from core.photos.model_view import to_model_view
from core.photos.picture import PHOTO_PATH, Photo


def item_views(images: np.ndarray) -> np.ndarray:
    """What a model of Fashion-MNIST sees of images uint8 (n, h, h) or (n, h, h, 3): uint8 (n, 28, 28)."""
    return np.array(list(in_order(_view, images)), np.uint8).reshape(-1, IMAGE_SIDE, IMAGE_SIDE)


def training_views(data: DataSet) -> np.ndarray:
    """The same of all training images; kept beside a stored data set, for finding an item takes a twentieth second."""
    if data.folder is None:
        return item_views(data.train_images)
    kept = data.folder / f"{kept_fronts.PREFIX}items-{PHOTO_PATH}-{code_fingerprint()}.npy"
    views = kept_fronts.read(kept, (len(data.train_labels), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    if views is None:
        views = item_views(data.train_images)
        kept_fronts.write(kept, views)
    return views


def _view(image: np.ndarray) -> np.ndarray:
    pixels = np.asarray(image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2))
    return to_model_view(Photo("image", pixels, None, ())).image
