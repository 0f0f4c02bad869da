"""Where in an image a model finds what speaks for a class: Grad-CAM."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.answers.features import map_stage
from core.config import RunConfig
from core.data.preprocessing import to_input
from core.learning.evaluation import device_of
from core.machine.device import single_thread
from core.models.staged import StagedModel, passed


def grad_cam(model: StagedModel, image: np.ndarray, label: int, config: RunConfig) -> np.ndarray:
    """How much each place of an image uint8 (s, s) or (s, s, 3) speaks for a class: float32 (s, s), 0 to 1.

    Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) at the stage of `features.map_stage`: its maps, weighted by
    the mean gradient of the class's logit, summed, of that the positive part, enlarged to the image. All zero where
    nothing speaks for the class. Test-time flips have no part in it. The model must be in evaluation mode. Raise
    NoMaps for a model without maps.
    """
    # On some processors the gradients of a ResNet depend on the number of threads, which visitors at once change for
    # one another.
    with single_thread():
        maps, gradient = _maps_and_gradient(model, image, label, config)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    salient = F.relu((weights * maps).sum(dim=1, keepdim=True))
    enlarged = F.interpolate(salient, size=image.shape[:2], mode="bilinear")[0, 0].cpu().numpy()
    highest = float(enlarged.max())
    return enlarged / highest if highest > 0 else enlarged


def _maps_and_gradient(model: StagedModel, image: np.ndarray, label: int, config: RunConfig) -> tuple[Tensor, Tensor]:
    """The stage's maps (1, c, h, w) and the gradient of the class's logit with respect to them."""
    inputs = to_input(torch.from_numpy(np.array(image)[None]).to(device_of(model)), config)
    count, maps = map_stage(model, inputs)
    with torch.enable_grad():
        # The gradient begins here, also in a model whose layers before are frozen.
        maps.requires_grad_()
        later = passed(model.stages()[count:], maps)
        (gradient,) = torch.autograd.grad(model.classify(model.features(later))[0, label], maps)
    return maps.detach(), gradient
