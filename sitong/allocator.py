"""The C library's allocator, told to keep what is freed: arrays then lie where others lay before.

A match makes and drops hundreds of arrays of a few megabytes. As it comes, glibc gives them back to the system, which
clears every page that it hands out again: a fifth of the CPU time of a match of changes. Source: mallopt(3).
"""

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # of malloc.h

LARGEST_KEPT: Final = 32 << 20
"""Bytes of an array up to which its memory is kept; glibc takes no more. Larger ones go back at once."""

MOST_KEPT: Final = 1 << 30
"""Bytes at the end of the heap from which they go back to the system."""


def keep_freed_memory() -> bool:
    """Keep freed memory from now on, in one heap for all threads; False where the C library is not glibc."""
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = {_ARENA_MAX: 1, _MMAP_THRESHOLD: LARGEST_KEPT, _TRIM_THRESHOLD: MOST_KEPT}
    return all(mallopt(name, value) == 1 for name, value in settings.items())
