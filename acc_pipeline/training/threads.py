"""How a program of ours that computes with torch on a CPU shares the machine with whatever else runs on it.

To be called before torch is imported; imports nothing heavy itself.
"""

import ctypes
import os

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1  # M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of glibc's malloc.h


def calm_threads() -> None:
    """Idle OpenMP threads of this process sleep instead of spinning.

    Spinning costs nothing on an idle machine and a factor of three on a busy one: threads that wait for a sibling
    without a core burn the core that the sibling waits for. The OpenMP runtime reads the variable once, when loaded.
    """
    os.environ["OMP_WAIT_POLICY"] = "PASSIVE"


def keep_freed_memory() -> None:
    """Freed memory stays with this process for the next tensor, where the C library is glibc; elsewhere a no-op.

    Otherwise each large activation is given back to the kernel and faulted in again: a third of the time of a small
    model, for some hundred megabytes.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "gnu_get_libc_version"):
        library.mallopt(_MMAP_THRESHOLD, 1 << 30)
        library.mallopt(_TRIM_THRESHOLD, (1 << 31) - 1)
