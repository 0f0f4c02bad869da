"""The tensors of a model: those that training changes and those that stay."""

import torch
from torch import Tensor, nn


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Trained parameters and the batch norm statistics that follow the data, by name."""
    return {name: tensor.detach() for name, tensor, changes in _tensors(model) if changes}


def frozen_weights(model: nn.Module) -> dict[str, Tensor]:
    """Parameters and statistics that stay as they are, by name."""
    return {name: tensor.detach() for name, tensor, changes in _tensors(model) if not changes}


@torch.no_grad()
def set_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Copy the named tensors into the model."""
    tensors = {name: tensor for name, tensor, _ in _tensors(model)}
    for name, value in weights.items():
        tensors[name].copy_(value)


def count_parameters(model: nn.Module) -> tuple[int, int]:
    """Parameters in all, as a state dict holds them, and those that are trained."""
    buffers = {name for name, _ in model.named_buffers()}
    total = sum(tensor.numel() for name, tensor in model.state_dict().items() if name not in buffers)
    return total, sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def _tensors(model: nn.Module) -> list[tuple[str, Tensor, bool]]:
    """Name, tensor, and whether training changes it, of every parameter and buffer.

    A buffer changes where its module is in training mode while the model is.
    """
    was_training = model.training
    model.train()
    modules = dict(model.named_modules())
    parameters = [(name, tensor, tensor.requires_grad) for name, tensor in model.named_parameters()]
    buffers = [(name, tensor, modules[name.rpartition(".")[0]].training) for name, tensor in model.named_buffers()]
    model.train(was_training)
    return parameters + buffers
