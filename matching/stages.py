"""Seconds and peak memory of the stages of a run, and the allocator that keeps the peak low."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow as pa


@dataclass(frozen=True)
class Stage:
    """One stage: its rows, its seconds, and the highest memory of the process up to its end, in MiB.

    Rows are what the stage worked on: records, after the collapse nodes, then pairs.
    """

    stage: str
    rows: int
    seconds: float
    peak_mib: int


@dataclass
class Running:
    """A stage that has not ended; it says itself how many rows it has."""

    rows: int = 0


@dataclass
class Stopwatch:
    """Collects stages in order."""

    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[Running]:
        """Measure the block as one stage."""
        running, begun = Running(), time.perf_counter()
        yield running
        self.stages.append(Stage(name, running.rows, round(time.perf_counter() - begun, 3), peak_mib()))


@contextmanager
def sparing_pool() -> Iterator[None]:
    """Let Arrow allocate from jemalloc where it is built in: of what is freed it keeps a fifth less than others do."""
    before = pa.default_memory_pool()
    if "jemalloc" in pa.supported_memory_backends():
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(before)


def peak_mib() -> int:
    """The process's highest resident memory so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // (1 << 20)
