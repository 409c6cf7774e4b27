"""Seconds, seconds of CPU and peak memory of the steps of one process and its PostgreSQL server.

Memory is the proportional share of each process, so that what PostgreSQL's processes have in common counts once.
"""

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import process_tree

_EVERY = 0.2  # seconds; a look costs about a millisecond
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class StepCost:
    """What a step cost; `cpu` and `peak_mib` with the server's processes."""

    step: str
    seconds: float
    cpu: float
    peak_mib: int


class Meter:
    """Measures steps that follow each other; `steps` are those done.

    Args:
        postgres: folder of the embedded server.
    """

    def __init__(self, postgres: Path) -> None:
        self.steps: list[StepCost] = []
        self._postgres = postgres
        self._begun, self._cpu, self._peak = time.perf_counter(), 0.0, 0
        self._done = threading.Event()

    @contextmanager
    def running(self) -> Iterator["Meter"]:
        """Sample memory until the end of the block."""
        sampler = threading.Thread(target=self._sample)
        sampler.start()
        self._restart()
        try:
            yield self
        finally:
            self._done.set()
            sampler.join()

    def done(self, step: str) -> None:
        """End a step; the next one begins."""
        self._peak = max(self._peak, self._memory())
        cpu = max(self._spent() - self._cpu, 0.0)  # a server that has ended takes its seconds with it
        self.steps.append(StepCost(step, time.perf_counter() - self._begun, cpu, self._peak >> 20))
        self._restart()

    def _restart(self) -> None:
        self._begun, self._cpu, self._peak = time.perf_counter(), self._spent(), 0

    def _sample(self) -> None:
        while not self._done.wait(_EVERY):
            self._peak = max(self._peak, self._memory())

    def _processes(self) -> set[int]:
        server = server_pid(self._postgres)
        return {*process_tree(os.getpid()), *(process_tree(server) if server else ())}

    def _memory(self) -> int:
        return sum(_proportional(pid) for pid in self._processes())

    def _spent(self) -> float:
        times = os.times()
        server = sum(cpu_seconds(pid) for pid in self._processes() - {os.getpid()})
        return times.user + times.system + server


def _proportional(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:")), 0)


def server_pid(postgres: Path) -> int | None:
    """The process of the embedded server of a folder; none where it is not up."""
    try:
        return int(json.loads((postgres / "server.json").read_text("utf-8"))["pid"])
    except (OSError, ValueError, KeyError):
        return None


def cpu_seconds(pid: int) -> float:
    """Seconds of a process and of the children that it has waited for."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / _TICKS
