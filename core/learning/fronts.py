"""What frozen layers make of images: computed once for all epochs and, beside a stored data set, once for all runs."""

from hashlib import sha256

import numpy as np
import torch
from torch import Tensor

from core.config import RunConfig
from core.data import kept_fronts
from core.data.data_set import DataSet
from core.learning.learner import Learner
from core.machine.fingerprint import code_fingerprint
from core.machine.precision import precision_on
from core.models.parameters import frozen_weights

_AT_ONCE = 256


class Fronts:
    """The views (v, n, ...) of images, the plain ones first, by the places (n,), ascending, of these in a data set."""

    def __init__(self, views: Tensor, places: np.ndarray) -> None:
        self._views, self._places = views, places

    def at(self, places: np.ndarray) -> Tensor:
        """The views (v, m, ...) of the images at some of the places (m,)."""
        return self._views[:, torch.from_numpy(np.searchsorted(self._places, places)).to(self._views.device)]


def fronts_of(learner: Learner, config: RunConfig, data: DataSet, needed: np.ndarray) -> Fronts | None:
    """What the frozen layers of a model make of the training images of a data set, at least at the places needed.

    None where that is not the same each time, or too large. Read from the folder of the data set where a run has kept
    it that computes alike; else computed, and kept there for the next if the disk allows it.
    """
    if not learner.has_constant_front:
        return None
    places = np.sort(needed) if data.folder is None else np.arange(len(data.train_labels))
    first = learner.constant_fronts(_images(data, places[:1], learner))
    if first.nbytes * len(places) > kept_fronts.MOST_OF_A_RUN:
        return None
    kept = None if data.folder is None else data.folder / f"{kept_fronts.PREFIX}{_key(learner, config)}.npy"
    shape = (first.shape[0], len(places), *first.shape[2:])
    stored = None if kept is None else kept_fronts.read(kept, shape, np.float32)
    if stored is not None:
        return Fronts(torch.from_numpy(stored).to(learner.device), places)
    parts = np.split(places, range(_AT_ONCE, len(places), _AT_ONCE))
    views = torch.cat([learner.constant_fronts(_images(data, part, learner)) for part in parts], dim=1)
    if kept is not None and views.dtype == torch.float32:
        kept_fronts.write(kept, views.cpu().numpy())
    return Fronts(views, places)


def _images(data: DataSet, places: np.ndarray, learner: Learner) -> Tensor:
    return torch.from_numpy(np.asarray(data.train_images[places])).to(learner.device)


def _key(learner: Learner, config: RunConfig) -> str:
    """Equal where the very same numbers would be computed: by the same code, weights and arithmetic."""
    digest = sha256()
    for name, tensor in sorted(frozen_weights(learner.model).items()):
        digest.update(name.encode() + tensor.cpu().contiguous().numpy().tobytes())
    device = learner.device
    conditions = (
        *(code_fingerprint(), torch.__version__, device.type, torch.get_num_threads()),
        *(precision_on(config, device), config.model, config.input_size, config.normalisation, config.needs_mirrored),
    )
    digest.update(repr(conditions).encode())
    return digest.hexdigest()[:16]
