"""The choice among the records of each master: criteria as arrays of integers, of which the lowest wins.

Owns the arithmetic of survivorship and knows no attribute by name. Invariant: the choice depends on the rows and their
criteria, never on the order in which tables were given; a master's rows stand together.
"""

from collections.abc import Sequence
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
    """One criterion: its name for the record, and a rank for each row (low is better)."""

    decision: Decision
    ranks: Integers


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


def choose(codes: Integers, allowed: Mask, criteria: Sequence[Ranked], groups: Groups) -> Choice:
    """Choose one row in each group.

    Args:
        codes: equal for equal values, NONE for null.
        allowed: rows that may speak.
        criteria: the first one that tells two rows apart decides.
        groups: the rows of each master.
    """
    candidate = allowed & (codes != NONE)
    record = _first(candidate, criteria, groups)
    differing = candidate & (codes != _of_group(codes, record, groups))
    runner_up = np.full(groups.count, NONE, np.int64)
    rows = np.flatnonzero(differing)
    if len(rows):
        inner = Groups.at(np.diff(groups.of[rows], prepend=NONE) != 0)
        few = [Ranked(item.decision, item.ranks[rows]) for item in criteria]
        runner_up[groups.of[rows[inner.starts]]] = rows[_first(np.ones(len(rows), bool), few, inner)]
    candidates = np.add.reduceat(candidate, groups.starts, dtype=np.int64)
    conflicts = np.add.reduceat(differing, groups.starts, dtype=np.int64)
    decision = np.select([candidates == 0, candidates == 1], [Decision.NONE, Decision.SOLE], Decision.AGREED).astype(
        np.uint8
    )
    contested = np.flatnonzero(runner_up != NONE)
    decision[contested] = _reason(record[contested], runner_up[contested], criteria)
    return Choice(record, candidates, conflicts, runner_up, decision)


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


def _first(alive: Mask, criteria: Sequence[Ranked], groups: Groups) -> Integers:
    """The best living row of each group, NONE where none lives; equal rows fall to the first."""
    for item in criteria:
        ranks = np.where(alive, item.ranks, NEVER)
        alive = alive & (ranks == np.minimum.reduceat(ranks, groups.starts)[groups.of])
    rows = np.where(alive, np.arange(len(alive), dtype=np.int64), NEVER)
    best: Integers = np.minimum.reduceat(rows, groups.starts)
    return np.where(best == NEVER, NONE, best)


def _of_group(codes: Integers, record: Integers, groups: Groups) -> Integers:
    """The code of each row's chosen row."""
    chosen = np.where(record == NONE, NONE, codes[record])
    return chosen[groups.of]


def _reason(record: Integers, runner_up: Integers, criteria: Sequence[Ranked]) -> npt.NDArray[np.uint8]:
    reasons = np.full(len(record), Decision.ORDER, np.uint8)
    for item in reversed(criteria):
        reasons[item.ranks[record] != item.ranks[runner_up]] = item.decision
    return reasons
