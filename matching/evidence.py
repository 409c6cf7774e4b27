"""Comparison vectors of candidate pairs: one level a field, the best that any two values of the two nodes reach.

Invariant: symmetric, and independent of how pairs are cut into chunks.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.blocking import Pairs
from matching.compare import comparators
from matching.compare.comparators import Levels
from matching.model import ComparisonSpec, MatchModel
from matching.nodes import Held, Nodes, Places
from matching.parallel import in_parallel
from matching.records import Records
from matching.standardise.values import Codes, ValueTable

Rows = npt.NDArray[np.int32] | Places

SLICE: Final = 1 << 18
"""Pairs that are compared at once."""


@dataclass(frozen=True)
class Evidence:
    """The vectors of some pairs.

    Attributes:
        levels: one row a pair, one column a comparison of the model, −1 where a side is null.
        values: field with term frequencies → the two codes whose level was best.
        same_datasets: datasets that hold records of both nodes, as a bit mask.
        apart: pairs that a constraint forbids.
    """

    levels: Levels
    values: dict[str, tuple[Codes, Codes]]
    same_datasets: npt.NDArray[np.uint64]
    apart: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, rows: slice | Places) -> "Evidence":
        values = {field: (ours[rows], theirs[rows]) for field, (ours, theirs) in self.values.items()}
        return Evidence(self.levels[rows], values, self.same_datasets[rows], self.apart[rows])


def compare(records: Records, nodes: Nodes, model: MatchModel, pairs: Pairs) -> Evidence:
    """The vectors of pairs of nodes, worked out slice by slice."""
    slices = [slice(start, start + SLICE) for start in range(0, max(len(pairs), 1), SLICE)]

    def of_slice(rows: slice) -> Evidence:
        return _compare(records, nodes, model, Pairs(pairs.left[rows], pairs.right[rows]))

    parts = [part for _, part in in_parallel(of_slice, slices)]
    values = {field: tuple(np.concatenate([part.values[field][side] for part in parts]) for side in (0, 1))
              for field in parts[0].values}  # fmt: skip
    return Evidence(
        np.concatenate([part.levels for part in parts]),
        {field: (ours, theirs) for field, (ours, theirs) in values.items()},
        np.concatenate([part.same_datasets for part in parts]),
        np.concatenate([part.apart for part in parts]),
    )


def _compare(records: Records, nodes: Nodes, model: MatchModel, pairs: Pairs) -> Evidence:
    levels = np.full((len(pairs), len(model.comparisons)), -1, np.int8)
    values = {}
    for column, spec in enumerate(model.comparisons):
        found, ours, theirs = _best(spec, records.values[spec.field], nodes.held[spec.field], pairs)
        levels[:, column] = _independent(records, nodes, model, spec.field, pairs, found)
        if any(level.term_frequency for level in spec.levels):
            values[spec.field] = (ours, theirs)
    same = nodes.datasets[pairs.left] & nodes.datasets[pairs.right]
    return Evidence(levels, values, same, _apart(records, nodes, model, pairs))


def _independent(records: Records, nodes: Nodes, model: MatchModel, field: str, pairs: Pairs, found: Levels) -> Levels:
    """No level where a value was told by another field that both sides have: it would be weighed twice."""
    source = model.fields[field].fallback
    if source is None or field not in records.told:
        return found
    ours, theirs = nodes.first[pairs.left], nodes.first[pairs.right]
    told, codes = records.told[field], records.codes[source]
    twice = (told[ours] | told[theirs]) & (codes[ours] >= 0) & (codes[theirs] >= 0)
    return np.where(twice, np.int8(-1), found)


def compare_records(
    records: Records, model: MatchModel, left: Places, right: Places, skip: Collection[str] = ()
) -> Levels:
    """The vectors of pairs of single records, without the fields to skip.

    What training reads of collapsed nodes and of random pairs.
    """
    levels = np.full((len(left), len(model.comparisons)), -1, np.int8)
    for column, spec in enumerate(model.comparisons):
        if spec.field in skip:
            continue
        codes = records.codes[spec.field]
        levels[:, column] = comparators.levels(spec, records.values[spec.field], codes[left], codes[right])
    return levels


def _best(spec: ComparisonSpec, table: ValueTable, held: Held, pairs: Pairs) -> tuple[Levels, Codes, Codes]:
    """Best level of each pair, and the codes that reach it (the first in order of the nodes' values)."""
    left, right = pairs.left, pairs.right
    ours, theirs = first_values(held, left), first_values(held, right)
    found = comparators.levels(spec, table, ours, theirs)
    many = np.flatnonzero(held.widths(left) * held.widths(right) > 1)
    if len(many):
        owner, one, other = _product(held, left[many], right[many])
        level = comparators.levels(spec, table, one, other)
        order = np.lexsort((np.arange(len(owner)), -level.astype(np.int16), owner))
        chosen = order[np.concatenate(([True], owner[order][1:] != owner[order][:-1]))]
        found[many], ours[many], theirs[many] = level[chosen], one[chosen], other[chosen]
    return found, ours, theirs


def first_values(held: Held, owner: Rows) -> Codes:
    """The first value of each node, −1 where it has none."""
    if not len(held.codes):
        return np.full(len(owner), -1, np.int32)
    places = np.minimum(held.starts[owner], len(held.codes) - 1)
    return np.where(held.widths(owner) > 0, held.codes[places], np.int32(-1))


def _product(held: Held, left: Rows, right: Rows) -> tuple[Places, Codes, Codes]:
    """All combinations of the values of two nodes, and the place of the pair of each."""
    widths = held.widths(right)
    counts = (held.widths(left) * widths).astype(np.int64)
    owner = np.repeat(np.arange(len(left)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    width = widths[owner]
    one = held.codes[held.starts[left][owner] + place // width]
    return owner, one, held.codes[held.starts[right][owner] + place % width]


def _apart(records: Records, nodes: Nodes, model: MatchModel, pairs: Pairs) -> npt.NDArray[np.bool_]:
    """Pairs of nodes whose first values differ in a key that keeps them apart."""
    out = np.zeros(len(pairs), bool)
    for name in model.constraints.apart:
        field, _, key = name.partition(".")
        held = nodes.held[field]
        keys = np.append(records.values[field].keys[key or "value"], np.uint64(0))
        ours, theirs = keys[first_values(held, pairs.left)], keys[first_values(held, pairs.right)]
        out |= (ours != theirs) & (ours != 0) & (theirs != 0)
    return out
