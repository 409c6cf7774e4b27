"""How the levels that a comparator tells meet those that a model declares.

A comparator gives for arrays of unequal values the place of the level in its own `levels`, from the worst to the
best; equal values always reach the best. Invariant: comparators are symmetric. A level that is not declared falls to
the next worse that is.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from matching.compare.registry import COMPARATORS
from matching.model import ComparisonSpec
from matching.standardise.values import Codes, ValueTable

Levels = npt.NDArray[np.int8]


def levels(spec: ComparisonSpec, table: ValueTable, left: Codes, right: Codes) -> Levels:
    """Places in `spec.levels` of the comparison of two arrays of codes, −1 where one is null."""
    best = len(spec.levels) - 1
    out = np.where((left < 0) | (right < 0), -1, np.where(left == right, best, 0)).astype(np.int8)
    rows = np.flatnonzero((left >= 0) & (right >= 0) & (left != right))
    comparator = COMPARATORS[spec.comparator]
    if spec.comparator == "keyed":
        out[rows] = _keyed([level.level for level in spec.levels], table, left[rows], right[rows])
    elif comparator.compare is not None and len(rows):
        low, high = np.minimum(left[rows], right[rows]), np.maximum(left[rows], right[rows])
        packed = (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)
        distinct, places = np.unique(packed, return_inverse=True)
        ones, others = (distinct >> np.uint64(32)).astype(np.int32), (distinct & np.uint64(0xFFFFFFFF)).astype(np.int32)
        found = comparator.compare(table, ones, others)
        out[rows] = _declared(comparator.levels, [level.level for level in spec.levels])[found][places]
    return out


def _declared(own: Sequence[str], declared: Sequence[str]) -> Levels:
    """Own level → declared level: itself, else the best declared one that is worse, else the worst."""
    known = {level: place for place, level in enumerate(declared)}
    mapping, last = [], 0
    for level in own:
        last = known.get(level, last)
        mapping.append(last)
    return np.array(mapping, np.int8)


def _keyed(declared: Sequence[str], table: ValueTable, left: Codes, right: Codes) -> Levels:
    """The best key that two values share; the first declared level is sharing none."""
    out = np.zeros(len(left), np.int8)
    for place, name in enumerate(declared[1:], 1):
        key = table.keys[name]
        out[(key[left] == key[right]) & (key[left] != 0)] = place
    return out
