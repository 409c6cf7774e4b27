"""Independent work on arrays in a few threads: Arrow and NumPy let go of the interpreter while they work.

Invariant: results come in the order of the items, so that nothing depends on which thread was faster.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

MOST_THREADS: Final = 4
"""Threads at most: each holds the temporary arrays of its item."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order."""
    threads = min(MOST_THREADS, os.cpu_count() or 1, max(len(items), 1))
    with ThreadPoolExecutor(threads) as pool:
        yield from zip(items, pool.map(work, items), strict=True)
