"""What this machine is, for the list of machines."""

import os
import sys
from functools import cache

import psutil

from core.machine.cores import processor, usable_cores
from core.machine.fingerprint import code_fingerprint
from jobs.machines.nodes import NodeFacts
from jobs.settings import ROOT, settings

MB = 1_000_000


def facts(mark: str, problem: str, version: str) -> NodeFacts:
    """Cores, GPUs, memory, load, processor and version of this machine, with what else it has to tell."""
    memory = psutil.virtual_memory()
    return NodeFacts(
        cores=usable_cores(),
        cpu_slots=settings().slots,
        gpus=gpus(),
        memory_mb=memory.total // MB,
        free_memory_mb=memory.available // MB,
        load=round(os.getloadavg()[0], 2),
        processor=processor(),
        version=version,
        code=code_fingerprint(),
        python=sys.executable,
        root=str(ROOT),
        mark=mark,
        problem=problem,
    )


@cache
def gpus() -> tuple[str, ...]:
    """The names of the GPUs that PyTorch can compute on here."""
    # It takes seconds to import, and only machines of a cluster ask.
    import torch

    return tuple(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
