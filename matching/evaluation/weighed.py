"""What the weighed pairs tell against the truth: calibration, the choice of a threshold, and what blocking missed.

Works on nodes with the counts of their records by subject; record pairs are counted, never enumerated.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from matching.blocking import Pairs
from matching.clustering import components
from matching.evaluation.agreement import PairCounts
from matching.evaluation.calibration import Calibration, calibration
from matching.evaluation.contingency import load_truth
from matching.explaining.finished import FinishedMatch, Weighed
from matching.nodes import Places

GRID: Final = tuple(float(bits) for bits in range(-8, 25, 2))
"""Thresholds in bits that are tried, besides the one in force."""

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Told:
    """Records of nodes by true subject: `counts[k]` records of `subjects[k]` in the node; rows in order of node."""

    starts: Places
    subjects: Numbers
    counts: Numbers

    def known(self) -> Numbers:
        """Records by node whose subject is known."""
        ends = np.concatenate(([0], np.cumsum(self.counts)))
        return ends[self.starts[1:]] - ends[self.starts[:-1]]


@dataclass(frozen=True)
class Threshold:
    """What would come of a link threshold, before contradictions are cut.

    Attributes:
        bits: total weight from which pairs are linked; `match_probability` the same as a probability.
        in_force: whether it is that of the match.
    """

    bits: float
    match_probability: float
    in_force: bool
    pairs: PairCounts


@dataclass(frozen=True)
class RuleYield:
    """One blocking rule: pairs of nodes, true pairs of records among them, and those that no other rule finds."""

    rule: str
    pairs: int
    true: int
    only: int


@dataclass(frozen=True)
class BlockingRecall:
    """Where the true pairs of records are.

    Attributes:
        collapsed: one node before any pair is formed. candidates: found by a rule.
        reachable: in one component of the candidates: more no threshold could link.
    """

    true: int
    collapsed: int
    candidates: int
    reachable: int
    rules: tuple[RuleYield, ...]

    @property
    def recall(self) -> float:
        """Share of the true pairs that are collapsed or candidates."""
        return (self.collapsed + self.candidates) / self.true if self.true else 1.0


@dataclass(frozen=True)
class WeighedEvaluation:
    """All that weighed pairs tell."""

    pairs: int
    calibration: Calibration
    thresholds: tuple[Threshold, ...]
    blocking: BlockingRecall


def evaluate_weighed(match: FinishedMatch, truth: Path) -> WeighedEvaluation:
    """Weigh all candidate pairs again and hold them against the truth. Cost: the match itself, blocking twice."""
    told = told_nodes(match, subjects_by_record(match, truth))
    weighed = match.weigh(match.candidates())
    common = common_pairs(told, weighed.pairs)
    known = told.known()
    total = known[weighed.pairs.left] * known[weighed.pairs.right]
    seen = total > 0
    return WeighedEvaluation(
        pairs=int(seen.sum()),
        calibration=calibration(weighed.chances[seen], common[seen] / total[seen]),
        thresholds=thresholds(match, told, weighed),
        blocking=_blocking(match, told, weighed.pairs, common),
    )


def subjects_by_record(match: FinishedMatch, truth: Path) -> Numbers:
    """Number of the true subject by record of the match; −1 where the truth does not name it."""
    names = pa.array([name if "." in name else f".{name}" for name in match.records.datasets], pa.string())
    records = pa.table(
        {
            "place": np.arange(len(match.records)),
            "name": names.take(pa.array(match.records.dataset)),
            "record_id": match.records.record_ids,
        }
    )
    with duckdb.connect() as connection:
        load_truth(connection, truth)
        connection.register("records", records)
        found = connection.execute(
            "SELECT place, dense_rank() OVER (ORDER BY subject) AS subject FROM records JOIN truth "
            "ON records.record_id = truth.record_id AND records.name = truth.source || '.' || truth.dataset"
        ).fetchnumpy()
    out = np.full(len(match.records), -1, np.int64)
    out[np.asarray(found["place"])] = np.asarray(found["subject"])
    return out


def told_nodes(match: FinishedMatch, subjects: Numbers) -> Told:
    """Count the records of nodes by subject."""
    rows = np.flatnonzero(subjects >= 0)
    packed = (match.nodes.of_record[rows].astype(np.uint64) << np.uint64(32)) | subjects[rows].astype(np.uint64)
    keys, counts = np.unique(packed, return_counts=True)
    starts = np.searchsorted(keys >> np.uint64(32), np.arange(len(match.nodes) + 1))
    return Told(starts, (keys & np.uint64(0xFFFFFFFF)).astype(np.int64), counts.astype(np.int64))


def common_pairs(told: Told, pairs: Pairs) -> Numbers:
    """Pairs of records of one subject between the two nodes of each pair."""
    widths = told.starts[1:] - told.starts[:-1]
    owner = np.repeat(np.arange(len(told.starts) - 1), widths)
    keys = (owner.astype(np.uint64) << np.uint64(32)) | told.subjects.astype(np.uint64)
    step = widths[pairs.left]
    pair = np.repeat(np.arange(len(pairs)), step)
    place = told.starts[pairs.left][pair] + np.arange(len(pair)) - np.repeat(np.cumsum(step) - step, step)
    wanted = (pairs.right[pair].astype(np.uint64) << np.uint64(32)) | told.subjects[place].astype(np.uint64)
    at = np.searchsorted(keys, wanted)
    hit = np.append(keys, np.uint64(0xFFFFFFFFFFFFFFFF))[at] == wanted
    both = told.counts[place] * np.append(told.counts, 0)[at] * hit
    return np.bincount(pair, weights=both, minlength=len(pairs)).astype(np.int64)


def thresholds(match: FinishedMatch, told: Told, weighed: Weighed) -> tuple[Threshold, ...]:
    """Pairs that would be linked from each threshold on, by way of others too."""
    force = float(np.log2(match.model.link / (1 - match.model.link)))
    root = np.arange(len(match.nodes), dtype=np.int32)
    out, above = [], np.inf
    for bits in sorted({*GRID, force}, reverse=True):
        new = (weighed.bits >= bits) & (weighed.bits < above)
        joined = components(len(root), root[weighed.pairs.left[new]], root[weighed.pairs.right[new]])
        root, above = joined[root], bits
        out.append(Threshold(bits, float(1 / (1 + 2.0**-bits)), bits == force, partition_pairs(told, root)))
    return tuple(reversed(out))


def partition_pairs(told: Told, root: npt.NDArray[np.int32]) -> PairCounts:
    """Pairs of records of a partition of the nodes."""
    owner = np.repeat(root, told.starts[1:] - told.starts[:-1]).astype(np.uint64)
    cells = (owner << np.uint64(32)) | told.subjects.astype(np.uint64)
    return PairCounts(*(_pairs_within(key, told.counts) for key in (cells, owner, told.subjects)))


def _pairs_within(key: npt.NDArray[np.generic], counts: Numbers) -> int:
    _, places = np.unique(key, return_inverse=True)
    sizes = np.bincount(places, weights=counts).astype(np.int64)
    return int((sizes * (sizes - 1) // 2).sum())


def _blocking(match: FinishedMatch, told: Told, pairs: Pairs, common: Numbers) -> BlockingRecall:
    apart = partition_pairs(told, np.arange(len(match.nodes), dtype=np.int32))
    reached = partition_pairs(told, components(len(match.nodes), pairs.left, pairs.right))
    return BlockingRecall(apart.true, apart.common, int(common.sum()), reached.common, _rules(match, pairs, common))


def _rules(match: FinishedMatch, pairs: Pairs, common: Numbers) -> tuple[RuleYield, ...]:
    every = _packed(pairs)
    found = [_found(match, every, place) for place in range(len(match.model.blocking))]
    times = np.sum(found, axis=0) if found else np.zeros(len(every), int)
    return tuple(
        RuleYield(rule.name, int(hit.sum()), int(common[hit].sum()), int(common[hit & (times == 1)].sum()))
        for rule, hit in zip(match.model.blocking, found, strict=True)
    )


def _found(match: FinishedMatch, every: npt.NDArray[np.uint64], place: int) -> npt.NDArray[np.bool_]:
    one: Sequence[object] = (match.model.blocking[place],)
    alone = replace(match, model=match.model.model_copy(update={"blocking": one}))
    return np.asarray(np.isin(every, _packed(alone.candidates())))


def _packed(pairs: Pairs) -> npt.NDArray[np.uint64]:
    return (pairs.left.astype(np.uint64) << np.uint64(32)) | pairs.right.astype(np.uint64)
