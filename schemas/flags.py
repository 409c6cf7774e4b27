"""Names of what is wrong with a row, for all rows of a table at once.

A flag is `column:rule`. Rows carry their flags joined by `;`, as a dictionary column whose values are the combinations
that occur.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.text import Mask

FLAG_TYPE: Final = pa.dictionary(pa.int32(), pa.string())
_BITS: Final = 63


def joined_names(masks: Mapping[str, Mask], rows: int) -> pa.DictionaryArray:
    """The names whose masks hold, by row, in the order of `masks`; null where none holds."""
    names = tuple(masks)
    words = _words(masks, rows)
    flagged = np.flatnonzero(words.any(axis=1))
    combinations, places = _distinct(words[flagged])
    indices = np.zeros(rows, np.int32)
    indices[flagged] = places
    missing = np.ones(rows, bool)
    missing[flagged] = False
    texts = pa.array([_spelled(combination, names) for combination in combinations], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(indices, mask=missing), texts)


def _words(masks: Mapping[str, Mask], rows: int) -> npt.NDArray[np.int64]:
    """Bits of the masks, 63 to a column."""
    words = np.zeros((rows, len(masks) // _BITS + 1), np.int64)
    for place, mask in enumerate(masks.values()):
        words[:, place // _BITS] |= mask.astype(np.int64) << (place % _BITS)
    return words


def _distinct(words: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
    if words.shape[1] == 1:
        values, places = np.unique(words[:, 0], return_inverse=True)
        return values[:, None], places
    values, places = np.unique(words, axis=0, return_inverse=True)
    return values, places.reshape(-1)


def _spelled(combination: npt.NDArray[np.int64], names: tuple[str, ...]) -> str:
    held = (name for place, name in enumerate(names) if combination[place // _BITS] >> (place % _BITS) & 1)
    return ";".join(held)


def counts(masks: Mapping[str, Mask]) -> dict[str, int]:
    """Rows by name, names that hold nowhere left out."""
    found = {name: int(np.count_nonzero(mask)) for name, mask in masks.items()}
    return {name: count for name, count in found.items() if count}
