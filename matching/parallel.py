"""Independent work on arrays in a few threads: Arrow and NumPy let go of the interpreter while they work.

Invariant: results come in the order of the items, so that nothing depends on which thread was faster.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar

MOST_THREADS: Final = 4
"""Threads at most: each holds the temporary arrays of its item."""

Item = TypeVar("Item")
Result = TypeVar("Result")


_one_by_one: ContextVar[bool] = ContextVar("one_by_one", default=False)


@contextmanager
def one_by_one() -> Iterator[None]:
    """Work in the caller's thread meanwhile: on a few records starting threads costs more than the work."""
    token = _one_by_one.set(True)
    try:
        yield
    finally:
        _one_by_one.reset(token)


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
    """Each item with its result, in order."""
    if _one_by_one.get():
        yield from ((item, work(item)) for item in items)
        return
    threads = min(MOST_THREADS, os.cpu_count() or 1, max(len(items), 1))
    with ThreadPoolExecutor(threads) as pool:
        yield from zip(items, pool.map(work, items), strict=True)


def ahead(work: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
    """The result of each item, in order; while one is used the next is worked out, and no more than that."""
    with ThreadPoolExecutor(1) as pool:
        waiting: Future[Result] | None = None
        for item in items:
            following = pool.submit(work, item)
            if waiting is not None:
                yield waiting.result()
            waiting = following
        if waiting is not None:
            yield waiting.result()
