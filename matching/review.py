"""The pairs that a clerk should decide, first those whose decision teaches most.

Three kinds of pairs are pending: those in the review window, links that were not followed because the two nodes'
clusters contradict each other (`cut`), and the links that were followed beside such a one (`beside a cut`).

What a decision teaches is the uncertainty that it ends, in bits, times the record pairs that hang on it:

    teaches = uncertainty × (moved + others / (k (k + 1)))

`moved` are the record pairs that the decision itself joins or parts. `others` are those of the other pending pairs with
the same comparison vector, about which it teaches too, and k is the pair's place among them: a rate known from a prior
that is worth one decision keeps 1 / (k + 1) of its variance after k of them, so the k-th takes 1 / (k (k + 1)), and the
top of the list is never one pattern only. Deterministic.
Source: Settles 2012, Active Learning, chapters 2 and 5 (uncertainty, density weighting).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.blocking import Pairs
from matching.compare.comparators import Levels
from matching.model import MatchModel
from matching.nodes import Nodes, Places
from matching.outputs import Weighed, split_names, write_parquet
from matching.records import Records
from matching.standardise.values import mixed
from matching.weighing import Bits

REASONS: Final = ("window", "cut", "beside a cut")
WINDOW, CUT, BESIDE = range(len(REASONS))

MOST_WRITTEN: Final = 100_000
"""Pairs that are written: more than clerks decide in a year. A run without sense can leave millions."""

Roots = npt.NDArray[np.int32]
Reasons = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Pending:
    """Pairs that wait for a decision, the most instructive first.

    Attributes:
        rows: places among the candidate pairs.
        reason: index into `REASONS`.
        uncertainty: bits, in [0, 1].
        moved: record pairs that the decision joins or parts.
        alike: pending pairs with the same comparison vector, itself among them.
        teaches: what the list is ordered by.
    """

    rows: Places
    reason: Reasons
    uncertainty: Bits
    moved: Places
    alike: Places
    teaches: Bits

    def __len__(self) -> int:
        return len(self.rows)

    def first(self, most: int) -> "Pending":
        """The most instructive ones."""
        part = slice(0, most)
        return Pending(self.rows[part], self.reason[part], self.uncertainty[part], self.moved[part], self.alike[part],
                       self.teaches[part])  # fmt: skip


def pending(nodes: Nodes, model: MatchModel, weighed: Weighed, root: Roots) -> Pending:
    """The pairs to decide, in order.

    Args:
        nodes: all nodes.
        model: its link threshold and review window.
        weighed: candidate pairs, their bits and match probabilities.
        root: cluster by node.
    """
    pairs = weighed.pairs
    reason = _reasons(model, pairs, weighed.chances, root)
    rows = np.flatnonzero(reason >= 0)
    uncertainty = entropy(_open_chances(len(nodes), weighed, reason, rows))
    moved = _moved(nodes, Pairs(pairs.left[rows], pairs.right[rows]), root)
    pattern = _patterns(weighed.evidence.levels[rows])
    own = uncertainty * moved
    order = np.lexsort((pairs.right[rows], pairs.left[rows], -own, pattern))
    place = _places_within(pattern[order])
    k = np.empty(len(rows))
    k[order] = place + 1
    others = np.bincount(pattern, weights=moved)[pattern] - moved if len(rows) else np.zeros(0)
    teaches = uncertainty * (moved + others / (k * (k + 1)))
    best = np.lexsort((pairs.right[rows], pairs.left[rows], -teaches))
    alike = np.bincount(pattern)[pattern] if len(rows) else np.zeros(0, np.int64)
    return Pending(rows[best], reason[rows][best], uncertainty[best], moved[best], alike[best], teaches[best])


def pending_rows(model: MatchModel, pairs: Pairs, chances: Bits, root: Roots) -> Places:
    """The places of pending pairs among candidate pairs; with all others left out, the same ones are pending."""
    return np.asarray(np.flatnonzero(_reasons(model, pairs, chances, root) >= 0))


def _reasons(model: MatchModel, pairs: Pairs, chances: Bits, root: Roots) -> Reasons:
    """Why each candidate pair is pending; −1 where it is not. A cut tells more than the window."""
    low, high = model.review
    out = np.where((chances >= low) & (chances <= high), np.int8(WINDOW), np.int8(-1))
    linked = chances >= model.link
    together = root[pairs.left] == root[pairs.right]
    cut = linked & ~together
    if cut.any():
        beside = np.zeros(len(root), bool)
        beside[pairs.left[cut]] = beside[pairs.right[cut]] = True
        out[linked & together & (beside[pairs.left] | beside[pairs.right])] = BESIDE
        out[cut] = CUT
    return out


def _open_chances(size: int, weighed: Weighed, reason: Reasons, rows: Places) -> Bits:
    """Match probability of pending pairs, as far as it is open.

    A cut link and a followed one at the same node exclude each other: each has the probability that it is the one that
    holds, its odds against the other's; one without such a rival keeps its own.
    """
    left, right, bits = weighed.pairs.left, weighed.pairs.right, weighed.bits
    strongest = np.full((2, size), -np.inf)
    for side, kind in enumerate((CUT, BESIDE)):
        of_kind = rows[reason[rows] == kind]
        np.maximum.at(strongest[side], left[of_kind], bits[of_kind])
        np.maximum.at(strongest[side], right[of_kind], bits[of_kind])
    out = weighed.chances[rows].copy()
    for side, kind in ((1, CUT), (0, BESIDE)):
        chosen = np.flatnonzero(reason[rows] == kind)
        pair = rows[chosen]
        rival = np.maximum(strongest[side][left[pair]], strongest[side][right[pair]])
        against = 1 / (1 + np.exp2(np.clip(rival - bits[pair], -200, 200)))
        out[chosen] = np.where(np.isfinite(rival), against, out[chosen])
    return out


def entropy(chances: Bits) -> Bits:
    """Bits of a yes-or-no question: 1 at a half, 0 where it is settled.

    >>> entropy(np.array([0.5, 1.0])).tolist()
    [1.0, 0.0]
    """
    inside = np.clip(chances, 1e-300, 1.0)
    rest = np.clip(1 - chances, 1e-300, 1.0)
    return np.asarray(np.abs(chances * np.log2(inside) + (1 - chances) * np.log2(rest)))


def _moved(nodes: Nodes, pairs: Pairs, root: Roots) -> Places:
    """Record pairs that a decision joins (all between two clusters) or parts (the smaller side leaves its cluster)."""
    of_cluster = np.bincount(root, weights=nodes.size, minlength=len(nodes)).astype(np.int64)
    ours, theirs = of_cluster[root[pairs.left]], of_cluster[root[pairs.right]]
    left, right = nodes.size[pairs.left].astype(np.int64), nodes.size[pairs.right].astype(np.int64)
    parted = np.minimum(left * (ours - left), right * (ours - right))
    return np.asarray(np.where(root[pairs.left] == root[pairs.right], parted, ours * theirs))


def _patterns(levels: Levels) -> Places:
    """A number by pair, equal where comparison vectors are."""
    columns = ((levels[:, place].astype(np.int64) + 2).astype(np.uint64) for place in range(levels.shape[1]))
    encoded = pa.array(mixed(*columns)).dictionary_encode().indices.to_numpy()
    return np.asarray(encoded, np.int64)


def _places_within(ordered: Places) -> Places:
    """Place of each row within its run of equal values."""
    places = np.arange(len(ordered))
    opens = np.ones(len(ordered), bool)
    opens[1:] = ordered[1:] != ordered[:-1]
    return places - np.maximum.accumulate(np.where(opens, places, 0)) if len(ordered) else places


def write_review(path: Path, records: Records, nodes: Nodes, model: MatchModel, found: tuple[Weighed, Roots]) -> int:
    """Write the pending pairs, at most `MOST_WRITTEN`; how many are pending in all.

    One row a pair of nodes, named by their first records, the most instructive first. `weights` holds the bits and
    `levels` the comparison level by field.
    """
    weighed, root = found
    waiting = pending(nodes, model, weighed, root)
    every, waiting = len(waiting), waiting.first(MOST_WRITTEN)
    rows, pairs = waiting.rows, weighed.pairs
    columns: dict[str, pa.Array] = {}
    for side, node in (("left", pairs.left[rows]), ("right", pairs.right[rows])):
        columns |= _side(records, nodes.first[node], side)
    columns |= {
        "match_probability": pa.array(weighed.chances[rows]),
        "reason": pa.array(REASONS, pa.string()).take(pa.array(waiting.reason)),
        "uncertainty": pa.array(waiting.uncertainty),
        "record_pairs": pa.array(waiting.moved),
        "alike": pa.array(waiting.alike),
        "teaches": pa.array(waiting.teaches),
    }
    write_parquet(path, pa.table(columns | _by_field(model, weighed, rows)))
    return every


def _side(records: Records, rows: Places, side: str) -> dict[str, pa.Array]:
    department, dataset = split_names(records, rows)
    return {
        f"{side}_source": department,
        f"{side}_dataset": dataset,
        f"{side}_record_id": records.record_ids.take(pa.array(rows)).combine_chunks(),
    }


def _by_field(model: MatchModel, weighed: Weighed, rows: Places) -> dict[str, pa.Array]:
    evidence = weighed.evidence[rows]
    weights = weighed.weigh(evidence)
    names = [spec.field for spec in model.comparisons]
    levels: list[Any] = []
    for place, spec in enumerate(model.comparisons):
        shown = evidence.levels[:, place]
        levels.append(pa.array([level.level for level in spec.levels]).take(pa.array(shown, mask=shown < 0)))
    return {
        "weights": pa.StructArray.from_arrays(
            [pa.array(weights[:, place]) for place in range(len(names))], names=names
        ),
        "levels": pa.StructArray.from_arrays(levels, names=names),
    }
