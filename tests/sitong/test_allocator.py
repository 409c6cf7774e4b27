"""What the C library does with freed memory once it is told to keep it."""

import subprocess
import sys

import pytest

from sitong import allocator

PROGRAM = """
import resource, sys
import numpy as np
from sitong.allocator import keep_freed_memory

def make_and_drop():
    arrays = [np.ones(20 << 20, np.uint8) for _ in range(10)]

if sys.argv[1] == "kept":
    assert keep_freed_memory()
make_and_drop()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    make_and_drop()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def pages_asked_for(how: str) -> int:
    run = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return int(run.stdout)


def test_arrays_lie_where_freed_ones_lay() -> None:
    assert pages_asked_for("kept") < 100 < pages_asked_for("as it comes")


def test_nothing_is_told_to_another_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not allocator.keep_freed_memory()
