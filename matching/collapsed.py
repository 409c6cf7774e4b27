"""Probability that records which the collapse made one are one's: the evidence that they share.

Owns the weight of shared values. Invariant: monotone. A shared value weighs as the best level of its field and never
less than nothing, a value that is not shared weighs nothing: more agreement never gives a lower probability.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from matching import weighing
from matching.evidence import Evidence
from matching.model import ComparisonSpec, MatchModel
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.parameters import Parameters
from matching.records import Records
from matching.weighing import MOST_FREQUENCY_BITS, Bits, Frequencies

SLICE: Final = 1 << 18
"""Records that are weighed at once."""

MOST_FIELDS: Final = 14
"""Comparisons whose every combination is weighed; of a model with more, the later ones count as not shared."""

Shared = npt.NDArray[np.uint16]


def collapsed_chances(
    records: Records,
    nodes: Nodes,
    model: MatchModel,
    trained: tuple[Parameters, Mapping[str, Frequencies]],
    kept: tuple[Bits, npt.NDArray[np.bool_]] | None = None,
) -> Bits:
    """Match probability of each record with the first of its node, of that one with the surest of the others.

    Args:
        records: all records.
        nodes: their nodes.
        model: the declaration.
        trained: its parameters, and how common values are.
        kept: probabilities that are known, which the result is written into, and the nodes whose records are worked
            out; all are where it is not given.

    Returns:
        NaN where the node is one record.
    """
    known, common = trained
    if kept is None:
        rows, of_row = np.arange(len(records)), nodes.of_record
        chances = np.full(len(records), np.nan)
    else:
        chances, asked = kept
        rows = np.flatnonzero(asked[nodes.of_record])
        of_row = nodes.of_record[rows]
        chances[rows] = np.nan
    first = nodes.first[of_row]
    further = first != rows
    first, others = first[further], rows[further]
    table = bits_of_shared(model, known)

    def of_slice(start: int) -> Bits:
        part = slice(start, start + SLICE)
        return _chances(records, model, known, common, table, (first[part], others[part]))

    for start, found in in_parallel(of_slice, range(0, len(others), SLICE)):
        part = slice(start, start + SLICE)
        chances[others[part]] = found
        np.fmax.at(chances, first[part], found)
    return chances


def bits_of_shared(model: MatchModel, known: Parameters) -> Bits:
    """Bits of every combination of shared fields, by the bit mask of them: that of the best of its parts.

    Evidence overlaps (a family shares house and telephone), so a combination may weigh less than one of its fields;
    what that field said is not taken back here.
    """
    width = min(len(model.comparisons), MOST_FIELDS)
    masks = np.arange(1 << width)
    levels = np.full((len(masks), len(model.comparisons)), -1, np.int8)
    for column, spec in enumerate(model.comparisons[:width]):
        levels[(masks >> column) & 1 == 1, column] = len(spec.levels) - 1
    bits = weighing.level_weights(model, known, levels).sum(axis=1)
    for column in range(width):
        rows = masks[(masks >> column) & 1 == 1]
        bits[rows] = np.maximum(bits[rows], bits[rows ^ (1 << column)])
    return np.asarray(bits, np.float64)


def _chances(
    records: Records,
    model: MatchModel,
    known: Parameters,
    common: Mapping[str, Frequencies],
    table: Bits,
    pairs: tuple[Places, Places],
) -> Bits:
    left, right = pairs
    shared, rarity = np.zeros(len(left), np.uint16), np.zeros(len(left))
    for column, spec in enumerate(model.comparisons[:MOST_FIELDS]):
        same = _same(records, model, spec.field, left, right)
        shared |= same.astype(np.uint16) << np.uint16(column)
        if spec.field in common:
            codes = records.codes[spec.field][left]
            rarity += np.where(same, _rarity(spec, common[spec.field], least_gain(table, column))[codes], 0.0)
    held = np.where(records.dataset[left] == records.dataset[right], records.dataset[left], 64).astype(np.uint64)
    both = np.where(held < 64, np.uint64(1) << np.minimum(held, np.uint64(63)), np.uint64(0))
    evidence = Evidence(np.zeros((len(left), 0), np.int8), {}, both, np.zeros(len(left), bool))
    weights = (table[shared] + rarity)[:, None]
    return weighing.probability(weighing.total(model, known, weights, evidence, records.datasets))


def _same(records: Records, model: MatchModel, field: str, left: Places, right: Places) -> npt.NDArray[np.bool_]:
    """Whether two records hold the same value that no other field of both has told already."""
    ours = records.codes[field][left]
    same = (ours == records.codes[field][right]) & (ours >= 0)
    source = model.fields[field].fallback
    if source is not None and field in records.told:
        told, codes = records.told[field], records.codes[source]
        same &= ~((told[left] | told[right]) & (codes[left] >= 0) & (codes[right] >= 0))
    return np.asarray(same)


def least_gain(table: Bits, column: int) -> float:
    """The least that a shared field adds to any combination without it."""
    masks = np.arange(len(table))
    without = masks[(masks >> column) & 1 == 0]
    return float((table[without | (1 << column)] - table[without]).min())


def _rarity(spec: ComparisonSpec, common: Frequencies, gain: float) -> Bits:
    """Bits by value that its rarity adds, then 0 for null; a common value takes back at most what its field adds."""
    bits = np.log2(common.average / common.share)
    bits = np.clip(bits, -MOST_FREQUENCY_BITS, MOST_FREQUENCY_BITS) * spec.levels[-1].term_frequency
    return np.append(np.maximum(bits, -gain), 0.0)
