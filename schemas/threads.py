"""Independent work on arrays in a few threads: Arrow and NumPy let go of the interpreter while they work.

Invariant: results come in the order of the items, so that nothing depends on which thread was faster.
"""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

MOST_THREADS: Final = 4
"""Threads at most: each holds the temporary arrays of its item."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results of all items; the first error is raised. Calls may be nested: each has threads of its own."""
    todo = list(items)
    threads = min(MOST_THREADS, os.cpu_count() or 1, len(todo))
    if threads < 2:
        return [work(item) for item in todo]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, todo))
