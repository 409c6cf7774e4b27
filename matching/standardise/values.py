"""What a standardiser gives: distinct standard values with their keys and features.

Invariant: `codes[i]` is the row in `table` of the i-th received text, −1 where it says nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int32]
Keys = npt.NDArray[np.uint64]
Feature = npt.NDArray[Any]

SLICE: Final = 1 << 15
"""Keys that are mixed at once: what stays within a processor's nearest memory."""


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
    known: Mapping[str, pa.DictionaryArray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.texts)

    def content(self) -> list[Keys]:
        """The keys that rest on the values themselves and not on their numbers, in the order of their names."""
        return [self.keys[name] for name in sorted(self.keys) if name != "value"]


@dataclass(frozen=True)
class Standardised:
    """The standard values of a list of received texts."""

    codes: Codes
    table: ValueTable


Standardiser = Callable[[pa.StringArray], Standardised]
"""Takes texts of which none is null, empty or there twice."""


def distinct(texts: pa.StringArray | Sequence[str | None]) -> tuple[Codes, pa.StringArray]:
    """Codes of texts and their distinct values in order of first sight; null and empty are −1."""
    array = texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string())
    encoded = array.dictionary_encode()
    codes, values = indices(encoded), encoded.dictionary
    empty = pc.index(pc.binary_length(values), 0).as_py()
    if empty >= 0:
        keep = np.arange(len(values)) != empty
        codes = through(np.where(keep, np.cumsum(keep) - 1, -1).astype(np.int32), codes)
        values = values.filter(pa.array(keep))
    return codes, values


def indices(encoded: pa.DictionaryArray) -> Codes:
    """The indices of a dictionary array, −1 where null."""
    found = encoded.indices
    if found.null_count:
        found = found.fill_null(-1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int32)


def through(mapping: Codes, codes: Codes) -> Codes:
    """Codes renumbered by a mapping; −1 stays −1."""
    return np.append(mapping, np.int32(-1)).astype(np.int32, copy=False)[codes]


def numbered(size: int) -> Keys:
    """The key of a value as a whole: its own number."""
    return np.arange(1, size + 1, dtype=np.uint64)


def content_keys(table: ValueTable, codes: Codes) -> Keys:
    """Numbers that tell some values apart by what they are, whatever their codes: an order that runs share."""
    chosen, places = np.unique(codes, return_inverse=True)
    keys = table.content()
    parts: list[npt.NDArray[Any]] = [column[chosen] for key in keys for column in (key.T if key.ndim == 2 else [key])]
    if "points" in table.features:
        points = table.features["points"][chosen]
        parts += [points[:, place] for place in range(points.shape[1])]
    if parts:
        return mixed(*(part.astype(np.uint64) + np.uint64(1) for part in parts))[places]
    order = pc.sort_indices(table.texts.take(pa.array(chosen))).to_numpy()
    rank = np.empty(len(chosen), np.uint64)
    rank[order] = np.arange(len(chosen), dtype=np.uint64)
    return rank[places]


def mixed(*parts: npt.NDArray[Any] | int) -> Keys:
    """One 64-bit key of several; 0 where a part is 0 (absent). A number stands for itself in every row."""
    out = np.empty(max(len(part) for part in parts if not isinstance(part, int)), np.uint64)
    for start in range(0, len(out), SLICE):
        rows = slice(start, start + SLICE)
        _mix(out[rows], [part if isinstance(part, int) else part[rows] for part in parts])
    return out


def _mix(state: Keys, parts: Sequence[npt.NDArray[Any] | int]) -> None:
    """Fill a slice of keys. Source of the constants: Steele, Lea and Flood 2014 (SplitMix64)."""
    state[:] = 0x9E3779B97F4A7C15
    shifted = np.empty_like(state)
    absent = np.zeros(len(state), bool)
    for part in parts:
        if isinstance(part, int):
            state ^= np.uint64(part)
        else:
            absent |= part == 0
            state ^= part.astype(np.uint64, copy=False)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            np.right_shift(state, np.uint64(shift), out=shifted)
            state ^= shifted
            state *= np.uint64(factor)
        np.right_shift(state, np.uint64(31), out=shifted)
        state ^= shifted
    state[state == 0] = 1
    state[absent] = 0
