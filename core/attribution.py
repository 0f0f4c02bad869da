"""Where in an image a model finds what speaks for a class: Grad-CAM."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.config import RunConfig
from core.features import IMAGE_SIDE, device_of, map_layer
from core.preprocessing import to_input


def grad_cam(model: nn.Module, image: np.ndarray, label: int, config: RunConfig) -> np.ndarray:
    """How much each place of an image uint8 (28, 28) speaks for a class: float32 (28, 28), 0 to 1.

    Grad-CAM (Selvaraju et al. 2017, equations 1 and 2) at the layer of `core.features.map_layer`: its maps, weighted by
    the mean gradient of the class's logit, summed, of that the positive part, enlarged to the image. All zero where
    nothing speaks for the class. Test-time flips have no part in it. The model must be in evaluation mode. Raise
    NothingInside for a model without maps.
    """
    maps, gradient = _maps_and_gradient(model, image, label, config)
    weights = gradient.mean(dim=(2, 3), keepdim=True)
    salient = F.relu((weights * maps).sum(dim=1, keepdim=True))
    enlarged = F.interpolate(salient, size=(IMAGE_SIDE, IMAGE_SIDE), mode="bilinear")[0, 0].cpu().numpy()
    highest = float(enlarged.max())
    return enlarged / highest if highest > 0 else enlarged


def _maps_and_gradient(model: nn.Module, image: np.ndarray, label: int, config: RunConfig) -> tuple[Tensor, Tensor]:
    """The layer's maps (1, c, h, w) and the gradient of the class's logit with respect to them."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _given: object, maps: Tensor) -> Tensor:
        # The gradient begins here, also in a model whose layers before are frozen.
        kept.append(maps.detach().requires_grad_())
        # The layers after may write into what they are given.
        return kept[-1].clone()

    hook = map_layer(model, config).register_forward_hook(keep)
    try:
        images = torch.from_numpy(np.array(image)[None]).to(device_of(model))
        with torch.enable_grad():
            logit = model(to_input(images, config))[0, label]
            (gradient,) = torch.autograd.grad(logit, kept)
    finally:
        hook.remove()
    return kept[0].detach(), gradient
