"""How much memory a run may plan with on this machine, and giving back what it took."""

import ctypes
import sys
from functools import cache
from pathlib import Path
from typing import Final

LEAST: Final = 1 << 30
"""Bytes that are planned with even where the machine says that it has little: what is not used is not taken."""
SHARE: Final = 3
"""A run may take one part in so many of the machine's memory: a second run, and everything else, have room."""
CONTAINER: Final = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says how much a container may take; a number of bytes, or `max`."""


@cache
def budget() -> int:
    """Bytes that tables and what is learned may take together, unless the caller plans otherwise."""
    import psutil  # not before it is asked: a window is on the screen sooner

    total: int = psutil.virtual_memory().total
    try:
        total = min(total, int(CONTAINER.read_text("ascii")))
    except (OSError, ValueError):  # not in a container, not on Linux, or no limit
        pass
    return max(LEAST, total // SHARE)


def give_back() -> None:
    """Return to the system what was freed. Where the C library keeps that for later, and for each thread apart, a
    program that opened a hundred runs, one after the other, would hold the memory of many."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's
        if trim is not None:
            trim(0)
