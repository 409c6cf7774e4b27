"""Match weights by Fellegi and Sunter: bits by level, how common the value is, and what the evidence shares.

A pair's weight is the prior's log odds plus one weight a field. Where a dependence of the model holds (the numbers
agree, so the birth date inside them agrees too) its probabilities replace the field's own. Source: Fellegi and Sunter
1969.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.compare.comparators import Levels
from matching.evidence import Evidence
from matching.frozen import NOBODY, Frozen, Holders
from matching.model import ComparisonSpec, MatchModel
from matching.nodes import Nodes
from matching.parameters import Parameters
from matching.records import Records

FORBIDDEN: Final = -100.0
"""Bits of a pair that a constraint keeps apart."""

FREQUENCY_STRENGTH: Final = 10_000.0
"""Persons that the average frequency of a value is worth: in a small table a name held twice is not yet a common
one."""

MOST_FREQUENCY_BITS: Final = 8.0

Bits = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frequencies:
    """Share of persons who hold each value of a field, and the average that its u stands for.

    `holders`: what they rest on: how many nodes hold each value that training saw. `counts`: the same by code.
    """

    share: Bits
    average: float
    holders: Holders
    counts: Bits


def frequencies(
    nodes: Nodes, records: Records, model: MatchModel, frozen: Frozen | None = None
) -> Mapping[str, Frequencies]:
    """Frequencies of the fields that weigh by them: counted over nodes, or those of a trained model."""
    out = {}
    for spec in model.comparisons:
        if not any(level.term_frequency for level in spec.levels):
            continue
        texts = records.values[spec.field].texts
        known = frozen.holders.get(spec.field, NOBODY) if frozen else None
        if known is None:
            counts = np.bincount(nodes.held[spec.field].codes, minlength=len(texts)).astype(float)
            known = Holders(texts, counts)
        else:
            counts = known.of(texts)
        out[spec.field] = frequencies_of(spec, known, counts)
    return out


def frequencies_of(spec: ComparisonSpec, known: Holders, counts: Bits) -> Frequencies:
    """Shares of values whose holders are `counts`, by all the holders that are known."""
    total = max(known.total, 1.0)
    declared = spec.levels[-1].u or 1e-4
    average = (known.meetings / total + FREQUENCY_STRENGTH * declared) / (total + FREQUENCY_STRENGTH)
    share = (counts + FREQUENCY_STRENGTH * average) / (total + FREQUENCY_STRENGTH)
    return Frequencies(share, average, known, counts)


def level_weights(model: MatchModel, parameters: Parameters, levels: Levels) -> Bits:
    """Bits by field of comparison vectors, without term frequencies; 0 for null."""
    out = np.zeros(levels.shape, float)
    place = {spec.field: column for column, spec in enumerate(model.comparisons)}
    for column, spec in enumerate(model.comparisons):
        table = monotone(parameters.m[spec.field], parameters.u[spec.field])
        out[:, column] = np.append(table, 0.0)[levels[:, column]]
    for dependence in model.dependences:
        spec = model.comparison(dependence.comparison)
        column = place[spec.field]
        holds = levels[:, column] >= 0
        for field, names in dependence.when.items():
            holds &= np.isin(levels[:, place[field]], _places(model.comparison(field), names))
        own_m, own_u = parameters.m[spec.field].copy(), parameters.u[spec.field].copy()
        for number, level in enumerate(spec.levels):
            own_m[number] = dependence.m.get(level.level, own_m[number])
            own_u[number] = dependence.u.get(level.level, own_u[number])
        out[holds, column] = np.append(monotone(own_m, own_u), 0.0)[levels[holds, column]]
    return out


def monotone(m: Bits, u: Bits) -> Bits:
    """Weights in bits that never fall from a level to a better one.

    Neighbouring levels whose weights fall are pooled: their m and their u are added (isotonic regression).
    """
    pooled: list[list[float]] = []
    for one, other in zip(m.tolist(), u.tolist(), strict=True):
        pooled.append([one, other, 1])
        while len(pooled) > 1 and pooled[-2][0] * pooled[-1][1] > pooled[-1][0] * pooled[-2][1]:
            last = pooled.pop()
            pooled[-1] = [ours + theirs for ours, theirs in zip(pooled[-1], last, strict=True)]
    bits = [np.log2(level[0] / level[1]) for level in pooled]
    return np.repeat(np.array(bits), [int(level[2]) for level in pooled])


def _places(spec: ComparisonSpec, names: tuple[str, ...]) -> list[int]:
    return [place for place, level in enumerate(spec.levels) if level.level in names]


def weigh(model: MatchModel, parameters: Parameters, common: Mapping[str, Frequencies], evidence: Evidence) -> Bits:
    """Bits by field of pairs, how common their values are included."""
    base = np.int64(max(len(spec.levels) for spec in model.comparisons) + 1)
    powers = base ** np.arange(evidence.levels.shape[1], dtype=np.int64)
    packed = (evidence.levels.astype(np.int64) + 1) @ powers
    _, firsts, places = np.unique(packed, return_index=True, return_inverse=True)
    weights = level_weights(model, parameters, evidence.levels[firsts])[places]
    for column, spec in enumerate(model.comparisons):
        if spec.field in evidence.values:
            weights[:, column] += _frequency_bits(spec, common[spec.field], evidence, column)
    return weights


def _frequency_bits(spec: ComparisonSpec, common: Frequencies, evidence: Evidence, column: int) -> Bits:
    ours, theirs = evidence.values[spec.field]
    share = np.append(common.share, common.average)
    bits = np.log2(common.average / np.maximum(share[ours], share[theirs]))
    damping = np.append([level.term_frequency for level in spec.levels], 0.0)[evidence.levels[:, column]]
    return np.asarray(np.clip(bits, -MOST_FREQUENCY_BITS, MOST_FREQUENCY_BITS) * damping)


def total(
    model: MatchModel, parameters: Parameters, weights: Bits, evidence: Evidence, datasets: tuple[str, ...]
) -> Bits:
    """Bits of each pair in all: fields, prior, rarity of duplicates inside a dataset, constraints."""
    bits = weights.sum(axis=1) + parameters.prior_bits()
    penalty = np.zeros(len(bits))
    for place, name in enumerate(datasets[:64]):
        share = model.constraints.duplicates.get(name, model.constraints.duplicates.get("any", 0.0))
        both = (evidence.same_datasets & np.uint64(1 << place)) != 0
        if share:
            penalty = np.where(both, np.minimum(penalty, np.log2(share)), penalty)
    bits = bits + penalty
    return np.where(evidence.apart, FORBIDDEN, bits)


def probability(bits: Bits) -> Bits:
    """Match probability of a total weight."""
    return np.asarray(1 / (1 + np.exp2(-np.clip(bits, -200, 200))))
