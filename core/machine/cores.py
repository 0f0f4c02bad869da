"""The CPU that there is to compute with: its cores and instructions; free of torch, so that everyone can ask."""

import os
import platform
from functools import cache
from hashlib import sha256
from pathlib import Path

_PROCESSOR = Path("/proc/cpuinfo")
_WITH_BFLOAT16 = {"avx512_bf16", "amx_bf16"}


def usable_cores() -> int:
    """CPU cores that this process may run on: in a container often fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def processor() -> str:
    """What the processor is called, and a short hash of the instructions it has: libraries choose their kernels by it.

    Where the system has no /proc/cpuinfo, only what Python knows.
    """
    if not _PROCESSOR.exists():
        return platform.processor() or platform.machine()
    lines = _PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    flags = facts.get("flags") or facts.get("Features") or ""
    name = facts.get("model name") or platform.machine()
    return f"{name} ({sha256(' '.join(sorted(flags.split())).encode()).hexdigest()[:8]})"


@cache
def has_bfloat16() -> bool:
    """Whether Linux lists instructions for bfloat16 that PyTorch uses. Without them it is hundreds of times slower."""
    if not _PROCESSOR.exists():
        return False
    return not _WITH_BFLOAT16.isdisjoint(_PROCESSOR.read_text(encoding="utf-8", errors="replace").split())
