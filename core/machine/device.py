"""The device and the CPU threads that a run computes on."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from core.config import RunConfig
from core.data.preprocessing import PREPROCESSING_VERSION
from core.errors import ConfigurationError
from core.machine.cores import processor, usable_cores
from core.machine.fingerprint import code_fingerprint
from core.machine.precision import precision_on


def choose_device(name: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `mps`; raise ConfigurationError where torch sees no such device."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    if not available[name]:
        known = ", ".join(kind for kind, there in available.items() if there)
        raise ConfigurationError(f"PyTorch finds no device {name} on this machine.", f"Choose auto or one of: {known}.")
    return torch.device(name)


def use_threads(count: int) -> int:
    """Let torch compute with so many CPU threads, 0 for one per core that this process may use; return how many."""
    threads = count or usable_cores()
    torch.set_num_threads(threads)
    return threads


@contextmanager
def single_thread() -> Iterator[None]:
    """Let torch compute with one CPU thread meanwhile: for what is so small that more threads only wait for another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def device_name(device: torch.device) -> str:
    """What the device calls itself; for the CPU, the instruction set that torch uses."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {torch.backends.cpu.get_cpu_capability()}" if device.type == "cpu" else device.type


def conditions(config: RunConfig, device: torch.device, threads: int) -> dict[str, str]:
    """All that must be equal, besides the configuration, for a computation to give the same bits."""
    return {
        "device": device_name(device),
        "processor": processor(),
        "threads": str(threads),
        "precision": precision_on(config, device),
        "torch": torch.version.__version__,
        "preprocessing": str(PREPROCESSING_VERSION),
        "code": code_fingerprint(),
    }


def why_inexact(device: torch.device) -> str:
    """Why the same computation may give other bits on this device; empty on the CPU, where it does not."""
    return "" if device.type == "cpu" else f"{device.type} kernels do not promise the same order of additions"
