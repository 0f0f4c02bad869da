"""How this process gets memory from the system."""

import ctypes
import sys

M_TRIM_THRESHOLD = -1
M_MMAP_THRESHOLD = -3
LARGEST = 2**30


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next tensors, where it is glibc; elsewhere do nothing.

    A step frees and asks again for tensors of many megabytes. Given back to the system and fetched anew, each of their
    pages costs a fault: some 600 in every step of the CNN.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_MMAP_THRESHOLD, LARGEST)
        library.mallopt(M_TRIM_THRESHOLD, LARGEST)
