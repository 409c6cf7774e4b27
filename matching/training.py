"""Estimation of m and u without labels: u from random pairs, m by EM over candidate and collapsed pairs.

The prior is that of all pairs, not of the candidates, and u that of random pairs: a pair's probability then does not
depend on the rule that found it, and pairs that no rule found hardly matter. Invariant: deterministic under seed and
row order.
Source: Winkler 1988; u by sampling as in Christen 2012, section 6.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from matching.compare.comparators import Levels
from matching.evidence import Evidence, compare_records
from matching.model import MatchModel
from matching.nodes import Nodes, Places
from matching.parallel import in_parallel
from matching.parameters import Parameters, Probabilities, Round, declared, declared_u
from matching.records import Records
from matching.weighing import level_weights, probability

COLLAPSED_SAMPLE = 200_000
"""Collapsed record pairs that are compared; the rest counts like them."""

SLICE: Final = 1 << 16
"""Pairs of records that are compared at once."""

SAMPLE_STRENGTH = 1_000.0
"""Random pairs that a declared u is worth."""

Counts = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Patterns:
    """Distinct comparison vectors and how many pairs show each."""

    levels: Levels
    counts: Counts


def patterns(levels: Levels, each: Counts | float) -> Patterns:
    """Count equal vectors; `each` is what one pair counts for."""
    base = np.int64(levels.max(initial=0) + 2)
    packed = (levels.astype(np.int64) + 1) @ (base ** np.arange(levels.shape[1], dtype=np.int64))
    _, firsts, places = np.unique(packed, return_index=True, return_inverse=True)
    weights = np.broadcast_to(np.asarray(each, float), (len(levels),))
    return Patterns(levels[firsts], np.bincount(places, weights=weights, minlength=len(firsts)).astype(float))


def train(records: Records, nodes: Nodes, model: MatchModel, evidence: Evidence) -> Parameters:
    """Parameters of the model on these records."""
    start = declared(model, len(records))
    u = _sampled_u(records, nodes, model, start)
    certain = _collapsed(records, nodes, model)
    usable = ~evidence.apart
    candidates = patterns(evidence.levels[usable], 1.0)
    parameters = replace(start, u=u)
    rounds: list[Round] = []
    for _ in range(model.training.rounds):
        after, change, matches = _round(model, parameters, candidates, certain, len(records))
        parameters = replace(after, u={spec.field: _scaled_u(model, parameters, after, spec.field) for spec in
                                       model.comparisons})  # fmt: skip
        rounds.append(Round(round(change, 9), round(matches, 3)))
        if change < model.training.convergence:
            break
    notes = tuple(
        f"{field}: {evidence_:.0f} expected matches, fewer than {model.training.strength:.0f}: the declared m prevails"
        for field, evidence_ in parameters.evidence.items()
        if evidence_ < model.training.strength
    )
    return replace(parameters, notes=notes, rounds=tuple(rounds))


def _scaled_u(model: MatchModel, before: Parameters, after: Parameters, field: str) -> Probabilities:
    """U with the levels declared as `shared` spread over the new number of persons."""
    spec = model.comparison(field)
    fixed = np.array([level.shared is not None for level in spec.levels])
    u = np.where(fixed, declared_u(spec, after.persons), before.u[field])
    return np.asarray(u / u.sum(), np.float64)


def _sampled_u(records: Records, nodes: Nodes, model: MatchModel, start: Parameters) -> dict[str, Probabilities]:
    """U by comparing random pairs of nodes; levels declared as `shared` keep their declaration."""
    random = np.random.default_rng(model.training.seed)
    size = min(model.training.sampled_pairs, max(1000, len(nodes) * 5)) if len(nodes) > 1 else 0
    left = random.integers(0, max(len(nodes), 1), size)
    right = (left + random.integers(1, max(len(nodes), 2), size)) % max(len(nodes), 1)
    rare = {spec.field for spec in model.comparisons if sum(level.shared is None for level in spec.levels) == 1}
    levels = _levels(records, model, nodes.first[left], nodes.first[right], rare) if size else None
    out = {}
    for column, spec in enumerate(model.comparisons):
        known = start.u[spec.field]
        counts = np.zeros(len(known))
        if levels is not None:
            shown = levels[:, column]
            counts = np.bincount(shown[shown >= 0], minlength=len(known)).astype(float)
        fixed = np.array([level.shared is not None for level in spec.levels])
        sampled = (counts + SAMPLE_STRENGTH * known) / (counts.sum() + SAMPLE_STRENGTH)
        u = np.where(fixed, known, sampled)
        out[spec.field] = np.asarray(u / u.sum(), np.float64)
    return out


def _levels(records: Records, model: MatchModel, left: Places, right: Places, skip: Collection[str] = ()) -> Levels:
    """`compare_records` slice by slice, each small enough for a processor's second memory."""

    def of_slice(start: int) -> Levels:
        rows = slice(start, start + SLICE)
        return compare_records(records, model, left[rows], right[rows], skip)

    return np.concatenate([part for _, part in in_parallel(of_slice, range(0, len(left), SLICE))])


def _collapsed(records: Records, nodes: Nodes, model: MatchModel) -> Patterns:
    """Vectors of records that the collapse made one: each with the first record of its node."""
    rows: Places = np.flatnonzero(nodes.first[nodes.of_record] != np.arange(len(records)))
    if not len(rows):
        return Patterns(np.zeros((0, len(model.comparisons)), np.int8), np.zeros(0))
    chosen = rows[:: max(1, len(rows) // COLLAPSED_SAMPLE)]
    levels = _levels(records, model, nodes.first[nodes.of_record[chosen]], chosen)
    return patterns(levels, len(rows) / len(chosen))


def _round(
    model: MatchModel, parameters: Parameters, candidates: Patterns, certain: Patterns, records: int
) -> tuple[Parameters, float, float]:
    """One expectation and one maximisation."""
    weights = level_weights(model, parameters, candidates.levels).sum(axis=1) + parameters.prior_bits()
    expected = candidates.counts * probability(weights)
    levels = np.concatenate((candidates.levels, certain.levels))
    matches = np.concatenate((expected, certain.counts))
    m, change, evidence = {}, 0.0, {}
    for column, spec in enumerate(model.comparisons):
        shown = levels[:, column] >= 0
        counts = np.bincount(levels[shown, column], weights=matches[shown], minlength=len(spec.levels))
        start = np.array([level.m for level in spec.levels])
        strength = model.training.strength
        new = (counts + strength * start / start.sum()) / (counts.sum() + strength)
        change = max(change, float(np.abs(new - parameters.m[spec.field]).max()))
        m[spec.field], evidence[spec.field] = new, float(counts.sum())
    persons = max(records - float(matches.sum()), records / 50, 2.0)
    prior = min(max((records / persons - 1) / max(records, 2), 0.05 / max(records, 2)), 0.5)
    after = replace(parameters, m=m, prior=prior, persons=persons, evidence=evidence)
    return after, change, float(matches.sum())
