"""Seconds and peak memory of the stages of a run."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Stage:
    """One stage: its seconds, and the highest memory of the process up to its end, in MiB."""

    stage: str
    seconds: float
    peak_mib: int


@dataclass
class Stopwatch:
    """Collects stages in order."""

    stages: list[Stage] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure the block as one stage."""
        begun = time.perf_counter()
        yield
        self.stages.append(Stage(name, round(time.perf_counter() - begun, 3), peak_mib()))


def peak_mib() -> int:
    """The process's highest resident memory so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // (1 << 20)
