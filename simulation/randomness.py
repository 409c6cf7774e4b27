"""Random streams by name: adding a draw in one subject does not shift the draws of another."""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Strings = NDArray[Any]


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one subject; the same for the same seed and name in every process."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))


def weighted(rng: np.random.Generator, weights: Sequence[float] | Floats, size: int) -> Ints:
    """Indexes drawn in proportion to weights."""
    edges = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn = np.searchsorted(edges, rng.random(size) * edges[-1], side="right")
    indexes: Ints = np.minimum(drawn, len(edges) - 1).astype(np.int64)
    return indexes


def chosen(rng: np.random.Generator, share: float, among: int | Ints) -> Ints:
    """Sorted members of `among` (a count means 0..count-1), each taken with probability `share`."""
    members = np.arange(among, dtype=np.int64) if isinstance(among, int) else among
    taken: Ints = members[rng.random(len(members)) < share]
    return taken


def planted(rng: np.random.Generator, share: float, among: Ints) -> Ints:
    """Like `chosen`, but at least one member where there is any: small cities keep every planted case."""
    taken = chosen(rng, share, among)
    if len(taken) or not len(among) or share <= 0:
        return taken
    return among[rng.integers(0, len(among), 1)]
