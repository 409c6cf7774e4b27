"""What a standardiser gives: distinct standard values with their keys and features.

Invariant: `codes[i]` is the row in `table` of the i-th received text, −1 where it says nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Feature = npt.NDArray[Any]


@dataclass(frozen=True)
class ValueTable:
    """One row per distinct standard value of a field.

    Attributes:
        texts: the standard values.
        keys: name → blocking key, 0 where there is none; two dimensions where a value has several.
        features: name → what comparators read.
        known: name of another field → the text of that field's value that this value tells (a birth date in an id).
    """

    texts: pa.StringArray
    keys: Mapping[str, Keys] = field(default_factory=dict)
    features: Mapping[str, Feature] = field(default_factory=dict)
    known: Mapping[str, pa.StringArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)


@dataclass(frozen=True)
class Standardised:
    """The standard values of a list of received texts."""

    codes: Codes
    table: ValueTable


Standardiser = Callable[[pa.StringArray], Standardised]


def distinct(texts: pa.StringArray | Sequence[str | None]) -> tuple[Codes, pa.StringArray]:
    """Codes of texts and their distinct values in order of first sight; null and empty are −1."""
    array = pa.array(texts, pa.string()) if not isinstance(texts, pa.Array) else texts
    encoded = array.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)
    values = encoded.dictionary
    empty = values.index("").as_py()
    if empty >= 0:
        keep = np.arange(len(values)) != empty
        renumbered = np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32)
        codes = np.where(codes >= 0, renumbered[codes], -1).astype(np.int32)
        values = values.filter(pa.array(keep))
    return codes, values


def numbered(size: int) -> Keys:
    """The key of a value as a whole: its own number."""
    return np.arange(1, size + 1, dtype=np.uint64)


def mixed(*parts: npt.NDArray[Any]) -> Keys:
    """One 64-bit key of several; 0 where a part is 0 (absent)."""
    state = np.full(np.broadcast_shapes(*(part.shape for part in parts)), 0x9E3779B97F4A7C15, np.uint64)
    absent = np.zeros(state.shape, bool)
    for part in parts:
        absent |= part == 0
        state ^= part.astype(np.uint64)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    state[state == 0] = 1
    state[absent] = 0
    return state
