"""The choice among the records of each master: criteria as arrays of integers, of which the lowest wins.

Owns the arithmetic of survivorship and knows no attribute by name. Invariant: the choice depends on the rows and their
criteria, never on the order in which tables were given; a master's rows stand together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]

NEVER = np.iinfo(np.int64).max
NONE = -1
"""Stands for "no row" in arrays of rows, and for null in arrays of codes."""


class Decision(IntEnum):
    """Why a value stands: it was the only one stated, all agreed, or a criterion preferred it to the runner-up."""

    NONE = 0
    SOLE = 1
    AGREED = 2
    VALIDITY = 3
    COMPLETENESS = 4
    SOURCE = 5
    RECENCY = 6
    MAJORITY = 7
    LONGEST = 8
    PREFERENCE = 9
    SAME_RECORD = 10
    ORDER = 11  # nothing told them apart: dataset and record id decided
    JUDGEMENT = 12  # a steward or a rule said it, whatever the records say


DECISIONS = tuple(decision.name.lower() for decision in Decision)


@dataclass(frozen=True)
class Groups:
    """Rows that stand together: `starts` is the first row of each group, `of` the group of each row."""

    starts: Integers
    of: Integers

    @classmethod
    def at(cls, is_first: Mask) -> "Groups":
        """Groups from a mask of first rows."""
        return cls(np.flatnonzero(is_first).astype(np.int64), np.cumsum(is_first, dtype=np.int64) - 1)

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(self.starts)


@dataclass(frozen=True)
class Ranked:
    """One criterion: its name for the record, and what ranks some rows (low is better).

    It is asked about rows that compete, which are less than half of a city's.
    """

    decision: Decision
    ranks: Callable[[Integers], Integers]


@dataclass(frozen=True)
class Choice:
    """What was chosen in each group.

    `record`, `runner_up`: rows, NONE where there is none; the runner-up is the best row with another value.
    `candidates`: rows that state a value. `conflicts`: those that state another than the chosen one. `decision`: why.
    """

    record: Integers
    candidates: Integers
    conflicts: Integers
    runner_up: Integers
    decision: npt.NDArray[np.uint8]


def choose(codes: Integers, allowed: Mask | None, criteria: Sequence[Ranked], groups: Groups) -> Choice:
    """Choose one row in each group.

    Args:
        codes: equal for equal values, NONE for null.
        allowed: rows that may speak; None for all.
        criteria: the first one that tells two rows apart decides.
        groups: the rows of each master.
    """
    rows = np.flatnonzero(codes != NONE if allowed is None else allowed & (codes != NONE))
    candidates = _counted(rows, groups)
    record = _by_group(rows, groups)  # right where there is one candidate alone
    rivals = rows[candidates[groups.of[rows]] > 1]
    best = _first(rivals, criteria, groups)
    record[groups.of[best]] = best
    differing = rivals[codes[rivals] != codes[record[groups.of[rivals]]]]
    runner_up = _by_group(_first(differing, criteria, groups), groups)
    decision = np.full(groups.count, Decision.AGREED, np.uint8)
    decision[candidates == 0], decision[candidates == 1] = Decision.NONE, Decision.SOLE
    contested = np.flatnonzero(runner_up != NONE)
    decision[contested] = _reason(record[contested], runner_up[contested], criteria)
    return Choice(record, candidates, _counted(differing, groups), runner_up, decision)


def votes(codes: Integers, datasets: Integers, groups: Groups) -> Integers:
    """Minus the number of datasets of a row's group that state its value; 0 where a group states one value only."""
    stated = codes != NONE
    low = np.minimum.reduceat(np.where(stated, codes, NEVER), groups.starts)
    high = np.maximum.reduceat(np.where(stated, codes, NONE), groups.starts)
    rows = np.flatnonzero(stated & (low < high)[groups.of])
    result = np.zeros(len(codes), np.int64)
    if len(rows):
        width, kinds = int(codes.max()) + 1, int(datasets.max()) + 1
        value = groups.of[rows] * width + codes[rows]
        spoken = np.unique(value * kinds + datasets[rows])
        values, counts = np.unique(spoken // kinds, return_counts=True)
        result[rows] = -counts[np.searchsorted(values, value)]
    return result


def _counted(rows: Integers, groups: Groups) -> Integers:
    """How many of some rows each group has."""
    return np.bincount(groups.of[rows], minlength=groups.count).astype(np.int64, copy=False)


def _by_group(rows: Integers, groups: Groups) -> Integers:
    """The row of each group, NONE where it has none of them."""
    found = np.full(groups.count, NONE, np.int64)
    found[groups.of[rows]] = rows
    return found


def _first(rows: Integers, criteria: Sequence[Ranked], groups: Groups) -> Integers:
    """The best of some rows in each group that has one; equal rows fall to the first."""
    of = groups.of[rows]
    for item in criteria:
        opens = np.flatnonzero(np.diff(of, prepend=NONE))
        if len(opens) == len(rows):
            return rows
        ranks = item.ranks(rows)
        lowest = np.repeat(np.minimum.reduceat(ranks, opens), np.diff(opens, append=len(rows)))
        alive = ranks == lowest
        rows, of = rows[alive], of[alive]
    return np.asarray(rows[np.diff(of, prepend=NONE) != 0])


def _reason(record: Integers, runner_up: Integers, criteria: Sequence[Ranked]) -> npt.NDArray[np.uint8]:
    reasons, open_ = np.full(len(record), Decision.ORDER, np.uint8), np.arange(len(record))
    for item in criteria:
        tells = item.ranks(record[open_]) != item.ranks(runner_up[open_])
        reasons[open_[tells]] = item.decision
        open_ = open_[~tells]
    return reasons
