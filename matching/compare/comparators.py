"""The comparators a model may name, and how their levels meet the declared ones.

A comparator gives for arrays of unequal values the place of the level in its own `levels`, from the worst to the
best; equal values always reach the best. Invariant: comparators are symmetric. Declared levels must be among its own;
a level that is not declared falls to the next worse that is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from matching.compare.companies import COMPANY_LEVELS, company_levels
from matching.compare.identifiers import CITIZEN_LEVELS, CODE_LEVELS, citizen_levels, code_levels
from matching.compare.names import NAME_LEVELS, name_levels
from matching.compare.plain import DATE_LEVELS, DIGIT_LEVELS, TEXT_LEVELS, date_levels, digit_levels, text_levels
from matching.model import ComparisonSpec, SpecificationError
from matching.standardise.values import Codes, ValueTable

Levels = npt.NDArray[np.int8]
Compare = Callable[[ValueTable, Codes, Codes], npt.NDArray[Any]]


@dataclass(frozen=True)
class Comparator:
    """A comparator and its level names; `keyed` has none of its own, they are the field's keys."""

    levels: tuple[str, ...]
    compare: Compare | None


COMPARATORS: Final[Mapping[str, Comparator]] = {
    "chinese_name": Comparator(NAME_LEVELS, name_levels),
    "citizen_id": Comparator(CITIZEN_LEVELS, citizen_levels),
    "company_name": Comparator(COMPANY_LEVELS, company_levels),
    "date": Comparator(DATE_LEVELS, date_levels),
    "digits": Comparator(DIGIT_LEVELS, digit_levels),
    "exact": Comparator(("different", "exact"), None),
    "keyed": Comparator((), None),
    "organization_code": Comparator(CODE_LEVELS, code_levels),
    "text": Comparator(TEXT_LEVELS, text_levels),
}


def check(spec: ComparisonSpec, table: ValueTable) -> None:
    """Refuse a comparison whose comparator or levels do not exist.

    Raises:
        SpecificationError: with the levels that exist.
    """
    if spec.comparator not in COMPARATORS:
        raise SpecificationError(f"comparison {spec.field}: comparator {spec.comparator!r} is not known; use one of "
                                 f"{', '.join(COMPARATORS)}")  # fmt: skip
    own = COMPARATORS[spec.comparator].levels or ("different", *table.keys)
    declared = [level.level for level in spec.levels]
    if unknown := [level for level in declared if level not in own]:
        raise SpecificationError(f"comparison {spec.field}: levels {unknown} are not among {', '.join(own)}")


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
