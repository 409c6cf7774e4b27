"""Seconds, seconds of CPU and peak memory of a command with all its children."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EVERY = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


class CommandFailedError(Exception):
    """A measured command ended with an error."""


@dataclass(frozen=True)
class Cost:
    """What a command cost.

    Attributes:
        wall: seconds.
        cpu: seconds of user and system time, of the command and the children it waited for.
        peak_mib: highest sum of resident memory over the process tree, sampled 20 times a second; memory that
            processes share counts once for each.
        load: the machine's one-minute load average just before the start.
        output: what it printed.
    """

    wall: float
    cpu: float
    peak_mib: int
    load: float
    output: str


def measure(command: Sequence[str], *, until: Path | None = None) -> Cost:
    """Run a command to its end; memory counts only as long as the file `until` is not there.

    Raises:
        CommandFailedError: it ended with another status than 0; with the end of what it printed.
    """
    load, begun = os.getloadavg()[0], time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 — commands of this package
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    peak, done = [0], threading.Event()
    sampler = threading.Thread(target=_sample, args=(process.pid, peak, done, until))
    sampler.start()
    assert process.stdout is not None  # noqa: S101 — PIPE was asked for
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    done.set()
    sampler.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise CommandFailedError(f"{' '.join(command[:6])} … ended with {process.returncode}:\n{output[-3000:]}")
    return Cost(wall, usage.ru_utime + usage.ru_stime, peak[0] >> 20, load, output)


def _sample(root: int, peak: list[int], done: threading.Event, until: Path | None) -> None:
    while not done.wait(EVERY) and not (until and until.exists()):
        peak[0] = max(peak[0], sum(_resident(pid) for pid in process_tree(root)))


def process_tree(root: int) -> list[int]:
    """The process and its descendants, as the kernel lists them."""
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").glob("*/children"):
                open_ += [int(child) for child in task.read_text(encoding="ascii").split()]
        except (OSError, ValueError):  # it has ended
            continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0
