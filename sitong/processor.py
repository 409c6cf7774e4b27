"""NumPy without the AVX-512 sorts on AMD's Zen 4, where they take five times as long as those with AVX2.

They store packed vectors into memory, which that processor does in microcode. NumPy reads once, when it is imported,
which features to leave alone. Source: github.com/numpy/x86-simd-sort/issues/6; AMD's Software Optimization Guide for
Zen 4, section 2.11.2.
"""

import os
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

SETTING: Final = "NPY_DISABLE_CPU_FEATURES"
SLOW_SORTS: Final = "X86_V4 AVX512_ICL"


def avoid_slow_sorts(environment: MutableMapping[str, str] = os.environ, cpuinfo: Path = Path("/proc/cpuinfo")) -> None:
    """Set what NumPy reads, unless it has been imported or somebody else has said what to leave alone."""
    if SETTING not in environment and "numpy" not in sys.modules and _is_zen4(cpuinfo):
        environment[SETTING] = SLOW_SORTS


def _is_zen4(cpuinfo: Path) -> bool:
    """AMD's family 25 is Zen 3, which has no AVX-512, and Zen 4."""
    try:
        first, _, _ = cpuinfo.read_text(encoding="ascii", errors="replace").partition("\n\n")
    except OSError:  # another system
        return False
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in first.splitlines())}
    return (
        said.get("vendor_id") == "AuthenticAMD"
        and said.get("cpu family") == "25"
        and "avx512f" in said.get("flags", "").split()
    )
