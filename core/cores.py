"""The CPU cores that there are to compute with; free of torch, so that everyone can ask."""

import os


def usable_cores() -> int:
    """CPU cores that this process may run on: in a container often fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
