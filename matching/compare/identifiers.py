"""Identifiers as evidence: the same, one typing error apart, the neighbours of twins, or simply different."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA

from matching.standardise.codepoints import counted
from matching.standardise.values import Codes, ValueTable

CITIZEN_LEVELS: Final = ("different", "neighbour", "two_errors", "same_tail", "one_error", "exact")
"""neighbour: valid numbers of one place and birth date with different sequences · same_tail: birth date and sequence
agree, the division does not · one_error: one character wrong, missing, extra or two exchanged, at least one number
invalid, or two valid numbers of the last century with one digit different: a number that was given with 15 digits has a
check digit made from the wrong one · two_errors: the same twice."""

CODE_LEVELS: Final = ("two", "different", "one_error", "exact")
"""two: both fit their check digits and differ, so that neither is mistyped · different: at
least one does not fit · one_error: at least one does not fit, one character wrong, missing, extra or two exchanged."""

CITIZEN_PLACE: Final = {name: place for place, name in enumerate(CITIZEN_LEVELS)}
NEAR: Final = 3
"""Positions that may differ before the distance is worked out: an inserted character moves all that follow, so texts of
unequal length are always worked out."""

LEAST_TAIL: Final = 11
"""Characters in common of any two valid numbers that are not simply different: birth date and sequence."""


def citizen_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `CITIZEN_LEVELS` of unequal numbers."""
    points, length, valid = (table.features[name] for name in ("points", "length", "valid"))
    both = valid[left] & valid[right]
    out = np.full(len(left), CITIZEN_PLACE["different"], np.int8)
    chosen = np.flatnonzero(both & (counted(points[left] == points[right]) >= LEAST_TAIL))
    out[chosen] = _of_valid(points[left[chosen]], points[right[chosen]])
    rows = np.flatnonzero(~both & _worth_while(points, length, left, right))
    distance = _distances(table, left[rows], right[rows])
    out[rows[distance == 2]] = CITIZEN_PLACE["two_errors"]
    out[rows[distance <= 1]] = CITIZEN_PLACE["one_error"]
    return out


def _of_valid(ours: npt.NDArray[Any], theirs: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Places in `CITIZEN_LEVELS` of two numbers whose check digits hold."""
    agree = ours == theirs
    out = np.full(len(ours), CITIZEN_PLACE["different"], np.int8)
    out[agree[:, 6:17].all(axis=1)] = CITIZEN_PLACE["same_tail"]
    sister = agree[:, :14].all(axis=1)
    out[sister] = CITIZEN_PLACE["neighbour"]
    old = [(side[:, 6:8] == np.frombuffer(b"19", np.uint8)).all(axis=1) for side in (ours, theirs)]
    out[(agree[:, :17].sum(axis=1) == 16) & old[0] & old[1] & ~sister] = CITIZEN_PLACE["one_error"]
    return out


def code_levels(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[Any]:
    """Places in `CODE_LEVELS` of unequal codes: one error counts only where at least one check digit fails."""
    valid = table.features["valid"]
    both = valid[left] & valid[right]
    out = np.where(both, 0, 1).astype(np.int8)
    worth = _worth_while(table.features["points"], table.features["length"], left, right)
    rows = np.flatnonzero(worth & ~both)
    out[rows[_distances(table, left[rows], right[rows]) <= 1]] = 2
    return out


def _worth_while(
    points: npt.NDArray[Any], length: npt.NDArray[Any], left: Codes, right: Codes
) -> npt.NDArray[np.bool_]:
    ours, theirs = length[left], length[right]
    near = counted(points[left] != points[right]) <= NEAR
    return np.asarray(np.where(ours == theirs, near, np.abs(ours - theirs) <= 2) & (np.minimum(ours, theirs) > 6))


def _distances(table: ValueTable, left: Codes, right: Codes) -> npt.NDArray[np.int64]:
    ours, theirs = table.texts.take(left).to_pylist(), table.texts.take(right).to_pylist()
    found = (OSA.distance(one, other, score_cutoff=2) for one, other in zip(ours, theirs, strict=True))
    return np.fromiter(found, np.int64, len(ours))
